//! The parameters of a chain, see `shaders/chain.wgsl`.

use super::fuse::LONGEST_CHAIN;
use super::kernels::{Kernel, PARAMS_BYTES};
use super::memory::CHUNK;
use super::recording::{Dispatch, NONE, Recorder, epilogue};
use crate::model::plan::{Ids, Op, View};

/// Words of an operation.
const OPERANDS: usize = 16;
/// Words before those of the first.
const HEAD: usize = 12;
const _: () = assert!((HEAD + LONGEST_CHAIN * OPERANDS) * 4 <= PARAMS_BYTES as usize);
/// Most rows of a batch of which each has a workgroup of its own, also where it has to read weights for it.
const FEW_ROWS: u32 = 16;

impl Recorder<'_> {
    /// A dispatch that takes rows through operations.
    pub fn chain(&self, ops: &[Op]) -> Dispatch {
        let (layout, sizes, output) = (self.layout, self.sizes, ops[0].output());
        let (tokens, rows) = (self.is_tokens(output), self.rows(output));
        let head: [u32; HEAD] = [
            rows,
            ops.len() as u32,
            if tokens { NONE } else { self.done() },
            if tokens { layout.places } else { NONE },
            sizes.sentences,
            layout.starts,
            layout.lengths,
            layout.steps,
            CHUNK as u32,
            layout.alignment,
            sizes.longest,
            self.weights.table().unwrap_or(NONE),
        ];
        let mut params = head.to_vec();
        for op in ops {
            let end = params.len() + OPERANDS;
            self.operation(&mut params, op);
            params.resize(end, 0);
        }
        // Rows that share a workgroup share the weights that it reads.
        let multiplies = ops.iter().any(|op| matches!(op, Op::Affine { .. }));
        let (kernel, tile) = if multiplies && rows > FEW_ROWS {
            (Kernel::Chain, 4)
        } else {
            (Kernel::ChainRow, 1)
        };
        Dispatch::new(kernel, [rows.div_ceil(tile), 1], params)
    }

    fn operation(&self, params: &mut Vec<u32>, op: &Op) {
        let width = op.output().width as u32;
        match *op {
            Op::Zero { output } => self.rowwise(params, 0, output, output),
            Op::Copy { input, output } => self.rowwise(params, 1, input, output),
            Op::Add { input, output } => self.rowwise(params, 2, input, output),
            Op::Mean { input, output } => {
                params.extend([1, width, 0, 0]);
                params.extend(self.view(input));
                params.extend(self.view(output));
            }
            Op::Embed {
                table,
                ids,
                scale,
                positions,
                output,
            } => {
                let table = self.weights.matrix(table);
                let tokens = match ids {
                    Ids::Source => self.layout.tokens,
                    Ids::Previous | Ids::PreviousOrNone => self.layout.previous,
                };
                params.extend([2, width]);
                params.extend(self.view(output));
                params.extend([table.weight, table.stride, table.scales, table.rows]);
                params.extend([tokens, u32::from(ids == Ids::PreviousOrNone)]);
                params.extend([scale.to_bits(), u32::from(positions)]);
            }
            Op::Norm {
                output,
                scale,
                bias,
                epsilon,
            } => {
                params.extend([3, width]);
                params.extend(self.view(output));
                params.extend([scale, bias].map(|vector| self.weights.vector(vector)));
                params.push(epsilon.to_bits());
            }
            Op::LstmCell {
                gates,
                cell,
                hidden: output,
            } => self.cell(params, 4, [gates, cell, output]),
            Op::SsruCell {
                gates,
                cell,
                output,
            } => self.cell(params, 5, [gates, cell, output]),
            Op::Affine {
                weight,
                bias,
                input,
                output,
                epilogue,
            } => {
                let matrix = self.weights.matrix(weight);
                params.extend([6, width]);
                params.extend(self.view(output));
                params.extend(self.view(input));
                params.extend([matrix.cols, self::epilogue(epilogue)]);
                params.extend([matrix.weight, matrix.stride, matrix.scales]);
                params.push(bias.map_or(NONE, |bias| self.weights.vector(bias)));
            }
            Op::Attention {
                query,
                keys,
                values,
                output,
                heads,
                scale,
            } => {
                let of_a_head = [query, output].map(|view| (view.width / heads) as u32);
                params.extend([7, heads as u32]);
                params.extend(of_a_head);
                for view in [query, keys, values, output] {
                    params.extend(self.view(view));
                }
                params.extend([scale.to_bits(), u32::from(self.is_aligned(op))]);
            }
            Op::Logits { .. } | Op::Lstm { .. } => unreachable!("they are never chained"),
        }
    }

    fn rowwise(&self, params: &mut Vec<u32>, what: u32, input: View, output: View) {
        params.extend([0, what, output.width as u32, 0]);
        params.extend(self.view(input));
        params.extend(self.view(output));
    }

    fn cell(&self, params: &mut Vec<u32>, which: u32, [gates, cell, output]: [View; 3]) {
        params.extend([which, output.width as u32]);
        for view in [gates, cell, output] {
            params.extend(self.view(view));
        }
    }

    /// Whether the weights of an attention are wanted: those of a step's last one.
    fn is_aligned(&self, op: &Op) -> bool {
        let mut attentions = self.plan.step.iter().rev();
        let last = attentions.find(|op| matches!(op, Op::Attention { .. }));
        self.sizes.alignment && self.stepping && last == Some(op)
    }
}
