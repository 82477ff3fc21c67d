//! The transformers as their equations read.

use dragoman::format::{Architecture, ModelFile, TransformerConfig};

use super::{Equations, Step, Tensors, Vector, add, arithmetic, dot, softmax};

pub struct Transformer {
    config: TransformerConfig,
    tensors: Tensors,
}

/// c of every decoder layer, or keys and values of the tokens so far, and their number.
pub struct State {
    cells: Vec<Vector>,
    histories: Vec<(Vec<Vector>, Vec<Vector>)>,
    time: usize,
}

impl Equations for Transformer {
    type Encoded = Vec<Vector>;
    type State = State;

    fn new(file: &ModelFile) -> Self {
        let Architecture::Transformer(config) = file.config.architecture.clone() else {
            panic!("not a transformer");
        };
        Self {
            config,
            tensors: Tensors::new(file),
        }
    }

    fn encode(&self, source: &[u32]) -> (Vec<Vector>, State) {
        let d = self.config.embedding;
        let embedding = self.config.source_embedding();
        let mut x: Vec<Vector> = source
            .iter()
            .enumerate()
            .map(|(time, &id)| self.embed(embedding, Some(id), time))
            .collect();
        for layer in 0..self.config.encoder_layers {
            let name = format!("encoder.{layer}.attention");
            let parts: Vec<Vector> = x
                .iter()
                .map(|x| self.affine(&format!("{name}.input"), x))
                .collect();
            let part = |n: usize| -> Vec<Vector> {
                parts
                    .iter()
                    .map(|x| x[n * d..(n + 1) * d].to_vec())
                    .collect()
            };
            let (queries, keys, values) = (part(0), part(1), part(2));
            for (x, query) in x.iter_mut().zip(&queries) {
                let (context, _) = self.attend(query, &keys, &values);
                let output = self.affine(&format!("{name}.output"), &context);
                *x = self.norm(&name, &add(x, &output));
                *x = self.feed_forward(&format!("encoder.{layer}.feed_forward"), x);
            }
        }
        let state = State {
            cells: vec![vec![0.0; d]; self.config.decoder_layers],
            histories: vec![(Vec::new(), Vec::new()); self.config.decoder_layers],
            time: 0,
        };
        (x, state)
    }

    fn step(&self, encoded: &Vec<Vector>, state: &mut State, previous: u32) -> Step {
        let d = self.config.embedding;
        let embedding = self.config.target_embedding();
        let previous = (state.time > 0).then_some(previous);
        let mut u = self.embed(embedding, previous, state.time);
        state.time += 1;
        let mut attention = Vec::new();
        let states = state.cells.iter_mut().zip(&mut state.histories);
        for (layer, (cell, (keys, values))) in states.enumerate() {
            if self.config.self_attention {
                let name = format!("decoder.{layer}.self_attention");
                let query = self.affine(&format!("{name}.query"), &u);
                let memory = self.affine(&format!("{name}.memory"), &u);
                keys.push(memory[..d].to_vec());
                values.push(memory[d..].to_vec());
                let (context, _) = self.attend(&query, keys, values);
                let output = self.affine(&format!("{name}.output"), &context);
                u = self.norm(&name, &add(&u, &output));
            } else {
                let name = format!("decoder.{layer}.recurrent");
                let gates = self.affine(&format!("{name}.input"), &u);
                for j in 0..d {
                    let forget = 1.0 / (1.0 + (-gates[d + j]).exp());
                    cell[j] = forget * cell[j] + (1.0 - forget) * gates[j];
                }
                let positive = cell.iter().map(|c| c.max(0.0)).collect::<Vector>();
                u = self.norm(&name, &add(&u, &positive));
            }

            let name = format!("decoder.{layer}.attention");
            let query = self.affine(&format!("{name}.query"), &u);
            let memory = encoded
                .iter()
                .map(|x| self.affine(&format!("{name}.memory"), x));
            let (keys, values): (Vec<Vector>, Vec<Vector>) =
                memory.map(|m| (m[..d].to_vec(), m[d..].to_vec())).unzip();
            let (context, first) = self.attend(&query, &keys, &values);
            attention = first;
            let output = self.affine(&format!("{name}.output"), &context);
            u = self.norm(&name, &add(&u, &output));
            u = self.feed_forward(&format!("decoder.{layer}.feed_forward"), &u);
        }
        let logits = add(
            &self.tensors.product(embedding, &u),
            &self.tensors.row("output.bias", 0),
        );
        Step { logits, attention }
    }
}

impl Transformer {
    /// The same with the products of another engine.
    #[allow(dead_code, reason = "not every test compares with another engine")]
    pub fn multiplying(mut self, products: arithmetic::Bergamot) -> Self {
        self.tensors.products = Some(products);
        self
    }

    fn embed(&self, table: &str, id: Option<u32>, time: usize) -> Vector {
        let d = self.config.embedding;
        let half = d / 2;
        let token = id.map_or(vec![0.0; d], |id| self.tensors.row(table, id));
        let position = (0..d).map(|i| {
            let exponent = (i % half) as f64 / (half.max(2) - 1) as f64;
            let angle = time as f64 * 10_000f64.powf(-exponent);
            if i < half { angle.sin() } else { angle.cos() }
        });
        token
            .iter()
            .zip(position)
            .map(|(x, position)| x * (d as f64).sqrt() + position)
            .collect()
    }

    /// What all heads find, and the attention of the first.
    fn attend(&self, query: &[f64], keys: &[Vector], values: &[Vector]) -> (Vector, Vector) {
        let width = query.len() / self.config.heads;
        let (mut context, mut first) = (Vec::new(), Vec::new());
        for head in 0..self.config.heads {
            let columns = head * width..(head + 1) * width;
            let scores = keys.iter().map(|key| {
                dot(&query[columns.clone()], &key[columns.clone()]) / (width as f64).sqrt()
            });
            let weights = softmax(&scores.collect::<Vector>());
            for column in columns {
                context.push(weights.iter().zip(values).map(|(w, v)| w * v[column]).sum());
            }
            if head == 0 {
                first = weights;
            }
        }
        (context, first)
    }

    fn feed_forward(&self, name: &str, x: &[f64]) -> Vector {
        let inner = self.affine(&format!("{name}.inner"), x);
        let activation = |&x: &f64| {
            if self.config.swish {
                x / (1.0 + (-x).exp())
            } else {
                x.max(0.0)
            }
        };
        let positive: Vector = inner.iter().map(activation).collect();
        self.norm(
            name,
            &add(x, &self.affine(&format!("{name}.outer"), &positive)),
        )
    }

    fn norm(&self, name: &str, x: &[f64]) -> Vector {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
        let scale = self.tensors.row(&format!("{name}.norm_scale"), 0);
        let bias = self.tensors.row(&format!("{name}.norm_bias"), 0);
        (0..x.len())
            .map(|j| scale[j] * (x[j] - mean) / (variance + 1e-6).sqrt() + bias[j])
            .collect()
    }

    fn affine(&self, name: &str, x: &[f64]) -> Vector {
        let bias = self.tensors.row(&format!("{name}_bias"), 0);
        add(&self.tensors.product(name, x), &bias)
    }
}
