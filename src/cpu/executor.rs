//! Carries out a plan on the CPU.

#[cfg(feature = "cli")]
mod timed;

use super::affine::{Activations, Affine};
use super::attention::Attention;
use super::buffers::{Buffers, Counts, grow};
use super::embed::Embed;
use super::histories::Histories;
use super::lstm::lstm_cell;
use super::mean::mean;
use super::norm::Norm;
use super::output::Output;
use super::positions::Positions;
use super::rows::{Rows, RowsMut};
use super::rowwise;
use super::select::{Candidate, select};
use super::simd::Isa;
use super::ssru::ssru_cell;
use super::weights::{Weight, Weights};
use crate::format::transformer::WITH_TEACHERS;
use crate::model::plan::{self, Direction, Epilogue, Ids, Op, Plan, View};
use crate::model::{Batch, Model};

/// Runs a model. Its memory grows to the largest batch seen. Steps do not allocate, but for those of models with self-attention in the
/// decoder, which remember ever more tokens: they take twice as much memory whenever the number of steps has doubled.
#[derive(Clone, Debug)]
pub struct Executor {
    isa: Isa,
    buffers: Buffers,
    activations: Activations,
    /// h and c of every sentence while an LSTM reads whole sentences.
    hidden: Vec<f32>,
    cell: Vec<f32>,
    positions: Positions,
    /// The logits' share of the weights, where a shortlist picks it.
    output: Output,
    /// Number of steps since the encoder ran.
    time: usize,
    /// Weights of the first head of the last attention, `[hypotheses, longest]`.
    alignment: Vec<f32>,
    /// Length of the longest sentence of the batch.
    longest: usize,
    /// Hypotheses that there is room for.
    capacity: usize,
    /// Only for plans that have buffers of histories.
    histories: Option<Histories>,
    /// The rows that attention reads.
    attended: Vec<usize>,
    /// Where the time goes, if that is wanted.
    #[cfg(feature = "cli")]
    pub(crate) profile: Option<super::profile::Profile>,
}

/// The hypotheses of a step, row by row.
#[derive(Clone, Copy, Debug)]
pub struct Hypotheses<'a> {
    /// The sentence of the batch that each translates.
    pub sentences: &'a [usize],
    /// The token that each ends with.
    pub previous: &'a [u32],
}

/// What the operations of one run have in common.
#[derive(Clone, Copy)]
struct Task<'a> {
    weights: &'a Weights,
    batch: &'a Batch,
    hypotheses: Hypotheses<'a>,
    counts: Counts,
}

impl Executor {
    /// An executor for one model.
    #[must_use]
    pub fn new(model: &Model, isa: Isa) -> Self {
        let plan = model.plan();
        Self {
            isa,
            buffers: Buffers::new(plan),
            activations: Activations::default(),
            hidden: Vec::new(),
            cell: Vec::new(),
            positions: Positions::of_plan(plan),
            output: Output::default(),
            time: 0,
            alignment: Vec::new(),
            longest: 0,
            capacity: 0,
            histories: (WITH_TEACHERS
                && plan
                    .buffers
                    .iter()
                    .any(|buffer| buffer.rows == plan::Rows::History))
            .then(Histories::default),
            attended: Vec::new(),
            #[cfg(feature = "cli")]
            profile: None,
        }
    }

    /// Runs the encoder and makes room for up to `capacity` hypotheses.
    ///
    /// Afterwards there is one hypothesis per sentence, in the order of the batch.
    pub fn encode(&mut self, model: &Model, batch: &Batch, capacity: usize) {
        self.reserve(model.plan(), batch, capacity.max(batch.sentences()));
        self.output.prepare(model, batch, capacity);
        self.time = 0;
        let task = Task {
            weights: model.weights(),
            batch,
            hypotheses: Hypotheses {
                sentences: &[],
                previous: &[],
            },
            counts: Counts {
                tokens: batch.tokens().len(),
                hypotheses: batch.sentences(),
                history: 0,
            },
        };
        for op in &model.plan().encode {
            self.execute(op, task);
        }
    }

