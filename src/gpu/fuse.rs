//! Operations of a plan that become one dispatch: a step costs mostly its dispatches.
//!
//! Most operations compute a row of their output from the same row of their inputs, so a workgroup can take a row through several
//! of them; `shaders/chain.wgsl` does. Only a product gains from a dispatch of its own, in which many workgroups share its outputs
//! and read its weights. So all other operations that follow each other are chained, and products are where there would be too
//! many dispatches: the smallest first, for what a workgroup has to read alone is what a chain costs.

use crate::model::plan::{Epilogue, Matrix, Op, Plan, Rows, View};

/// Most operations of a chain, see `shaders/chain.wgsl`.
pub const LONGEST_CHAIN: usize = 15;
/// Columns of the widest product that can be chained, see `shaders/affine_chained.wgsl`.
const WIDEST: usize = 1024;
/// Most weights of a product that can be chained. To read more takes a workgroup longer than a dispatch takes.
const MOST_WEIGHTS: usize = 1 << 19;

/// What one dispatch computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Fused {
    /// An LSTM over whole sentences.
    Lstm(Op),
    /// A product whose outputs many workgroups share.
    Product {
        /// An affine operation or logits.
        op: Op,
        /// V and z, where another product is added to it: `output = W x + b + V z`.
        second: Option<(Matrix, View)>,
    },
    /// Operations that a workgroup takes some rows through, one after another.
    Chain(Vec<Op>),
}

/// Joins operations that follow each other, no more of them than it takes to be at most so many dispatches, if it can be done.
pub fn fuse(plan: &Plan, ops: &[Op], most: usize) -> Vec<Fused> {
    let units = units(ops);
    let weights = units.iter().filter_map(|unit| weights(plan, unit));
    let mut sizes: Vec<usize> = weights.collect();
    sizes.sort_unstable();
    sizes.dedup();
    let mut fused = chain(plan, &units, 0);
    for size in sizes {
        if fused.len() <= most {
            break;
        }
        fused = chain(plan, &units, size);
    }
    fused
}

/// Cuts a program into operations, and pairs of an affine operation and a product that is added to it.
fn units(mut ops: &[Op]) -> Vec<&[Op]> {
    let mut units = Vec::with_capacity(ops.len());
    while !ops.is_empty() {
        let (unit, rest) = ops.split_at(if is_pair(ops) { 2 } else { 1 });
        units.push(unit);
        ops = rest;
    }
    units
}

fn is_pair(ops: &[Op]) -> bool {
    matches!(
        ops,
        [
            Op::Affine { output: sum, epilogue: Epilogue::Store, .. },
            Op::Affine { bias: None, output, epilogue: Epilogue::Add, .. },
            ..
        ] if sum == output
    )
}

/// How many weights the workgroups of a chain would read for this; none if it cannot be chained.
fn weights(plan: &Plan, unit: &[Op]) -> Option<usize> {
    let of_one = |op: &Op| match *op {
        Op::Affine { weight, input, .. } => {
            let size: usize = plan.matrices[weight.index()].shape.iter().product();
            (input.width <= WIDEST && size <= MOST_WEIGHTS).then_some(size)
        }
        Op::Logits { .. } | Op::Lstm { .. } => None,
        _ => Some(0),
    };
    unit.iter().map(of_one).sum()
}

/// Chains what follows each other and has no more weights than `most`.
fn chain(plan: &Plan, units: &[&[Op]], most: usize) -> Vec<Fused> {
    let mut fused = Vec::with_capacity(units.len());
    for &unit in units {
        if weights(plan, unit).is_none_or(|weights| weights > most) {
            fused.push(alone(unit));
            continue;
        }
        match fused.last_mut() {
            Some(Fused::Chain(chain)) if goes_on(plan, chain, unit) => {
                chain.extend_from_slice(unit);
            }
            _ => fused.push(Fused::Chain(unit.to_vec())),
        }
    }
    fused
}

fn alone(unit: &[Op]) -> Fused {
    match unit {
        [op @ Op::Lstm { .. }] => Fused::Lstm(op.clone()),
        [op] => Fused::Product {
            op: op.clone(),
            second: None,
        },
        [op, Op::Affine { weight, input, .. }] => Fused::Product {
            op: op.clone(),
            second: Some((*weight, *input)),
        },
        _ => unreachable!("units are an operation or a pair of products"),
    }
}

