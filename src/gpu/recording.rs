//! From operations to dispatches.

use super::Fault;
use super::fuse::{Fused, fuse};
use super::kernels::{Kernel, PARAMS_BYTES};
use super::memory::{CHUNK, Layout};
use super::weights::{DeviceMatrix, DeviceWeights};
use crate::decode::{END, UNKNOWN};
use crate::model::plan::{BufferInfo, Direction, Epilogue, Matrix, Op, Plan, Rows, View};

/// `NONE` in `shaders/common.wgsl`.
pub const NONE: u32 = u32::MAX;
/// Outputs of a workgroup of `affine.wgsl`.
const AFFINE_OUTPUTS: u32 = 128;
/// Most dispatches of a step, where a plan can be fused to so few.
pub const MOST_DISPATCHES: usize = 10;
/// Dispatches of a step that are not in its plan: one finds candidates, one chooses among them.
pub const SEARCHING: usize = 2;
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
    /// Checks that the kernels can run a plan, and joins its operations so that a step is at most so many dispatches, if it can be
    /// done.
    pub fn new(plan: &Plan, most_dispatches: usize) -> Result<Self, Fault> {
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
            // What the encoder has to do is too much for a few workgroups, and done once.
            encode: fuse(plan, &plan.encode, usize::MAX),
            step: fuse(plan, &plan.step, most_dispatches.saturating_sub(SEARCHING)),
        })
    }

    /// Dispatches of the encoder, and of one step.
    pub fn lengths(&self) -> [usize; 2] {
        [self.encode.len(), self.step.len() + SEARCHING]
    }

    /// The dispatches of the encoder, then those of a step, which ends with a search for candidates and a choice among them.
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
        let encode = self.encode.iter().map(|fused| encoder.fused(fused));
        let step = self.step.iter().map(|fused| stepper.fused(fused));
        let mut step: Vec<Dispatch> = step.collect();
        step.extend([stepper.select(), stepper.beam()]);
        [encode.collect(), step]
    }
}

/// What the dispatches of a program have in common.
pub struct Recorder<'a> {
    pub plan: &'a Plan,
    pub weights: &'a DeviceWeights,
    pub layout: &'a Layout,
    pub sizes: Sizes,
    /// Whether there may be several hypotheses of a sentence, of which those that are finished are left out.
    pub stepping: bool,
}

impl Recorder<'_> {
    pub fn is_tokens(&self, view: View) -> bool {
        self.plan.buffers[view.buffer.index()].rows == Rows::Tokens
    }

    pub fn rows(&self, view: View) -> u32 {
        if self.is_tokens(view) {
            self.sizes.tokens
        } else if self.stepping {
            self.sizes.rows()
        } else {
            self.sizes.sentences
        }
    }

    /// The flags of hypotheses that are finished.
    pub fn done(&self) -> u32 {
        if self.stepping {
            self.layout.done
        } else {
            NONE
        }
    }

    fn fused(&self, fused: &Fused) -> Dispatch {
        match fused {
            Fused::Lstm(op) => self.lstm(op),
            Fused::Product { op, second } => self.product(op, *second),
            Fused::Chain(ops) => self.chain(ops),
        }
    }

    fn lstm(&self, op: &Op) -> Dispatch {
        let Op::Lstm {
            recurrent,
            gates,
            direction,
            output,
        } = *op
        else {
            unreachable!("only whole LSTMs are recorded here")
        };
        let (layout, matrix) = (self.layout, self.weights.matrix(recurrent));
        let mut params = vec![
            output.width as u32,
            matrix.weight,
            matrix.scales,
            matrix.stride,
        ];
        params.extend(self.view(gates));
        params.extend(self.view(output));
        params.extend([
            layout.starts,
            layout.lengths,
            u32::from(direction == Direction::Backward),
        ]);
        Dispatch::new(Kernel::Lstm, [self.sizes.sentences, 1], params)
    }

    /// An affine operation, and a product that is added to it.
    fn product(&self, op: &Op, second: Option<(Matrix, View)>) -> Dispatch {
        let (weight, bias, input, output, epilogue) = match *op {
            Op::Affine {
                weight,
                bias,
                input,
                output,
                epilogue,
            } => (weight, bias, input, output, self::epilogue(epilogue)),
            Op::Logits {
                weight,
                bias,
                input,
                output,
            } => (
                weight,
                Some(bias),
                input,
                output,
                self::epilogue(Epilogue::Store),
            ),
            _ => unreachable!("only products are recorded here"),
        };
        let (layout, sizes, rows) = (self.layout, self.sizes, self.rows(output));
        let list = sizes
            .longest_list
            .filter(|_| matches!(op, Op::Logits { .. }));
        let matrix = self.weights.matrix(weight);
        let mut params = vec![rows, matrix.rows, matrix.stride];
        params.extend(self.view(output));
        params.extend([
            bias.map_or(NONE, |bias| self.weights.vector(bias)),
            epilogue,
            self.done(),
        ]);
        let mut product = |matrix: DeviceMatrix, input| {
            params.extend([matrix.weight, matrix.scales]);
            params.extend(self.view(input));
            params.push(matrix.cols);
        };
        product(matrix, input);
        match second {
            Some((weight, input)) => product(self.weights.matrix(weight), input),
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
        params.extend(self.view(logits));
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

    /// The first element of a view, and the number of elements from row to row.
    pub fn view(&self, view: View) -> [u32; 2] {
        let (offset, stride) = self.layout.view(view);
        [offset, stride]
    }
}

/// What `shaders/epilogue.wgsl` calls an epilogue.
pub fn epilogue(epilogue: Epilogue) -> u32 {
    match epilogue {
        Epilogue::Store => 0,
        Epilogue::Add => 1,
        Epilogue::Tanh => 2,
        Epilogue::Relu => 3,
        Epilogue::Swish => unreachable!("such plans are refused"),
    }
}

impl Dispatch {
    pub fn new(kernel: Kernel, workgroups: [u32; 2], mut params: Vec<u32>) -> Self {
        params.resize(PARAMS_BYTES as usize / 4, 0);
        Self {
            kernel,
            workgroups,
            params,
        }
    }
}
