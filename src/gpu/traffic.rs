//! How many bytes a batch moves at least, and how fast a device moves bytes: to say how near it comes to that limit.

use super::readback::read;
use super::task::Task;
use super::{Engine, Fault, clock};
use crate::model::plan::{Matrix, Op, Plan, Rows, View};

/// Bytes of the buffer that is copied to measure a device.
const COPIED: u64 = 64 << 20;
/// Copies in a submission, and submissions of which the fastest counts.
const COPIES: u32 = 8;
const ATTEMPTS: u32 = 4;

/// What a device was given to do so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Work {
    /// Dispatches submitted, those that found nothing to do included.
    pub dispatches: u64,
    /// Bytes that had to be read or written: weights once for each program run, intermediate results once for each operation.
    pub bytes: f64,
}

/// Bytes that the operations of a program move.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traffic {
    /// However many rows there are.
    fixed: f64,
    /// For each source token.
    token: f64,
    /// For each hypothesis.
    hypothesis: f64,
}

impl Traffic {
    /// Of the encoder, and of a step, which reads its logits once more.
    pub(super) fn of(plan: &Plan, task: &Task) -> [Self; 2] {
        let mut step = Self::program(plan, &plan.step, task);
        if task.listed().is_none() {
            step.hypothesis += 4.0 * plan.logits.width as f64;
        }
        [Self::program(plan, &plan.encode, task), step]
    }

    /// Bytes moved for so many hypotheses.
    pub(super) fn bytes(&self, task: &Task, hypotheses: usize) -> f64 {
        let tokens = task.batch.tokens().len();
        self.fixed + self.token * tokens as f64 + self.hypothesis * hypotheses as f64
    }

    fn program(plan: &Plan, ops: &[Op], task: &Task) -> Self {
        let mut traffic = Self::default();
        for op in ops {
            traffic.add(plan, op, task);
        }
        traffic
    }

    fn add(&mut self, plan: &Plan, op: &Op, task: &Task) {
        let int8 = |matrix: Matrix| -> f64 {
            let size: usize = plan.matrices[matrix.index()].shape.iter().product();
            size as f64
        };
        let floats = |views: &[View]| 4.0 * views.iter().map(|v| v.width as f64).sum::<f64>();
        // Of all rows of the output, and of each.
        let (fixed, output, bytes) = match *op {
            Op::Embed { output, .. } => (0.0, output, 1.25 * floats(&[output])),
            Op::Affine {
                weight,
                input,
                output,
                ..
            } => (int8(weight), output, floats(&[input, output])),
            Op::Logits {
                weight,
                input,
                output,
                ..
            } => match task.listed() {
                // Hypotheses of a sentence have one list, and all read it.
                Some(listed) => {
                    let list = listed as f64 / task.batch.sentences() as f64;
                    let weights = (listed * input.width) as f64;
                    (weights, output, floats(&[input]) + 8.0 * list)
                }
                None => (int8(weight), output, floats(&[input, output])),
            },
            Op::Lstm {
                recurrent,
                gates,
                output,
                ..
            } => (int8(recurrent), output, floats(&[gates, output])),
            Op::LstmCell {
                gates,
                cell,
                hidden,
            } => (0.0, hidden, floats(&[gates, cell, cell, hidden])),
            Op::SsruCell {
                gates,
                cell,
                output,
            } => (0.0, output, floats(&[gates, cell, cell, output, output])),
            Op::Attention {
                query,
                keys,
                values,
                output,
                ..
            } => {
                let length = task.batch.tokens().len() as f64 / task.batch.sentences() as f64;
                let sentence = length
                    * floats(&[
                        keys,
                        View {
                            width: output.width,
                            ..values
                        },
                    ]);
                (0.0, output, floats(&[query, output]) + sentence)
            }
            Op::Norm { output, .. } => (0.0, output, floats(&[output, output])),
            Op::Zero { output } => (0.0, output, floats(&[output])),
            Op::Mean { input, output } => {
                self.token += floats(&[input]);
                (0.0, output, floats(&[output]))
            }
            Op::Copy { input, output } => (0.0, output, floats(&[input, output])),
            Op::Add { input, output } => (0.0, output, floats(&[input, output, output])),
        };
        self.fixed += fixed;
        match plan.buffers[output.buffer.index()].rows {
            Rows::Tokens => self.token += bytes,
            Rows::Hypotheses | Rows::History => self.hypothesis += bytes,
        }
    }
}

/// Bytes that a device reads and writes in a second, when it does nothing else but copy.
///
/// # Errors
/// Any [`Fault`].
pub async fn bandwidth(engine: &Engine) -> Result<f64, Fault> {
    let bytes = COPIED.min(engine.largest_buffer()) / 4 * 4;
    let from = engine.storage("what is copied", bytes / 4)?;
    let to = engine.storage("the copy", bytes / 4)?;
    let mut best = f64::INFINITY;
    for _ in 0..ATTEMPTS {
        let begun = clock::milliseconds();
        let mut encoder = engine
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for _ in 0..COPIES {
            encoder.copy_buffer_to_buffer(&from, 0, &to, 0, bytes);
        }
        read(engine, encoder, &to, 0, 4).await?;
        best = best.min(clock::milliseconds() - begun);
    }
    Ok((2 * u64::from(COPIES) * bytes) as f64 / (best / 1e3))
}
