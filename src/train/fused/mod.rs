//! Operations that candle would run as long chains of small tensors, each written as one.
//!
//! Every operation here has its gradient written by hand and a twin composed of candle's own tensor operations: the twin
//! is the oracle in the tests and what runs on devices other than the CPU.

mod adamw;
mod attention;
mod cross_entropy;
mod layer_norm;
mod linear;
mod lstm;
mod math;
mod matmul;
mod ssru;
mod vectorised;

pub use adamw::{AdamW, AdamWOptions};
pub use attention::{cross_attention, self_attention};
pub use cross_entropy::{CrossEntropy, cross_entropy};
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use lstm::{Direction, lstm_scan};
pub use matmul::Precision;
pub use ssru::ssru_scan;

pub(super) use vectorised::vectorised;

use candle_core::{CpuStorage, Layout, Result, Storage};

/// The contiguous `f32` values a custom operation was called with.
pub(super) fn contiguous<'a>(
    storage: &'a CpuStorage,
    layout: &Layout,
    op: &str,
) -> Result<&'a [f32]> {
    let values = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&values[start..end]),
        None => candle_core::bail!("{op}: the input must be contiguous"),
    }
}

/// The contiguous `f32` values behind a CPU tensor's storage guard.
pub(super) fn cpu_values<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(cpu) => contiguous(cpu, layout, "fused operation"),
        _ => candle_core::bail!("fused operations run on the CPU only"),
    }
}

vectorised! {
    /// Adds every row of a matrix to `sums`, which is as wide.
    fn add_rows(matrix: &[f32], sums: &mut [f32]) {
        for row in matrix.chunks_exact(sums.len()) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
    }
}

/// Largest difference between two tensors, relative to the larger of 1 and the second's largest value.
#[cfg(test)]
fn largest_difference(a: &candle_core::Tensor, b: &candle_core::Tensor) -> f32 {
    let top = |t: &candle_core::Tensor| {
        let top = t.abs().unwrap().max_all().unwrap();
        top.to_scalar::<f32>().unwrap()
    };
    top(&(a - b).unwrap()) / top(b).max(1.0)
}
