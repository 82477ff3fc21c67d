//! The Seq2Seq model with attention: bidirectional LSTM encoder, LSTM decoder, global attention without input feeding.

use super::plan::{Builder, Direction, Epilogue, Ids, Op, Plan, View};
use crate::format::Seq2SeqConfig;

/// Writes the model as a plan.
///
/// With E the embedding width, H the hidden width and h = H / 2, on `x_0` = embedding of the source tokens:
/// ```text
/// encoder   m     = [LSTM_forward(x_l) ; LSTM_backward(x_l)]          h units each
///           x_l+1 = m for l = 0, else m + x_l                         enc = the last
/// bridge    hidden_l = tanh(bridge_l . mean(enc) + b), cell_l = 0     for every decoder layer
/// keys      k_i   = attention.key . enc_i
/// decoder   s     = LSTM_0(embedding of the previous token)
///           c     = sum_i a_i enc_i,  a = softmax_i(s . k_i / sqrt(H))
///           s     = LSTM_l([s ; c]) + s                               for every layer l >= 1
/// output    o     = tanh(combine . [s ; c] + b)
///           logits = target_embedding . o + b
/// ```
#[must_use]
pub fn plan(config: &Seq2SeqConfig) -> Plan {
    let mut plan = Builder::default();
    let target_embedding = plan.matrix(
        "target_embedding",
        config.target_vocabulary,
        config.embedding,
    );
    let decoder: Vec<DecoderLayer> = (0..config.decoder_layers)
        .map(|_| DecoderLayer::new(&mut plan, config))
        .collect();

    let (mut encode, encoded) = encoder(&mut plan, config);
    encode.extend(bridge(&mut plan, config, encoded, &decoder));
    let keys = plan.tokens(config.hidden);
    encode.push(affine(
        plan.matrix("attention.key", config.hidden, config.hidden),
        None,
        encoded,
        keys,
    ));

    let previous = plan.hypotheses(config.embedding);
    let gates = plan.hypotheses(4 * config.hidden);
    let joint = plan.hypotheses(2 * config.hidden);
    let (state, context) = (
        joint.columns(0, config.hidden),
        joint.columns(config.hidden, config.hidden),
    );
    let mut step = vec![Op::Embed {
        table: target_embedding,
        ids: Ids::Previous,
        scale: 1.0,
        positions: false,
        output: previous,
    }];
    for (index, layer) in decoder.iter().enumerate() {
        let input = if index == 0 { previous } else { joint };
        step.extend(layer.step(&mut plan, config, index, input, gates));
        if index == 0 {
            step.push(Op::Copy {
                input: layer.hidden,
                output: state,
            });
            step.push(Op::Attention {
                query: layer.hidden,
                keys,
                values: encoded,
                output: context,
                heads: 1,
                scale: 1.0 / (config.hidden as f32).sqrt(),
            });
        } else {
            step.push(Op::Add {
                input: layer.hidden,
                output: state,
            });
        }
    }
    let combined = plan.hypotheses(config.embedding);
    let logits = plan.hypotheses(config.target_vocabulary);
    step.push(Op::Affine {
        weight: plan.matrix("output.combine", config.embedding, 2 * config.hidden),
        bias: Some(plan.vector("output.combine_bias", config.embedding)),
        input: joint,
        output: combined,
        epilogue: Epilogue::Tanh,
    });
    let bias = plan.vector("output.bias", config.target_vocabulary);
    step.push(affine(target_embedding, Some(bias), combined, logits));
    plan.finish(encode, step, logits)
}

