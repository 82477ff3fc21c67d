//! Attention of one query over the tokens of a sentence, with one head or several.

use super::float::{add_scaled, dot, softmax};
use super::rows::Rows;
use super::simd::{Isa, Kernel, LANES, Lanes, Simd};

/// For each head, which is a range of columns of query, keys, values and output: `weights = softmax_i(scale * query . keys[i])`,
/// `output = sum_i weights[i] values[i]` over the rows i that `tokens` lists, as many as there are `weights`. Those of the first
/// head are left behind.
pub struct Attention<'a, T> {
    /// `[width]`.
    pub query: &'a [f32],
    /// `[tokens, width]`.
    pub keys: Rows<'a>,
    /// `[tokens, width of output]`.
    pub values: Rows<'a>,
    /// The rows of the sentence.
    pub tokens: T,
    /// Number of heads; divides both widths.
    pub heads: usize,
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
        let width = self.query.len() / self.heads;
        let value_width = self.output.len() / self.heads;
        for head in (0..self.heads).rev() {
            let (start, value_start) = (head * width, head * value_width);
            let query = &self.query[start..][..width];
            for (weight, row) in self.weights.iter_mut().zip(self.tokens.clone()) {
                *weight = self.scale * dot(query, &self.keys.row(row)[start..][..width]);
            }
            softmax(self.weights);
            let output = &mut self.output[value_start..][..value_width];
            // A few columns at a time, whose sums stay in registers.
            let (chunks, rest) = output.as_chunks_mut::<LANES>();
            let mut column = value_start;
            for output in chunks {
                let mut sums = Lanes::splat(0.0);
                for (&weight, row) in self.weights.iter().zip(self.tokens.clone()) {
                    let values = &self.values.row(row)[column..];
                    if let Some(values) = values.first_chunk() {
                        sums = sums + Lanes::splat(weight) * Lanes::load(values);
                    }
                }
                *output = sums.store();
                column += LANES;
            }
            if !rest.is_empty() {
                rest.fill(0.0);
                for (&weight, row) in self.weights.iter().zip(self.tokens.clone()) {
                    add_scaled(rest, weight, &self.values.row(row)[column..]);
                }
            }
        }
    }
}
