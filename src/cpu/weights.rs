//! The tensors of a plan, prepared for the kernels.

use std::collections::BTreeMap;

use super::panels::Panels;
use super::simd::PANEL;
use crate::error::{Error, Result};
use crate::format::Tensor;
use crate::model::plan::{Matrix, Plan, TensorInfo, Vector};

/// A weight matrix `[rows, cols]`.
#[derive(Clone, Debug)]
pub enum Weight {
    /// int8, in panels.
    Quantised(Panels),
    /// Floats, row-major: only to find out what quantisation costs.
    Float {
        /// Output channels.
        rows: usize,
        /// Input channels.
        cols: usize,
        /// `rows * cols` values.
        data: Vec<f32>,
    },
}

/// All tensors of a plan.
#[derive(Clone, Debug)]
pub struct Weights {
    matrices: Vec<Weight>,
    vectors: Vec<Vec<f32>>,
}

impl Weights {
    /// Takes the tensors that a plan asks for, one after the other, so that their memory is free for the next ones.
    ///
    /// # Errors
    /// [`Error::Weights`] if one is missing or has the wrong shape.
    pub fn new(plan: &Plan, mut tensors: BTreeMap<String, Tensor>) -> Result<Self> {
        let matrices = plan
            .matrices
            .iter()
            .map(|info| matrix(info, take(info, &mut tensors)?))
            .collect::<Result<_>>()?;
        let vectors = plan
            .vectors
            .iter()
            .map(|info| vector(info, take(info, &mut tensors)?))
            .collect::<Result<_>>()?;
        Ok(Self { matrices, vectors })
    }

    /// A weight matrix.
    #[must_use]
    pub fn matrix(&self, matrix: Matrix) -> &Weight {
        &self.matrices[matrix.index()]
    }

    /// A bias vector, padded with zeros to whole panels.
    #[must_use]
    pub fn vector(&self, vector: Vector) -> &[f32] {
        &self.vectors[vector.index()]
    }
}

impl Weight {
    /// Output channels.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self {
            Self::Quantised(panels) => panels.rows(),
            Self::Float { rows, .. } => *rows,
        }
    }

    /// Becomes the given rows of another matrix.
    pub fn gather(&mut self, from: &Self, rows: &[u32]) {
        match from {
            Self::Quantised(from) => {
                if let Self::Float { .. } = self {
                    *self = Self::Quantised(Panels::default());
                }
                if let Self::Quantised(panels) = self {
                    panels.gather(from, rows);
                }
            }
            Self::Float { cols, data, .. } => {
                let row = |&row: &u32| &data[row as usize * cols..][..*cols];
                *self = Self::Float {
                    rows: rows.len(),
                    cols: *cols,
                    data: rows.iter().flat_map(row).copied().collect(),
                };
            }
        }
    }

    /// Writes the real values of one row to `out`, which is as wide as the matrix.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        match self {
            Self::Quantised(panels) => panels.row(row, out),
            Self::Float { cols, data, .. } => out.copy_from_slice(&data[row * cols..][..*cols]),
        }
    }
}

fn take(info: &TensorInfo, tensors: &mut BTreeMap<String, Tensor>) -> Result<Tensor> {
    tensors
        .remove(&info.name)
        .ok_or_else(|| Error::Weights(format!("the tensor {} is missing", info.name)))
}

fn matrix(info: &TensorInfo, tensor: Tensor) -> Result<Weight> {
    match tensor {
        Tensor::Quantised(matrix) => {
            let (rows, cols) = (matrix.rows, matrix.cols);
            let sound = matrix.data.len() == rows * cols && matrix.scales.len() == rows;
            if info.shape != [rows, cols] || !sound {
                return Err(wrong_shape(info, &[rows, cols]));
            }
            Ok(Weight::Quantised(Panels::new(&matrix)))
        }
        Tensor::Float { shape, data } => {
            if info.shape != *shape || data.len() != shape.iter().product::<usize>() {
                return Err(wrong_shape(info, &shape));
            }
            Ok(Weight::Float {
                rows: shape[0],
                cols: shape[1],
                data,
            })
        }
    }
}

fn vector(info: &TensorInfo, tensor: Tensor) -> Result<Vec<f32>> {
    match tensor {
        Tensor::Float { shape, mut data } if info.shape == *shape && data.len() == shape[0] => {
            data.resize(shape[0].next_multiple_of(PANEL), 0.0);
            Ok(data)
        }
        Tensor::Float { shape, .. } => Err(wrong_shape(info, &shape)),
        Tensor::Quantised(_) => Err(Error::Weights(format!(
            "the bias {} is stored as int8",
            info.name
        ))),
    }
}

fn wrong_shape(info: &TensorInfo, found: &[usize]) -> Error {
    Error::Weights(format!(
        "the tensor {} should be {:?} but is {found:?}",
        info.name, info.shape
    ))
}
