//! The models as their equations read: one sentence, one token, one scalar loop at a time.

use std::collections::BTreeMap;

use dragoman::format::{Architecture, ModelFile, Seq2SeqConfig, Tensor};

#[allow(dead_code, reason = "not every test compares with another engine")]
pub mod arithmetic;
mod transformer;

pub use transformer::Transformer;

pub type Vector = Vec<f64>;

/// A model that is computed the obvious way.
pub trait Equations {
    /// What the encoder leaves to the decoder.
    type Encoded;
    /// What the decoder takes from step to step.
    type State;
    fn new(file: &ModelFile) -> Self;
    fn encode(&self, source: &[u32]) -> (Self::Encoded, Self::State);
    fn step(&self, encoded: &Self::Encoded, state: &mut Self::State, previous: u32) -> Step;
}

/// The tensors of a model as rows of numbers.
pub struct Tensors {
    rows: BTreeMap<String, Vec<Vector>>,
    /// How another engine multiplies.
    products: Option<arithmetic::Bergamot>,
}

impl Tensors {
    pub fn new(file: &ModelFile) -> Self {
        let rows = |tensor: &Tensor| -> Vec<Vector> {
            let (data, cols) = match tensor {
                Tensor::Quantised(matrix) => (matrix.dequantise(), matrix.cols),
                Tensor::Float { shape, data } => (data.clone(), shape[shape.len() - 1]),
            };
            data.chunks(cols)
                .map(|row| row.iter().map(|&x| f64::from(x)).collect())
                .collect()
        };
        let tensors = file.tensors.iter();
        Self {
            rows: tensors
                .map(|(name, tensor)| (name.clone(), rows(tensor)))
                .collect(),
            products: None,
        }
    }

    pub fn row(&self, name: &str, row: u32) -> Vector {
        self.rows[name][row as usize].clone()
    }

    pub fn product(&self, name: &str, x: &[f64]) -> Vector {
        match &self.products {
            Some(products) => products.product(name, x),
            None => self.rows[name].iter().map(|row| dot(row, x)).collect(),
        }
    }
}

/// The Seq2Seq model.
pub struct Seq2Seq {
    config: Seq2SeqConfig,
    tensors: Tensors,
}

/// What the encoder leaves to the decoder.
pub struct Encoded {
    states: Vec<Vector>,
    keys: Vec<Vector>,
}

/// h and c of every decoder layer.
pub type State = Vec<(Vector, Vector)>;

/// What one decoder step computes.
pub struct Step {
    pub logits: Vector,
    pub attention: Vector,
}

impl Equations for Seq2Seq {
    type Encoded = Encoded;
    type State = State;

    fn new(file: &ModelFile) -> Self {
        let Architecture::Seq2Seq(config) = file.config.architecture.clone() else {
            panic!("not a Seq2Seq model");
        };
        Self {
            config,
            tensors: Tensors::new(file),
        }
    }

    fn encode(&self, source: &[u32]) -> (Encoded, State) {
        let mut states: Vec<Vector> = source
            .iter()
            .map(|&id| self.row("source_embedding", id))
            .collect();
        for layer in 0..self.config.encoder_layers {
            let forward = self.lstm(&format!("encoder.{layer}.forward"), states.iter());
            let mut backward = self.lstm(&format!("encoder.{layer}.backward"), states.iter().rev());
            backward.reverse();
            let merged: Vec<Vector> = forward
                .into_iter()
                .zip(backward)
                .map(|(f, b)| [f, b].concat())
                .collect();
            states = if layer == 0 {
                merged
            } else {
                merged.iter().zip(&states).map(|(m, x)| add(m, x)).collect()
            };
        }
        let mut mean = vec![0.0; self.config.hidden];
        for state in &states {
            mean = add(&mean, state);
        }
        let mean = mean.iter().map(|x| x / states.len() as f64).collect();
        let start = (0..self.config.decoder_layers)
            .map(|layer| {
                let hidden = self.affine(
                    &format!("bridge.{layer}.weight"),
                    &format!("bridge.{layer}.bias"),
                    &mean,
                );
                (
                    hidden.into_iter().map(f64::tanh).collect(),
                    vec![0.0; self.config.hidden],
                )
            })
            .collect();
        let keys = states
            .iter()
            .map(|state| self.product("attention.key", state))
            .collect();
        (Encoded { states, keys }, start)
    }

    fn step(&self, encoded: &Encoded, state: &mut State, previous: u32) -> Step {
        let mut s = self.row("target_embedding", previous);
        let (mut attention, mut context) = (Vec::new(), Vec::new());
        for (layer, state) in state.iter_mut().enumerate() {
            let prefix = format!("decoder.{layer}");
            if layer == 0 {
                s = self.cell(&prefix, &s, state);
                let scores = encoded
                    .keys
                    .iter()
                    .map(|key| dot(&s, key) / (self.config.hidden as f64).sqrt());
                attention = softmax(&scores.collect::<Vector>());
                context = vec![0.0; self.config.hidden];
                for (weight, value) in attention.iter().zip(&encoded.states) {
                    context
                        .iter_mut()
                        .zip(value)
                        .for_each(|(c, v)| *c += weight * v);
                }
            } else {
                let joint = [s.clone(), context.clone()].concat();
                s = add(&self.cell(&prefix, &joint, state), &s);
            }
        }
        let joint = [s, context].concat();
        let combined: Vector = self
            .affine("output.combine", "output.combine_bias", &joint)
            .into_iter()
            .map(f64::tanh)
            .collect();
        Step {
            logits: self.affine("target_embedding", "output.bias", &combined),
            attention,
        }
    }
}

impl Seq2Seq {
    fn lstm<'a>(&self, prefix: &str, inputs: impl Iterator<Item = &'a Vector>) -> Vec<Vector> {
        let half = self.config.hidden / 2;
        let mut state = (vec![0.0; half], vec![0.0; half]);
        inputs.map(|x| self.cell(prefix, x, &mut state)).collect()
    }

    fn cell(&self, prefix: &str, x: &Vector, state: &mut (Vector, Vector)) -> Vector {
        let from_input = self.affine(&format!("{prefix}.input"), &format!("{prefix}.bias"), x);
        let gates = add(
            &from_input,
            &self.product(&format!("{prefix}.recurrent"), &state.0),
        );
        let width = state.0.len();
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        for j in 0..width {
            let [i, f, g, o] = [0, 1, 2, 3].map(|gate| gates[gate * width + j]);
            state.1[j] = sigmoid(f) * state.1[j] + sigmoid(i) * g.tanh();
            state.0[j] = sigmoid(o) * state.1[j].tanh();
        }
        state.0.clone()
    }

    fn row(&self, name: &str, row: u32) -> Vector {
        self.tensors.row(name, row)
    }

    fn product(&self, name: &str, x: &Vector) -> Vector {
        self.tensors.product(name, x)
    }

    fn affine(&self, weight: &str, bias: &str, x: &Vector) -> Vector {
        add(&self.product(weight, x), &self.row(bias, 0))
    }
}

pub fn softmax(x: &[f64]) -> Vector {
    let sum: f64 = x.iter().map(|x| x.exp()).sum();
    x.iter().map(|x| x.exp() / sum).collect()
}

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub fn add(a: &[f64], b: &[f64]) -> Vector {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}
