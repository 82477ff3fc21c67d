//! Whether both engines of this machine say the same.

use serde::Serialize;

use crate::Translation;

/// Largest difference of scores, which are logarithms, that counts as the same.
///
/// All other floats are meant to be the same to the last bit (`shaders/float.wgsl`), so scores differ by millionths. That leaves room for
/// logarithms of a device that are as coarse as the language allows; a wrong state, weight or token changes a score by much more.
pub const TOLERANCE: f32 = 1e-3;

/// How far the translations of two engines agree.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Check {
    /// Sentences compared.
    pub sentences: usize,
    /// Those with the same translation.
    pub same: usize,
    /// Largest difference of the scores of those.
    pub difference: f32,
    /// A source text whose translations differ, and both, CPU first.
    pub example: Option<[String; 3]>,
}

impl Check {
    /// Compares the translations of some texts.
    #[must_use]
    pub fn new<S: AsRef<str>>(texts: &[S], cpu: &[Translation], gpu: &[Translation]) -> Self {
        let mut check = Self::default();
        for ((text, cpu), gpu) in texts.iter().zip(cpu).zip(gpu) {
            check.sentences += cpu.sentences.len();
            if cpu.text == gpu.text {
                check.same += cpu.sentences.len();
                for (cpu, gpu) in cpu.sentences.iter().zip(&gpu.sentences) {
                    let difference = (cpu.score - gpu.score).abs();
                    // `max` would pass over what is no number.
                    check.difference = if difference.is_nan() {
                        f32::INFINITY
                    } else {
                        check.difference.max(difference)
                    };
                }
            } else {
                let pairs = cpu.sentences.iter().zip(&gpu.sentences);
                let same = |(c, g): &(&crate::Sentence, &crate::Sentence)| {
                    cpu.text[c.target.clone()] == gpu.text[g.target.clone()]
                };
                check.same += pairs.filter(same).count();
                check.example.get_or_insert_with(|| {
                    [text.as_ref().into(), cpu.text.clone(), gpu.text.clone()]
                });
            }
        }
        check
    }

    /// Whether at least 99 of 100 sentences are the same, with the same scores.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.same * 100 >= self.sentences * 99 && self.difference <= TOLERANCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sentence;

    #[test]
    fn scores_that_are_no_numbers_are_no_agreement() {
        let translation = |scores: &[f32]| Translation {
            sentences: scores
                .iter()
                .map(|&score| Sentence {
                    score,
                    ..Sentence::default()
                })
                .collect(),
            ..Translation::default()
        };
        for (cpu, gpu, passed) in [
            (&[-1.0, -2.0], &[-1.0, -2.0], true),
            (&[-1.0, -2.0], &[-1.000_1, -2.0], true),
            (&[-1.0, -2.0], &[-1.0, -2.1], false),
            (&[-1.0, -2.0], &[f32::NAN, -2.0], false),
            (&[-1.0, -2.0], &[f32::NAN, f32::NAN], false),
            (&[f32::NAN, -2.0], &[f32::NAN, -2.0], false),
            (&[-1.0, -2.0], &[f32::NEG_INFINITY, -2.0], false),
            (&[f32::NEG_INFINITY; 2], &[f32::NEG_INFINITY; 2], false),
        ] {
            let check = Check::new(&["text"], &[translation(cpu)], &[translation(gpu)]);
            assert_eq!(check.same, 2);
            assert_eq!(check.passed(), passed, "{cpu:?} {gpu:?}");
        }
    }
}