/// Whether the rows of a chain can be taken through more operations.
fn goes_on(plan: &Plan, chain: &[Op], unit: &[Op]) -> bool {
    let rows = |op: &Op| plan.buffers[op.output().buffer.index()].rows;
    // Tokens attend to rows that other workgroups compute.
    let is_apart = |op: &Op| matches!(op, Op::Attention { .. }) && rows(op) == Rows::Tokens;
    chain.len() + unit.len() <= LONGEST_CHAIN
        && rows(&chain[0]) == rows(&unit[0])
        && !chain.iter().chain(unit).any(is_apart)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Seq2SeqConfig, TransformerConfig};
    use crate::gpu::recording::{MOST_DISPATCHES, Programs, SEARCHING};
    use crate::model::plan::Builder;
    use crate::model::{seq2seq, transformer};

    /// One word for each dispatch: `p` is a product, `2` two of them, `c` and a number a chain of so many operations.
    fn spell(fused: &[Fused]) -> String {
        let words: Vec<String> = fused
            .iter()
            .map(|one| match one {
                Fused::Lstm(_) => "lstm".into(),
                Fused::Product { second: None, .. } => "p".into(),
                Fused::Product { .. } => "2".into(),
                Fused::Chain(ops) => format!("c{}", ops.len()),
            })
            .collect();
        words.join(" ")
    }

    #[test]
    fn a_step_of_the_lstm_is_few_dispatches() {
        for (embedding, hidden) in [(6, 10), (256, 512), (512, 1024)] {
            // embed, gates, cell and attention, combine, logits
            for (decoder_layers, expected, dispatches) in
                [(1, "c1 2 c3 p p", 7), (2, "c1 2 c3 2 c2 p p", 9)]
            {
                let plan = seq2seq::plan(&Seq2SeqConfig {
                    embedding,
                    hidden,
                    encoder_layers: 2,
                    decoder_layers,
                    source_vocabulary: 31,
                    target_vocabulary: 37,
                });
                let step = fuse(&plan, &plan.step, MOST_DISPATCHES - SEARCHING);
                assert_eq!(spell(&step), expected, "{hidden} units");
                let programs = Programs::new(&plan, MOST_DISPATCHES).unwrap();
                assert_eq!(programs.lengths()[1], dispatches);
            }
        }
    }

    #[test]
    fn a_step_of_the_transformer_is_few_dispatches() {
        // All but the products of the feed-forward layers, then these; norm and logits at the end.
        let deep = "c8 p p c8 p p c8 p p c8 p p c1 p";
        for (embedding, feed_forward, decoder_layers, expected, dispatches) in [
            (256, 1_536, 1, "c1 p c6 p p c1 p", 9),
            (256, 1_536, 2, "c8 p p c8 p p c1 p", 10),
            (256, 1_536, 4, "c9 p c9 p c9 p c9 p c1 p", 12),
            (384, 1_536, 2, "c8 p p c8 p p c1 p", 10),
            (512, 2_048, 1, "c1 p c6 p p c1 p", 9),
            (512, 2_048, 2, "c8 p p c8 p p c1 p", 10),
            (512, 2_048, 4, deep, 16),
        ] {
            let plan = transformer::plan(&TransformerConfig {
                embedding,
                feed_forward,
                heads: 8,
                encoder_layers: 6,
                decoder_layers,
                source_vocabulary: 31,
                target_vocabulary: 31,
                shared_vocabulary: true,
                self_attention: false,
                swish: false,
            });
            let step = fuse(&plan, &plan.step, MOST_DISPATCHES - SEARCHING);
            assert_eq!(
                spell(&step),
                expected,
                "{decoder_layers} layers of {embedding}"
            );
            let programs = Programs::new(&plan, MOST_DISPATCHES).unwrap();
            assert_eq!(programs.lengths()[1], dispatches);
        }
    }

    #[test]
    fn chains_are_of_rows_that_do_not_need_each_other() {
        let mut builder = Builder::default();
        let [token, other] = [(); 2].map(|()| builder.tokens(4));
        let [row, next] = [(); 2].map(|()| builder.hypotheses(4));
        let copy = |input, output| Op::Copy { input, output };
        let attention = |query, output| Op::Attention {
            query,
            keys: token,
            values: token,
            output,
            heads: 2,
            scale: 1.0,
        };
        let plan = builder.finish(vec![], vec![], row);
        for (ops, expected) in [
            (vec![copy(row, next), copy(next, row)], "c2"),
            (vec![copy(token, other), copy(row, next)], "c1 c1"),
            (
                vec![copy(next, row), attention(row, next), copy(next, row)],
                "c3",
            ),
            (vec![copy(token, other), attention(token, other)], "c1 c1"),
            (vec![attention(token, other), copy(other, token)], "c1 c1"),
            (vec![copy(row, next); 17], "c15 c2"),
        ] {
            assert_eq!(spell(&fuse(&plan, &ops, 0)), expected, "{ops:?}");
        }
    }

    #[test]
    fn products_are_chained_where_they_must_be_the_smallest_first() {
        let mut builder = Builder::default();
        let rows = [4, 8, 2_000].map(|width| builder.hypotheses(width));
        let mut product = |from: usize, to: usize, epilogue| Op::Affine {
            weight: builder.matrix(format!("{from} {to}"), rows[to].width, rows[from].width),
            bias: None,
            input: rows[from],
            output: rows[to],
            epilogue,
        };
        let ops = [
            product(0, 1, Epilogue::Store),
            product(1, 0, Epilogue::Relu),
            product(0, 2, Epilogue::Store),
            product(1, 2, Epilogue::Add),
            product(2, 0, Epilogue::Store),
        ];
        let plan = builder.finish(vec![], vec![], rows[0]);
        for (most, expected) in [
            (9, "p p 2 p"),
            (4, "p p 2 p"),
            (3, "c2 2 p"),
            (2, "c4 p"),
            (0, "c4 p"),
        ] {
            assert_eq!(
                spell(&fuse(&plan, &ops, most)),
                expected,
                "{most} dispatches"
            );
        }
    }
}
