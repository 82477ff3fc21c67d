//! What is done to rows element by element.

use super::rows::{Rows, RowsMut};

/// `y = 0`, for the first `count` rows.
pub fn zero(count: usize, mut y: RowsMut<'_>) {
    (0..count).for_each(|row| y.row(row).fill(0.0));
}

/// `y = x`, for the first `count` rows.
pub fn copy(count: usize, x: Rows<'_>, mut y: RowsMut<'_>) {
    (0..count).for_each(|row| y.row(row).copy_from_slice(x.row(row)));
}

/// `y += x`, for the first `count` rows.
pub fn add(count: usize, x: Rows<'_>, mut y: RowsMut<'_>) {
    (0..count).for_each(|row| add_row(y.row(row), x.row(row)));
}

/// `y += x`.
pub fn add_row(y: &mut [f32], x: &[f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += x;
    }
}
