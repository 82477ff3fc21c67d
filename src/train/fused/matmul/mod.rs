//! Single-threaded matrix products over slices. Parallelism is one level up: each worker trains on its own rows.
//!
//! Values go in and come out as `f32`. With [`Precision::Bf16`] the operands are rounded to bfloat16 (8 bits of mantissa, the
//! range of `f32`) while they are packed, and the products are still added up in `f32`; processors without such
//! instructions compute in `f32`.

#[cfg(target_arch = "x86_64")]
mod bf16;

use std::hint::black_box;
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// What the factors of matrix products are rounded to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Not at all.
    F32,
    /// To bfloat16, where the processor multiplies it: up to twice as fast.
    #[default]
    Bf16,
}

impl Precision {
    /// The same, or [`Precision::F32`] where that is faster: some processors multiply bfloat16 slowly, or not at all.
    /// Takes a few products of the size of a layer's to find out.
    #[must_use]
    pub fn where_it_pays(self) -> Self {
        let pays = self == Self::Bf16 && seconds(Self::Bf16) < seconds(Self::F32);
        if pays { Self::Bf16 } else { Self::F32 }
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::Bf16 => "bfloat16",
        }
    }
}

/// Time of the fastest of a few products, with what it takes to prepare them.
fn seconds(precision: Precision) -> f64 {
    const ROWS: usize = 512;
    const DEPTH: usize = 512;
    const COLS: usize = 1024;
    const TIMES: usize = 5;
    let (left, right) = (vec![0.5; ROWS * DEPTH], vec![0.5; DEPTH * COLS]);
    let mut out = vec![0.0; ROWS * COLS];
    let times = std::array::from_fn::<f64, TIMES, _>(|_| {
        let start = Instant::now();
        let right = Right::new(Operand::new(&right, DEPTH, COLS), precision);
        let left = Operand::new(&left, ROWS, DEPTH);
        product(left, &right, black_box(&mut out), false);
        start.elapsed().as_secs_f64()
    });
    times.into_iter().fold(f64::INFINITY, f64::min)
}

/// A row-major matrix view that may be read transposed.
#[derive(Clone, Copy)]
pub struct Operand<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    transposed: bool,
}

impl<'a> Operand<'a> {
    /// `data` as a row-major `[rows, cols]` matrix.
    pub fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "matrix view: wrong length");
        Self {
            data,
            rows,
            cols,
            transposed: false,
        }
    }

    /// The same values read as the transposed matrix.
    pub fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            transposed: !self.transposed,
        }
    }

    /// Distances in values between two rows and between two columns.
    fn strides(&self) -> (usize, usize) {
        if self.transposed {
            (1, self.rows)
        } else {
            (self.cols, 1)
        }
    }
}

/// The right-hand matrix of products, prepared once for all of them.
pub struct Right<'a>(Prepared<'a>);

enum Prepared<'a> {
    F32(Operand<'a>),
    #[cfg(target_arch = "x86_64")]
    Bf16(bf16::Packed),
}

impl<'a> Right<'a> {
    /// Prepares `matrix` for products in the given precision.
    pub fn new(matrix: Operand<'a>, precision: Precision) -> Self {
        #[cfg(target_arch = "x86_64")]
        if precision == Precision::Bf16 && bf16::is_available() {
            return Self(Prepared::Bf16(bf16::Packed::new(matrix)));
        }
        let _ = precision;
        Self(Prepared::F32(matrix))
    }
}

/// `out = keep * out + left * right`, with `out` row-major `[left.rows, right.cols]` and `keep` 0 or 1.
pub fn product(left: Operand, right: &Right, out: &mut [f32], keep: bool) {
    match &right.0 {
        Prepared::F32(right) => product_f32(left, *right, out, keep),
        #[cfg(target_arch = "x86_64")]
        Prepared::Bf16(right) => right.product(left, out, keep),
    }
}

fn product_f32(left: Operand, right: Operand, out: &mut [f32], keep: bool) {
    assert_eq!(
        left.cols, right.rows,
        "matrix product: inner dimensions differ"
    );
    assert_eq!(
        out.len(),
        left.rows * right.cols,
        "matrix product: wrong output length"
    );
    let ((left_row, left_col), (right_row, right_col)) = (left.strides(), right.strides());
    // SAFETY: the views were length-checked on construction, `out` just above, and `out` is borrowed mutably, so it
    // overlaps neither operand.
    unsafe {
        gemm::gemm(
            left.rows,
            right.cols,
            left.cols,
            out.as_mut_ptr(),
            1,
            right.cols as isize,
            keep,
            left.data.as_ptr(),
            left_col as isize,
            left_row as isize,
            right.data.as_ptr(),
            right_col as isize,
            right_row as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_views_and_transposed_views() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]; // [2, 3]
        let b = [1.0, 0.0, 2.0, 1.0, 0.0, 3.0]; // [3, 2]
        // Small whole numbers are exact in bfloat16 too.
        for precision in [Precision::F32, Precision::Bf16] {
            let mut out = [10.0; 4];
            product(
                Operand::new(&a, 2, 3),
                &Right::new(Operand::new(&b, 3, 2), precision),
                &mut out,
                false,
            );
            assert_eq!(
                out.map(f32::to_bits),
                [5.0f32, 11.0, 14.0, 23.0].map(f32::to_bits)
            );
            product(
                Operand::new(&b, 3, 2).transposed(),
                &Right::new(Operand::new(&a, 2, 3).transposed(), precision),
                &mut out,
                true,
            );
            assert_eq!(
                out.map(f32::to_bits),
                [10.0f32, 25.0, 25.0, 46.0].map(f32::to_bits)
            );
        }
    }
}
