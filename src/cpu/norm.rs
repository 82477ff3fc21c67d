//! Layer normalisation.

use super::float::{dot, sum};
use super::rows::RowsMut;
use super::simd::{Isa, Kernel, Simd};

/// The first `count` rows of `output`, in place: with mean m and variance v of a row,
/// `output <- scale * (output - m) / sqrt(v + epsilon) + bias`.
pub struct Norm<'a> {
    /// Number of rows.
    pub count: usize,
    /// `[count, width]`.
    pub output: RowsMut<'a>,
    /// `[width]`, or longer.
    pub scale: &'a [f32],
    /// `[width]`, or longer.
    pub bias: &'a [f32],
    /// What keeps the quotient finite.
    pub epsilon: f32,
}

impl Norm<'_> {
    /// Computes it.
    pub fn run(self, isa: Isa) {
        isa.run(self);
    }
}

impl Kernel for Norm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, _: S) {
        let width = self.output.width();
        let (scale, bias) = (&self.scale[..width], &self.bias[..width]);
        for row in 0..self.count {
            let x = self.output.row(row);
            let mean = sum(x) / width as f32;
            for x in x.iter_mut() {
                *x -= mean;
            }
            let factor = 1.0 / (dot(x, x) / width as f32 + self.epsilon).sqrt();
            for j in 0..width {
                x[j] = x[j] * factor * scale[j] + bias[j];
            }
        }
    }
}
