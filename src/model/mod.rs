//! Architectures, each written once as a [`plan`] of operations, and models ready to run.
//!
//! | module | what it holds |
//! |---|---|
//! | [`plan`] | operations and buffers: the language in which architectures are written |
//! | [`seq2seq`] | bidirectional LSTM encoder, LSTM decoder with attention |
//! | [`batch`] | sentences of different lengths without padding |

pub mod batch;
pub mod plan;
#[doc(hidden)]
pub mod random;
pub mod seq2seq;

pub use batch::Batch;
pub use plan::Plan;

use crate::cpu::Weights;
use crate::error::Result;
use crate::format::{Architecture, ModelFile};

/// A model ready to run: what to compute and the weights in the order in which the kernels read them.
///
/// It never changes, so threads can share one and have a [`crate::decode::Decoder`] each.
#[derive(Clone, Debug)]
pub struct Model {
    plan: Plan,
    weights: Weights,
}

impl Model {
    /// Prepares the weights of a file, which is no longer needed afterwards.
    ///
    /// # Errors
    /// [`crate::Error::Weights`] if a tensor is missing or has the wrong shape.
    pub fn new(file: &ModelFile) -> Result<Self> {
        let plan = match &file.config.architecture {
            Architecture::Seq2Seq(config) => {
                config.check()?;
                seq2seq::plan(config)
            }
        };
        let weights = Weights::new(&plan, &file.tensors)?;
        Ok(Self { plan, weights })
    }

    /// What the model computes.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The weights.
    #[must_use]
    pub fn weights(&self) -> &Weights {
        &self.weights
    }
}
