//! From operations to dispatches.

use super::Fault;
use super::fuse::{Fused, fuse};
use super::kernels::{Kernel, PARAMS_BYTES};
use super::memory::{CHUNK, Layout};
use super::weights::{DeviceMatrix, DeviceWeights};
use crate::decode::{END, UNKNOWN};
use crate::model::plan::{BufferInfo, Direction, Epilogue, Ids, Op, Plan, Rows, View};

/// `NONE` in `shaders/common.wgsl`.
pub const NONE: u32 = u32::MAX;
/// Outputs of a workgroup of `affine.wgsl`.
const AFFINE_OUTPUTS: u32 = 128;
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
    /// Hypotheses kept for each sentence.
    pub width: u32,
    /// Candidates found for each hypothesis.
    pub count: u32,
    pub longest: u32,
    /// Tokens of the longest shortlist, if there are any.
    pub longest_list: Option<u32>,
    pub length_penalty: f32,
    pub alignment: bool,
}

impl Sizes {
    /// Rows of a step: hypothesis k of sentence s is row `k * sentences + s`.
    pub fn rows(&self) -> u32 {
        self.sentences * self.width
    }

    /// Candidates of a step.
    pub fn found(&self) -> u32 {
        self.rows() * self.count
    }
}

impl Programs {
    /// Checks that the kernels can run a plan.
    pub fn new(plan: &Plan) -> Result<Self, Fault> {
        for op in plan.encode.iter().chain(&plan.step) {
            if let Op::Lstm { output, .. } = op
                && output.width > WIDEST_LSTM
            {
                return Err(Fault::Unsupported(format!(
                    "an LSTM is {} units wide, more than {WIDEST_LSTM}",
                    output.width
                )));
            }
            if let Op::Affine {
                epilogue: Epilogue::Swish,
                ..
            } = op
            {
                return Err(Fault::Unsupported(
                    "its layers are activated by swish".into(),
                ));
            }
        }
        let histories = |buffer: &BufferInfo| buffer.rows == Rows::History;
        if plan.buffers.iter().any(histories) {
            return Err(Fault::Unsupported("its decoder attends to itself".into()));
        }
        Ok(Self {
            encode: fuse(&plan.encode),
            step: fuse(&plan.step),
        })
    }

    /// Dispatches of the encoder, and of one step, which ends with a search for candidates and a choice among them.
    pub fn lengths(&self) -> [usize; 2] {
        [self.encode.len(), self.step.len() + 2]
    }

    /// The dispatches of the encoder, then those of a step.
    pub fn record(
        &self,
        plan: &Plan,
        weights: &DeviceWeights,
        layout: &Layout,
        sizes: Sizes,
    ) -> [Vec<Dispatch>; 2] {
        let recorder = |stepping| Recorder {
            plan,
            weights,
            layout,
            sizes,
            stepping,
        };
        let (encoder, stepper) = (recorder(false), recorder(true));
        let encode = self.encode.iter().map(|op| encoder.fused(op, false));
        let last = self
            .step
            .iter()
            .rposition(|op| matches!(op, Fused::Op(Op::Attention { .. })));
        let step = self
            .step
            .iter()
            .enumerate()
            .map(|(index, op)| stepper.fused(op, Some(index) == last));
        let mut step: Vec<Dispatch> = step.collect();
        step.extend([stepper.select(), stepper.beam()]);
        [encode.collect(), step]
    }
}

/// What the dispatches of a program have in common.
struct Recorder<'a> {
    plan: &'a Plan,
    weights: &'a DeviceWeights,
    layout: &'a Layout,
    sizes: Sizes,
    /// Whether there may be several hypotheses of a sentence, of which those that are finished are left out.
    stepping: bool,
}

