//! What a model thinks of translations that exist already: forced decoding.
//!
//! The decoder is given the tokens of a translation instead of its own choices. That tells how probable the translation is
//! (`log P = sum_t log P(token_t | source, tokens before t)`), and where the model would have written something else.

use super::{Decoder, END, UNKNOWN};
use crate::cpu::Candidate;
use crate::cpu::executor::Hypotheses;
use crate::model::{Batch, Model};

/// What a model thinks of one translation, token by token, the final `</s>` included.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forced {
    /// The token that greedy search would have chosen at each place, given the tokens before it.
    pub choices: Vec<u32>,
    /// Log-probability of the token that stands there; minus infinity if neither the vocabulary nor the shortlist has it.
    pub token_scores: Vec<f32>,
}

impl Decoder {
    /// Reads translations, given without `</s>`, of sentences that end with `</s>`, as one batch.
    ///
    /// A translation is judged for itself: the result does not depend on the others. That of an empty sentence is empty.
    /// `model` must be the one that the decoder was made for.
    ///
    /// # Panics
    /// If there are not as many targets as sources.
    #[must_use]
    pub fn force<S: AsRef<[u32]>, T: AsRef<[u32]>>(
        &mut self,
        model: &Model,
        sources: &[S],
        targets: &[T],
    ) -> Vec<Forced> {
        assert_eq!(sources.len(), targets.len(), "a target for each source");
        let mut results = vec![Forced::default(); sources.len()];
        let present: Vec<usize> = (0..sources.len())
            .filter(|&i| !sources[i].as_ref().is_empty())
            .collect();
        let batch = Batch::new(
            &present
                .iter()
                .map(|&i| sources[i].as_ref())
                .collect::<Vec<_>>(),
        );
        self.executor.encode(model, &batch, batch.sentences());
        let origin = |sentence: usize| present[batch.origin(sentence)];
        let mut live: Vec<usize> = (0..batch.sentences()).collect();
        let mut previous = vec![END; live.len()];
        for time in 0.. {
            if live.is_empty() {
                break;
            }
            let hypotheses = Hypotheses {
                sentences: &live,
                previous: &previous,
            };
            self.executor.step(model, &batch, hypotheses);
            for (row, &sentence) in live.iter().enumerate() {
                let target = targets[origin(sentence)].as_ref();
                let token = target.get(time).copied().unwrap_or(END);
                let (choice, score) = self.judge(model, row, token);
                let result = &mut results[origin(sentence)];
                result.choices.push(choice);
                result.token_scores.push(score);
            }
            let unfinished: Vec<usize> = (0..live.len())
                .filter(|&row| targets[origin(live[row])].as_ref().len() > time)
                .collect();
            live = unfinished.iter().map(|&row| live[row]).collect();
            previous = live
                .iter()
                .map(|&sentence| targets[origin(sentence)].as_ref()[time])
                .collect();
            self.executor.reorder(&unfinished);
        }
        results
    }

    /// The best next token of a hypothesis, and the log-probability of `token`.
    fn judge(&mut self, model: &Model, hypothesis: usize, token: u32) -> (u32, f32) {
        let place = self.executor.place(model, hypothesis, token);
        let logit = place.map(|place| self.executor.logits(model, hypothesis)[place]);
        self.executor.rule_out(model, hypothesis, UNKNOWN);
        let mut best = [Candidate::default()];
        if self.executor.select(model, hypothesis, &mut best) == 0 {
            return (END, f32::NEG_INFINITY);
        }
        let [best] = best;
        let highest = self
            .executor
            .place(model, hypothesis, best.token)
            .map_or(0.0, |place| self.executor.logits(model, hypothesis)[place]);
        let score = logit.map_or(f32::NEG_INFINITY, |logit| {
            best.log_probability + logit - highest
        });
        (best.token, score)
    }
}
