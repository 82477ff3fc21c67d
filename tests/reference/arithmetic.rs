//! Products as Bergamot's engine computes them (intgemm's `Int8Shift` with fixed multipliers, `--gemm-precision int8shiftAlphaAll`).
//!
//! ```text
//! a_k = clamp(round(x_k qa), -127, 127) + 127                  round half to even
//! s   = sum over pairs of saturate16(a_2k w_2k + a_2k+1 w_2k+1)
//! y   = s / (qa qb) - 127 / (qa qb) sum_k w_k
//! ```
//! qb is the multiplier of the weights. qa, that of the activations, is one number for each matrix, measured on some text before
//! the model was published; what is larger is cut off. Sums of two products are cut off at 16 bits, as the processor's instruction
//! (`maddubs`) does and as the WebAssembly imitates it.

use std::collections::BTreeMap;

use dragoman::format::{ModelFile, QuantisedMatrix, Tensor};

use super::Vector;

/// The matrices of a model with the multiplier of the activations for each row, by our names.
pub struct Bergamot {
    matrices: BTreeMap<String, (QuantisedMatrix, Vec<f32>)>,
    saturating: bool,
}

impl Bergamot {
    /// `multipliers` are those in the file, by Marian's names. Newer processors, and other engines, are not `saturating`.
    pub fn new(file: &ModelFile, multipliers: &BTreeMap<String, f32>, saturating: bool) -> Self {
        let matrices = file.tensors.iter().filter_map(|(name, tensor)| {
            let Tensor::Quantised(matrix) = tensor else {
                return None;
            };
            let parts: Vec<f32> = originals(name)
                .iter()
                .map(|original| multipliers[&format!("{original}_QuantMultA")])
                .collect();
            let each = matrix.rows / parts.len();
            let rows = (0..matrix.rows).map(|row| parts[row / each]).collect();
            Some((name.clone(), (matrix.clone(), rows)))
        });
        Self {
            matrices: matrices.collect(),
            saturating,
        }
    }

    pub fn product(&self, name: &str, x: &[f64]) -> Vector {
        let (matrix, multipliers) = &self.matrices[name];
        let mut quantised: (f32, Vec<i32>) = (0.0, Vec::new());
        let rows = matrix.data.chunks(matrix.cols).zip(multipliers);
        let sums = rows.zip(&matrix.scales).map(|((weights, &qa), &scale)| {
            if quantised.0.to_bits() != qa.to_bits() {
                let value = |&x: &f64| {
                    ((x as f32 * qa).round_ties_even()).clamp(-127.0, 127.0) as i32 + 127
                };
                quantised = (qa, x.iter().map(value).collect());
            }
            let pairs = weights.chunks(2).zip(quantised.1.chunks(2));
            let sum: i32 = pairs
                .map(|(w, a)| {
                    let pair: i32 = w.iter().zip(a).map(|(&w, a)| i32::from(w) * a).sum();
                    if self.saturating {
                        pair.clamp(i16::MIN.into(), i16::MAX.into())
                    } else {
                        pair
                    }
                })
                .sum();
            let shift: i32 = weights.iter().map(|&w| i32::from(w)).sum();
            let unit = scale / qa;
            f64::from(sum as f32 * unit + -127.0 * unit * shift as f32)
        });
        sums.collect()
    }
}

/// What Marian calls the parts of one of our matrices.
fn originals(name: &str) -> Vec<String> {
    let parts: Vec<&str> = name.split('.').collect();
    let [side, layer, sublayer, part] = parts[..] else {
        // The embedding is also the output layer.
        return vec!["none".to_owned()];
    };
    let layer = format!("{side}_l{}", layer.parse::<usize>().unwrap() + 1);
    let (prefix, parts) = match (side, sublayer, part) {
        ("encoder", "attention", "input") => ("self", "Wq Wk Wv"),
        ("encoder", "attention", "output") => ("self", "Wo"),
        (_, "recurrent", "input") => ("rnn", "W Wf"),
        (_, "attention", "query") => ("context", "Wq"),
        (_, "attention", "memory") => ("context", "Wk Wv"),
        (_, "attention", "output") => ("context", "Wo"),
        (_, "feed_forward", "inner") => ("ffn", "W1"),
        (_, "feed_forward", "outer") => ("ffn", "W2"),
        _ => panic!("no such matrix: {name}"),
    };
    let parts = parts.split(' ');
    parts
        .map(|part| format!("{layer}_{prefix}_{part}"))
        .collect()
}
