//! The student transformer: the training twin of [`crate::model::transformer`], where the equations are.
//!
//! The SSRU decoder has no attention to itself: its recurrence runs over the whole teacher-forced sequence at once, and padding
//! after the end of a sentence cannot reach what is before it.

use candle_core::{Result, Tensor};
use rand::Rng;

use super::{Network, Padded};
use crate::format::TransformerConfig;
use crate::model::transformer::EPSILON;
use crate::train::dropout::Dropout;
use crate::train::fused::{cross_attention, layer_norm, self_attention, ssru_scan};

/// The parameters of a network, seen as this architecture.
pub struct Transformer<'a> {
    pub network: &'a Network,
    pub config: &'a TransformerConfig,
}

impl Transformer<'_> {
    /// What is multiplied with the target embedding, for the chosen rows of `[T * B, d]`, from the source and the target
    /// shifted by one.
    pub fn outputs(
        &self,
        source: &Padded,
        target: &Padded,
        rows: &Tensor,
        dropout: &mut Dropout,
    ) -> Result<Tensor> {
        let memory = self.encode(source, dropout)?;
        self.decode(target, source, &memory, dropout)?
            .index_select(rows, 0)
    }

    /// Encoder states `[S * B, d]`.
    fn encode(&self, source: &Padded, dropout: &mut Dropout) -> Result<Tensor> {
        let embedding = self.network.get(self.config.source_embedding());
        let x = embedding.index_select(&source.ids, 0)?;
        let mut x = self.place(&x, source, dropout)?;
        for layer in 0..self.config.encoder_layers {
            let name = format!("encoder.{layer}.attention");
            let inputs = self.affine(&x, &format!("{name}.input"))?;
            let inputs = time_major(&inputs, source)?;
            let found = self_attention(&inputs, &source.lengths, self.config.heads)?;
            x = self.attended(&x, &found, &name, dropout)?;
            x = self.feed_forward(&x, &format!("encoder.{layer}.feed_forward"), dropout)?;
        }
        Ok(x)
    }

    /// Decoder states `[T * B, d]`.
    fn decode(
        &self,
        target: &Padded,
        source: &Padded,
        memory: &Tensor,
        dropout: &mut Dropout,
    ) -> Result<Tensor> {
        let (batch, d) = (target.lengths.len(), self.config.embedding);
        // Before the first token there is none: zeros, not the embedding of `</s>`.
        let tokens = target.ids.narrow(0, batch, target.ids.dim(0)? - batch)?;
        let embedding = self.network.get(self.config.target_embedding());
        let none = Tensor::zeros((batch, d), embedding.dtype(), embedding.device())?;
        let x = if target.steps > 1 {
            Tensor::cat(&[&none, &embedding.index_select(&tokens, 0)?], 0)?
        } else {
            none
        };
        let mut x = self.place(&x, target, dropout)?;
        for layer in 0..self.config.decoder_layers {
            let name = |part: &str| format!("decoder.{layer}.{part}");
            let gates = self.affine(&x, &name("recurrent.input"))?;
            let cells = ssru_scan(&time_major(&gates, target)?)?;
            let cells = cells.flatten(0, 1)?.relu()?;
            x = self.residual(&x, &cells, &name("recurrent"), dropout)?;

            let queries = self.affine(&x, &name("attention.query"))?;
            let memory = self.affine(memory, &name("attention.memory"))?;
            let found = cross_attention(
                &time_major(&queries, target)?,
                &time_major(&memory, source)?,
                &source.lengths,
                self.config.heads,
            )?;
            x = self.attended(&x, &found, &name("attention"), dropout)?;
            x = self.feed_forward(&x, &name("feed_forward"), dropout)?;
        }
        Ok(x)
    }

    /// `sqrt(d) embedding + position`.
    fn place(&self, x: &Tensor, side: &Padded, dropout: &mut Dropout) -> Result<Tensor> {
        let d = self.config.embedding;
        let mut positions = vec![0.0; side.steps * d];
        for (t, row) in positions.chunks_exact_mut(d).enumerate() {
            self.network.positions.add(t, row);
        }
        let positions = Tensor::from_vec(positions, (side.steps, 1, d), x.device())?;
        let x = time_major(&(x * (d as f64).sqrt())?, side)?.broadcast_add(&positions)?;
        dropout.apply(&x.flatten(0, 1)?)
    }

    /// `LN(x + output found)`, with what the heads have found.
    fn attended(
        &self,
        x: &Tensor,
        found: &Tensor,
        name: &str,
        dropout: &mut Dropout,
    ) -> Result<Tensor> {
        let change = self.affine(&found.flatten(0, 1)?, &format!("{name}.output"))?;
        self.residual(x, &change, name, dropout)
    }

    /// `LN(x + outer max(0, inner x))`
    fn feed_forward(&self, x: &Tensor, name: &str, dropout: &mut Dropout) -> Result<Tensor> {
        let inner = self.affine(x, &format!("{name}.inner"))?.relu()?;
        let change = self.affine(&inner, &format!("{name}.outer"))?;
        self.residual(x, &change, name, dropout)
    }

    /// `LN(x + dropout(change))`
    fn residual(
        &self,
        x: &Tensor,
        change: &Tensor,
        name: &str,
        dropout: &mut Dropout,
    ) -> Result<Tensor> {
        layer_norm(
            &(x + dropout.apply(change)?)?,
            self.network.get(&format!("{name}.norm_scale")),
            self.network.get(&format!("{name}.norm_bias")),
            EPSILON,
        )
    }

    fn affine(&self, x: &Tensor, name: &str) -> Result<Tensor> {
        self.network.linear(x, name, &format!("{name}_bias"))
    }
}

/// `[T * B, width]` to `[T, B, width]`.
fn time_major(x: &Tensor, side: &Padded) -> Result<Tensor> {
    x.reshape((side.steps, side.lengths.len(), ()))
}

/// Embeddings: uniform with variance 1 / d, so that sqrt(d) times one is of the size of a normalised state, and so are the
/// logits. Matrices: Glorot uniform, each of a stack by itself. Normalisation starts as it is, biases at 0.
///
/// With normalisation after the residual the gradients near the output are large at first: such a model needs warm-up.
pub fn initial_values(
    name: &str,
    shape: &[usize],
    width: usize,
    random: &mut impl Rng,
) -> Vec<f32> {
    let count = shape.iter().product();
    let limit = match *shape {
        [_] => return vec![f32::from(u8::from(name.ends_with("norm_scale"))); count],
        _ if name.ends_with("embedding") => (3.0 / width as f32).sqrt(),
        [outputs, inputs] => {
            let stacked = [
                ("attention.input", 3),
                ("attention.memory", 2),
                ("recurrent.input", 2),
            ];
            let parts = stacked.iter().find(|(end, _)| name.ends_with(end));
            let outputs = outputs / parts.map_or(1, |(_, parts)| *parts);
            (6.0 / (outputs + inputs) as f32).sqrt()
        }
        _ => 0.0,
    };
    (0..count)
        .map(|_| random.random_range(-limit..limit))
        .collect()
}
