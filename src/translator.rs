//! Text in, text out: the only module that knows every stage.
//!
//! ```text
//! text -> sentences -> pieces -> normalise -> subwords -> batches -> encoder, beam search -> subwords -> text
//! ```
//! White space between sentences is copied from the source. Work is cut into batches, so that a caller can show progress or
//! stop between them: [`Translator::start`], [`Translator::advance`] until it returns false, [`Job::finish`].

use std::ops::Range;

use crate::Result;
use crate::decode::{DecodeOptions, Decoder, Hypothesis};
use crate::format::{ModelConfig, ModelFile};
use crate::model::Model;
use crate::text::normalise::normalise;
use crate::text::sentences;
use crate::text::subwords::Vocabulary;

/// How to translate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The search: beam width, length limits, alignment.
    pub decode: DecodeOptions,
}

/// A translated text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Translation {
    /// The text in the target language.
    pub text: String,
    /// The parts that were translated one by one, in order; between them stands white space of the source.
    pub sentences: Vec<Sentence>,
}

/// One sentence (or a piece of an overlong one) and its translation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sentence {
    /// Its bytes in the source text.
    pub source: Range<usize>,
    /// The bytes of its translation in [`Translation::text`].
    pub target: Range<usize>,
    /// Length-normalised log-probability; 0 where nothing was translated.
    pub score: f32,
    /// Whether the first attempt had fallen into a repetition loop.
    pub looped: bool,
    /// Which source tokens each target token attended to, if asked for.
    pub alignment: Option<Alignment>,
}

/// Attention between the tokens of a sentence and those of its translation.
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

/// A translation in progress.
#[derive(Debug)]
pub struct Job {
    text: String,
    options: Options,
    sentences: Vec<Range<usize>>,
    ready: Translation,
    /// How much of the text `ready` covers, in bytes.
    covered: usize,
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
        Job {
            sentences: sentences::split(text, &self.config.source_language),
            text: text.to_owned(),
            options: options.clone(),
            ready: Translation::default(),
            covered: 0,
        }
    }

    /// Translates the next batch of sentences; false when there was nothing left.
    pub fn advance(&mut self, job: &mut Job) -> bool {
        const BATCH: usize = 16;
        let next: Vec<Range<usize>> = job.sentences[job.ready.sentences.len()..]
            .iter()
            .take(BATCH)
            .cloned()
            .collect();
        let sources: Vec<Vec<u32>> = next
            .iter()
            .map(|range| {
                let text = normalise(&job.text[range.clone()], &self.config.source_language);
                let mut ids = self.source.encode(&text);
                ids.push(crate::decode::END);
                ids
            })
            .collect();
        let hypotheses: Vec<Hypothesis> =
            self.decoder
                .translate(&self.model, &sources, &job.options.decode);
        for (source, hypothesis) in next.iter().zip(hypotheses) {
            job.push(source, &self.target.decode(&hypothesis.tokens));
        }
        !next.is_empty()
    }
}

impl Job {
    /// Sentences translated and sentences in all.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.ready.sentences.len(), self.sentences.len())
    }

    /// The translation as far as it is certain: it only grows at its end, and [`Self::finish`] begins with it.
    #[must_use]
    pub fn ready(&self) -> &Translation {
        &self.ready
    }

    /// The translation; sentences that were not reached stay as they are.
    #[must_use]
    pub fn finish(mut self) -> Translation {
        self.ready.text.push_str(&self.text[self.covered..]);
        self.ready
    }

    /// Takes the translation of the next sentence.
    fn push(&mut self, source: &Range<usize>, translation: &str) {
        let text = &mut self.ready.text;
        text.push_str(&self.text[self.covered..source.start]);
        let start = text.len();
        text.push_str(translation);
        self.covered = source.end;
        self.ready.sentences.push(Sentence {
            source: source.clone(),
            target: start..text.len(),
            ..Sentence::default()
        });
    }
}
