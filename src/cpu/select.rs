//! The best tokens of a distribution and their log-probabilities.

use super::float;
use super::simd::{Isa, Kernel, Simd};

/// A token and `log softmax(logits)[token]`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Candidate {
    /// The token.
    pub token: u32,
    /// Its log-probability, at most 0.
    pub log_probability: f32,
}

/// Finds the `best.len()` largest logits, best first, the smaller token first among equals, and returns how many there are:
/// fewer only where other logits are minus infinity.
pub fn select(isa: Isa, logits: &[f32], best: &mut [Candidate]) -> usize {
    isa.run(Select { logits, best })
}

struct Select<'a> {
    logits: &'a [f32],
    best: &'a mut [Candidate],
}

impl Kernel for Select<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> usize {
        /// Logits that are compared with the worst of the best at once.
        const BLOCK: usize = 64;
        let Self { logits, best } = self;
        let mut found = 0;
        let mut worst = f32::NEG_INFINITY;
        for (block, values) in logits.chunks(BLOCK).enumerate() {
            if float::max(values) > worst {
                for (i, &logit) in values.iter().enumerate() {
                    if logit > worst {
                        let token = (block * BLOCK + i) as u32;
                        found = insert(
                            best,
                            found,
                            Candidate {
                                token,
                                log_probability: logit,
                            },
                        );
                        if found == best.len() {
                            worst = best
                                .last()
                                .map_or(f32::INFINITY, |last| last.log_probability);
                        }
                    }
                }
            }
        }
        if let Some(first) = best[..found].first() {
            // log softmax(x)_i = x_i - max - log sum_j exp(x_j - max)
            let max = first.log_probability;
            let log_sum = float::sum_exp(logits, max).ln();
            for candidate in &mut best[..found] {
                candidate.log_probability = candidate.log_probability - max - log_sum;
            }
        }
        found
    }
}

/// Inserts a candidate behind all that are as good, and drops the last if there is no room.
fn insert(best: &mut [Candidate], found: usize, candidate: Candidate) -> usize {
    let place =
        best[..found].partition_point(|other| other.log_probability >= candidate.log_probability);
    let end = (found + 1).min(best.len());
    best.copy_within(place..end - 1, place + 1);
    best[place] = candidate;
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::random::Random;

    #[test]
    fn agrees_with_sorting() {
        let mut random = Random(7);
        for (len, count) in [(1, 1), (5, 9), (64, 3), (65, 1), (200, 8), (1000, 13)] {
            // Few distinct values, so that there are ties.
            let logits: Vec<f32> = (0..len).map(|_| random.below(40) as f32 / 4.0).collect();
            let mut order: Vec<usize> = (0..len).collect();
            order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
            let log_sum = logits.iter().map(|&x| f64::from(x).exp()).sum::<f64>().ln();
            for isa in Isa::available() {
                let mut best = vec![Candidate::default(); count];
                let found = select(isa, &logits, &mut best);
                assert_eq!(found, count.min(len));
                for (candidate, &expected) in best[..found].iter().zip(&order) {
                    assert_eq!(candidate.token as usize, expected, "{isa:?}");
                    let log_probability = f64::from(logits[expected]) - log_sum;
                    assert!(
                        (f64::from(candidate.log_probability) - log_probability).abs() < 1e-5,
                        "{isa:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn impossible_tokens_are_not_found() {
        let mut best = [Candidate::default(); 3];
        let logits = [f32::NEG_INFINITY, 1.0, f32::NEG_INFINITY];
        assert_eq!(select(Isa::detect(), &logits, &mut best), 1);
        assert_eq!(
            best[0],
            Candidate {
                token: 1,
                log_probability: 0.0
            }
        );
        assert_eq!(
            select(Isa::detect(), &[f32::NEG_INFINITY; 70], &mut best),
            0
        );
    }
}