    /// Extends every hypothesis by its last token: computes new states and the logits of the token to follow.
    pub fn step(&mut self, model: &Model, batch: &Batch, hypotheses: Hypotheses<'_>) {
        let count = hypotheses.previous.len();
        self.remember(count);
        let task = Task {
            weights: model.weights(),
            batch,
            hypotheses,
            counts: Counts {
                tokens: batch.tokens().len(),
                hypotheses: count,
                history: count,
            },
        };
        self.output.follow(hypotheses.sentences);
        for op in &model.plan().step {
            self.execute(op, task);
        }
        self.time += 1;
    }

    /// Gives hypothesis i of the next step the state of hypothesis `parents[i]` of the last one.
    pub fn reorder(&mut self, parents: &[usize]) {
        let in_place = |(row, &parent)| row == parent;
        if !parents.iter().enumerate().all(in_place) {
            self.buffers.reorder(parents);
            if WITH_TEACHERS && let Some(histories) = &mut self.histories {
                histories.reorder(parents);
            }
        }
    }

    /// Adds a token to the history of the first `count` hypotheses.
    fn remember(&mut self, count: usize) {
        let Some(histories) = self.histories.as_mut().filter(|_| WITH_TEACHERS) else {
            return;
        };
        histories.push(count, self.time * self.capacity);
        // Twice as many as there are, so that memory is seldom asked for.
        if !(self.time + 1).is_power_of_two() {
            return;
        }
        self.buffers.reserve(Counts {
            tokens: 0,
            hypotheses: 0,
            history: 2 * (self.time + 1) * self.capacity,
        });
    }

    /// The logits that the last step gave one hypothesis: of its candidates in ascending order, see [`Self::place`]; without a
    /// shortlist those are all tokens.
    pub fn logits(&mut self, model: &Model, hypothesis: usize) -> &mut [f32] {
        let logits = self.buffers.write(model.plan().logits).into_row(hypothesis);
        match self.output.candidates(hypothesis) {
            Some(candidates) => &mut logits[..candidates.len()],
            None => logits,
        }
    }

    /// Where the logit of a token stands among the logits of a hypothesis; `None` where the token is no candidate.
    #[must_use]
    pub fn place(&self, model: &Model, hypothesis: usize, token: u32) -> Option<usize> {
        match self.output.candidates(hypothesis) {
            Some(candidates) => candidates.binary_search(&token).ok(),
            None => Some(token as usize).filter(|&token| token < model.plan().logits.width),
        }
    }

    /// Makes the logit of a token minus infinity.
    pub fn rule_out(&mut self, model: &Model, hypothesis: usize, token: u32) {
        if let Some(place) = self.place(model, hypothesis, token) {
            self.logits(model, hypothesis)[place] = f32::NEG_INFINITY;
        }
    }

    /// Finds the best next tokens of one hypothesis, see [`select`].
    #[cfg(not(feature = "cli"))]
    pub fn select(&mut self, model: &Model, hypothesis: usize, best: &mut [Candidate]) -> usize {
        self.best(model, hypothesis, best)
    }

    fn best(&mut self, model: &Model, hypothesis: usize, best: &mut [Candidate]) -> usize {
        let isa = self.isa;
        let found = select(isa, self.logits(model, hypothesis), best);
        if let Some(candidates) = self.output.candidates(hypothesis) {
            for best in &mut best[..found] {
                best.token = candidates[best.token as usize];
            }
        }
        found
    }

    /// How much one hypothesis attended to each of the first `length` tokens of its sentence in the last step.
    #[must_use]
    pub fn alignment(&self, hypothesis: usize, length: usize) -> &[f32] {
        &self.alignment[hypothesis * self.longest..][..length]
    }

