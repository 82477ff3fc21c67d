//! Text in, text out: the only module that knows every stage.
//!
//! ```text
//! text -> sentences -> pieces -> placeholders, normalise -> subwords -> batches -> encoder, beam search
//!      -> subwords -> typography, protected parts -> text
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | `layout` | sentences and protected parts of a text |
//! | `piece` | what is copied and what is translated of a sentence |
//! | `case` | text in capitals |
//! | `render` | from tokens to text |
//! | `job` | a translation in progress |
//!
//! White space between sentences is copied from the source, and so is everything that has nothing to translate. Work is cut
//! into batches, so that a caller can show progress or stop between them: [`Translator::start`], [`Translator::advance`]
//! until it returns false, [`Job::finish`].

mod case;
mod job;
mod layout;
mod piece;
mod render;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vocabularies;

use std::ops::Range;

pub use job::Job;

use crate::Result;
use crate::decode::{DecodeOptions, Decoder};
use crate::format::{ModelConfig, ModelFile};
use crate::model::Model;
use crate::text::subwords::Vocabulary;
use job::{Batch, Languages};
use piece::Reader;
use render::Writer;

/// How to translate.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The search: beam width, length limits, alignment.
    pub decode: DecodeOptions,
    /// Longer sentences are cut into pieces of at most this many tokens, at least 8. The default is half as long again as
    /// the longest sentences that models are trained on.
    pub piece_tokens: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            decode: DecodeOptions::default(),
            piece_tokens: 60,
        }
    }
}

/// A translated text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Translation {
    /// The text in the target language.
    pub text: String,
    /// The parts that were translated one by one, in order; between them stands white space of the source, less the spaces
    /// that the target language does without.
    pub sentences: Vec<Sentence>,
    /// Number of words of the source that the translation covers; each Chinese character counts as one. Only set by
    /// [`Job::finish`].
    pub words: usize,
}

/// One sentence (or a piece of an overlong one) and its translation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sentence {
    /// Its bytes in the source text.
    pub source: Range<usize>,
    /// The bytes of its translation in [`Translation::text`].
    pub target: Range<usize>,
    /// Whether there was anything to translate; otherwise it is a copy of the source.
    pub translated: bool,
    /// Length-normalised log-probability, the lowest one where parts were translated one by one; 0 where nothing was.
    pub score: f32,
    /// Whether the first attempt had fallen into a repetition loop.
    pub looped: bool,
    /// Which source tokens each target token attended to, if asked for.
    pub alignment: Option<Alignment>,
}

/// Attention between the tokens of a sentence and those of its translation.
///
/// Ranges are in order and on character boundaries. Several tokens that spell one character share its range, and the range
/// of a target token that the typography removed is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alignment {
    /// Bytes of each source token, in the source text.
    pub source: Vec<Range<usize>>,
    /// Bytes of each target token, in [`Translation::text`].
    pub target: Vec<Range<usize>>,
    /// `[target, source]`, row-major: how much each target token attended to each source token. What went to the end of the
    /// sentence is left out, so rows sum to at most 1.
    pub weights: Vec<f32>,
}

/// A model, its vocabularies and the memory to run it.
#[derive(Debug)]
pub struct Translator {
    config: ModelConfig,
    source: Vocabulary,
    target: Vocabulary,
    model: Model,
    decoder: Decoder,
}

impl Alignment {
    /// Moves the target ranges by a number of bytes.
    fn shift(&mut self, bytes: usize) {
        for range in &mut self.target {
            *range = range.start + bytes..range.end + bytes;
        }
    }

    /// The alignment of a sentence whose parts were translated one by one: zero between tokens of different parts.
    fn joined(mut parts: Vec<Self>) -> Option<Self> {
        if parts.len() < 2 {
            return parts.pop();
        }
        let columns: usize = parts.iter().map(|part| part.source.len()).sum();
        let mut all = Self::default();
        for part in parts {
            let before = all.source.len();
            for row in 0..part.target.len() {
                let width = part.source.len();
                all.weights.resize(all.weights.len() + before, 0.0);
                all.weights
                    .extend_from_slice(&part.weights[row * width..][..width]);
                all.weights
                    .resize(all.weights.len() + columns - before - width, 0.0);
            }
            all.source.extend(part.source);
            all.target.extend(part.target);
        }
        Some(all)
    }
}

impl Translator {
    /// Reads a weights file.
    ///
    /// # Errors
    /// When the file, or a vocabulary in it, is not sound.
    pub fn new(bytes: &[u8]) -> Result<Self> {
        let file = ModelFile::read(bytes)?;
        let source = Vocabulary::from_bytes(&file.source_vocabulary)?;
        let target = Vocabulary::from_bytes(&file.target_vocabulary)?;
        file.config.check_vocabularies(source.len(), target.len())?;
        let model = Model::new(&file)?;
        let decoder = Decoder::new(&model);
        Ok(Self {
            config: file.config,
            source,
            target,
            model,
            decoder,
        })
    }

    /// Languages and architecture.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Translates a text.
    #[must_use]
    pub fn translate(&mut self, text: &str, options: &Options) -> Translation {
        let mut job = self.start(text, options);
        while self.advance(&mut job) {}
        job.finish()
    }

    /// Splits a text; nothing is translated yet.
    #[must_use]
    pub fn start(&self, text: &str, options: &Options) -> Job {
        Job::new(text, &self.config.source_language, options)
    }

    /// Translates the next batch of sentences; false when there was nothing left. The first batches are small, so that there
    /// is something to show soon.
    pub fn advance(&mut self, job: &mut Job) -> bool {
        let languages = Languages {
            source: &self.config.source_language,
            target: &self.config.target_language,
        };
        let reader = Reader {
            language: languages.source,
            vocabulary: &self.source,
        };
        let writer = Writer {
            source: &self.source,
            target: &self.target,
            language: languages.target,
        };
        let mut batch = job.next_batch(reader);
        if batch.pieces.is_empty() {
            return false;
        }
        job.trim_memory();
        let mut decode = |job: &mut Job, batch: &Batch| {
            let unknown = job.unknown(batch);
            let found = self
                .decoder
                .translate(&self.model, &unknown, &job.options().decode);
            job.remember(unknown.into_iter().zip(found));
        };
        decode(job, &batch);
        if job.split_lost(&mut batch, reader, writer) {
            decode(job, &batch);
        }
        job.take(&batch, languages, writer);
        true
    }
}
