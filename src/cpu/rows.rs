//! Matrices as the kernels see them: some columns of every row of a buffer.

/// Rows to read.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    data: &'a [f32],
    column: usize,
    width: usize,
    stride: usize,
}

/// Rows to write.
#[derive(Debug)]
pub struct RowsMut<'a> {
    data: &'a mut [f32],
    column: usize,
    width: usize,
    stride: usize,
}

impl<'a> Rows<'a> {
    /// The columns `column..column + width` of a buffer with `stride` columns.
    #[must_use]
    #[inline(always)]
    pub fn new(data: &'a [f32], column: usize, width: usize, stride: usize) -> Self {
        Self {
            data,
            column,
            width,
            stride,
        }
    }

    /// A whole buffer.
    #[must_use]
    pub fn dense(data: &'a [f32], width: usize) -> Self {
        Self::new(data, 0, width, width)
    }

    /// The rows from `row` on.
    #[must_use]
    #[inline(always)]
    pub fn skip(self, row: usize) -> Self {
        Self {
            data: &self.data[row * self.stride..],
            ..self
        }
    }

    /// Number of columns.
    #[must_use]
    #[inline(always)]
    pub fn width(&self) -> usize {
        self.width
    }

    /// One row.
    #[inline]
    #[must_use]
    pub fn row(&self, row: usize) -> &'a [f32] {
        &self.data[row * self.stride + self.column..][..self.width]
    }
}

impl<'a> RowsMut<'a> {
    /// The columns `column..column + width` of a buffer with `stride` columns.
    #[must_use]
    #[inline(always)]
    pub fn new(data: &'a mut [f32], column: usize, width: usize, stride: usize) -> Self {
        Self {
            data,
            column,
            width,
            stride,
        }
    }

    /// A whole buffer.
    #[must_use]
    pub fn dense(data: &'a mut [f32], width: usize) -> Self {
        Self::new(data, 0, width, width)
    }

    /// The rows from `row` on.
    #[must_use]
    #[inline(always)]
    pub fn skip(self, row: usize) -> Self {
        Self {
            data: &mut self.data[row * self.stride..],
            ..self
        }
    }

    /// The same rows, for a while.
    #[must_use]
    #[inline(always)]
    pub fn reborrow(&mut self) -> RowsMut<'_> {
        RowsMut {
            data: self.data,
            ..*self
        }
    }

    /// The first columns.
    #[must_use]
    #[inline(always)]
    pub fn narrow(self, width: usize) -> Self {
        Self { width, ..self }
    }

    /// Number of columns.
    #[must_use]
    #[inline(always)]
    pub fn width(&self) -> usize {
        self.width
    }

    /// One row.
    #[inline]
    #[must_use]
    pub fn row(&mut self, row: usize) -> &mut [f32] {
        &mut self.data[row * self.stride + self.column..][..self.width]
    }

    /// One row, for as long as the buffer is borrowed.
    #[must_use]
    #[inline(always)]
    pub fn into_row(self, row: usize) -> &'a mut [f32] {
        &mut self.data[row * self.stride + self.column..][..self.width]
    }
}
