//! Models as candle graphs: the training twins of [`crate::model`].
//!
//! Tensors are time-major, `[time, batch, width]`, flattened to `[time * batch, width]` for the matrix products. The loss is the
//! same for all architectures; each has a file for what comes before it.

mod seq2seq;
mod transformer;

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{Device, Result, Tensor, Var};
use rand::SeedableRng;

use super::{
    dropout::Dropout,
    fused::{CrossEntropy, Precision, cross_entropy, linear},
};
use crate::cpu::positions::Positions;
use crate::format::Architecture;
use seq2seq::Seq2Seq;
use transformer::Transformer;

/// Sentence pairs as token ids, each side ending with `</s>`.
pub type Pairs<'a> = [(&'a [u32], &'a [u32])];

/// How a loss is computed.
#[derive(Clone, Copy, Debug)]
pub struct LossOptions {
    /// eps of the label smoothing.
    pub smoothing: f32,
    /// Share of activations dropped, 0 outside training.
    pub dropout: f32,
    /// Seed of the dropout masks.
    pub seed: u64,
    /// Factor on the summed loss.
    pub scale: f32,
    /// False skips what only the backward pass needs.
    pub training: bool,
}

/// The model's parameters by name.
#[derive(Clone)]
pub struct Network {
    config: Architecture,
    parameters: BTreeMap<String, Var>,
    device: Device,
    precision: Precision,
    /// Of a transformer.
    positions: Arc<Positions>,
}

/// Token ids of one side of a batch, time-major and padded with 0.
struct Padded {
    ids: Tensor,
    lengths: Vec<usize>,
    steps: usize,
}

impl Network {
    /// A network with fresh random parameters, the same for the same seed.
    pub fn new(config: impl Into<Architecture>, seed: u64, device: &Device) -> Result<Self> {
        let config = config.into();
        let positions = match &config {
            Architecture::Seq2Seq(_) => Arc::default(),
            Architecture::Transformer(config) => Arc::new(Positions::new(config.embedding)),
        };
        let mut random = rand::rngs::StdRng::seed_from_u64(seed);
        let parameters = config
            .tensors()
            .into_iter()
            .map(|(name, spec)| {
                let shape = spec.shape;
                let values = match &config {
                    Architecture::Seq2Seq(config) => {
                        seq2seq::initial_values(&name, &shape, config.embedding, &mut random)
                    }
                    Architecture::Transformer(config) => {
                        transformer::initial_values(&name, &shape, config.embedding, &mut random)
                    }
                };
                Ok((
                    name,
                    Var::from_tensor(&Tensor::from_vec(values, shape, device)?)?,
                ))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            config,
            parameters,
            device: device.clone(),
            precision: Precision::F32,
            positions,
        })
    }

    /// What the factors of its products are rounded to.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The same parameters, multiplied in another precision than `f32`.
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// The same network with other values, given in the order of [`Self::parameters`].
    pub fn with_values(&self, values: &[Tensor]) -> Result<Self> {
        let parameters = self.parameters.keys().zip(values);
        let parameters = parameters
            .map(|(name, value)| Ok((name.clone(), Var::from_tensor(value)?)))
            .collect::<Result<_>>()?;
        Ok(Self {
            parameters,
            ..self.clone()
        })
    }

    /// The parameters by name, in a fixed order.
    #[must_use]
    pub fn parameters(&self) -> &BTreeMap<String, Var> {
        &self.parameters
    }

    /// The dimensions.
    #[must_use]
    pub fn config(&self) -> &Architecture {
        &self.config
    }

    /// Where the parameters live.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// `scale` times the summed cross-entropy of all target tokens.
    pub fn loss(&self, pairs: &Pairs, options: LossOptions) -> Result<Tensor> {
        let mut dropout = Dropout::new(options.dropout, options.seed);
        let source = self.pad(pairs.iter().map(|(source, _)| source.iter().copied()))?;
        // The decoder reads </s> (id 0) and then every target token but the last.
        let shifted = pairs.iter().map(|(_, target)| {
            std::iter::once(0).chain(target[..target.len() - 1].iter().copied())
        });
        let target = self.pad(shifted)?;
        let batch = pairs.len();
        let mut rows = Vec::new();
        let mut expected = Vec::new();
        for (b, (_, tokens)) in pairs.iter().enumerate() {
            rows.extend((0..tokens.len()).map(|t| (t * batch + b) as u32));
            expected.extend_from_slice(tokens);
        }
        let rows = Tensor::from_vec(rows, expected.len(), &self.device)?;
        let (outputs, embedding) = match &self.config {
            Architecture::Seq2Seq(config) => {
                let model = Seq2Seq {
                    network: self,
                    config,
                };
                let outputs = model.outputs(&source, &target, &rows, &mut dropout)?;
                (outputs, "target_embedding")
            }
            Architecture::Transformer(config) => {
                let model = Transformer {
                    network: self,
                    config,
                };
                let outputs = model.outputs(&source, &target, &rows, &mut dropout)?;
                (outputs, config.target_embedding())
            }
        };
        let options = CrossEntropy {
            smoothing: options.smoothing,
            scale: options.scale,
            gradients: options.training,
            precision: self.precision,
        };
        cross_entropy(
            &outputs,
            self.get(embedding),
            self.get("output.bias"),
            &expected,
            options,
        )
    }

    fn linear(&self, x: &Tensor, weight: &str, bias: &str) -> Result<Tensor> {
        linear(x, self.get(weight), self.get(bias), self.precision)
    }

    /// A parameter that [`Architecture::tensors`] names; the network is built from that list.
    fn get(&self, name: &str) -> &Tensor {
        self.parameters[name].as_tensor()
    }

    fn pad<S: Iterator<Item = u32>>(
        &self,
        sentences: impl ExactSizeIterator<Item = S>,
    ) -> Result<Padded> {
        let sentences: Vec<Vec<u32>> = sentences.map(Iterator::collect).collect();
        let (batch, lengths) = (
            sentences.len(),
            sentences.iter().map(Vec::len).collect::<Vec<_>>(),
        );
        let steps = lengths.iter().copied().max().unwrap_or(0);
        let mut ids = vec![0u32; steps * batch];
        for (b, sentence) in sentences.iter().enumerate() {
            for (t, &id) in sentence.iter().enumerate() {
                ids[t * batch + b] = id;
            }
        }
        Ok(Padded {
            ids: Tensor::from_vec(ids, steps * batch, &self.device)?,
            lengths,
            steps,
        })
    }
}
