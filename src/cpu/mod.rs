//! Running a plan on the CPU: one file per kernel, a scalar reference for each, and the executor that calls them.
//!
//! | module | what it holds |
//! |---|---|
//! | [`simd`] | the instruction sets |
//! | [`panels`] | int8 weights in the order in which the kernels read them |
//! | [`affine`](mod@affine) | `y = W x + b` with int8 or float weights |
//! | [`embed`] | rows of an embedding, with their positions |
//! | [`norm`] | layer normalisation |
//! | [`ssru`] | the elementwise half of an SSRU |
//! | [`positions`] | sinusoidal positions |
//! | [`output`] | logits of the tokens that a shortlist leaves |
//! | [`lstm`] | the elementwise half of an LSTM |
//! | [`mean`](mod@mean) | the mean of rows |
//! | [`rowwise`] | zero, copy, add |
//! | [`attention`] | scores, softmax and weighted sum over a sentence |
//! | [`select`](mod@select) | log-softmax and the best tokens |
//! | [`float`] | float functions with the same bits on every machine |
//! | [`rows`] | matrices as the kernels see them: some columns of a buffer |
//! | [`buffers`] | the memory of a plan |
//! | `histories` | which rows of it are the tokens of a hypothesis |
//! | [`executor`] | the operations of a plan, in order |
//! | `profile` | where their time goes, and the peak of int8 products (feature `cli`) |

#![expect(
    clippy::inline_always,
    reason = "only code that is inlined into a kernel is compiled with its instructions"
)]

pub mod affine;
pub mod attention;
pub mod buffers;
pub mod embed;
pub mod executor;
pub mod float;
mod histories;
pub mod lstm;
pub mod mean;
pub mod norm;
pub mod output;
pub mod panels;
pub mod positions;
#[cfg(feature = "cli")]
pub mod profile;
pub mod rows;
pub mod rowwise;
pub mod select;
pub mod simd;
pub mod ssru;
mod weights;

pub use executor::Executor;
pub use select::Candidate;
pub use simd::Isa;
pub use weights::{Weight, Weights};
