//! How often two models would write the same next token.

use std::path::Path;

use dragoman::{Error, Result, Translator};

use crate::models::{self, Loaded};

/// Pairs read at once: enough to fill the kernels, few enough for any memory.
const BATCH: usize = 64;

/// Places in reference translations at which two models chose the same token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Places in all, the ends of the sentences included.
    pub tokens: usize,
    /// Places with the same choice.
    pub same: usize,
}

impl Agreement {
    /// In per cent.
    pub fn share(self) -> f64 {
        100.0 * self.same as f64 / self.tokens.max(1) as f64
    }
}

/// Reads the weights to compare with, which must have the vocabularies of the others.
pub fn load(path: &Path, loaded: &Loaded) -> Result<Translator> {
    let other = models::read_translator(path, None)?;
    if !other.has_vocabularies_of(&loaded.translator) {
        return Err(Error::Option(format!(
            "{} and {} cut text into other tokens, so their choices cannot be compared",
            path.display(),
            loaded.path.display()
        )));
    }
    Ok(other)
}

/// Gives both models every reference, token by token, and compares what they would write next.
pub fn measure(
    one: &Translator,
    other: &Translator,
    sources: &[String],
    references: &[String],
) -> Agreement {
    let (mut one, mut other) = (one.clone(), other.clone());
    let pairs: Vec<(&String, &String)> = sources.iter().zip(references).collect();
    let mut agreement = Agreement::default();
    for batch in pairs.chunks(BATCH) {
        for (a, b) in one.force(batch).iter().zip(other.force(batch)) {
            let same = a.choices.iter().zip(&b.choices).filter(|(a, b)| a == b);
            agreement.tokens += a.choices.len();
            agreement.same += same.count();
        }
    }
    agreement
}
