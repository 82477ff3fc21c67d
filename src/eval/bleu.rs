//! Corpus BLEU (Papineni et al., 2002) with sacreBLEU's defaults: n-grams up to 4, exponential smoothing, case kept.

use std::fmt;
use std::ops::AddAssign;

use super::ngrams::overlap;
use super::tokenise::Tokeniser;
use crate::error::Result;

/// Longest n-gram counted.
const ORDER: usize = 4;

/// Everything BLEU needs to know about some segments; the statistics of a corpus are the sum of those of its segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BleuStatistics {
    /// N-grams of the hypotheses that are in the reference, for n = 1..=4.
    pub matches: [u64; ORDER],
    /// N-grams of the hypotheses, for n = 1..=4.
    pub totals: [u64; ORDER],
    /// Words in the hypotheses.
    pub hypothesis_length: u64,
    /// Words in the references.
    pub reference_length: u64,
}

/// A BLEU score and what it is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bleu {
    /// The score, 0 to 100.
    pub score: f64,
    /// Smoothed n-gram precisions in percent, for n = 1..=4.
    pub precisions: [f64; ORDER],
    /// Brevity penalty, 0 to 1.
    pub brevity_penalty: f64,
    /// What it was computed from.
    pub statistics: BleuStatistics,
    /// The tokeniser used.
    pub tokeniser: Tokeniser,
}

/// BLEU of a corpus with one reference for each segment.
///
/// # Errors
/// [`Error::Option`](crate::Error::Option) if the numbers of hypotheses and references differ.
pub fn corpus_bleu<H, R>(hypotheses: &[H], references: &[R], tokeniser: Tokeniser) -> Result<Bleu>
where
    H: AsRef<str>,
    R: AsRef<str>,
{
    let mut corpus = BleuStatistics::default();
    for (hypothesis, reference) in super::paired(hypotheses, references)? {
        corpus += BleuStatistics::of_segment(hypothesis, reference, tokeniser);
    }
    Ok(corpus.bleu(tokeniser))
}

impl BleuStatistics {
    /// Counts the n-grams of one segment.
    #[must_use]
    pub fn of_segment(hypothesis: &str, reference: &str, tokeniser: Tokeniser) -> Self {
        let hypothesis = tokeniser.tokenise(hypothesis);
        let reference = tokeniser.tokenise(reference);
        let counts: [_; ORDER] = std::array::from_fn(|n| overlap(&hypothesis, &reference, n + 1));
        Self {
            matches: counts.map(|[_, _, matches]| matches),
            totals: counts.map(|[total, _, _]| total),
            hypothesis_length: hypothesis.len() as u64,
            reference_length: reference.len() as u64,
        }
    }

    /// `BLEU = BP exp(1/4 sum log p_n)`, with `BP = min(1, exp(1 - r/c))` for r words in the references and c in the
    /// hypotheses. The k-th precision without a match counts as 1 / 2^k matches.
    #[must_use]
    pub fn bleu(&self, tokeniser: Tokeniser) -> Bleu {
        let (hypothesis, reference) = (self.hypothesis_length as f64, self.reference_length as f64);
        let brevity_penalty = if self.hypothesis_length >= self.reference_length {
            1.0
        } else if self.hypothesis_length == 0 {
            0.0
        } else {
            (1.0 - reference / hypothesis).exp()
        };
        let mut precisions = [0.0; ORDER];
        let mut score = 0.0;
        if self.matches.iter().any(|&matches| matches > 0) {
            let mut smoothing = 1.0;
            for (precision, (&matches, &total)) in precisions
                .iter_mut()
                .zip(self.matches.iter().zip(&self.totals))
            {
                if total == 0 {
                    break;
                }
                *precision = if matches == 0 {
                    smoothing *= 2.0;
                    100.0 / (smoothing * total as f64)
                } else {
                    100.0 * matches as f64 / total as f64
                };
            }
            // A corpus without a single 4-gram has no BLEU; the logarithm of 0 makes it 0.
            let mean = precisions
                .iter()
                .map(|precision| precision.ln())
                .sum::<f64>()
                / ORDER as f64;
            score = brevity_penalty * mean.exp();
        }
        Bleu {
            score,
            precisions,
            brevity_penalty,
            statistics: *self,
            tokeniser,
        }
    }
}

impl AddAssign for BleuStatistics {
    fn add_assign(&mut self, other: Self) {
        for n in 0..ORDER {
            self.matches[n] += other.matches[n];
            self.totals[n] += other.totals[n];
        }
        self.hypothesis_length += other.hypothesis_length;
        self.reference_length += other.reference_length;
    }
}

impl Bleu {
    /// How the score was computed, in sacreBLEU's notation.
    #[must_use]
    pub fn signature(&self) -> String {
        format!(
            "nrefs:1|case:mixed|eff:no|tok:{}|smooth:exp|version:dragoman-{}",
            self.tokeniser.name(),
            env!("CARGO_PKG_VERSION")
        )
    }
}

/// As sacreBLEU prints it: `BLEU = 31.25 60.1/38.2/25.9/17.8 (BP = 0.980 ratio = 0.980 hyp_len = 41 ref_len = 42)`.
impl fmt::Display for Bleu {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let [p1, p2, p3, p4] = self.precisions;
        let BleuStatistics {
            hypothesis_length,
            reference_length,
            ..
        } = self.statistics;
        let ratio = match reference_length {
            0 => 0.0,
            length => hypothesis_length as f64 / length as f64,
        };
        write!(
            formatter,
            "BLEU = {:.2} {p1:.1}/{p2:.1}/{p3:.1}/{p4:.1} (BP = {:.3} ratio = {ratio:.3} hyp_len = {hypothesis_length} \
             ref_len = {reference_length})",
            self.score, self.brevity_penalty
        )
    }
}
