//! The Seq2Seq model with attention: the training twin of [`crate::model::seq2seq`].
//!
//! Without input feeding no step of the decoder waits for the attention of the step before, so each layer runs over the
//! whole teacher-forced sequence at once.

use candle_core::{D, Result, Tensor};
use rand::Rng;

use super::{Network, Padded};
use crate::format::Seq2SeqConfig;
use crate::train::dropout::Dropout;
use crate::train::fused::{Direction, lstm_scan};

/// The parameters of a network, seen as this architecture.
pub struct Seq2Seq<'a> {
    pub network: &'a Network,
    pub config: &'a Seq2SeqConfig,
}

impl Seq2Seq<'_> {
    /// What is multiplied with the target embedding, for the chosen rows of `[T * B, E]`, from the source and the target
    /// shifted by one.
    pub fn outputs(
        &self,
        source: &Padded,
        target: &Padded,
        rows: &Tensor,
        dropout: &mut Dropout,
    ) -> Result<Tensor> {
        let states = self.encode(source, dropout)?;
        let outputs = self.decode(target, source, &states, dropout)?;
        let outputs = outputs.index_select(rows, 0)?;
        let outputs = self
            .network
            .linear(&outputs, "output.combine", "output.combine_bias")?
            .tanh()?;
        dropout.apply(&outputs)
    }

    /// Encoder states `[S, B, H]`.
    fn encode(&self, source: &Padded, dropout: &mut Dropout) -> Result<Tensor> {
        let batch = source.lengths.len();
        let mut x = dropout.apply(
            &self
                .network
                .get("source_embedding")
                .index_select(&source.ids, 0)?,
        )?;
        for layer in 0..self.config.encoder_layers {
            let directions = [
                ("forward", Direction::Forward),
                ("backward", Direction::Backward),
            ];
            let halves = directions
                .into_iter()
                .map(|(name, direction)| {
                    let initial = Tensor::zeros(
                        (batch, self.config.hidden / 2),
                        x.dtype(),
                        self.network.device(),
                    )?;
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
            self.network
                .linear(
                    &mean,
                    &format!("bridge.{layer}.weight"),
                    &format!("bridge.{layer}.bias"),
                )?
                .tanh()
        };
        let x = dropout.apply(
            &self
                .network
                .get("target_embedding")
                .index_select(&target.ids, 0)?,
        )?;
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
            .matmul(&self.network.get("attention.key").t()?)?;
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
        let mask = Tensor::from_vec(mask, (batch, 1, steps), self.network.device())?;
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
        let weights = Tensor::from_vec(weights, (source.steps, batch, 1), self.network.device())?;
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
        let gates = self
            .network
            .linear(x, &format!("{name}.input"), &format!("{name}.bias"))?;
        let gates = gates.reshape((side.steps, side.lengths.len(), ()))?;
        lstm_scan(
            &gates,
            self.network.get(&format!("{name}.recurrent")),
            initial,
            &side.lengths,
            direction,
            self.network.precision,
        )
    }
}

/// Embeddings: uniform with variance 1 / E. Matrices: Glorot uniform, per gate. Biases: 0, forget gates 1, so that a fresh
/// LSTM remembers (Jozefowicz et al. 2015).
pub fn initial_values(
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