impl Recorder<'_> {
    fn is_tokens(&self, view: View) -> bool {
        self.plan.buffers[view.buffer.index()].rows == Rows::Tokens
    }

    fn rows(&self, view: View) -> u32 {
        if self.is_tokens(view) {
            self.sizes.tokens
        } else if self.stepping {
            self.sizes.rows()
        } else {
            self.sizes.sentences
        }
    }

    /// The flags of hypotheses that are finished.
    fn done(&self) -> u32 {
        if self.stepping {
            self.layout.done
        } else {
            NONE
        }
    }

    fn fused(&self, fused: &Fused, aligning: bool) -> Dispatch {
        match fused {
            Fused::Op(op) => self.op(op, aligning),
            Fused::AffinePair {
                first,
                weight,
                input,
            } => self.affine(first, Some((self.weights.matrix(*weight), *input))),
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

    fn op(&self, op: &Op, aligning: bool) -> Dispatch {
        let layout = self.layout;
        match *op {
            Op::Embed { .. } => self.embed(op),
            Op::Affine { .. } | Op::Logits { .. } => self.affine(op, None),
            Op::Attention { .. } => self.attention(op, aligning),
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
                aligning,
            ),
            Op::SsruCell {
                gates,
                cell,
                output,
            } => {
                let mut params = vec![output.width as u32];
                for view in [gates, cell, output] {
                    self.push(&mut params, view);
                }
                params.push(layout.done);
                self.columns(Kernel::Ssru, output, params)
            }
            Op::Norm {
                output,
                scale,
                bias,
                epsilon,
            } => {
                let mut params = vec![output.width as u32];
                self.push(&mut params, output);
                params.extend([
                    self.weights.vector(scale),
                    self.weights.vector(bias),
                    epsilon.to_bits(),
                    self.done(),
                ]);
                Dispatch::new(Kernel::Norm, [self.rows(output), 1], params)
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

    fn embed(&self, op: &Op) -> Dispatch {
        let Op::Embed {
            table,
            ids,
            scale,
            positions,
            output,
        } = *op
        else {
            unreachable!("only embeddings are recorded here")
        };
        let (layout, table) = (self.layout, self.weights.matrix(table));
        let of_source = ids == Ids::Source;
        let mut params = vec![
            output.width as u32,
            table.stride,
            table.weight,
            table.scales,
            table.rows,
            if of_source {
                layout.tokens
            } else {
                layout.previous
            },
        ];
        self.push(&mut params, output);
        params.extend([
            scale.to_bits(),
            self.weights.table().filter(|_| positions).unwrap_or(NONE),
            if of_source { layout.places } else { NONE },
            self.sizes.sentences,
            layout.steps,
            u32::from(ids == Ids::PreviousOrNone),
        ]);
        self.columns(Kernel::Embed, output, params)
    }

    fn attention(&self, op: &Op, aligning: bool) -> Dispatch {
        let Op::Attention {
            query,
            keys,
            values,
            output,
            heads,
            scale,
        } = *op
        else {
            unreachable!("only attention is recorded here")
        };
        let (layout, sizes) = (self.layout, self.sizes);
        let mut params = vec![(query.width / heads) as u32];
        for view in [query, keys, values] {
            self.push(&mut params, view);
        }
        params.push((output.width / heads) as u32);
        self.push(&mut params, output);
        let aligning = aligning && sizes.alignment;
        params.extend([
            layout.starts,
            layout.lengths,
            scale.to_bits(),
            if self.is_tokens(query) {
                NONE
            } else {
                layout.done
            },
            sizes.sentences,
            layout.places,
            if aligning { layout.alignment } else { NONE },
            sizes.longest,
            sizes.rows(),
            layout.steps,
            CHUNK as u32,
        ]);
        Dispatch::new(Kernel::Attention, [self.rows(query), heads as u32], params)
    }

    /// An affine operation, and a product that is added to it.
    fn affine(&self, op: &Op, second: Option<(DeviceMatrix, View)>) -> Dispatch {
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
        let (layout, sizes, rows) = (self.layout, self.sizes, self.rows(output));
        let list = sizes
            .longest_list
            .filter(|_| matches!(op, Op::Logits { .. }));
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
                Epilogue::Swish => unreachable!("such plans are refused"),
            },
            self.done(),
        ]);
        let mut product = |matrix: DeviceMatrix, input| {
            params.extend([matrix.weight, matrix.scales]);
            self.push(&mut params, input);
            params.push(matrix.cols);
        };
        product(matrix, input);
        match second {
            Some((matrix, input)) => product(matrix, input),
            None => params.extend([0; 5]),
        }
        params.extend([
            sizes.sentences,
            list.map_or(NONE, |_| layout.lists),
            layout.candidates,
        ]);
        // Rows that a workgroup may take, and groups of them.
        let (together, groups) = match list {
            Some(_) => (sizes.width, sizes.sentences),
            None => (rows, 1),
        };
        // A workgroup for each of very few rows is faster than one for all.
        let (kernel, tile) = match together {
            0..=2 => (Kernel::AffineRow, 1),
            3..=4 => (Kernel::AffineFew, 4),
            _ => (Kernel::Affine, 8),
        };
        let outputs = list.unwrap_or(matrix.rows).div_ceil(AFFINE_OUTPUTS);
        Dispatch::new(kernel, [outputs, groups * together.div_ceil(tile)], params)
    }

    fn select(&self) -> Dispatch {
        let (layout, sizes, logits) = (self.layout, self.sizes, self.plan.logits);
        let mut params = vec![sizes.sentences, sizes.rows(), logits.width as u32];
        self.push(&mut params, logits);
        params.extend([
            layout.done,
            layout.steps,
            layout.results,
            CHUNK as u32,
            sizes.count,
            // Shortlists do not have it.
            sizes.longest_list.map_or(UNKNOWN, |_| NONE),
            sizes.longest_list.map_or(NONE, |_| layout.lists),
            layout.candidates,
        ]);
        Dispatch::new(Kernel::Select, [sizes.rows(), 1], params)
    }

    fn beam(&self) -> Dispatch {
        let (layout, sizes) = (self.layout, self.sizes);
        let params = vec![
            sizes.sentences,
            sizes.width,
            sizes.count,
            layout.results,
            CHUNK as u32,
            layout.done,
            layout.previous,
            layout.totals,
            layout.steps,
            layout.limits,
            layout.finished,
            layout.best,
            sizes.length_penalty.to_bits(),
            layout.states,
            layout.states_width,
            END,
        ];
        Dispatch::new(Kernel::Beam, [sizes.sentences, 1], params)
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
