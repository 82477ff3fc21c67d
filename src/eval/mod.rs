//! Translation quality: BLEU and chrF, equal to [sacreBLEU](https://github.com/mjpost/sacrebleu) to the last digit it prints.
//!
//! Both metrics are sums of per-segment statistics turned into one number at the end, so that a significance test
//! ([`bootstrap`]) can recombine segments without counting n-grams again.

pub mod bleu;
pub mod bootstrap;
pub mod chrf;
mod ngrams;
pub mod tokenise;

pub use bleu::{Bleu, BleuStatistics, corpus_bleu};
pub use chrf::{Chrf, ChrfStatistics, corpus_chrf};
pub use tokenise::Tokeniser;

use crate::error::{Error, Result};

/// Pairs each hypothesis with its reference.
///
/// # Errors
/// [`Error::Option`] if there is not exactly one reference for each hypothesis.
fn paired<'a, H, R>(
    hypotheses: &'a [H],
    references: &'a [R],
) -> Result<impl Iterator<Item = (&'a str, &'a str)>>
where
    H: AsRef<str>,
    R: AsRef<str>,
{
    if hypotheses.len() != references.len() {
        return Err(Error::Option(format!(
            "there are {} translations but {} references",
            hypotheses.len(),
            references.len()
        )));
    }
    Ok(hypotheses
        .iter()
        .map(AsRef::as_ref)
        .zip(references.iter().map(AsRef::as_ref)))
}