/// The encoder's operations and where they leave its states.
fn encoder(plan: &mut Builder, config: &Seq2SeqConfig) -> (Vec<Op>, View) {
    let (hidden, half) = (config.hidden, config.hidden / 2);
    let embedded = plan.tokens(config.embedding);
    let gates = plan.tokens(4 * half);
    let mut layers = [plan.tokens(hidden), plan.tokens(hidden)];
    let table = plan.matrix(
        "source_embedding",
        config.source_vocabulary,
        config.embedding,
    );
    let mut ops = vec![Op::Embed {
        table,
        ids: Ids::Source,
        scale: 1.0,
        positions: false,
        output: embedded,
    }];
    for layer in 0..config.encoder_layers {
        let [below, above] = layers;
        let input = if layer == 0 { embedded } else { below };
        for (direction, name, column) in [
            (Direction::Forward, "forward", 0),
            (Direction::Backward, "backward", half),
        ] {
            let tensor = |part: &str| format!("encoder.{layer}.{name}.{part}");
            let weight = plan.matrix(tensor("input"), 4 * half, input.width);
            let bias = plan.vector(tensor("bias"), 4 * half);
            let recurrent = plan.matrix(tensor("recurrent"), 4 * half, half);
            ops.push(affine(weight, Some(bias), input, gates));
            ops.push(Op::Lstm {
                recurrent,
                gates,
                direction,
                output: above.columns(column, half),
            });
        }
        if layer > 0 {
            ops.push(Op::Add {
                input: below,
                output: above,
            });
        }
        layers.swap(0, 1);
    }
    (ops, layers[0])
}

/// Starts the decoder's states from the mean of the encoder's.
fn bridge(
    plan: &mut Builder,
    config: &Seq2SeqConfig,
    encoded: View,
    decoder: &[DecoderLayer],
) -> Vec<Op> {
    let mean = plan.hypotheses(config.hidden);
    let mut ops = vec![Op::Mean {
        input: encoded,
        output: mean,
    }];
    for (index, layer) in decoder.iter().enumerate() {
        ops.push(Op::Affine {
            weight: plan.matrix(
                format!("bridge.{index}.weight"),
                config.hidden,
                config.hidden,
            ),
            bias: Some(plan.vector(format!("bridge.{index}.bias"), config.hidden)),
            input: mean,
            output: layer.hidden,
            epilogue: Epilogue::Tanh,
        });
        ops.push(Op::Zero { output: layer.cell });
    }
    ops
}

/// What a decoder layer remembers from step to step.
struct DecoderLayer {
    hidden: View,
    cell: View,
}

impl DecoderLayer {
    fn new(plan: &mut Builder, config: &Seq2SeqConfig) -> Self {
        Self {
            hidden: plan.state(config.hidden),
            cell: plan.state(config.hidden),
        }
    }

    /// The LSTM's step, without the residual.
    fn step(
        &self,
        plan: &mut Builder,
        config: &Seq2SeqConfig,
        index: usize,
        input: View,
        gates: View,
    ) -> [Op; 3] {
        let tensor = |part: &str| format!("decoder.{index}.{part}");
        let weight = plan.matrix(tensor("input"), 4 * config.hidden, input.width);
        let recurrent = plan.matrix(tensor("recurrent"), 4 * config.hidden, config.hidden);
        let bias = plan.vector(tensor("bias"), 4 * config.hidden);
        [
            affine(weight, Some(bias), input, gates),
            Op::Affine {
                weight: recurrent,
                bias: None,
                input: self.hidden,
                output: gates,
                epilogue: Epilogue::Add,
            },
            Op::LstmCell {
                gates,
                cell: self.cell,
                hidden: self.hidden,
            },
        ]
    }
}

fn affine(
    weight: super::plan::Matrix,
    bias: Option<super::plan::Vector>,
    input: View,
    output: View,
) -> Op {
    Op::Affine {
        weight,
        bias,
        input,
        output,
        epilogue: Epilogue::Store,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plan_uses_exactly_the_tensors_of_the_file() {
        for (encoder_layers, decoder_layers) in [(1, 1), (2, 1), (3, 2)] {
            let config = Seq2SeqConfig {
                embedding: 6,
                hidden: 10,
                encoder_layers,
                decoder_layers,
                source_vocabulary: 31,
                target_vocabulary: 37,
            };
            let plan = plan(&config);
            let mut used: Vec<_> = plan
                .matrices
                .iter()
                .chain(&plan.vectors)
                .map(|tensor| (tensor.name.clone(), tensor.shape.clone()))
                .collect();
            used.sort();
            let expected: Vec<_> = config
                .tensors()
                .into_iter()
                .map(|(name, spec)| (name, spec.shape))
                .collect();
            assert_eq!(used, expected);
        }
    }
}
