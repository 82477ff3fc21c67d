//! From a model to translations: greedy and beam search, token scores, alignments and a guard against repetition loops.
//!
//! | module | what it holds |
//! |---|---|
//! | [`beam`] | which hypotheses go on, over a whole batch |
//! | [`forced`] | how probable a given translation is |
//! | [`loops`] | repetition loops: noticing them, and ruling out the tokens that prolong them |

pub mod beam;
pub mod forced;
pub mod loops;

use std::ops::RangeInclusive;

use crate::cpu::executor::Hypotheses;
use crate::cpu::{Candidate, Executor, Isa};
use crate::model::{Batch, Model};
use crate::text::subwords;
use beam::{Beam, BeamOptions, History, Limits, Step};
pub use forced::Forced;

/// Ends every sentence.
pub const END: u32 = subwords::EOS;
/// Stands for what the vocabulary cannot spell; never emitted.
pub const UNKNOWN: u32 = subwords::UNK;

/// How to search for a translation.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodeOptions {
    /// Number of hypotheses kept for each sentence; 1 is greedy search.
    pub beam: usize,
    /// Exponent of the length by which the score of a hypothesis is divided: 0 prefers short ones, 1 compares averages.
    pub length_penalty: f32,
    /// A translation has at most this many tokens per source token, plus [`DecodeOptions::EXTRA_TOKENS`].
    pub max_length_factor: f32,
    /// Whether to report which source tokens each target token attended to.
    pub alignment: bool,
}

impl DecodeOptions {
    /// How much longer than the factor allows the translation of even the shortest sentence may be, in tokens.
    pub const EXTRA_TOKENS: usize = 8;
    /// [`Self::length_penalty`] of models that ask for no other.
    pub const LENGTH_PENALTY: f32 = 1.3;
    /// Length penalties that models may ask for.
    pub const LENGTH_PENALTIES: RangeInclusive<f32> = 0.0..=10.0;
    /// Widest beam; wider ones are narrowed to this.
    pub const MAX_BEAM: usize = 32;
    /// Greatest [`Self::max_length_factor`]; greater ones are lowered to this.
    pub const MAX_LENGTH_FACTOR: f32 = 16.0;

    fn max_length(&self, source: usize) -> usize {
        let factor = self.max_length_factor.clamp(0.0, Self::MAX_LENGTH_FACTOR);
        (source as f32 * factor).ceil() as usize + Self::EXTRA_TOKENS
    }

    /// The lengths of a sentence of that many source tokens.
    pub(crate) fn limits(&self, source: usize) -> Limits {
        Limits {
            source,
            target: self.max_length(source),
        }
    }

    pub(crate) fn beam(&self) -> BeamOptions {
        BeamOptions {
            width: self.beam.clamp(1, Self::MAX_BEAM),
            length_penalty: self.length_penalty.max(0.0),
            alignment: self.alignment,
        }
    }
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self {
            beam: 1,
            length_penalty: Self::LENGTH_PENALTY,
            max_length_factor: 2.0,
            alignment: false,
        }
    }
}

/// The translation of one sentence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hypothesis {
    /// Its tokens, without the final `</s>`.
    pub tokens: Vec<u32>,
    /// `log P / (tokens + 1)^length_penalty`, where `log P` includes the final `</s>`.
    pub score: f32,
    /// Log-probability of each token.
    pub token_scores: Vec<f32>,
    /// `[tokens, source tokens]`, row-major: how much each token attended to each source token, `</s>` included. Rows sum to 1.
    pub alignment: Option<Vec<f32>>,
    /// Whether the translation had fallen into a loop and this is the second attempt, made with repetitions ruled out.
    pub looped: bool,
}

/// Translates batches of sentences; owns all memory that this takes.
#[derive(Clone, Debug)]
pub struct Decoder {
    executor: Executor,
    beam: Beam,
}

impl Decoder {
    /// A decoder for a model, with the fastest instructions of this machine.
    #[must_use]
    pub fn new(model: &Model) -> Self {
        Self::with_isa(model, Isa::detect())
    }

    /// A decoder for a model, with the given instructions.
    #[must_use]
    pub fn with_isa(model: &Model, isa: Isa) -> Self {
        Self {
            executor: Executor::new(model, isa),
            beam: Beam::default(),
        }
    }

