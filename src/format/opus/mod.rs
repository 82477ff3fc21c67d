//! Models of OPUS-MT (Tiedemann and Thottingal 2020) in the layout of Hugging Face's `MarianMT`.
//!
//! | module | what it holds |
//! |---|---|
//! | `options` | `config.json`, which says what the network looks like |
//! | `target` | which of several target languages to translate to |
//! | `tensors` | `model.safetensors`, from its names to ours |
//! | `vocabulary` | `vocab.json` and `source.spm` as one SentencePiece model |
//!
//! The decoder starts with the padding token, whose embedding is zero: that is, with nothing, like ours. It is never written, and
//! since it is the last one, it is left out. Positions are Marian's, with which the weights were trained; `transformers` computes
//! slightly different ones.

mod options;
mod target;
mod tensors;
mod vocabulary;

use super::config::{Architecture, ModelConfig, Normalisation};
use super::container::ModelFile;
use super::layout::Layout;
use crate::error::Result;

/// The files of a model.
#[derive(Clone, Copy, Debug)]
pub struct OpusFiles<'a> {
    /// `config.json`.
    pub config: &'a [u8],
    /// `model.safetensors`.
    pub weights: &'a [u8],
    /// `vocab.json`: the ids of the pieces of both languages.
    pub vocabulary: &'a [u8],
    /// `source.spm`: how the source is cut into pieces.
    pub source: &'a [u8],
}

impl OpusFiles<'_> {
    /// Reads and checks the files. Languages are BCP 47 tags. Of several target languages, `target_token` chooses one by the piece
    /// that stands for it, such as `>>deu<<` or `deu`; it may be left out where there are not several.
    ///
    /// # Errors
    /// - [`crate::Error::Option`] listing the target tokens, if `target_token` is none of them or has to be given.
    /// - [`crate::Error::Weights`] if a file is truncated, corrupt, or does not fit the others.
    /// - [`crate::Error::Vocabulary`] if a vocabulary is.
    /// - [`crate::Error::Unsupported`] naming what this version cannot run.
    pub fn read(
        &self,
        source_language: &str,
        target_language: &str,
        target_token: Option<&str>,
    ) -> Result<ModelFile> {
        let (config, beam) = options::read(self.config)?;
        config.check()?;
        let pieces = vocabulary::by_id(self.vocabulary, config.source_vocabulary)?;
        let target_token = target::choose(&pieces, target_token)?;
        let vocabulary = vocabulary::join(&pieces, self.source)?;
        let tensors = tensors::convert(&Layout::parse(self.weights)?, &config)?;
        let file = ModelFile {
            config: ModelConfig {
                source_language: source_language.to_owned(),
                target_language: target_language.to_owned(),
                normalisation: Normalisation::Vocabulary,
                beam,
                // Averages are compared there.
                length_penalty: 1.0,
                target_token,
                architecture: Architecture::Transformer(config),
            },
            target_vocabulary: vocabulary.clone(),
            source_vocabulary: vocabulary,
            shortlist: None,
            respelling: Vec::new(),
            tensors,
        };
        file.check()?;
        Ok(file)
    }
}
