//! Models of Marian and Bergamot, the ones that Firefox translates with, read from the files that Mozilla ships.
//!
//! | module | what it holds |
//! |---|---|
//! | `items` | the binary container of the weights |
//! | `options` | the YAML in it that says what the network looks like |
//! | `tensors` | from their names and layouts to ours |
//! | `lexicon` | the shortlist |
//!
//! The formats are those of [marian-dev](https://github.com/browsermt/marian-dev) (`src/common/binary.cpp`,
//! `src/tensors/cpu/expression_graph_packable.h`, `src/data/shortlist.cpp`). The networks are transformers with an SSRU decoder,
//! see [`crate::model::transformer`].

mod items;
mod lexicon;
mod options;
mod tensors;
#[cfg(test)]
mod tests;

use super::config::{Architecture, ModelConfig, Normalisation};
use super::container::ModelFile;
use super::source::Source;
use crate::decode::DecodeOptions;
use crate::error::{Error, Result};
use items::Items;
use options::Options;

/// The files of a model, decompressed.
#[derive(Clone, Copy, Debug)]
pub struct MarianFiles<'a> {
    /// The weights: `model.*.bin`.
    pub model: Source<'a>,
    /// The source vocabulary, or the one of both languages: `srcvocab.*.spm` or `vocab.*.spm`.
    pub source_vocabulary: &'a [u8],
    /// The target vocabulary, if it is another: `trgvocab.*.spm`.
    pub target_vocabulary: Option<&'a [u8]>,
    /// The shortlist, if there is one: `lex.*.s2t.bin`.
    pub shortlist: Option<&'a [u8]>,
}

impl MarianFiles<'_> {
    /// Reads and checks the files. Languages are BCP 47 tags.
    ///
    /// The activation multipliers of files with "alphas" in their names are left out: activations are quantised row by row with
    /// scales of their own. Whether the vocabularies can be parsed is left to who parses them.
    ///
    /// # Errors
    /// - [`Error::Weights`] if a file is truncated, corrupt, or does not fit the others.
    /// - [`Error::Unsupported`] naming the option of a network that this version cannot run.
    pub fn read(&self, source_language: &str, target_language: &str) -> Result<ModelFile> {
        let mut items = Items::parse(self.model)?;
        let yaml = items.text("special:model.yml")?;
        let options = Options::parse(&yaml)?;
        let config = options.transformer(&items)?;
        config.check()?;
        if !config.shared_vocabulary && self.target_vocabulary.is_none() {
            return Err(Error::Weights(
                "it has an embedding for each language, but there is only one vocabulary".into(),
            ));
        }
        let tensors = tensors::convert(&mut items, &config)?;
        let shortlist = self.shortlist.map(lexicon::read).transpose()?;
        // A vocabulary may come twice where it is shared.
        let target_vocabulary = if config.shared_vocabulary {
            self.source_vocabulary
        } else {
            self.target_vocabulary.unwrap_or_default()
        };
        let file = ModelFile {
            config: ModelConfig {
                source_language: source_language.to_owned(),
                target_language: target_language.to_owned(),
                normalisation: Normalisation::Vocabulary,
                beam: 1,
                length_penalty: DecodeOptions::LENGTH_PENALTY,
                target_token: None,
                architecture: Architecture::Transformer(config),
            },
            source_vocabulary: self.source_vocabulary.to_vec(),
            target_vocabulary: target_vocabulary.to_vec(),
            respelling: Vec::new(),
            shortlist,
            tensors,
        };
        file.check()?;
        Ok(file)
    }
}
