//! Sinusoidal positions, with the same bits on every machine.

use crate::model::plan::{Op, Plan};

/// Positions kept ready: more than sentences and their translations usually have tokens.
const TABLE: usize = 192;

/// `position(t)[i] = sin(t f_i)`, `position(t)[h + i] = cos(t f_i)` with `f_i = 10000^(-i / (h - 1))`, for `0 <= i < h`.
#[derive(Clone, Debug, Default)]
pub struct Positions {
    frequencies: Vec<f64>,
    /// The first [`TABLE`] positions, `[TABLE, 2 h]`.
    table: Vec<f32>,
}

impl Positions {
    /// Positions of vectors of `width` elements.
    #[must_use]
    pub fn new(width: usize) -> Self {
        let half = width / 2;
        // The ratio of neighbours is 10000^(-1 / (h - 1)): a Taylor series for a tenth of a thousandth of the exponent, and
        // square-and-multiply; libraries' exponentials differ from machine to machine.
        let exponent = -LN_10000 / half.saturating_sub(1).max(1) as f64 / 1024.0;
        let mut ratio = 1.0;
        for n in (1..=8).rev() {
            ratio = 1.0 + exponent / f64::from(n) * ratio;
        }
        for _ in 0..10 {
            ratio *= ratio;
        }
        let frequencies = std::iter::successors(Some(1.0), |f| Some(f * ratio));
        let mut positions = Self {
            frequencies: frequencies.take(half).collect(),
            table: Vec::new(),
        };
        let mut table = vec![0.0; TABLE * width];
        for (time, row) in table.chunks_exact_mut(width.max(1)).enumerate() {
            positions.compute(time, row);
        }
        positions.table = table;
        positions
    }

    /// The positions that a plan asks for.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> Self {
        let ops = plan.encode.iter().chain(&plan.step);
        let widths = ops.filter_map(|op| match op {
            Op::Embed {
                positions: true,
                output,
                ..
            } => Some(output.width),
            _ => None,
        });
        widths.max().map(Self::new).unwrap_or_default()
    }

    /// `row += position(time)`.
    pub fn add(&self, time: usize, row: &mut [f32]) {
        if let Some(position) = self.table.get(time * row.len()..(time + 1) * row.len()) {
            for (x, position) in row.iter_mut().zip(position) {
                *x += position;
            }
        } else {
            self.compute(time, row);
        }
    }

    /// The same without the table.
    fn compute(&self, time: usize, row: &mut [f32]) {
        let (sines, cosines) = row.split_at_mut(self.frequencies.len());
        for ((frequency, s), c) in self.frequencies.iter().zip(sines).zip(cosines) {
            let (sin, cos) = sin_cos(time as f64 * frequency);
            *s += sin as f32;
            *c += cos as f32;
        }
    }
}

const LN_10000: f64 = 9.210_340_371_976_184;

/// Sine and cosine of an angle from 0 to some thousands, with an error below 1e-9.
fn sin_cos(angle: f64) -> (f64, f64) {
    use std::f64::consts::FRAC_PI_2;
    let quarter = (angle / FRAC_PI_2 + 0.5) as u64;
    let r = angle - quarter as f64 * FRAC_PI_2;
    let q = r * r;
    // Taylor series; |r| <= pi / 4.
    let sin = r
        * (1.0
            - q / 6.0 * (1.0 - q / 20.0 * (1.0 - q / 42.0 * (1.0 - q / 72.0 * (1.0 - q / 110.0)))));
    let cos = 1.0
        - q / 2.0
            * (1.0
                - q / 12.0
                    * (1.0 - q / 30.0 * (1.0 - q / 56.0 * (1.0 - q / 90.0 * (1.0 - q / 132.0)))));
    match quarter % 4 {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_agree_with_the_library() {
        for width in [2, 4, 6, 30, 256] {
            let positions = Positions::new(width);
            let half = width / 2;
            for time in [0, 1, 2, 17, TABLE - 1, TABLE, 1000] {
                let mut row = vec![0.5; width];
                positions.add(time, &mut row);
                for i in 0..half {
                    let exponent = i as f64 / half.saturating_sub(1).max(1) as f64;
                    let angle = time as f64 * 10_000f64.powf(-exponent);
                    for (found, expected) in [(row[i], angle.sin()), (row[half + i], angle.cos())] {
                        let difference = (f64::from(found) - 0.5 - expected).abs();
                        assert!(difference < 1e-6, "{width} {time} {i}: {difference}");
                    }
                }
            }
        }
    }
}
