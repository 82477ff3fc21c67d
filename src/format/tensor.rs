//! The weights of a model in memory.

use super::config::{TensorKind, TensorSpec};
use super::quantise::QuantisedMatrix;
use crate::error::{Error, Result};

/// A tensor in memory.
#[derive(Clone, Debug, PartialEq)]
pub enum Tensor {
    /// An int8 weight matrix with one scale per output channel.
    Quantised(QuantisedMatrix),
    /// A bias, or a weight matrix that was not quantised.
    Float {
        /// `[out]` or `[out, in]`.
        shape: Vec<usize>,
        /// The elements, row-major.
        data: Vec<f32>,
    },
}

impl Tensor {
    /// `[out]` or `[out, in]`.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Self::Quantised(matrix) => vec![matrix.rows, matrix.cols],
            Self::Float { shape, .. } => shape.clone(),
        }
    }

    /// Checks shape, sizes and values against what the architecture expects.
    pub(super) fn check(&self, name: &str, spec: &TensorSpec) -> Result<()> {
        let shape = self.shape();
        if shape != spec.shape {
            return Err(Error::Weights(format!(
                "the tensor {name:?} has the shape {shape:?}, but its configuration needs {:?}",
                spec.shape
            )));
        }
        let elements = shape
            .iter()
            .try_fold(1usize, |product, &size| product.checked_mul(size));
        match self {
            Self::Quantised(_) if spec.kind == TensorKind::Vector => Err(Error::Weights(format!(
                "the tensor {name:?} must not be quantised"
            ))),
            Self::Quantised(matrix) => {
                if elements != Some(matrix.data.len()) || matrix.rows != matrix.scales.len() {
                    return Err(Error::Weights(format!(
                        "the tensor {name:?} of shape {shape:?} has {} weights and {} scales",
                        matrix.data.len(),
                        matrix.scales.len()
                    )));
                }
                if matrix.data.contains(&i8::MIN) {
                    return Err(Error::Weights(format!(
                        "the tensor {name:?} holds a weight of -128"
                    )));
                }
                match matrix
                    .scales
                    .iter()
                    .find(|scale| !(scale.is_finite() && **scale > 0.0))
                {
                    Some(scale) => Err(Error::Weights(format!(
                        "the tensor {name:?} has a scale of {}, which is not a positive number",
                        name_of(*scale)
                    ))),
                    None => Ok(()),
                }
            }
            Self::Float { data, .. } => {
                if elements != Some(data.len()) {
                    return Err(Error::Weights(format!(
                        "the tensor {name:?} of shape {shape:?} has {} values",
                        data.len()
                    )));
                }
                match data.iter().find(|value| !value.is_finite()) {
                    Some(value) => Err(Error::Weights(format!(
                        "the tensor {name:?} holds {}, which is not a finite number",
                        name_of(*value)
                    ))),
                    None => Ok(()),
                }
            }
        }
    }
}

/// What a number is that should not be there. To write out any number takes a hundredth of the WebAssembly.
pub(super) fn name_of(number: f32) -> &'static str {
    match number {
        f32::INFINITY => "inf",
        f32::NEG_INFINITY => "-inf",
        0.0 => "0",
        ..0.0 => "less than 0",
        _ if number.is_nan() => "NaN",
        _ => "out of range",
    }
}
