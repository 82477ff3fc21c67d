//! Float arithmetic in a fixed order, so that it gives the same bits on every machine.
//!
//! Functions here are plain loops that the compiler turns into vector code; reductions keep [`LANES`] partial results, which
//! is what lets it do so. They are inlined into the kernels to be compiled with the instructions of each [`super::Isa`].

use super::simd::{LANES, Lanes};

/// `sum_i a_i b_i`.
#[inline(always)]
#[must_use]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut sums = Lanes::splat(0.0);
    for (a, b) in a.iter().zip(b) {
        sums = sums + Lanes::load(a) * Lanes::load(b);
    }
    let mut lanes = sums.store();
    for ((lane, a), b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += a * b;
    }
    fold(lanes, |a, b| a + b)
}

/// `sum_i x_i`.
#[inline(always)]
#[must_use]
pub fn sum(x: &[f32]) -> f32 {
    reduce(x, 0.0, |sum, x| sum + x, |sum, x| sum + x)
}

/// `y += a x`.
#[inline(always)]
pub fn add_scaled(y: &mut [f32], a: f32, x: &[f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// The largest element, or minus infinity where there is none.
#[inline(always)]
#[must_use]
pub fn max(x: &[f32]) -> f32 {
    reduce(x, f32::NEG_INFINITY, Lanes::max, larger)
}

/// The largest magnitude.
#[inline(always)]
#[must_use]
pub fn max_abs(x: &[f32]) -> f32 {
    // The identity is 0, and |max| = max.
    reduce(
        x,
        0.0,
        |max, x| max.max(x.abs()),
        |max, x| larger(max, x.abs()),
    )
}

#[inline(always)]
fn larger(max: f32, x: f32) -> f32 {
    if x > max { x } else { max }
}

/// `sum_i exp(x_i - shift)`.
#[inline(always)]
#[must_use]
pub fn sum_exp(x: &[f32], shift: f32) -> f32 {
    let (x, rest) = x.as_chunks::<LANES>();
    let mut sums = Lanes::splat(0.0);
    for x in x {
        let mut powers = [0.0; LANES];
        for i in 0..LANES {
            powers[i] = exp(x[i] - shift);
        }
        sums = sums + Lanes::load(&powers);
    }
    let mut lanes = sums.store();
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane += exp(x - shift);
    }
    fold(lanes, |a, b| a + b)
}

/// `x <- exp(x) / sum exp(x)`, safe for any finite values.
#[inline(always)]
pub fn softmax(x: &mut [f32]) {
    let shift = max(x);
    for x in x.iter_mut() {
        *x = exp(*x - shift);
    }
    let scale = 1.0 / sum(x);
    for x in x {
        *x *= scale;
    }
}

/// e^x with a relative error below 3e-7; 0 below -87, and no more than e^88.
#[inline(always)]
#[must_use]
pub fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to the nearest integer n and leaves n in the low bits.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first exact in few enough bits that n times it is exact too.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = if x > 88.0 { 88.0 } else { x };
    let clamped = if x > -87.0 { x } else { -87.0 };
    // e^x = 2^n e^r with |r| <= ln 2 / 2, and a polynomial for e^r (Cephes).
    let shifted = clamped * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = clamped - n * LN2_HIGH - n * LN2_LOW;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.500_000_06;
    let e = p * r * r + r + 1.0;
    // 2^n: n moved into the exponent field, whose bias is 127.
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    if x > -87.0 { e * power } else { 0.0 }
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
#[must_use]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `tanh x`, with an absolute error below 3e-7.
#[inline(always)]
#[must_use]
pub fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}

/// Reduces a slice with an associative function whose identity is `identity`, given for lanes and for single floats.
#[inline(always)]
fn reduce(
    x: &[f32],
    identity: f32,
    many: impl Fn(Lanes, Lanes) -> Lanes,
    one: impl Fn(f32, f32) -> f32,
) -> f32 {
    let (x, rest) = x.as_chunks();
    let mut lanes = Lanes::splat(identity);
    for x in x {
        lanes = many(lanes, Lanes::load(x));
    }
    let mut lanes = lanes.store();
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = one(*lane, x);
    }
    fold(lanes, one)
}

/// Combines the lanes as a balanced tree.
#[inline(always)]
fn fold(mut lanes: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = f(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(len: usize) -> Vec<f32> {
        (0..len)
            .map(|i| ((i * 37 + 11) % 101) as f32 / 25.0 - 2.0)
            .collect()
    }

    #[test]
    fn elementary_functions_agree_with_the_library() {
        for i in -4_000..=4_000 {
            let x = i as f32 * 0.025;
            let wide = f64::from(x);
            let expected = wide.clamp(-87.0, 88.0).exp();
            if wide > -87.0 {
                assert!((f64::from(exp(x)) / expected - 1.0).abs() < 3e-7, "exp {x}");
            } else {
                assert_eq!(exp(x).to_bits(), 0, "exp {x}");
            }
            assert!((f64::from(tanh(x)) - wide.tanh()).abs() < 3e-7, "tanh {x}");
            assert!(
                (f64::from(sigmoid(x)) - 1.0 / (1.0 + (-wide).exp())).abs() < 3e-7,
                "sigmoid {x}"
            );
        }
        assert_eq!(exp(0.0).to_bits(), 1.0f32.to_bits());
        assert_eq!(exp(f32::NEG_INFINITY).to_bits(), 0);
    }

    #[test]
    fn reductions_agree_with_loops_on_odd_lengths() {
        for len in [0, 1, 7, 15, 16, 17, 31, 33, 100, 257] {
            let (a, b) = (ramp(len), ramp(len + 3));
            let expected: f64 = a
                .iter()
                .zip(&b)
                .map(|(&a, &b)| f64::from(a) * f64::from(b))
                .sum();
            assert!(
                (f64::from(dot(&a, &b[..len])) - expected).abs() < 1e-4,
                "dot {len}"
            );
            let expected = a.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(max(&a).to_bits(), expected.to_bits(), "max {len}");
            let expected = a.iter().fold(0.0, |max: f32, a| max.max(a.abs()));
            assert_eq!(max_abs(&a).to_bits(), expected.to_bits(), "max_abs {len}");
            let expected: f64 = a.iter().map(|&a| (f64::from(a) - 1.0).exp()).sum();
            assert!(
                (f64::from(sum_exp(&a, 1.0)) - expected).abs() < 1e-4 * (1.0 + expected),
                "sum_exp {len}"
            );
        }
    }

    #[test]
    fn softmax_sums_to_one_for_any_magnitude() {
        for scale in [1.0, 1e3, 1e30] {
            let mut x: Vec<f32> = ramp(37).iter().map(|x| x * scale).collect();
            softmax(&mut x);
            assert!((x.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{scale}");
            assert!(x.iter().all(|&x| (0.0..=1.0).contains(&x)), "{scale}");
        }
    }
}
