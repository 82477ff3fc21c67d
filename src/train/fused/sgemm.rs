//! Single-threaded `f32` matrix products over slices. Parallelism is one level up: each worker trains on its own rows.

/// A row-major matrix view that may be read transposed.
#[derive(Clone, Copy)]
pub struct Operand<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Operand<'a> {
    /// `data` as a row-major `[rows, cols]` matrix.
    pub fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "matrix view: wrong length");
        Self {
            data,
            rows,
            cols,
            row_stride: cols,
            col_stride: 1,
        }
    }

    /// The same values read as the transposed matrix.
    pub fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }
}

/// `out = keep * out + left * right`, with `out` row-major `[left.rows, right.cols]` and `keep` 0 or 1.
pub fn product(left: Operand, right: Operand, out: &mut [f32], keep: bool) {
    assert_eq!(
        left.cols, right.rows,
        "matrix product: inner dimensions differ"
    );
    assert_eq!(
        out.len(),
        left.rows * right.cols,
        "matrix product: wrong output length"
    );
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
            left.col_stride as isize,
            left.row_stride as isize,
            right.data.as_ptr(),
            right.col_stride as isize,
            right.row_stride as isize,
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
        let mut out = [10.0; 4];
        product(
            Operand::new(&a, 2, 3),
            Operand::new(&b, 3, 2),
            &mut out,
            false,
        );
        assert_eq!(
            out.map(f32::to_bits),
            [5.0f32, 11.0, 14.0, 23.0].map(f32::to_bits)
        );
        product(
            Operand::new(&b, 3, 2).transposed(),
            Operand::new(&a, 2, 3).transposed(),
            &mut out,
            true,
        );
        assert_eq!(
            out.map(f32::to_bits),
            [10.0f32, 25.0, 25.0, 46.0].map(f32::to_bits)
        );
    }
}
