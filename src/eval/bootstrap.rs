//! Paired bootstrap resampling (Koehn, 2004): is one system better than another, or was it luck?

use std::ops::AddAssign;

/// What resampling says about two systems that translated the same segments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Half width of the 95 % confidence interval of each system's score.
    pub margins: [f64; 2],
    /// Chance of a difference at least this large if both systems were equally good.
    pub p_value: f64,
}

/// Compares two systems by their statistics of the same segments in the same order.
///
/// `samples` corpora are drawn from the segments with replacement, the same segments for both systems. The p-value
/// counts how often the difference departs from its mean at least as much as the observed difference departs from zero.
/// The same `seed` gives the same result.
///
/// # Panics
/// If the systems have different numbers of segments.
pub fn compare<S: AddAssign + Copy + Default>(
    first: &[S],
    second: &[S],
    score: impl Fn(S) -> f64,
    samples: usize,
    seed: u64,
) -> Comparison {
    assert_eq!(
        first.len(),
        second.len(),
        "both systems must have translated the same segments"
    );
    if first.is_empty() || samples == 0 {
        return Comparison {
            margins: [0.0; 2],
            p_value: 1.0,
        };
    }
    let total = |segments: &[S]| score(segments.iter().fold(S::default(), add));
    let observed = total(first) - total(second);
    let mut random = SplitMix64(seed);
    let mut scores = [Vec::with_capacity(samples), Vec::with_capacity(samples)];
    for _ in 0..samples {
        let (mut a, mut b) = (S::default(), S::default());
        for _ in 0..first.len() {
            let segment = random.below(first.len());
            a += first[segment];
            b += second[segment];
        }
        scores[0].push(score(a));
        scores[1].push(score(b));
    }
    let differences: Vec<f64> = scores[0]
        .iter()
        .zip(&scores[1])
        .map(|(a, b)| a - b)
        .collect();
    let mean = differences.iter().sum::<f64>() / samples as f64;
    let extreme = differences
        .iter()
        .filter(|difference| (*difference - mean).abs() >= observed.abs())
        .count();
    Comparison {
        margins: scores.map(margin),
        p_value: (extreme + 1) as f64 / (samples + 1) as f64,
    }
}

fn add<S: AddAssign + Copy>(mut sum: S, segment: &S) -> S {
    sum += *segment;
    sum
}

/// Half the distance between the 2.5 % and the 97.5 % quantile.
fn margin(mut scores: Vec<f64>) -> f64 {
    scores.sort_unstable_by(f64::total_cmp);
    let cut = scores.len() / 40;
    match scores.get(cut..scores.len() - cut) {
        Some([low, .., high]) => (high - low) / 2.0,
        _ => 0.0,
    }
}

/// Steele, Lea and Flood (2014): small, fast, and good enough to draw segments.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; the bias of multiplying instead of rejecting is below `bound / 2^64`.
    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean of the segments' values.
    fn compare_means(first: &[f64], second: &[f64]) -> Comparison {
        compare(first, second, |sum| sum / first.len() as f64, 1000, 1)
    }

    #[test]
    fn a_clear_difference_is_significant_and_noise_is_not() {
        let noise: Vec<f64> = (0..200).map(|i| f64::from(i * 7919 % 101)).collect();
        let shuffled: Vec<f64> = (0..200).map(|i| f64::from(i * 104_729 % 101)).collect();
        let better: Vec<f64> = noise
            .iter()
            .enumerate()
            .map(|(i, x)| x + 3.0 + (i % 3) as f64)
            .collect();
        assert!(compare_means(&better, &noise).p_value < 0.01);
        assert!(compare_means(&noise, &shuffled).p_value > 0.05);
        assert!((compare_means(&noise, &noise).p_value - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_margin_is_that_of_the_mean() {
        let noise: Vec<f64> = (0..400).map(|i| f64::from(i * 7919 % 101)).collect();
        // A uniform distribution over 0..=100 has the deviation 29.2, and 1.96 * 29.2 / sqrt(400) = 2.86.
        let [margin, _] = compare_means(&noise, &noise).margins;
        assert!((margin - 2.86).abs() < 0.3, "{margin}");
    }

    #[test]
    fn nothing_to_compare_is_no_difference() {
        assert!((compare_means(&[], &[]).p_value - 1.0).abs() < 1e-12);
    }
}
