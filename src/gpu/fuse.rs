//! Operations of a plan that become one dispatch: a step costs mostly its dispatches.

use crate::model::plan::{Epilogue, Matrix, Op, View};

/// What one dispatch computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Fused {
    /// An operation as it stands.
    Op(Op),
    /// An affine operation and the product that is added to its output: `output = W x + b + V z`.
    AffinePair {
        /// The first, which stores.
        first: Op,
        /// V.
        weight: Matrix,
        /// z.
        input: View,
    },
    /// [`Op::LstmCell`] and what is done with its `hidden`.
    LstmCell {
        /// As in the operation.
        gates: View,
        /// As in the operation.
        cell: View,
        /// As in the operation.
        hidden: View,
        /// Where `hidden` is copied, or added if true.
        then: Option<(View, bool)>,
    },
}

/// Joins operations that follow each other.
pub fn fuse(ops: &[Op]) -> Vec<Fused> {
    let mut fused = Vec::with_capacity(ops.len());
    let mut rest = ops;
    while let Some((first, others)) = rest.split_first() {
        let next = others.first();
        let (one, taken) = pair(first, next);
        fused.push(one);
        rest = &rest[taken..];
    }
    fused
}

/// What the first operation becomes, and how many operations that takes.
fn pair(first: &Op, next: Option<&Op>) -> (Fused, usize) {
    match (first, next) {
        (
            Op::Affine {
                output: sum,
                epilogue: Epilogue::Store,
                ..
            },
            Some(&Op::Affine {
                weight,
                bias: None,
                input,
                output,
                epilogue: Epilogue::Add,
            }),
        ) if *sum == output => {
            let first = first.clone();
            let pair = Fused::AffinePair {
                first,
                weight,
                input,
            };
            (pair, 2)
        }
        (
            &Op::LstmCell {
                gates,
                cell,
                hidden,
            },
            next,
        ) => {
            let then = match next {
                Some(&Op::Copy { input, output }) if input == hidden => Some((output, false)),
                Some(&Op::Add { input, output }) if input == hidden => Some((output, true)),
                _ => None,
            };
            let taken = 1 + usize::from(then.is_some());
            let one = Fused::LstmCell {
                gates,
                cell,
                hidden,
                then,
            };
            (one, taken)
        }
        _ => (Fused::Op(first.clone()), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Seq2SeqConfig, TransformerConfig};
    use crate::model::{seq2seq, transformer};

    #[test]
    fn a_step_is_few_dispatches() {
        for (decoder_layers, expected) in [(1, 6), (2, 8)] {
            let plan = seq2seq::plan(&Seq2SeqConfig {
                embedding: 6,
                hidden: 10,
                encoder_layers: 2,
                decoder_layers,
                source_vocabulary: 31,
                target_vocabulary: 37,
            });
            assert_eq!(fuse(&plan.step).len(), expected, "{decoder_layers} layers");
        }
    }

    #[test]
    fn a_step_of_the_transformer_is_ten_dispatches_for_each_layer() {
        for decoder_layers in [1, 2, 4] {
            let plan = transformer::plan(&TransformerConfig {
                embedding: 6,
                feed_forward: 10,
                heads: 2,
                encoder_layers: 1,
                decoder_layers,
                source_vocabulary: 31,
                target_vocabulary: 31,
                shared_vocabulary: true,
                self_attention: false,
                swish: false,
            });
            assert_eq!(fuse(&plan.step).len(), 10 * decoder_layers + 2);
        }
    }

    #[test]
    fn only_what_belongs_together_is_joined() {
        let view = |column| {
            let mut builder = crate::model::plan::Builder::default();
            builder.hypotheses(64).columns(column, 4)
        };
        let cell = Op::LstmCell {
            gates: view(0),
            cell: view(16),
            hidden: view(20),
        };
        let other = Op::Copy {
            input: view(24),
            output: view(28),
        };
        assert_eq!(fuse(&[cell, other]).len(), 2);
    }
}