    /// Where the time of the model goes, from when it is first set to something.
    #[cfg(feature = "cli")]
    pub fn profile(&mut self) -> &mut Option<crate::cpu::profile::Profile> {
        &mut self.executor.profile
    }

    /// Translates sentences, each a sequence of source tokens that ends with `</s>`, as one batch.
    ///
    /// The translation of a sentence does not depend on the others. Memory grows with the number of tokens in the batch, so
    /// callers split long texts. An empty sequence has an empty translation.
    ///
    /// `model` must be the one that the decoder was made for.
    #[must_use]
    pub fn translate<S: AsRef<[u32]>>(
        &mut self,
        model: &Model,
        sources: &[S],
        options: &DecodeOptions,
    ) -> Vec<Hypothesis> {
        let sources: Vec<&[u32]> = sources.iter().map(AsRef::as_ref).collect();
        let mut hypotheses = self.search(model, &sources, options);
        self.retry_loops(model, &sources, options, &mut hypotheses);
        hypotheses
    }

    /// Translates a batch, without a second attempt at those that loop.
    #[must_use]
    pub fn search(
        &mut self,
        model: &Model,
        sources: &[&[u32]],
        options: &DecodeOptions,
    ) -> Vec<Hypothesis> {
        self.run(model, sources, options, false)
    }

    /// Translates those sentences again that have fallen into a loop, with repetitions ruled out.
    pub fn retry_loops(
        &mut self,
        model: &Model,
        sources: &[&[u32]],
        options: &DecodeOptions,
        hypotheses: &mut [Hypothesis],
    ) {
        let looped: Vec<usize> = (0..sources.len())
            .filter(|&i| loops::is_loop(&hypotheses[i].tokens, sources[i]))
            .collect();
        if looped.is_empty() {
            return;
        }
        let sources: Vec<&[u32]> = looped.iter().map(|&i| sources[i]).collect();
        let again = self.run(model, &sources, options, true);
        for (i, hypothesis) in looped.into_iter().zip(again) {
            hypotheses[i] = Hypothesis {
                looped: true,
                ..hypothesis
            };
        }
    }

    /// Translates a batch, ruling out repeated n-grams if `blocking`.
    fn run(
        &mut self,
        model: &Model,
        sources: &[&[u32]],
        options: &DecodeOptions,
        blocking: bool,
    ) -> Vec<Hypothesis> {
        let mut hypotheses = vec![Hypothesis::default(); sources.len()];
        let present: Vec<usize> = (0..sources.len())
            .filter(|&i| !sources[i].is_empty())
            .collect();
        let batch = Batch::new(&present.iter().map(|&i| sources[i]).collect::<Vec<_>>());
        let Self { executor, beam } = self;
        executor.encode(model, &batch, batch.sentences() * options.beam().width);
        let limits = (0..batch.sentences()).map(|sentence| batch.length(sentence));
        beam.start(limits.map(|source| options.limits(source)), options.beam());
        while !beam.is_done() {
            executor.step(
                model,
                &batch,
                Hypotheses {
                    sentences: beam.sentences(),
                    previous: beam.previous(),
                },
            );
            beam.advance(&mut Computed {
                executor,
                model,
                blocking,
            });
            executor.reorder(beam.parents());
        }
        for sentence in 0..batch.sentences() {
            hypotheses[present[batch.origin(sentence)]] = beam.best(sentence);
        }
        hypotheses
    }
}

/// A step on the CPU as the search sees it.
struct Computed<'a> {
    executor: &'a mut Executor,
    model: &'a Model,
    blocking: bool,
}

impl Step for Computed<'_> {
    fn select(&mut self, hypothesis: usize, history: History<'_>, best: &mut [Candidate]) -> usize {
        let Self {
            executor, model, ..
        } = self;
        executor.rule_out(model, hypothesis, UNKNOWN);
        if self.blocking {
            loops::block_repeats(&history, |token| {
                executor.rule_out(model, hypothesis, token);
            });
        }
        executor.select(model, hypothesis, best)
    }

    fn alignment(&self, hypothesis: usize, length: usize) -> &[f32] {
        self.executor.alignment(hypothesis, length)
    }
}
