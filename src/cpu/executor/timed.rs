//! The executor with a clock: how long each operation takes, and how many products it adds up.

use std::time::Instant;

use super::{Executor, Task};
use crate::cpu::profile::kind;
use crate::cpu::select::Candidate;
use crate::model::Model;
use crate::model::plan::Op;

impl Executor {
    /// Finds the best next tokens of one hypothesis, see [`crate::cpu::select`].
    pub fn select(&mut self, model: &Model, hypothesis: usize, best: &mut [Candidate]) -> usize {
        let started = self.profile.is_some().then(Instant::now);
        let found = self.best(model, hypothesis, best);
        if let (Some(profile), Some(started)) = (&mut self.profile, started) {
            profile.add("select", started, 0);
        }
        found
    }

    pub(super) fn execute(&mut self, op: &Op, task: Task<'_>) {
        if self.profile.is_none() {
            return self.carry_out(op, task);
        }
        let products = self.products(op, task);
        let started = Instant::now();
        self.carry_out(op, task);
        if let Some(profile) = &mut self.profile {
            profile.add(kind(op), started, products);
        }
    }

    /// int8 products that an operation adds up.
    fn products(&self, op: &Op, task: Task<'_>) -> u64 {
        let rows = |weight| task.weights.matrix(weight).rows();
        let products = match *op {
            Op::Affine { weight, input, .. } => {
                self.buffers.count(input, task.counts) * rows(weight) * input.width
            }
            Op::Logits { weight, input, .. } => {
                let candidates = |hypothesis| self.output.candidates(hypothesis).map(<[u32]>::len);
                (0..task.counts.hypotheses)
                    .map(|hypothesis| candidates(hypothesis).unwrap_or_else(|| rows(weight)))
                    .sum::<usize>()
                    * input.width
            }
            Op::Lstm {
                recurrent, output, ..
            } => task.batch.tokens().len() * rows(recurrent) * output.width,
            _ => 0,
        };
        products as u64
    }
}
