//! What a training run says about its model: `card.json` in its folder, which `dragoman export` reads.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Name, licence and origin of a model, and what to measure it on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Name of the model, such as `en-zh`.
    pub id: String,
    /// Licence of the weights.
    pub licence: String,
    /// What the model is trained on.
    pub data: Vec<String>,
    /// Development sets.
    pub sets: Vec<CardSet>,
}

/// Two line-aligned files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardSet {
    /// Name in tables of scores.
    pub name: String,
    /// Sentences to translate.
    pub source: PathBuf,
    /// Their translations.
    pub reference: PathBuf,
}

impl Card {
    /// Its name in the folder of a run.
    pub const FILE: &str = "card.json";

    /// Reads a card.
    ///
    /// # Errors
    /// When the file cannot be read or is no card.
    pub fn open(path: &Path) -> Result<Self> {
        let json = std::fs::read_to_string(path).map_err(Error::io(path))?;
        serde_json::from_str(&json)
            .map_err(|error| Error::Option(format!("{} is no card: {error}", path.display())))
    }

    /// Writes a card.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self)
            .map_err(|error| Error::Option(format!("{}: {error}", path.display())))?;
        std::fs::write(path, json + "\n").map_err(Error::io(path))
    }
}
