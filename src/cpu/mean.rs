//! The mean of rows.

use super::rowwise::add_row;

/// `mean = sum of the rows / number of rows`.
pub fn mean<'a>(rows: impl ExactSizeIterator<Item = &'a [f32]>, mean: &mut [f32]) {
    let scale = 1.0 / rows.len() as f32;
    mean.fill(0.0);
    rows.for_each(|row| add_row(mean, row));
    for mean in mean {
        *mean *= scale;
    }
}
