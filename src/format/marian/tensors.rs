//! From Marian's tensors to ours.
//!
//! Marian names layers from 1. A weight of shape `[K, N]` multiplies row vectors, `y = x W`. Quantised, its bytes are those of the
//! transpose, `[N, K]`, which is our layout; in floats they are not. Embeddings are `[V, d]` in both cases.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::items::{Data, Item, Items};
use crate::error::{Error, Result};
use crate::format::{QuantisedMatrix, Tensor, TransformerConfig};

/// What marks the items that hold multipliers of activations.
const ALPHA: &str = "_QuantMultA";

/// The tensors of [`TransformerConfig::tensors`]; everything in the file must belong to one of them.
pub fn convert(
    items: &mut Items<'_>,
    config: &TransformerConfig,
) -> Result<BTreeMap<String, Tensor>> {
    let (d, inner) = (config.embedding, config.feed_forward);
    let mut tensors = Tensors {
        items,
        tensors: BTreeMap::new(),
    };
    for layer in 0..config.encoder_layers {
        let (from, to) = (
            format!("encoder_l{}", layer + 1),
            format!("encoder.{layer}"),
        );
        let attention = format!("{from}_self");
        let part = |part: &str| {
            (
                format!("{attention}_W{part}"),
                Some(format!("{attention}_b{part}")),
            )
        };
        tensors.affine(
            &format!("{to}.attention.input"),
            &["q", "k", "v"].map(part),
            d,
            d,
        )?;
        tensors.attention(&attention, &to, d)?;
        tensors.feed_forward(&from, &to, d, inner)?;
    }
    for layer in 0..config.decoder_layers {
        let (from, to) = (
            format!("decoder_l{}", layer + 1),
            format!("decoder.{layer}"),
        );
        let recurrent = [
            (format!("{from}_rnn_W"), None),
            (format!("{from}_rnn_Wf"), Some(format!("{from}_rnn_bf"))),
        ];
        tensors.affine(&format!("{to}.recurrent.input"), &recurrent, d, d)?;
        tensors.norm(&format!("{from}_rnn_ffn"), &format!("{to}.recurrent"), d)?;
        let attention = format!("{from}_context");
        let part = |part: &str| {
            (
                format!("{attention}_W{part}"),
                Some(format!("{attention}_b{part}")),
            )
        };
        tensors.affine(&format!("{to}.attention.query"), &[part("q")], d, d)?;
        tensors.affine(
            &format!("{to}.attention.memory"),
            &["k", "v"].map(part),
            d,
            d,
        )?;
        tensors.attention(&attention, &to, d)?;
        tensors.feed_forward(&from, &to, d, inner)?;
    }
    tensors.vector(
        "decoder_ff_logit_out_b",
        "output.bias",
        config.target_vocabulary,
    )?;
    if config.shared_vocabulary {
        tensors.embedding(
            "Wemb",
            config.source_embedding(),
            config.source_vocabulary,
            d,
        )?;
    } else {
        tensors.embedding(
            "encoder_Wemb",
            config.source_embedding(),
            config.source_vocabulary,
            d,
        )?;
        tensors.embedding(
            "decoder_Wemb",
            config.target_embedding(),
            config.target_vocabulary,
            d,
        )?;
    }
    let tensors = tensors.tensors;
    match items.names().find(|name| !name.ends_with(ALPHA)) {
        Some(name) => Err(Error::Unsupported(format!("Marian's tensor {name}"))),
        None => Ok(tensors),
    }
}

struct Tensors<'a, 'b> {
    items: &'a mut Items<'b>,
    tensors: BTreeMap<String, Tensor>,
}

impl Tensors<'_, '_> {
    /// Weights `[input, out]` each, stacked, and their biases; zeros where there is none.
    fn affine(
        &mut self,
        to: &str,
        parts: &[(String, Option<String>)],
        out: usize,
        input: usize,
    ) -> Result<()> {
        let mut matrices = Vec::with_capacity(parts.len());
        let mut biases = Vec::with_capacity(parts.len() * out);
        for (weight, bias) in parts {
            matrices.push(self.transposed(weight, out, input)?);
            match bias {
                Some(bias) => biases.extend(self.floats(bias, out)?),
                None => biases.resize(biases.len() + out, 0.0),
            }
        }
        self.insert(to, Tensor::Quantised(stack(matrices, input)));
        self.insert_vector(&format!("{to}_bias"), biases);
        Ok(())
    }

