//! From the tensors of `transformers` to ours. Its matrices are `[out, in]`, as here.

use std::collections::{BTreeMap, BTreeSet};

use safetensors::tensor::Dtype;

use crate::error::{Error, Result};
use crate::format::layout::Layout;
use crate::format::{QuantisedMatrix, Tensor, TransformerConfig};

/// Names under which the one embedding may stand.
const EMBEDDINGS: [&str; 4] = [
    "model.shared.weight",
    "model.encoder.embed_tokens.weight",
    "model.decoder.embed_tokens.weight",
    "lm_head.weight",
];
/// Tables of sines, which are computed instead.
const POSITIONS: [&str; 2] = [
    "model.encoder.embed_positions.weight",
    "model.decoder.embed_positions.weight",
];

/// The tensors of [`TransformerConfig::tensors`], quantised; everything in the file must belong to one of them.
pub fn convert(file: &Layout<'_>, config: &TransformerConfig) -> Result<BTreeMap<String, Tensor>> {
    let (d, inner) = (config.embedding, config.feed_forward);
    let mut tensors = Tensors {
        file,
        left: file.names().into_iter().collect(),
        made: BTreeMap::new(),
    };
    let layers = [
        ("encoder", config.encoder_layers),
        ("decoder", config.decoder_layers),
    ];
    for (side, layers) in layers {
        for layer in 0..layers {
            let from = format!("model.{side}.layers.{layer}");
            let to = format!("{side}.{layer}");
            if side == "encoder" {
                let parts = ["q", "k", "v"].map(|part| format!("{from}.self_attn.{part}_proj"));
                tensors.affine(&parts, &format!("{to}.attention.input"), d, d)?;
                tensors.attention(&format!("{from}.self_attn"), &format!("{to}.attention"), d)?;
            } else {
                for (from, to) in [
                    (format!("{from}.self_attn"), format!("{to}.self_attention")),
                    (format!("{from}.encoder_attn"), format!("{to}.attention")),
                ] {
                    let [query, key, value] =
                        ["q", "k", "v"].map(|part| format!("{from}.{part}_proj"));
                    tensors.affine(&[query], &format!("{to}.query"), d, d)?;
                    tensors.affine(&[key, value], &format!("{to}.memory"), d, d)?;
                    tensors.attention(&from, &to, d)?;
                }
            }
            let feed = format!("{to}.feed_forward");
            tensors.affine(&[format!("{from}.fc1")], &format!("{feed}.inner"), inner, d)?;
            tensors.affine(&[format!("{from}.fc2")], &format!("{feed}.outer"), d, inner)?;
            tensors.norm(&format!("{from}.final_layer_norm"), &feed, d)?;
        }
    }
    tensors.embedding(config)?;
    for name in POSITIONS {
        tensors.left.remove(name);
    }
    match tensors.left.first() {
        Some(name) => Err(Error::Unsupported(format!("the tensor {name}"))),
        None => Ok(tensors.made),
    }
}

struct Tensors<'a, 'b> {
    file: &'a Layout<'b>,
    left: BTreeSet<String>,
    made: BTreeMap<String, Tensor>,
}

impl Tensors<'_, '_> {
    /// Matrices `[out, input]`, stacked, and their biases.
    fn affine(&mut self, parts: &[String], to: &str, out: usize, input: usize) -> Result<()> {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for part in parts {
            weights.extend(self.take(&format!("{part}.weight"), &[out, input])?);
            biases.extend(self.take(&format!("{part}.bias"), &[out])?);
        }
        let matrix = QuantisedMatrix::quantise(&weights, parts.len() * out, input);
        let matrix = matrix.map_err(|e| Error::Weights(format!("{to}: {e}")))?;
        self.made.insert(to.to_owned(), Tensor::Quantised(matrix));
        self.vector(format!("{to}_bias"), biases);
        Ok(())
    }

    /// The output of an attention layer.
    fn attention(&mut self, from: &str, to: &str, d: usize) -> Result<()> {
        self.affine(&[format!("{from}.out_proj")], &format!("{to}.output"), d, d)?;
        self.norm(&format!("{from}_layer_norm"), to, d)
    }

    fn norm(&mut self, from: &str, to: &str, d: usize) -> Result<()> {
        for (theirs, ours) in [("weight", "norm_scale"), ("bias", "norm_bias")] {
            let values = self.take(&format!("{from}.{theirs}"), &[d])?;
            self.vector(format!("{to}.{ours}"), values);
        }
        Ok(())
    }

    /// The embedding and the bias of the output, without their last row, that of the padding token.
    fn embedding(&mut self, config: &TransformerConfig) -> Result<()> {
        let (rows, d) = (config.source_vocabulary, config.embedding);
        let shape = [rows + 1, d];
        let mut found: Option<Vec<f32>> = None;
        for name in EMBEDDINGS {
            if !self.left.contains(name) {
                continue;
            }
            let values = self.take(name, &shape)?;
            if found.as_ref().is_some_and(|found| *found != values) {
                return Err(Error::Unsupported(format!(
                    "{name}, which is not the embedding"
                )));
            }
            found = Some(values);
        }
        let mut values =
            found.ok_or_else(|| Error::Weights(format!("{} is missing", EMBEDDINGS[0])))?;
        if values[rows * d..].iter().any(|&value| value != 0.0) {
            return Err(Error::Unsupported(
                "a padding token whose embedding is not zero".into(),
            ));
        }
        values.truncate(rows * d);
        let matrix = QuantisedMatrix::quantise(&values, rows, d)?;
        let name = config.source_embedding().to_owned();
        self.made.insert(name, Tensor::Quantised(matrix));
        let mut bias = self.take("final_logits_bias", &[1, rows + 1])?;
        bias.truncate(rows);
        self.vector("output.bias".to_owned(), bias);
        Ok(())
    }

    fn vector(&mut self, name: String, data: Vec<f32>) {
        let shape = vec![data.len()];
        self.made.insert(name, Tensor::Float { shape, data });
    }

    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let missing = || Error::Weights(format!("{name} is missing"));
        let found = self.file.shape(name).ok_or_else(missing)?;
        if found != shape {
            return Err(Error::Weights(format!(
                "{name} has the shape {found:?}, but config.json needs {shape:?}"
            )));
        }
        self.left.remove(name);
        let tensor = self.file.tensor(name).ok_or_else(missing)?;
        let halves = || {
            tensor
                .data
                .as_chunks()
                .0
                .iter()
                .map(|&half| u16::from_le_bytes(half))
        };
        let values: Vec<f32> = match tensor.dtype {
            Dtype::F32 => {
                let words = tensor.data.as_chunks().0.iter();
                words.map(|&word| f32::from_le_bytes(word)).collect()
            }
            Dtype::F16 => halves().map(from_half).collect(),
            Dtype::BF16 => halves()
                .map(|bits| f32::from_bits(u32::from(bits) << 16))
                .collect(),
            other => {
                return Err(Error::Unsupported(format!(
                    "{name} with elements of type {other:?}"
                )));
            }
        };
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(Error::Weights(format!(
                "{name} holds a value that is not finite"
            )))
        }
    }
}

/// The value of an IEEE 754 binary16.
fn from_half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * 2f32.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::from_half;

    #[test]
    fn halves() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x8400, -6.103_515_6e-5),
        ] {
            assert_eq!(from_half(bits).to_bits(), f32::to_bits(value), "{bits:04x}");
        }
        assert!(!from_half(0x7c00).is_finite());
        assert!(from_half(0x7e00).is_nan());
    }
}