    fn reserve(&mut self, plan: &Plan, batch: &Batch, hypotheses: usize) {
        let tokens = batch.tokens().len();
        let counts = Counts {
            tokens,
            hypotheses,
            history: hypotheses,
        };
        self.capacity = hypotheses;
        if WITH_TEACHERS && let Some(histories) = &mut self.histories {
            histories.clear(batch.sentences());
        }
        self.buffers.reserve(counts);
        self.longest = batch.longest();
        grow(&mut self.alignment, hypotheses * self.longest);
        for op in plan.encode.iter().chain(&plan.step) {
            match *op {
                Op::Affine { input, .. } | Op::Logits { input, .. } => {
                    let rows = self.buffers.count(input, counts);
                    self.activations.reserve(rows, input.width);
                }
                Op::Lstm { output, .. } => {
                    self.activations.reserve(batch.sentences(), output.width);
                    grow(&mut self.hidden, batch.sentences() * output.width);
                    grow(&mut self.cell, batch.sentences() * output.width);
                }
                _ => {}
            }
        }
    }

    #[cfg(not(feature = "cli"))]
    fn execute(&mut self, op: &Op, task: Task<'_>) {
        self.carry_out(op, task);
    }

    fn carry_out(&mut self, op: &Op, task: Task<'_>) {
        match *op {
            Op::Embed { .. } => self.embed(op, task),
            Op::Affine { .. } => self.affine(op, task),
            Op::Lstm {
                recurrent,
                direction,
                gates,
                output,
            } => {
                let recurrent = task.weights.matrix(recurrent);
                self.lstm(recurrent, direction, gates, output, task.batch);
            }
            Op::LstmCell {
                gates,
                cell,
                hidden,
            } => {
                let count = self.buffers.count(gates, task.counts);
                let (gates, [cell, hidden]) = self.buffers.read_one(gates, [cell, hidden]);
                lstm_cell(self.isa, count, gates, cell, hidden);
            }
            Op::SsruCell {
                gates,
                cell,
                output,
            } => {
                let count = self.buffers.count(gates, task.counts);
                let (gates, [cell, output]) = self.buffers.read_one(gates, [cell, output]);
                ssru_cell(self.isa, count, gates, cell, output);
            }
            Op::Norm {
                output,
                scale,
                bias,
                epsilon,
            } => {
                let norm = Norm {
                    count: self.buffers.count(output, task.counts),
                    output: self.buffers.write(output),
                    scale: task.weights.vector(scale),
                    bias: task.weights.vector(bias),
                    epsilon,
                };
                norm.run(self.isa);
            }
            Op::Attention { .. } => self.attention(op, task),
            Op::Logits {
                weight,
                bias,
                input,
                output,
            } => {
                let affine = Affine {
                    weight: task.weights.matrix(weight),
                    bias: Some(task.weights.vector(bias)),
                    epilogue: Epilogue::Store,
                };
                let (x, y) = self.buffers.pair(input, output);
                let count = task.counts.hypotheses;
                self.output
                    .run(self.isa, affine, count, (x, y), &mut self.activations);
            }
            Op::Mean { input, output } => {
                let (x, mut y) = self.buffers.pair(input, output);
                (0..task.batch.sentences()).for_each(|sentence| {
                    let tokens = task.batch.rows(sentence).map(|row| x.row(row));
                    mean(tokens, y.row(sentence));
                });
            }
            Op::Zero { output } => {
                let count = self.buffers.count(output, task.counts);
                rowwise::zero(count, self.buffers.write(output));
            }
            Op::Copy { input, output } => {
                let count = self.buffers.count(output, task.counts);
                let (x, y) = self.buffers.pair(input, output);
                rowwise::copy(count, x, y);
            }
            Op::Add { input, output } => {
                let count = self.buffers.count(output, task.counts);
                let (x, y) = self.buffers.pair(input, output);
                rowwise::add(count, x, y);
            }
        }
    }

    fn affine(&mut self, op: &Op, task: Task<'_>) {
        let &Op::Affine {
            weight,
            bias,
            input,
            output,
            epilogue,
        } = op
        else {
            return;
        };
        let affine = Affine {
            weight: task.weights.matrix(weight),
            bias: bias.map(|bias| task.weights.vector(bias)),
            epilogue,
        };
        let count = self.buffers.count(input, task.counts);
        let first = match self.buffers.kind(output) {
            plan::Rows::History if WITH_TEACHERS => self.time * self.capacity,
            _ => 0,
        };
        let (x, y) = self.buffers.pair(input, output);
        affine.run(self.isa, count, x, y.skip(first), &mut self.activations);
    }

