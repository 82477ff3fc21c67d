//! The transformers of Marian: the student of Bergamot and Firefox, with an SSRU decoder, and OPUS-MT, with self-attention.

use super::plan::{Builder, Epilogue, Ids, Matrix, Op, Plan, Vector, View};
use crate::format::TransformerConfig;
use crate::format::transformer::WITH_TEACHERS;

/// What keeps layer normalisation finite (Marian's value).
pub const EPSILON: f32 = 1e-6;

/// Writes the model as a plan.
///
/// With d the embedding width, H heads of d / H columns each, `LN` layer normalisation, and every product with a bias:
/// ```text
/// embed     x_t = sqrt(d) embedding(token t) + position(t)              see Op::Embed
///
/// encoder   [q ; k ; v]_t = attention.input x_t
///           x = LN(x + attention.output [a_1 ; .. ; a_H])               a_j = softmax(q_j k_j / sqrt(d / H)) v_j
///           x = LN(x + feed_forward.outer max(0, feed_forward.inner x))
///
/// decoder   u = sqrt(d) embedding(previous token) + position(t)         before the first token only the position
///           [z ; f] = recurrent.input u
///           c = sigmoid(f) c + (1 - sigmoid(f)) z,  c = 0 at first
///           u = LN(u + max(0, c))
///        or [k ; v]_t = self_attention.memory u                       kept for the steps to come
///           u = LN(u + self_attention.output [a_1 ; .. ; a_H])          q = self_attention.query u, over the steps so far
///           [k ; v]_i = attention.memory x_i                            once for each source token
///           u = LN(u + attention.output [a_1 ; .. ; a_H])               q = attention.query u
///           u = LN(u + feed_forward.outer max(0, feed_forward.inner u))
///
/// output    logits = embedding u + bias
/// ```
/// In place of max(0, x) in the feed-forward layers there may be x sigmoid(x). Normalisation follows the residual ("post-norm"), and
/// nothing follows the last layer. The alignment is that of the first head of the last decoder layer.
#[must_use]
pub fn plan(config: &TransformerConfig) -> Plan {
    let mut plan = Builder::default();
    let d = config.embedding;
    let (mut encode, encoded) = encoder(&mut plan, config);

    let target = plan.matrix(config.target_embedding(), config.target_vocabulary, d);
    let state = plan.hypotheses(d);
    let scratch = Scratch {
        state,
        inner: plan.hypotheses(config.feed_forward),
        context: plan.hypotheses(d),
        activation: activation(config),
    };
    let (query, gates) = (plan.hypotheses(d), plan.hypotheses(2 * d));
    let mut step = vec![embed(config, target, Ids::PreviousOrNone, state)];
    for layer in 0..config.decoder_layers {
        let name = |part: &str| format!("decoder.{layer}.{part}");
        let memory = plan.tokens(2 * d);
        encode.push(affine(
            &mut plan,
            &name("attention.memory"),
            encoded,
            memory,
            Epilogue::Store,
        ));

        if WITH_TEACHERS && config.self_attention {
            let name = name("self_attention");
            let history = plan.history(2 * d);
            step.push(affine(
                &mut plan,
                &format!("{name}.memory"),
                state,
                history,
                Epilogue::Store,
            ));
            let views = [query, history];
            step.extend(attention_to(&mut plan, config, &name, views, &scratch));
        } else {
            let cell = plan.state(d);
            encode.push(Op::Zero { output: cell });
            step.push(affine(
                &mut plan,
                &name("recurrent.input"),
                state,
                gates,
                Epilogue::Store,
            ));
            step.push(Op::SsruCell {
                gates,
                cell,
                output: state,
            });
            step.push(norm(&mut plan, &name("recurrent"), state));
        }
        step.extend(attention_to(
            &mut plan,
            config,
            &name("attention"),
            [query, memory],
            &scratch,
        ));
        step.extend(feed_forward(&mut plan, &name("feed_forward"), &scratch));
    }
    let logits = plan.hypotheses(config.target_vocabulary);
    step.push(Op::Logits {
        weight: target,
        bias: plan.vector("output.bias", config.target_vocabulary),
        input: state,
        output: logits,
    });
    plan.finish(encode, step, logits)
}

/// The buffers of a stack of layers.
struct Scratch {
    /// `[rows, d]`: what the layers change.
    state: View,
    /// `[rows, F]`.
    inner: View,
    /// `[rows, d]`: what the heads found.
    context: View,
    /// That of the feed-forward layers.
    activation: Epilogue,
}

