//! From operations to dispatches.

use super::Fault;
use super::fuse::{Fused, fuse};
use super::kernels::{Kernel, PARAMS_BYTES};
use super::memory::{CHUNK, Layout};
use super::weights::{DeviceMatrix, DeviceWeights};
use crate::decode::{END, UNKNOWN};
use crate::model::Batch;
use crate::model::plan::{Direction, Epilogue, Ids, Op, Plan, Rows, View};

/// `NONE` in `shaders/common.wgsl`.
const NONE: u32 = u32::MAX;
/// Outputs of a workgroup of `affine.wgsl`.
const AFFINE_OUTPUTS: u32 = 128;
/// Rows of a workgroup of `affine.wgsl`, where there are more than [`FEW_ROWS`].
const AFFINE_ROWS: u32 = 8;
/// Up to so many rows, a workgroup for each is faster.
const FEW_ROWS: u32 = 2;
/// Columns of a workgroup of the kernels without reductions.
const COLUMNS: u32 = 64;
/// Widest LSTM of `lstm.wgsl`.
const WIDEST_LSTM: usize = 1024;
/// Tokens of the longest sentence of `attention.wgsl`.
pub const LONGEST_SENTENCE: usize = 1024;

/// A call of a kernel.
#[derive(Clone, Debug)]
pub struct Dispatch {
    pub kernel: Kernel,
    pub workgroups: [u32; 2],
    pub params: Vec<u32>,
}

/// The dispatches of both programs of a plan, before sizes are known.
#[derive(Debug)]
pub struct Programs {
    encode: Vec<Fused>,
    step: Vec<Fused>,
}

/// How many rows a batch has.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub tokens: u32,
    pub sentences: u32,
    pub longest: u32,
    pub alignment: bool,
}

impl Sizes {
    /// The sizes of a batch, and whether alignments are wanted.
    pub fn of(batch: &Batch, alignment: bool) -> Self {
        Self {
            tokens: batch.tokens().len() as u32,
            sentences: batch.sentences() as u32,
            longest: batch.longest() as u32,
            alignment,
        }
    }
}

impl Programs {
    /// Checks that the kernels can run a plan.
    pub fn new(plan: &Plan) -> Result<Self, Fault> {
        let unsupported = |what: String| Err(Fault::Unsupported(what));
        for op in plan.encode.iter().chain(&plan.step) {
            match *op {
                Op::Lstm { output, .. } if output.width > WIDEST_LSTM => {
                    return unsupported(format!(
                        "an LSTM is {} units wide, more than {WIDEST_LSTM}",
                        output.width
                    ));
                }
                Op::Embed {
                    ids,
                    scale,
                    positions,
                    ..
                } if positions
                    || scale.to_bits() != 1f32.to_bits()
                    || ids == Ids::PreviousOrNone =>
                {
                    return unsupported("it tells its tokens where they stand".into());
                }
                Op::Attention { query, heads, .. }
                    if heads != 1 || plan.buffers[query.buffer.index()].rows == Rows::Tokens =>
                {
                    return unsupported("its attention has several heads".into());
                }
                Op::SsruCell { .. } => return unsupported("it has an SSRU".into()),
                Op::Norm { .. } => return unsupported("it has layer normalisation".into()),
                _ => {}
            }
        }
        Ok(Self {
            encode: fuse(&plan.encode),
            step: fuse(&plan.step),
        })
    }

    /// Dispatches of the encoder, and of one step.
    pub fn lengths(&self) -> [usize; 2] {
        [self.encode.len(), self.step.len() + 1]
    }

    /// The dispatches of the encoder, then those of a step.
    pub fn record(&self, recorder: &Recorder<'_>) -> [Vec<Dispatch>; 2] {
        let encode = self
            .encode
            .iter()
            .map(|op| recorder.fused(op, false, false));
        let last = self
            .step
            .iter()
            .rposition(|op| matches!(op, Fused::Op(Op::Attention { .. })));
        let step = self
            .step
            .iter()
            .enumerate()
            .map(|(index, op)| recorder.fused(op, true, Some(index) == last));
        let mut step: Vec<Dispatch> = step.collect();
        step.push(recorder.select());
        [encode.collect(), step]
    }
}