    /// The output of an attention layer.
    fn attention(&mut self, from: &str, layer: &str, d: usize) -> Result<()> {
        let part = (format!("{from}_Wo"), Some(format!("{from}_bo")));
        self.affine(&format!("{layer}.attention.output"), &[part], d, d)?;
        self.norm(&format!("{from}_Wo"), &format!("{layer}.attention"), d)
    }

    fn feed_forward(&mut self, from: &str, layer: &str, d: usize, inner: usize) -> Result<()> {
        let part = |n: u8| (format!("{from}_ffn_W{n}"), Some(format!("{from}_ffn_b{n}")));
        self.affine(&format!("{layer}.feed_forward.inner"), &[part(1)], inner, d)?;
        self.affine(&format!("{layer}.feed_forward.outer"), &[part(2)], d, inner)?;
        self.norm(
            &format!("{from}_ffn_ffn"),
            &format!("{layer}.feed_forward"),
            d,
        )
    }

    fn norm(&mut self, from: &str, to: &str, d: usize) -> Result<()> {
        self.vector(&format!("{from}_ln_scale"), &format!("{to}.norm_scale"), d)?;
        self.vector(&format!("{from}_ln_bias"), &format!("{to}.norm_bias"), d)
    }

    fn vector(&mut self, from: &str, to: &str, len: usize) -> Result<()> {
        let data = self.floats(from, len)?;
        self.insert_vector(to, data);
        Ok(())
    }

    fn embedding(&mut self, from: &str, to: &str, rows: usize, cols: usize) -> Result<()> {
        let matrix = match self.take(from, &[rows, cols])?.data {
            Data::Quantised(values, scale) => quantised(values, scale, rows, cols),
            Data::Floats(values) => QuantisedMatrix::quantise(&floats(&values), rows, cols)?,
            Data::Bytes(_) => return Err(wrong_type(from)),
        };
        self.insert(to, Tensor::Quantised(matrix));
        Ok(())
    }

    /// A weight `[input, out]` as a matrix of `out` rows.
    fn transposed(&mut self, name: &str, out: usize, input: usize) -> Result<QuantisedMatrix> {
        match self.take(name, &[input, out])?.data {
            Data::Quantised(values, scale) => Ok(quantised(values, scale, out, input)),
            Data::Floats(values) => {
                let values = floats(&values);
                let transposed: Vec<f32> = (0..out * input)
                    .map(|i| values[i % input * out + i / input])
                    .collect();
                QuantisedMatrix::quantise(&transposed, out, input)
            }
            Data::Bytes(_) => Err(wrong_type(name)),
        }
    }

    /// A vector, whose shape is `[1, len]`.
    fn floats(&mut self, name: &str, len: usize) -> Result<Vec<f32>> {
        match self.take(name, &[1, len])?.data {
            Data::Floats(values) => Ok(floats(&values)),
            Data::Bytes(_) | Data::Quantised(..) => Err(wrong_type(name)),
        }
    }

    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Item<Cow<'_, [u8]>>> {
        let item = self.items.take(name)?;
        if item.shape == shape {
            Ok(item)
        } else {
            Err(Error::Weights(format!(
                "{name} has the shape {:?}, but its options need {shape:?}",
                item.shape
            )))
        }
    }

    fn insert(&mut self, name: &str, tensor: Tensor) {
        self.tensors.insert(name.to_owned(), tensor);
    }

    fn insert_vector(&mut self, name: &str, data: Vec<f32>) {
        let shape = vec![data.len()];
        self.insert(name, Tensor::Float { shape, data });
    }
}

fn quantised(values: Cow<'_, [u8]>, scale: f32, rows: usize, cols: usize) -> QuantisedMatrix {
    QuantisedMatrix {
        rows,
        cols,
        // In place, where the bytes are this tensor's own.
        data: values
            .into_owned()
            .into_iter()
            .map(u8::cast_signed)
            .collect(),
        scales: vec![scale; rows],
    }
}

/// Matrices of `cols` columns, one below the other.
fn stack(matrices: Vec<QuantisedMatrix>, cols: usize) -> QuantisedMatrix {
    let mut all = QuantisedMatrix {
        rows: 0,
        cols,
        data: Vec::new(),
        scales: Vec::new(),
    };
    for matrix in matrices {
        all.rows += matrix.rows;
        all.data.extend(matrix.data);
        all.scales.extend(matrix.scales);
    }
    all
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let (values, _) = bytes.as_chunks();
    values
        .iter()
        .map(|&value| f32::from_le_bytes(value))
        .collect()
}

fn wrong_type(name: &str) -> Error {
    Error::Weights(format!("{name} has elements that have no place there"))
}
