//! int8 weights in the memory of the device.

use super::{Engine, Fault};
use crate::cpu::Weight;
use crate::cpu::positions::Positions;
use crate::cpu::simd::PANEL;
use crate::model::Model;
use crate::model::plan::{Matrix, Op, Plan, Vector};

/// Positions that there are on the device.
const POSITIONS: usize = 512;

/// The tensors of a model on the device, in two buffers.
#[derive(Debug)]
pub struct DeviceWeights {
    /// The words of all matrices.
    pub words: wgpu::Buffer,
    /// The scales of all matrices, all vectors, and the table of positions.
    pub factors: wgpu::Buffer,
    matrices: Vec<DeviceMatrix>,
    vectors: Vec<u32>,
    table: Option<u32>,
}

/// Where a matrix `[rows, cols]` lies: word `weight + group * stride + row` holds four columns of a row.
///
/// Neighbouring invocations compute neighbouring rows, so that they read neighbouring words.
#[derive(Clone, Copy, Debug)]
pub struct DeviceMatrix {
    pub rows: u32,
    pub cols: u32,
    /// Rows, rounded up to whole panels.
    pub stride: u32,
    /// Its first word.
    pub weight: u32,
    /// Its first scale.
    pub scales: u32,
}

impl DeviceWeights {
    /// Copies the weights of a model to the device.
    pub fn new(engine: &Engine, model: &Model) -> Result<Self, Fault> {
        let plan = model.plan();
        let (mut words, mut factors) = (Vec::new(), Vec::new());
        let mut matrices = Vec::with_capacity(plan.matrices.len());
        for index in plan.all_matrices() {
            let Weight::Quantised(panels) = model.weights().matrix(index) else {
                return Err(Fault::Unsupported("its weights are not int8".into()));
            };
            let stride = panels.panels() * PANEL;
            let (weight, scales) = (words.len(), factors.len());
            words.resize(weight + panels.groups() * stride, 0u32);
            for panel in 0..panels.panels() {
                for (group, tile) in panels.tiles(panel).iter().enumerate() {
                    let to = &mut words[weight + group * stride + panel * PANEL..][..PANEL];
                    for (row, word) in to.iter_mut().enumerate() {
                        *word = u32::from_le_bytes(tile.row(row).map(|weight| weight as u8));
                    }
                }
                factors.extend_from_slice(panels.scales(panel));
            }
            matrices.push(DeviceMatrix {
                rows: panels.rows() as u32,
                cols: panels.cols() as u32,
                stride: stride as u32,
                weight: weight as u32,
                scales: scales as u32,
            });
        }
        let mut vectors = Vec::with_capacity(plan.vectors.len());
        for index in plan.all_vectors() {
            vectors.push(factors.len() as u32);
            factors.extend_from_slice(model.weights().vector(index));
        }
        let table = match positions(plan)? {
            Some(width) => {
                let first = factors.len();
                factors.resize(first + POSITIONS * width, 0.0);
                let positions = Positions::new(width);
                for (time, row) in factors[first..].chunks_exact_mut(width).enumerate() {
                    positions.add(time, row);
                }
                Some(first as u32)
            }
            None => None,
        };
        let upload = |label, bytes: &[u8]| {
            let buffer = engine.storage(label, bytes.len() as u64 / 4)?;
            engine.queue.write_buffer(&buffer, 0, bytes);
            Ok(buffer)
        };
        let factors: Vec<u32> = factors.into_iter().map(f32::to_bits).collect();
        Ok(Self {
            words: upload("the weights", &bytes(&words))?,
            factors: upload("the scales of the weights", &bytes(&factors))?,
            matrices,
            vectors,
            table,
        })
    }

    pub fn matrix(&self, matrix: Matrix) -> DeviceMatrix {
        self.matrices[matrix.index()]
    }

    /// The first element of the table of positions, whose rows are as wide as the embeddings that want them.
    pub fn table(&self) -> Option<u32> {
        self.table
    }

    /// Number of positions that the table has; none if there is no table.
    pub fn positions(&self) -> Option<usize> {
        self.table.map(|_| POSITIONS)
    }

    /// The first element of a vector.
    pub fn vector(&self, vector: Vector) -> u32 {
        self.vectors[vector.index()]
    }
}

/// The number of columns of the positions that a plan wants.
fn positions(plan: &Plan) -> Result<Option<usize>, Fault> {
    let mut found = None;
    for op in plan.encode.iter().chain(&plan.step) {
        if let &Op::Embed {
            positions: true,
            output,
            ..
        } = op
            && *found.get_or_insert(output.width) != output.width
        {
            return Err(Fault::Unsupported("its embeddings differ in width".into()));
        }
    }
    Ok(found.filter(|&width| width > 0))
}

/// Words as the device reads them.
pub fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