/// What dispatches have in common.
pub struct Recorder<'a> {
    pub plan: &'a Plan,
    pub weights: &'a DeviceWeights,
    pub layout: &'a Layout,
    pub sizes: Sizes,
}

impl Recorder<'_> {
    fn rows(&self, view: View) -> u32 {
        match self.plan.buffers[view.buffer.index()].rows {
            Rows::Tokens => self.sizes.tokens,
            Rows::Hypotheses => self.sizes.sentences,
        }
    }

    /// `stepping` if finished hypotheses are left out.
    fn fused(&self, fused: &Fused, stepping: bool, aligning: bool) -> Dispatch {
        match fused {
            Fused::Op(op) => self.op(op, stepping, aligning),
            Fused::AffinePair {
                first,
                weight,
                input,
            } => self.affine(
                first,
                Some((self.weights.matrix(*weight), *input)),
                stepping,
            ),
            &Fused::LstmCell {
                gates,
                cell,
                hidden,
                then,
            } => {
                let mut params = vec![hidden.width as u32];
                for view in [gates, cell, hidden] {
                    self.push(&mut params, view);
                }
                params.push(match then {
                    None => 0,
                    Some((_, false)) => 1,
                    Some((_, true)) => 2,
                });
                self.push(&mut params, then.map_or(hidden, |(view, _)| view));
                params.push(self.layout.done);
                self.columns(Kernel::LstmCell, hidden, params)
            }
        }
    }

    fn op(&self, op: &Op, stepping: bool, aligning: bool) -> Dispatch {
        let layout = self.layout;
        match *op {
            Op::Embed {
                table, ids, output, ..
            } => {
                let table = self.weights.matrix(table);
                let ids = match ids {
                    Ids::Source => layout.tokens,
                    Ids::Previous | Ids::PreviousOrNone => layout.previous,
                };
                let mut params = vec![
                    self.rows(output),
                    output.width as u32,
                    table.stride,
                    table.weight,
                    table.scales,
                    table.rows,
                    ids,
                ];
                self.push(&mut params, output);
                self.columns(Kernel::Embed, output, params)
            }
            Op::Affine { .. } | Op::Logits { .. } => self.affine(op, None, stepping),
            Op::SsruCell { .. } | Op::Norm { .. } => unreachable!("Programs::new refuses these"),
            Op::Lstm {
                recurrent,
                gates,
                direction,
                output,
            } => {
                let matrix = self.weights.matrix(recurrent);
                let mut params = vec![
                    output.width as u32,
                    matrix.weight,
                    matrix.scales,
                    matrix.stride,
                ];
                self.push(&mut params, gates);
                self.push(&mut params, output);
                params.extend([
                    layout.starts,
                    layout.lengths,
                    u32::from(direction == Direction::Backward),
                ]);
                Dispatch::new(Kernel::Lstm, [self.sizes.sentences, 1], params)
            }
            Op::LstmCell {
                gates,
                cell,
                hidden,
            } => self.fused(
                &Fused::LstmCell {
                    gates,
                    cell,
                    hidden,
                    then: None,
                },
                stepping,
                aligning,
            ),
            Op::Attention {
                query,
                keys,
                values,
                output,
                scale,
                heads: _,
            } => {
                let mut params = vec![query.width as u32];
                for view in [query, keys, values] {
                    self.push(&mut params, view);
                }
                params.push(output.width as u32);
                self.push(&mut params, output);
                let aligning = aligning && self.sizes.alignment;
                params.extend([
                    layout.starts,
                    layout.lengths,
                    scale.to_bits(),
                    layout.done,
                    if aligning { layout.alignment } else { NONE },
                    self.sizes.longest,
                    self.sizes.sentences,
                    layout.steps,
                    CHUNK as u32,
                ]);
                Dispatch::new(Kernel::Attention, [self.sizes.sentences, 1], params)
            }
            Op::Mean { input, output } => {
                let mut params = vec![output.width as u32];
                self.push(&mut params, input);
                self.push(&mut params, output);
                params.extend([layout.starts, layout.lengths]);
                self.columns(Kernel::Mean, output, params)
            }
            Op::Zero { output } => self.rowwise(0, output, output),
            Op::Copy { input, output } => self.rowwise(1, input, output),
            Op::Add { input, output } => self.rowwise(2, input, output),
        }
    }

    fn rowwise(&self, what: u32, input: View, output: View) -> Dispatch {
        let mut params = vec![output.width as u32, what];
        self.push(&mut params, input);
        self.push(&mut params, output);
        self.columns(Kernel::Rowwise, output, params)
    }

    /// An affine operation, and a product that is added to it.
    fn affine(&self, op: &Op, second: Option<(DeviceMatrix, View)>, stepping: bool) -> Dispatch {
        let (weight, bias, input, output, epilogue) = match *op {
            Op::Affine {
                weight,
                bias,
                input,
                output,
                epilogue,
            } => (weight, bias, input, output, epilogue),
            Op::Logits {
                weight,
                bias,
                input,
                output,
            } => (weight, Some(bias), input, output, Epilogue::Store),
            _ => unreachable!("only affine operations are recorded here"),
        };
        let rows = self.rows(output);
        let matrix = self.weights.matrix(weight);
        let mut params = vec![rows, matrix.rows, matrix.stride];
        self.push(&mut params, output);
        params.extend([
            bias.map_or(NONE, |bias| self.weights.vector(bias)),
            match epilogue {
                Epilogue::Store => 0,
                Epilogue::Add => 1,
                Epilogue::Tanh => 2,
                Epilogue::Relu => 3,
            },
            if stepping { self.layout.done } else { NONE },
        ]);
        let mut product = |matrix: DeviceMatrix, input| {
            params.extend([matrix.weight, matrix.scales]);
            self.push(&mut params, input);
            params.push(matrix.cols);
        };
        product(matrix, input);
        if let Some((matrix, input)) = second {
            product(matrix, input);
        }
        let (kernel, tile) = if rows <= FEW_ROWS {
            (Kernel::AffineRow, 1)
        } else {
            (Kernel::Affine, AFFINE_ROWS)
        };
        let workgroups = [matrix.rows.div_ceil(AFFINE_OUTPUTS), rows.div_ceil(tile)];
        Dispatch::new(kernel, workgroups, params)
    }

    fn select(&self) -> Dispatch {
        let (layout, logits) = (self.layout, self.plan.logits);
        let mut params = vec![self.sizes.sentences, logits.width as u32];
        self.push(&mut params, logits);
        params.extend([
            layout.done,
            layout.previous,
            layout.steps,
            layout.limits,
            layout.results,
            CHUNK as u32,
            END,
            UNKNOWN,
        ]);
        Dispatch::new(Kernel::Select, [self.sizes.sentences, 1], params)
    }

    fn push(&self, params: &mut Vec<u32>, view: View) {
        let (offset, stride) = self.layout.view(view);
        params.extend([offset, stride]);
    }

    /// A dispatch with an invocation for every element of the output.
    fn columns(&self, kernel: Kernel, output: View, params: Vec<u32>) -> Dispatch {
        let width = output.width as u32;
        Dispatch::new(kernel, [width.div_ceil(COLUMNS), self.rows(output)], params)
    }
}

impl Dispatch {
    fn new(kernel: Kernel, workgroups: [u32; 2], mut params: Vec<u32>) -> Self {
        params.resize(PARAMS_BYTES as usize / 4, 0);
        Self {
            kernel,
            workgroups,
            params,
        }
    }
}
