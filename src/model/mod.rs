//! Architectures, each written once as a [`plan`] of operations, and models ready to run.
//!
//! | module | what it holds |
//! |---|---|
//! | [`plan`] | operations and buffers: the language in which architectures are written |
//! | [`seq2seq`] | bidirectional LSTM encoder, LSTM decoder with attention |
//! | [`transformer`] | transformer encoder, decoder with an SSRU or self-attention |
//! | [`candidates`] | which target tokens a shortlist leaves to each sentence |
//! | [`batch`] | sentences of different lengths without padding |

pub mod batch;
pub mod candidates;
pub mod plan;
#[doc(hidden)]
pub mod random;
pub mod seq2seq;
pub mod transformer;

pub use batch::Batch;
pub use candidates::Candidates;
pub use plan::Plan;

use crate::cpu::Weights;
use crate::error::Result;
use crate::format::{Architecture, ModelFile, Shortlist, Tensor};

/// A model ready to run: what to compute and the weights in the order in which the kernels read them.
///
/// It never changes, so threads can share one and have a [`crate::decode::Decoder`] each.
#[derive(Clone, Debug)]
pub struct Model {
    plan: Plan,
    weights: Weights,
    shortlist: Option<Shortlist>,
    /// Whether source and target tokens are the same.
    shared_vocabulary: bool,
    /// The beam width that suits it.
    beam: usize,
}

impl Model {
    /// Prepares the weights of a file, which is no longer needed afterwards.
    ///
    /// # Errors
    /// [`crate::Error::Weights`] if a tensor is missing or has the wrong shape.
    pub fn new(file: &ModelFile) -> Result<Self> {
        Self::take(file.clone())
    }

    /// The same in less memory.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn take(file: ModelFile) -> Result<Self> {
        let architecture = &file.config.architecture;
        architecture.check()?;
        file.check_shortlist()?;
        let plan = match architecture {
            Architecture::Seq2Seq(config) => seq2seq::plan(config),
            Architecture::Transformer(config) => transformer::plan(config),
        };
        Ok(Self {
            weights: Weights::new(&plan, file.tensors)?,
            plan,
            shortlist: file.shortlist,
            shared_vocabulary: architecture.shares_vocabulary(),
            beam: file.config.beam,
        })
    }

    /// A model of a plan that no architecture has: for tests of single operations.
    ///
    /// # Errors
    /// [`crate::Error::Weights`] as for [`Self::new`].
    #[doc(hidden)]
    pub fn of_plan(
        plan: Plan,
        tensors: &std::collections::BTreeMap<String, Tensor>,
    ) -> Result<Self> {
        let weights = Weights::new(&plan, tensors.clone())?;
        Ok(Self {
            plan,
            weights,
            shortlist: None,
            shared_vocabulary: false,
            beam: 1,
        })
    }

    /// What the model computes.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The target tokens that may translate each sentence of a batch; `None` without a shortlist.
    #[must_use]
    pub fn candidates(&self, batch: &Batch) -> Option<Candidates> {
        let shortlist = self.shortlist.as_ref()?;
        let vocabulary = self.plan.logits.width;
        Some(Candidates::new(
            shortlist,
            batch,
            self.shared_vocabulary.then_some(vocabulary),
        ))
    }

    /// Whether a shortlist picks the target tokens.
    #[must_use]
    pub fn has_shortlist(&self) -> bool {
        self.shortlist.is_some()
    }

    /// The beam width that suits the model.
    #[must_use]
    pub fn beam(&self) -> usize {
        self.beam
    }

    /// The weights.
    #[must_use]
    pub fn weights(&self) -> &Weights {
        &self.weights
    }
}
