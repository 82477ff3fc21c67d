//! The Seq2Seq model with attention as a candle graph: the training twin of [`crate::model`].
//!
//! Without input feeding no step of the decoder waits for the attention of the step before, so each layer runs over the
//! whole teacher-forced sequence at once. Tensors are time-major, `[time, batch, width]`, flattened to `[time * batch,
//! width]` for the matrix products.

use std::collections::BTreeMap;

use candle_core::{D, Device, Result, Tensor, Var};
use rand::{Rng, SeedableRng};

use super::{
    dropout::Dropout,
    fused::{CrossEntropy, Direction, Precision, cross_entropy, linear, lstm_scan},
};
use crate::format::Seq2SeqConfig;

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
    config: Seq2SeqConfig,
    parameters: BTreeMap<String, Var>,
    device: Device,
    precision: Precision,
}

/// Token ids of one side of a batch, time-major and padded with 0.
struct Padded {
    ids: Tensor,
    lengths: Vec<usize>,
    steps: usize,
}

impl Network {
    /// A network with fresh random parameters, the same for the same seed.
    pub fn new(config: Seq2SeqConfig, seed: u64, device: &Device) -> Result<Self> {
        let mut random = rand::rngs::StdRng::seed_from_u64(seed);
        let parameters = config
            .tensors()
            .into_iter()
            .map(|(name, spec)| {
                let shape = spec.shape;
                let values = initial_values(&name, &shape, config.embedding, &mut random);
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
        })
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
    pub fn config(&self) -> &Seq2SeqConfig {
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
        let states = self.encode(&source, &mut dropout)?;
        // The decoder reads </s> (id 0) and then every target token but the last.
        let shifted = pairs.iter().map(|(_, target)| {
            std::iter::once(0).chain(target[..target.len() - 1].iter().copied())
        });
        let target = self.pad(shifted)?;
        let outputs = self.decode(&target, &source, &states, &mut dropout)?;

        let batch = pairs.len();
        let mut rows = Vec::new();
        let mut expected = Vec::new();
        for (b, (_, tokens)) in pairs.iter().enumerate() {
            rows.extend((0..tokens.len()).map(|t| (t * batch + b) as u32));
            expected.extend_from_slice(tokens);
        }
        let rows = Tensor::from_vec(rows, expected.len(), &self.device)?;
        let outputs = outputs.index_select(&rows, 0)?;
        let outputs = self
            .linear(&outputs, "output.combine", "output.combine_bias")?
            .tanh()?;
        let outputs = dropout.apply(&outputs)?;
        let options = CrossEntropy {
            smoothing: options.smoothing,
            scale: options.scale,
            gradients: options.training,
            precision: self.precision,
        };
        cross_entropy(
            &outputs,
            self.get("target_embedding"),
            self.get("output.bias"),
            &expected,
            options,
        )
    }

    /// Encoder states `[S, B, H]`.
    fn encode(&self, source: &Padded, dropout: &mut Dropout) -> Result<Tensor> {
        let batch = source.lengths.len();
        let mut x = dropout.apply(&self.get("source_embedding").index_select(&source.ids, 0)?)?;
        for layer in 0..self.config.encoder_layers {
            let directions = [
                ("forward", Direction::Forward),
                ("backward", Direction::Backward),
            ];
            let halves = directions
                .into_iter()
                .map(|(name, direction)| {
                    let initial =
                        Tensor::zeros((batch, self.config.hidden / 2), x.dtype(), &self.device)?;
                    self.lstm(
                        &format!("encoder.{layer}.{name}"),
                        &x,
                        &initial,
                        source,
                        direction,
                    )
                })
                .collect::<Result<Vec<_>>>()?;
            let mut states = Tensor::cat(&halves, 2)?.flatten(0, 1)?;
            if layer > 0 {
                states = (states + &x)?;
            }
            x = dropout.apply(&states)?;
        }
        x.reshape((source.steps, batch, self.config.hidden))
    }

    /// What the output layer reads, state and context `[T * B, 2H]`.
    fn decode(
        &self,
        target: &Padded,
        source: &Padded,
        states: &Tensor,
        dropout: &mut Dropout,
    ) -> Result<Tensor> {
        let (batch, hidden) = (target.lengths.len(), self.config.hidden);
        let mean = self.mean(states, source)?;
        let initial = |layer: usize| -> Result<Tensor> {
            self.linear(
                &mean,
                &format!("bridge.{layer}.weight"),
                &format!("bridge.{layer}.bias"),
            )?
            .tanh()
        };
        let x = dropout.apply(&self.get("target_embedding").index_select(&target.ids, 0)?)?;
        let mut s = self.lstm("decoder.0", &x, &initial(0)?, target, Direction::Forward)?;
        let context = self.attend(&s, states, source)?;
        for layer in 1..self.config.decoder_layers {
            let x = dropout.apply(
                &Tensor::cat(&[&s, &context], 2)?.reshape((target.steps * batch, 2 * hidden))?,
            )?;
            let above = self.lstm(
                &format!("decoder.{layer}"),
                &x,
                &initial(layer)?,
                target,
                Direction::Forward,
            )?;
            s = (above + s)?;
        }
        let joined =
            Tensor::cat(&[&s, &context], 2)?.reshape((target.steps * batch, 2 * hidden))?;
        dropout.apply(&joined)
    }

    /// softmax(s keys^T / sqrt(H)) states, over the real source positions: `[T, B, H]`.
    fn attend(&self, s: &Tensor, states: &Tensor, source: &Padded) -> Result<Tensor> {
        let (steps, batch, hidden) = states.dims3()?;
        let keys = states
            .reshape((steps * batch, hidden))?
            .matmul(&self.get("attention.key").t()?)?;
        let keys = keys
            .reshape((steps, batch, hidden))?
            .permute((1, 2, 0))?
            .contiguous()?;
        let queries = s.transpose(0, 1)?.contiguous()?;
        let scores = (queries.matmul(&keys)? / (hidden as f64).sqrt())?;
        let mask: Vec<f32> = source
            .lengths
            .iter()
            .flat_map(|&n| (0..steps).map(move |t| if t < n { 0.0 } else { f32::NEG_INFINITY }))
            .collect();
        let mask = Tensor::from_vec(mask, (batch, 1, steps), &self.device)?;
        let weights = candle_nn::ops::softmax(&scores.broadcast_add(&mask)?, D::Minus1)?;
        weights
            .matmul(&states.transpose(0, 1)?.contiguous()?)?
            .transpose(0, 1)?
            .contiguous()
    }

    /// Average over the real positions, `[B, H]`; the states after them are dropped by the weights.
    fn mean(&self, states: &Tensor, source: &Padded) -> Result<Tensor> {
        let batch = source.lengths.len();
        let weights: Vec<f32> = (0..source.steps)
            .flat_map(|t| {
                source
                    .lengths
                    .iter()
                    .map(move |&n| if t < n { 1.0 / n as f32 } else { 0.0 })
            })
            .collect();
        let weights = Tensor::from_vec(weights, (source.steps, batch, 1), &self.device)?;
        states.broadcast_mul(&weights)?.sum(0)
    }

    fn lstm(
        &self,
        name: &str,
        x: &Tensor,
        initial: &Tensor,
        side: &Padded,
        direction: Direction,
    ) -> Result<Tensor> {
        let gates = self.linear(x, &format!("{name}.input"), &format!("{name}.bias"))?;
        let gates = gates.reshape((side.steps, side.lengths.len(), ()))?;
        lstm_scan(
            &gates,
            self.get(&format!("{name}.recurrent")),
            initial,
            &side.lengths,
            direction,
            self.precision,
        )
    }

    fn linear(&self, x: &Tensor, weight: &str, bias: &str) -> Result<Tensor> {
        linear(x, self.get(weight), self.get(bias), self.precision)
    }

    /// A parameter that [`Seq2SeqConfig::tensors`] names; the network is built from that list.
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

/// Embeddings: uniform with variance 1 / E. Matrices: Glorot uniform, per gate. Biases: 0, forget gates 1, so that a fresh
/// LSTM remembers (Jozefowicz et al. 2015).
fn initial_values(
    name: &str,
    shape: &[usize],
    embedding: usize,
    random: &mut impl Rng,
) -> Vec<f32> {
    let count = shape.iter().product();
    let is_lstm = name.starts_with("encoder.") || name.starts_with("decoder.");
    let limit = match *shape {
        [_] => {
            let gate = count / 4;
            return (0..count)
                .map(|n| f32::from(u8::from(is_lstm && n / gate.max(1) == 1)))
                .collect();
        }
        _ if name.ends_with("embedding") => (3.0 / embedding as f32).sqrt(),
        [outputs, inputs] => {
            let outputs = if is_lstm { outputs / 4 } else { outputs };
            (6.0 / (outputs + inputs) as f32).sqrt()
        }
        _ => 0.0,
    };
    (0..count)
        .map(|_| random.random_range(-limit..limit))
        .collect()
}
