//! Development sets: loss of the network in training, BLEU and chrF of the weights as they would be shipped.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::config::{DevelopmentSet, ValidationConfig};
use super::dataset::{Batches, Dataset, Encoder};
use super::network::{LossOptions, Network};
use super::parallel::Workers;
use crate::eval::{Tokeniser, corpus_bleu, corpus_chrf};
use crate::text::normalise::normalise;
use crate::text::simplified::as_read;
use crate::{Error, Options, Result, Translator};

/// What a validation found on one set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Name of the set.
    pub set: String,
    /// Cross-entropy in nats per target token, without label smoothing.
    pub loss: f64,
    /// BLEU of the int8 model, greedy; `None` for held-out training pairs, whose text is not kept.
    pub bleu: Option<f64>,
    /// chrF, likewise.
    pub chrf: Option<f64>,
}

/// A development set ready for use.
pub struct Validation {
    name: String,
    dataset: Dataset,
    /// Source and reference lines that are translated.
    lines: Option<(Vec<String>, Vec<String>)>,
}

impl Validation {
    /// Reads a set and tokenises it.
    ///
    /// # Errors
    /// When a file cannot be read, the two have different numbers of lines, or there are none.
    pub fn open(
        set: &DevelopmentSet,
        root: &Path,
        languages: [&str; 2],
        encoder: &Encoder,
        options: &ValidationConfig,
    ) -> Result<Self> {
        let read = |path: &Path| -> Result<Vec<String>> {
            let path = root.join(path);
            let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
            Ok(text.lines().map(str::to_owned).collect())
        };
        let (mut sources, mut references) = (read(&set.source)?, read(&set.reference)?);
        if sources.len() != references.len() {
            return Err(Error::Training(format!(
                "the development set {} has {} source lines but {} references",
                set.name,
                sources.len(),
                references.len()
            )));
        }
        let normalised: Vec<(String, String)> = sources
            .iter()
            .zip(&references)
            .map(|(source, target)| {
                (
                    normalise(&as_read(source, languages[0]), languages[0]),
                    normalise(target, languages[1]),
                )
            })
            .collect();
        let dataset = encoder.dataset(normalised.iter().map(|(s, t)| (s.as_str(), t.as_str())))?;
        // An even sample: the lines of a document follow each other.
        let stride = sources.len().div_ceil(options.sentences.max(1)).max(1);
        let sample = |lines: &mut Vec<String>| {
            let mut at = 0..;
            lines.retain(|_| at.next().is_some_and(|i: usize| i.is_multiple_of(stride)));
        };
        sample(&mut sources);
        sample(&mut references);
        Self {
            name: set.name.clone(),
            dataset,
            lines: (options.sentences > 0).then_some((sources, references)),
        }
        .checked()
    }

    /// A set of held-out training pairs.
    ///
    /// # Errors
    /// When there are none.
    pub fn held_out(dataset: Dataset) -> Result<Self> {
        Self {
            name: "held-out".into(),
            dataset,
            lines: None,
        }
        .checked()
    }

    /// Refuses a set without pairs: its loss would be 0, and the first weights the best for ever.
    fn checked(self) -> Result<Self> {
        if self.dataset.is_empty() {
            return Err(Error::Training(format!(
                "the development set {} has no pairs; name another under [validation], or hold out more with a smaller hold_out",
                self.name
            )));
        }
        Ok(self)
    }

    /// The loss of a network, and BLEU and chrF of its translator.
    ///
    /// # Errors
    /// When the network cannot be run.
    pub fn run(
        &self,
        network: &Network,
        workers: &Workers,
        translator: &mut Translator,
        target_language: &str,
    ) -> Result<Scores> {
        let mut scores = Scores {
            set: self.name.clone(),
            loss: self.loss(network, workers)?,
            bleu: None,
            chrf: None,
        };
        if let Some((sources, references)) = &self.lines {
            let options = Options::default();
            // One text of many lines, so that sentences share batches.
            let text = translator.translate(&sources.join("\n"), &options).text;
            let hypotheses: Vec<&str> = text.split('\n').collect();
            let tokeniser = Tokeniser::for_language(target_language);
            scores.bleu = Some(corpus_bleu(&hypotheses, references, tokeniser)?.score);
            scores.chrf = Some(corpus_chrf(&hypotheses, references)?.score);
        }
        Ok(scores)
    }

    fn loss(&self, network: &Network, workers: &Workers) -> Result<f64> {
        const TOKENS: usize = 4000;
        let (mut loss, mut tokens) = (0.0, 0);
        for batch in Batches::once(&self.dataset, TOKENS, TOKENS) {
            let options = LossOptions {
                smoothing: 0.0,
                dropout: 0.0,
                seed: 0,
                scale: 1.0,
                training: false,
            };
            loss += workers.loss(network, &batch.pairs(), options)?;
            tokens += batch.target_tokens();
        }
        Ok(loss / tokens.max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_without_pairs_is_refused() {
        let error = Validation::held_out(Dataset::default()).err().unwrap();
        assert!(
            error.to_string().contains("held-out has no pairs"),
            "{error}"
        );
        let mut dataset = Dataset::default();
        dataset.push(&[300], &[301], 1.0).unwrap();
        assert!(Validation::held_out(dataset).is_ok());
    }
}
