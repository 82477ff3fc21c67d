//! Corpus chrF2 (Popović, 2015) with sacreBLEU's defaults: character n-grams up to 6, no word n-grams, no white space.

use std::fmt;
use std::ops::AddAssign;

use super::ngrams::overlap;
use super::tokenise::is_python_space;
use crate::error::Result;

/// Longest character n-gram counted.
const ORDER: usize = 6;
/// Recall weighs beta^2 as much as precision, with beta = 2.
const BETA_SQUARED: f64 = 4.0;

/// Everything chrF needs to know about some segments; the statistics of a corpus are the sum of those of its segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChrfStatistics {
    /// For n = 1..=6: n-grams in the hypotheses, in the references, and in both.
    pub counts: [[u64; 3]; ORDER],
}

/// A chrF score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chrf {
    /// The score, 0 to 100.
    pub score: f64,
}

/// chrF2 of a corpus with one reference for each segment.
///
/// # Errors
/// [`Error::Option`](crate::Error::Option) if the numbers of hypotheses and references differ.
pub fn corpus_chrf<H, R>(hypotheses: &[H], references: &[R]) -> Result<Chrf>
where
    H: AsRef<str>,
    R: AsRef<str>,
{
    let mut corpus = ChrfStatistics::default();
    for (hypothesis, reference) in super::paired(hypotheses, references)? {
        corpus += ChrfStatistics::of_segment(hypothesis, reference);
    }
    Ok(corpus.chrf())
}

impl ChrfStatistics {
    /// Counts the character n-grams of one segment.
    #[must_use]
    pub fn of_segment(hypothesis: &str, reference: &str) -> Self {
        let [hypothesis, reference] = [hypothesis, reference].map(|text| {
            text.chars()
                .filter(|&c| !is_python_space(c))
                .collect::<Vec<_>>()
        });
        let counts = std::array::from_fn(|n| {
            match overlap(&hypothesis, &reference, n + 1) {
                // A segment whose reference is too short for this order must not lower the corpus's precision.
                [_, 0, matches] => [0, 0, matches],
                counts => counts,
            }
        });
        Self { counts }
    }

    /// chrF = 5 P R / (4 P + R), where P and R are averages over the orders that occur on both sides.
    #[must_use]
    pub fn chrf(&self) -> Chrf {
        let (mut precision, mut recall, mut orders) = (0.0, 0.0, 0.0);
        for [hypothesis, reference, matches] in self.counts {
            if hypothesis > 0 && reference > 0 {
                precision += matches as f64 / hypothesis as f64;
                recall += matches as f64 / reference as f64;
                orders += 1.0;
            }
        }
        if precision + recall == 0.0 {
            return Chrf { score: 0.0 };
        }
        let (precision, recall) = (precision / orders, recall / orders);
        let score = (1.0 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall);
        Chrf {
            score: 100.0 * score,
        }
    }
}

impl AddAssign for ChrfStatistics {
    fn add_assign(&mut self, other: Self) {
        for (counts, others) in self.counts.iter_mut().zip(other.counts) {
            for (count, other) in counts.iter_mut().zip(others) {
                *count += other;
            }
        }
    }
}

impl Chrf {
    /// How the score was computed, in sacreBLEU's notation.
    #[must_use]
    pub fn signature(&self) -> String {
        format!(
            "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:dragoman-{}",
            env!("CARGO_PKG_VERSION")
        )
    }
}

/// As sacreBLEU prints it: `chrF2 = 28.57`.
impl fmt::Display for Chrf {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "chrF2 = {:.2}", self.score)
    }
}
