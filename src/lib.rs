//! Dragoman translates text inside the browser tab: private, offline, fast.
//!
//! | module | what it holds |
//! |---|---|
//! | [`translator`] | text in, text out: the only module that knows every stage |
//! | [`text`] | sentence splitting, normalisation, subwords, Chinese typography |
//! | [`format`] | the weights file: container, configuration, quantisation, manifest |
//! | [`model`] | architectures, each written once as a plan of operations |
//! | [`decode`] | greedy and beam search, the guard against repetition loops |
//! | [`cpu`] | int8 kernels (scalar reference and SIMD) and the engine that runs a plan |
//! | `gpu` | the same plans on WebGPU compute shaders (feature `gpu`) |
//! | [`eval`] | BLEU and chrF |
//! | `train` | the candle trainer (feature `train`) |
//! | `files` | files that are never seen half written (feature `cli`) |
//! | `web` | the wasm-bindgen surface (feature `web`) |

pub mod cpu;
pub mod decode;
pub mod error;
pub mod eval;
#[cfg(feature = "cli")]
pub mod files;
pub mod format;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod model;
pub mod text;
#[cfg(feature = "train")]
pub mod train;
pub mod translator;
#[cfg(feature = "web")]
mod web;

pub use error::{Error, Result};
pub use translator::{Alignment, Job, Options, Sentence, Translation, Translator};
