//! The output projection, restricted to the tokens that a shortlist leaves to each sentence.

use super::affine::{Activations, Affine};
use super::rows::{Rows, RowsMut};
use super::simd::{Isa, PANEL};
use super::weights::Weight;
use crate::model::plan::{Matrix, Op, Vector};
use crate::model::{Batch, Candidates, Model};

/// The rows of the output projection that each sentence of a batch needs, copied together once and read in every step.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// `None` without a shortlist.
    candidates: Option<Candidates>,
    /// For each sentence.
    parts: Vec<Part>,
    /// The sentence of each hypothesis of the last step.
    sentences: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Part {
    weight: Weight,
    /// Padded to whole panels.
    bias: Vec<f32>,
}

impl Output {
    /// Makes ready for a batch and up to `capacity` hypotheses.
    pub fn prepare(&mut self, model: &Model, batch: &Batch, capacity: usize) {
        self.sentences.clear();
        self.candidates = model.candidates(batch);
        let (Some(candidates), Some((weight, bias))) = (&self.candidates, projection(model)) else {
            return;
        };
        self.sentences.reserve(capacity.max(batch.sentences()));
        let (weight, bias) = (model.weights().matrix(weight), model.weights().vector(bias));
        if self.parts.len() < batch.sentences() {
            let part = Part {
                weight: Weight::Quantised(super::panels::Panels::default()),
                bias: Vec::new(),
            };
            self.parts.resize(batch.sentences(), part);
        }
        for (sentence, part) in self.parts[..batch.sentences()].iter_mut().enumerate() {
            let tokens = candidates.of(sentence);
            part.weight.gather(weight, tokens);
            part.bias.clear();
            part.bias
                .extend(tokens.iter().map(|&token| bias[token as usize]));
            part.bias.resize(tokens.len().next_multiple_of(PANEL), 0.0);
        }
    }

    /// Notes which sentence each hypothesis of a step translates.
    pub fn follow(&mut self, sentences: &[usize]) {
        if self.candidates.is_some() {
            self.sentences.clear();
            self.sentences.extend(sentences);
        }
    }

    /// The candidates of a hypothesis; `None` without a shortlist.
    #[must_use]
    pub fn candidates(&self, hypothesis: usize) -> Option<&[u32]> {
        let candidates = self.candidates.as_ref()?;
        Some(candidates.of(self.sentences[hypothesis]))
    }

    /// The first `count` rows of logits: `whole` without a shortlist, else its rows that are candidates.
    pub fn run(
        &self,
        isa: Isa,
        whole: Affine<'_>,
        count: usize,
        (x, mut y): (Rows<'_>, RowsMut<'_>),
        scratch: &mut Activations,
    ) {
        if self.candidates.is_none() {
            whole.run(isa, count, x, y, scratch);
            return;
        }
        // Hypotheses of a sentence are neighbours.
        let mut row = 0;
        for group in self.sentences[..count].chunk_by(|a, b| a == b) {
            let part = &self.parts[group[0]];
            let affine = Affine {
                weight: &part.weight,
                bias: Some(&part.bias),
                ..whole
            };
            let y = y.reborrow().skip(row).narrow(part.weight.rows());
            affine.run(isa, group.len(), x.skip(row), y, scratch);
            row += group.len();
        }
    }
}

/// Weight and bias of the logits of a model that takes a shortlist.
fn projection(model: &Model) -> Option<(Matrix, Vector)> {
    model.plan().step.iter().find_map(|op| match *op {
        Op::Logits { weight, bias, .. } => Some((weight, bias)),
        _ => None,
    })
}
