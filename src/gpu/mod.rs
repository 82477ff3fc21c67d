//! Running a plan on WebGPU compute shaders, in the browser and natively (feature `gpu`).
//!
//! | module | what it holds |
//! |---|---|
//! | [`engine`] | the device, what it can do, and what became of it |
//! | `kernels` | the shaders: include step and pipelines |
//! | `weights` | int8 weights in the memory of the device |
//! | `fuse` | operations of a plan that become one dispatch |
//! | `memory` | the buffers of a plan, once for each size of batch |
//! | `recording` | from operations to dispatches |
//! | `chain` | the dispatches that take rows through several operations |
//! | `task` | what a batch begins with |
//! | [`traffic`] | how many bytes a batch moves, and how fast the device moves bytes |
//! | `readback` | what comes back, once for every few steps |
//! | [`search`] | beam search without waiting for the device |
//! | [`accelerator`] | which engine translates a batch, and what happens when the GPU fails |
//! | [`record`] | what is remembered of a device: calibration and failures |
//! | `clock` | the time, in browsers as well |
//! | [`check`] | whether both engines say the same |
//! | `rounding` | for tests: where a shader would leave the rounding to the device |
//!
//! A shader in `shaders/` has the name of its twin in `cpu/`, and computes the same floats in the same order, to the last bit unless they
//! are subnormal: `shaders/float.wgsl` says how. Only the scores of translations are approximate, for logarithms and powers are.

// In a browser devices belong to a thread, elsewhere they do not.
#![cfg_attr(target_arch = "wasm32", allow(clippy::arc_with_non_send_sync))]

pub mod accelerator;
mod chain;
pub mod check;
mod clock;
pub mod engine;
#[cfg(test)]
mod float_tests;
mod fuse;
mod kernels;
mod memory;
mod readback;
pub mod record;
mod recording;
#[cfg(test)]
mod rounding;
pub mod search;
mod task;
pub mod traffic;
mod weights;

pub use accelerator::{Accelerator, Backend};
pub use engine::{Capabilities, Engine, Settings};
pub use search::Session;

/// Why the GPU could not do what it was asked to. Whatever it is, the CPU can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The browser or the system offers no adapter.
    #[error("there is no usable graphics processor: {0}")]
    NoAdapter(String),
    /// The adapter's limits are too small for the model or the batch.
    #[error("the graphics processor is too small: {0}")]
    TooSmall(String),
    /// The model has an operation or weights that the GPU engine does not know.
    #[error("this model cannot run on the graphics processor: {0}")]
    Unsupported(String),
    /// A shader was refused.
    #[error("the graphics driver refused a program: {0}")]
    Compilation(String),
    /// The device was lost.
    #[error("the graphics processor was lost: {0}")]
    Lost(String),
    /// The device has no memory left.
    #[error("the graphics processor is out of memory: {0}")]
    Memory(String),
}