    /// An LSTM over whole sentences. Sentences take part as long as they have tokens; ordered from long to short, as they
    /// are in a batch, those are always the first ones.
    fn lstm(
        &mut self,
        recurrent: &Weight,
        direction: Direction,
        gates: View,
        output: View,
        batch: &Batch,
    ) {
        let (isa, width) = (self.isa, output.width);
        let affine = Affine {
            weight: recurrent,
            bias: None,
            epilogue: Epilogue::Add,
        };
        self.hidden[..batch.sentences() * width].fill(0.0);
        self.cell[..batch.sentences() * width].fill(0.0);
        for time in 0..batch.longest() {
            let step = batch.step(match direction {
                Direction::Forward => time,
                Direction::Backward => batch.longest() - 1 - time,
            });
            // gates[t] += recurrent . h[t - 1]
            let previous = Rows::dense(&self.hidden, width);
            let sums = self.buffers.write(gates).skip(step.start);
            affine.run(isa, step.len(), previous, sums, &mut self.activations);

            let (gates, mut output) = self.buffers.pair(gates, output);
            let hidden = RowsMut::dense(&mut self.hidden, width);
            let cell = RowsMut::dense(&mut self.cell, width);
            lstm_cell(isa, step.len(), gates.skip(step.start), cell, hidden);
            for (row, hidden) in step.zip(self.hidden.chunks_exact(width)) {
                output.row(row).copy_from_slice(hidden);
            }
        }
    }

    /// Attention of every hypothesis, or every token, over its sentence.
    fn attention(&mut self, op: &Op, task: Task<'_>) {
        let &Op::Attention {
            query,
            keys,
            values,
            output,
            heads,
            scale,
        } = op
        else {
            return;
        };
        let [asks, answers] = [query, keys].map(|view| self.buffers.kind(view));
        let inputs = [query, keys, values];
        let ([query, keys, values], mut output) = self.buffers.read_three(inputs, output);
        let (isa, longest, batch) = (self.isa, self.longest, task.batch);
        let mut attend = |row: usize, tokens: &[usize], weights: &mut [f32]| {
            let attention = Attention {
                query: query.row(row),
                keys,
                values,
                tokens: tokens.iter().copied(),
                heads,
                scale,
                weights: &mut weights[..tokens.len()],
                output: output.row(row),
            };
            attention.run(isa);
        };
        if WITH_TEACHERS && let (plan::Rows::History, Some(histories)) = (answers, &self.histories)
        {
            // The weights of the source follow, and take the place of these.
            grow(&mut self.alignment, self.time + 1);
            for (row, history) in histories.iter().enumerate() {
                attend(row, history, &mut self.alignment);
            }
            return;
        }
        if asks == plan::Rows::Tokens {
            for sentence in 0..batch.sentences() {
                self.attended.clear();
                self.attended.extend(batch.rows(sentence));
                for row in batch.rows(sentence) {
                    attend(row, &self.attended, &mut self.alignment);
                }
            }
        } else {
            for (row, &sentence) in task.hypotheses.sentences.iter().enumerate() {
                self.attended.clear();
                self.attended.extend(batch.rows(sentence));
                attend(row, &self.attended, &mut self.alignment[row * longest..]);
            }
        }
    }

    fn embed(&mut self, op: &Op, task: Task<'_>) {
        let &Op::Embed {
            table,
            ids,
            scale,
            positions,
            output,
        } = op
        else {
            return;
        };
        let embed = Embed {
            table: task.weights.matrix(table),
            scale,
            positions: positions.then_some(&self.positions),
        };
        let mut output = self.buffers.write(output);
        if ids == Ids::Source {
            let tokens = task.batch.tokens();
            for time in 0..task.batch.longest() {
                for row in task.batch.step(time) {
                    embed.run(Some(tokens[row]), time, output.row(row));
                }
            }
        } else {
            let empty = ids == Ids::PreviousOrNone && self.time == 0;
            for (row, &id) in task.hypotheses.previous.iter().enumerate() {
                embed.run((!empty).then_some(id), self.time, output.row(row));
            }
        }
    }
}
