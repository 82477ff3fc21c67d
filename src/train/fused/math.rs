//! Branch-free approximations that the compiler turns into vector code; exact to a few units in the last place of `f32`.

#![allow(clippy::inline_always)] // parts of the bodies of vectorised functions

/// e^x for x clamped to ±87, by 2^n times a degree-6 polynomial of the fraction (Cephes `expf`).
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer without a library call.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 87.0);
    let biased = x * LOG2_E + ROUND;
    let n = biased - ROUND;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 5.000_000_3e-1;
    let y = p * r * r + r + 1.0;
    // The lowest bits of `biased` are those of n, which is in -126..=126: shifted up they are the exponent of 2^n.
    let scale = f32::from_bits((biased.to_bits() << 23).wrapping_add(127 << 23));
    y * scale
}

/// 1 / (1 + e^-x)
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// tanh x = 2 sigmoid(2x) - 1
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    2.0 * sigmoid(2.0 * x) - 1.0
}

#[cfg(test)]
mod tests {
    #[test]
    fn close_to_the_standard_library() {
        for i in -2000..=2000 {
            let x = i as f32 * 0.02;
            let relative = (super::exp(x) - x.exp()).abs() / x.exp();
            assert!(relative < 3e-7, "exp({x}): relative error {relative}");
            assert!((super::tanh(x) - x.tanh()).abs() < 3e-7, "tanh({x})");
            assert!(
                (super::sigmoid(x) - 1.0 / (1.0 + (-x).exp())).abs() < 2e-7,
                "sigmoid({x})"
            );
        }
        for x in [1e9_f32, -1e9] {
            assert_eq!(super::tanh(x).to_bits(), x.signum().to_bits());
        }
    }
}
