//! Symmetric int8 quantisation of weight matrices, one scale per output channel.

use crate::error::{Error, Result};

/// Largest magnitude of a quantised weight. -128 is never used, so that a weight can always be negated.
pub const MAX_QUANTISED: i8 = 127;

/// A matrix `[rows, cols]`, row-major, whose element (r, c) is `data[r * cols + c] * scales[r]`.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantisedMatrix {
    /// Output channels.
    pub rows: usize,
    /// Input channels.
    pub cols: usize,
    /// `rows * cols` weights in -127..=127.
    pub data: Vec<i8>,
    /// `rows` scales, finite and positive.
    pub scales: Vec<f32>,
}

impl QuantisedMatrix {
    /// Rounds each row to `round(w / scale)` with `scale = max |w| / 127`, so the error of a weight is at most half a scale.
    ///
    /// A row of zeros gets the scale 1.
    ///
    /// # Errors
    /// [`Error::Weights`] if `values` has not `rows * cols` elements or one of them is not finite.
    pub fn quantise(values: &[f32], rows: usize, cols: usize) -> Result<Self> {
        if rows.checked_mul(cols) != Some(values.len()) || cols == 0 {
            return Err(Error::Weights(format!(
                "{} values do not make a {rows} x {cols} matrix",
                values.len()
            )));
        }
        let mut data = Vec::with_capacity(values.len());
        let mut scales = Vec::with_capacity(rows);
        for (row, values) in values.chunks_exact(cols).enumerate() {
            if !values.iter().all(|value| value.is_finite()) {
                return Err(Error::Weights(format!(
                    "row {row} holds a value that is not finite"
                )));
            }
            let largest = values
                .iter()
                .fold(0.0f32, |largest, value| largest.max(value.abs()));
            let scale = largest / f32::from(MAX_QUANTISED);
            // Below the normal range the quotient w / scale would no longer be accurate; such a row is zero in practice.
            let scale = if scale.is_normal() { scale } else { 1.0 };
            let limit = f32::from(MAX_QUANTISED);
            data.extend(
                values
                    .iter()
                    .map(|value| (value / scale).round().clamp(-limit, limit) as i8),
            );
            scales.push(scale);
        }
        Ok(Self {
            rows,
            cols,
            data,
            scales,
        })
    }

    /// The real values, `rows * cols` of them, row-major.
    #[must_use]
    pub fn dequantise(&self) -> Vec<f32> {
        self.data
            .chunks_exact(self.cols)
            .zip(&self.scales)
            .flat_map(|(row, &scale)| row.iter().map(move |&weight| f32::from(weight) * scale))
            .collect()
    }
}

#[cfg(not(target_family = "wasm"))]
impl super::ModelFile {
    /// Makes every matrix that is in floating point int8, and says whether there was one.
    ///
    /// # Errors
    /// [`Error::Weights`] when a weight is not finite.
    pub fn quantise(&mut self) -> Result<bool> {
        let mut changed = false;
        for tensor in self.tensors.values_mut() {
            if let super::Tensor::Float { shape, data } = tensor
                && let [rows, cols] = shape[..]
            {
                *tensor = super::Tensor::Quantised(QuantisedMatrix::quantise(data, rows, cols)?);
                changed = true;
            }
        }
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_is_at_most_half_a_scale() {
        let (rows, cols) = (7, 33);
        let values: Vec<f32> = (0..rows * cols)
            .map(|i| ((i * 7919 % 1000) as f32 / 500.0 - 1.0) * 10f32.powi((i / cols) as i32 - 3))
            .collect();
        let matrix = QuantisedMatrix::quantise(&values, rows, cols).unwrap();
        assert!(matrix.data.iter().all(|&weight| weight != i8::MIN));
        for (i, (real, restored)) in values.iter().zip(matrix.dequantise()).enumerate() {
            let scale = matrix.scales[i / cols];
            assert!(
                (real - restored).abs() <= scale * 0.5001,
                "element {i}: {real} became {restored}"
            );
        }
        for row in matrix.data.chunks_exact(cols) {
            assert_eq!(
                row.iter().map(|weight| weight.unsigned_abs()).max(),
                Some(127)
            );
        }
    }

    #[test]
    fn rows_without_signal_stay_zero() {
        let matrix = QuantisedMatrix::quantise(&[0.0, -0.0, 1e-44, -1e-42], 2, 2).unwrap();
        assert_eq!(matrix.scales, [1.0, 1.0]);
        assert_eq!(matrix.data, [0; 4]);
    }

    #[test]
    fn nonsense_is_refused() {
        for (values, rows, cols, expected) in [
            (vec![0.0; 5], 2, 3, "5 values do not make a 2 x 3 matrix"),
            (vec![], 2, 0, "0 values do not make a 2 x 0 matrix"),
            (vec![0.0; 4], usize::MAX, 4, "do not make"),
            (
                vec![1.0, 2.0, f32::NAN, 0.0],
                2,
                2,
                "row 1 holds a value that is not finite",
            ),
            (
                vec![1.0, f32::INFINITY],
                1,
                2,
                "row 0 holds a value that is not finite",
            ),
        ] {
            let message = QuantisedMatrix::quantise(&values, rows, cols)
                .unwrap_err()
                .to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
