//! Attention of one query over the tokens of a sentence.

use super::float::{add_scaled, dot, softmax};
use super::rows::Rows;
use super::simd::{Isa, Kernel, Simd};

/// `weights = softmax_i(scale * query . keys[i])`, `output = sum_i weights[i] values[i]` over the rows i that `tokens` lists, as
/// many as there are `weights`.
pub struct Attention<'a, T> {
    /// `[width]`.
    pub query: &'a [f32],
    /// `[tokens, width]`.
    pub keys: Rows<'a>,
    /// `[tokens, width of output]`.
    pub values: Rows<'a>,
    /// The rows of the sentence.
    pub tokens: T,
    /// Factor of the scores.
    pub scale: f32,
    /// One for each token of the sentence.
    pub weights: &'a mut [f32],
    /// `[width of values]`.
    pub output: &'a mut [f32],
}

impl<T: Iterator<Item = usize> + Clone> Attention<'_, T> {
    /// Computes it.
    pub fn run(self, isa: Isa) {
        isa.run(self);
    }
}

impl<T: Iterator<Item = usize> + Clone> Kernel for Attention<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        for (weight, row) in self.weights.iter_mut().zip(self.tokens.clone()) {
            *weight = self.scale * dot(self.query, self.keys.row(row));
        }
        softmax(self.weights);
        self.output.fill(0.0);
        for (&weight, row) in self.weights.iter().zip(self.tokens) {
            add_scaled(self.output, weight, self.values.row(row));
        }
    }
}