/// The encoder's operations and where they leave its states.
fn encoder(plan: &mut Builder, config: &TransformerConfig) -> (Vec<Op>, View) {
    let d = config.embedding;
    let scratch = Scratch {
        state: plan.tokens(d),
        inner: plan.tokens(config.feed_forward),
        context: plan.tokens(d),
        activation: activation(config),
    };
    let inputs = plan.tokens(3 * d);
    let table = plan.matrix(config.source_embedding(), config.source_vocabulary, d);
    let mut ops = vec![embed(config, table, Ids::Source, scratch.state)];
    for layer in 0..config.encoder_layers {
        let name = |part: &str| format!("encoder.{layer}.{part}");
        ops.push(affine(
            plan,
            &name("attention.input"),
            scratch.state,
            inputs,
            Epilogue::Store,
        ));
        let views = [0, d, 2 * d].map(|column| inputs.columns(column, d));
        ops.extend(attention(plan, config, &name("attention"), views, &scratch));
        ops.extend(feed_forward(plan, &name("feed_forward"), &scratch));
    }
    (ops, scratch.state)
}

fn activation(config: &TransformerConfig) -> Epilogue {
    if WITH_TEACHERS && config.swish {
        Epilogue::Swish
    } else {
        Epilogue::Relu
    }
}

fn embed(config: &TransformerConfig, table: Matrix, ids: Ids, output: View) -> Op {
    Op::Embed {
        table,
        ids,
        scale: (config.embedding as f32).sqrt(),
        positions: true,
        output,
    }
}

/// `state = LN(state + name.output heads(query, keys, values))`.
fn attention(
    plan: &mut Builder,
    config: &TransformerConfig,
    name: &str,
    [query, keys, values]: [View; 3],
    scratch: &Scratch,
) -> [Op; 3] {
    let heads = Op::Attention {
        query,
        keys,
        values,
        output: scratch.context,
        heads: config.heads,
        scale: 1.0 / ((config.embedding / config.heads) as f32).sqrt(),
    };
    let output = format!("{name}.output");
    [
        heads,
        affine(plan, &output, scratch.context, scratch.state, Epilogue::Add),
        norm(plan, name, scratch.state),
    ]
}

/// The same with the query `name.query state`, over keys and values side by side.
fn attention_to(
    plan: &mut Builder,
    config: &TransformerConfig,
    name: &str,
    [query, memory]: [View; 2],
    scratch: &Scratch,
) -> [Op; 4] {
    let d = query.width;
    let ask = affine(
        plan,
        &format!("{name}.query"),
        scratch.state,
        query,
        Epilogue::Store,
    );
    let views = [query, memory.columns(0, d), memory.columns(d, d)];
    let [heads, output, norm] = attention(plan, config, name, views, scratch);
    [ask, heads, output, norm]
}

/// `state = LN(state + name.outer activation(name.inner state))`.
fn feed_forward(plan: &mut Builder, name: &str, scratch: &Scratch) -> [Op; 3] {
    let Scratch {
        state,
        inner,
        activation,
        ..
    } = *scratch;
    [
        affine(plan, &format!("{name}.inner"), state, inner, activation),
        affine(plan, &format!("{name}.outer"), inner, state, Epilogue::Add),
        norm(plan, name, state),
    ]
}

fn affine(plan: &mut Builder, name: &str, input: View, output: View, epilogue: Epilogue) -> Op {
    Op::Affine {
        weight: plan.matrix(name, output.width, input.width),
        bias: Some(bias(plan, name, output.width)),
        input,
        output,
        epilogue,
    }
}

fn bias(plan: &mut Builder, name: &str, width: usize) -> Vector {
    plan.vector(format!("{name}_bias"), width)
}

fn norm(plan: &mut Builder, name: &str, output: View) -> Op {
    Op::Norm {
        output,
        scale: plan.vector(format!("{name}.norm_scale"), output.width),
        bias: plan.vector(format!("{name}.norm_bias"), output.width),
        epsilon: EPSILON,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plan_uses_exactly_the_tensors_of_the_file() {
        for (encoder_layers, decoder_layers, shared_vocabulary, self_attention) in [
            (1, 1, true, false),
            (2, 1, false, true),
            (1, 3, true, false),
        ] {
            let config = TransformerConfig {
                embedding: 6,
                feed_forward: 10,
                heads: 3,
                encoder_layers,
                decoder_layers,
                source_vocabulary: 31,
                target_vocabulary: if shared_vocabulary { 31 } else { 37 },
                shared_vocabulary,
                self_attention,
                swish: self_attention,
            };
            config.check().unwrap();
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
