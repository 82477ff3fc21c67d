//! Text in, text out: the only module that knows every stage.
//!
//! ```text
//! text -> sentences -> pieces -> placeholders, normalise -> subwords -> batches -> encoder, beam search
//!      -> subwords -> typography, protected parts -> text
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | `typed` | what was typed where characters are read in the place of their references |
//! | `layout`, `view`, `columns`, `clauses` | sentences and protected parts of a text |
//! | `oddities` | what the model hardly knows, and is copied |
//! | `piece`, `frame` | what is copied and what is translated of a sentence |
//! | `marker` | what begins the items of a list |
//! | `reader` | what the model reads of a text |
//! | `case` | text in capitals |
//! | `alignment` | which tokens a translation comes from |
//! | `numbers`, `faults` | numbers that a translation got wrong |
//! | `amounts` | large amounts that lost their scale |
//! | `signs` | temperatures below zero that lost their sign |
//! | `currencies` | yuan that became dollars, and dollars that became yuan |
//! | `numerals` | numbers in Chinese characters, which are read as digits |
//! | `readings` | English numbers that models misread |
//! | `render` | from tokens to text |
//! | `spacing`, `seams` | spaces that Chinese does without |
//! | `speech` | who speaks, behind a question in quotes |
//! | `patchwork` | Chinese sentences whose parts were translated one by one |
//! | `job` | a translation in progress |
//! | `gpu` | whether a GPU takes part (feature `gpu`) |
//!
//! White space between sentences is copied from the source, and so is everything that has nothing to translate. Work is cut
//! into batches, so that a caller can show progress or stop between them: [`Translator::start`], [`Translator::advance`]
//! until it returns false, [`Job::finish`].

mod alignment;
mod amounts;
mod case;
mod clauses;
mod columns;
mod currencies;
mod faults;
mod frame;
#[cfg(feature = "gpu")]
mod gpu;
mod job;
mod layout;
mod marker;
mod numbers;
pub(crate) mod numerals;
mod oddities;
mod patchwork;
mod piece;
mod reader;
mod readings;
mod render;
mod seams;
mod signs;
mod spacing;
mod speech;
#[cfg(test)]
mod tests;
mod typed;
mod view;
#[cfg(test)]
mod vocabularies;

use std::ops::Range;
use std::sync::Arc;

pub use alignment::Alignment;
pub use job::Job;

use crate::Result;
use crate::cpu::Isa;
use crate::decode::{DecodeOptions, Decoder, Forced, Hypothesis};
use crate::format::{ModelConfig, ModelFile, Source};
use crate::model::Model;
use crate::text::language::is_chinese;
use crate::text::respelling::Respelling;
use crate::text::subwords::Vocabulary;
use job::{Batch, Languages};
use reader::Reader;
use render::Writer;

/// How to translate.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The search: beam width, length limits, alignment.
    pub decode: DecodeOptions,
    /// Longer sentences are cut into pieces of at most this many tokens, at least 8. The default is no longer than the longest
    /// sentences that models are trained on.
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

/// A model, its vocabularies and the memory to run it.
///
/// Clones share the model and have memory of their own: one for each thread.
#[derive(Clone, Debug)]
pub struct Translator {
    parts: Arc<Parts>,
    decoder: Decoder,
    /// The GPU, once it was asked for.
    #[cfg(feature = "gpu")]
    accelerator: Option<crate::gpu::Accelerator>,
}

/// What never changes.
#[derive(Debug)]
struct Parts {
    config: ModelConfig,
    source: Arc<Vocabulary>,
    target: Arc<Vocabulary>,
    respelling: Option<Respelling>,
    model: Model,
}

impl Parts {
    fn reader(&self) -> Reader<'_> {
        Reader {
            language: &self.config.source_language,
            vocabulary: &self.source,
            normalisation: self.config.normalisation,
            respelling: self.respelling.as_ref(),
            target_token: self.config.target_token,
        }
    }
}

impl Translator {
    /// Reads a weights file.
    ///
    /// # Errors
    /// When the file, or a vocabulary in it, is not sound.
    pub fn new<'data>(source: impl Into<Source<'data>>) -> Result<Self> {
        Self::from_file(ModelFile::read(source.into())?)
    }

    /// Takes a model that has been read, such as one of [`crate::format::MarianFiles`].
    ///
    /// # Errors
    /// When the model, or a vocabulary in it, is not sound.
    pub fn from_file(file: ModelFile) -> Result<Self> {
        let source = Arc::new(Vocabulary::from_bytes(&file.source_vocabulary)?);
        let target = if file.target_vocabulary == file.source_vocabulary {
            Arc::clone(&source)
        } else {
            Arc::new(Vocabulary::from_bytes(&file.target_vocabulary)?)
        };
        file.config.check_vocabularies(source.len(), target.len())?;
        let respelling = match &file.respelling[..] {
            [] => None,
            table => Some(Respelling::parse(table)?),
        };
        let config = file.config.clone();
        let model = Model::take(file)?;
        let decoder = Decoder::new(&model);
        Ok(Self {
            parts: Arc::new(Parts {
                config,
                source,
                target,
                respelling,
                model,
            }),
            decoder,
            #[cfg(feature = "gpu")]
            accelerator: None,
        })
    }

    /// Where the time of the model goes, see [`Decoder::profile`].
    #[cfg(feature = "cli")]
    pub fn profile(&mut self) -> &mut Option<crate::cpu::profile::Profile> {
        self.decoder.profile()
    }

    /// The same model, run with other instructions than the fastest of this machine.
    #[must_use]
    pub fn with_isa(&self, isa: Isa) -> Self {
        Self {
            parts: Arc::clone(&self.parts),
            decoder: Decoder::with_isa(&self.parts.model, isa),
            #[cfg(feature = "gpu")]
            accelerator: None,
        }
    }

    /// Languages and architecture.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.parts.config
    }

    /// Tags of other languages that are read as the model's own: with its table of spellings, one for Chinese reads both scripts.
    #[must_use]
    pub fn also_reads(&self) -> Vec<String> {
        let chinese = is_chinese(&self.config().source_language) && self.parts.respelling.is_some();
        chinese.then(|| "zh-Hant".to_owned()).into_iter().collect()
    }

    /// The options that suit the model.
    #[must_use]
    pub fn options(&self) -> Options {
        let mut options = Options::default();
        options.decode.beam = self.config().beam;
        options.decode.length_penalty = self.config().length_penalty;
        options
    }

    /// Whether another model cuts text into the same tokens.
    #[must_use]
    pub fn has_vocabularies_of(&self, other: &Self) -> bool {
        let (one, other) = (&self.parts, &other.parts);
        one.source.has_pieces_of(&other.source) && one.target.has_pieces_of(&other.target)
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
        Job::new(text, self.parts.reader(), options)
    }

    /// Translates texts that have nothing to do with each other, such as the lines of a file, together: much faster than one
    /// by one where they are short.
    #[must_use]
    pub fn translate_all<S: AsRef<str>>(
        &mut self,
        texts: &[S],
        options: &Options,
    ) -> Vec<Translation> {
        let mut jobs: Vec<Job> = texts
            .iter()
            .map(|text| self.start(text.as_ref(), options))
            .collect();
        while self.advance_all(&mut jobs) {}
        jobs.into_iter().map(Job::finish).collect()
    }

    /// Translates the next batch of sentences; false when there was nothing left. The first batches are small, so that there
    /// is something to show soon.
    pub fn advance(&mut self, job: &mut Job) -> bool {
        self.advance_all(std::slice::from_mut(job))
    }

    /// Translates the next sentences of several texts, which have the same options, as one batch; false when there was nothing
    /// left. Memory grows with the number of texts.
    ///
    /// In a browser, where nothing may wait for a GPU, only for a translator that was not told to use one.
    pub fn advance_all(&mut self, jobs: &mut [Job]) -> bool {
        pollster::block_on(self.advance_all_async(jobs))
    }

    /// [`Self::advance_all`] for callers that must not block. On the CPU it is ready at once.
    pub async fn advance_all_async(&mut self, jobs: &mut [Job]) -> bool {
        let parts = Arc::clone(&self.parts);
        let languages = Languages {
            source: &parts.config.source_language,
            target: &parts.config.target_language,
        };
        let reader = parts.reader();
        let writer = Writer {
            source: &parts.source,
            target: &parts.target,
            from: languages.source,
            language: languages.target,
        };
        let mut batches: Vec<Batch> = jobs.iter_mut().map(|job| job.next_batch(reader)).collect();
        if batches.iter().all(|batch| batch.pieces.is_empty()) {
            return false;
        }
        jobs.iter_mut().for_each(Job::trim_memory);
        self.decode(jobs, &batches).await;
        let mut repaired = false;
        for (job, batch) in jobs.iter().zip(&mut batches) {
            repaired |= job.repair(batch, reader, writer);
        }
        if repaired {
            self.decode(jobs, &batches).await;
            for (job, batch) in jobs.iter().zip(&mut batches) {
                job.settle(batch, writer);
            }
            // Pieces have no first translation yet.
            self.decode(jobs, &batches).await;
            for (job, batch) in jobs.iter().zip(&mut batches) {
                job.choose(batch, languages, writer);
            }
        }
        for (job, batch) in jobs.iter_mut().zip(&batches) {
            job.take(batch, languages, writer);
        }
        true
    }

    /// What the model thinks of translations that exist already. Each pair, a source text and its translation, is read as one
    /// sentence, normalised but otherwise as it is. Memory grows with the number of pairs.
    #[must_use]
    pub fn force<S: AsRef<str>, T: AsRef<str>>(&mut self, pairs: &[(S, T)]) -> Vec<Forced> {
        let parts = Arc::clone(&self.parts);
        let config = &parts.config;
        let (sources, targets): (Vec<_>, Vec<_>) = pairs
            .iter()
            .map(|(source, target)| {
                let rules = config.normalisation;
                let source = parts.reader().normalise(source.as_ref());
                let target = rules.apply(target.as_ref(), &config.target_language);
                (
                    parts.reader().ids(&source.text),
                    parts.target.encode(&target.text),
                )
            })
            .unzip();
        self.decoder.force(&parts.model, &sources, &targets)
    }

    /// Finds the translations that the jobs do not know yet.
    async fn decode(&mut self, jobs: &mut [Job], batches: &[Batch]) {
        let Some(options) = jobs.first().map(|job| job.options().decode.clone()) else {
            return;
        };
        let unknown: Vec<Vec<Vec<u32>>> = jobs
            .iter()
            .zip(batches)
            .map(|(job, batch)| job.unknown(batch))
            .collect();
        let sources: Vec<&[u32]> = unknown.iter().flatten().map(Vec::as_slice).collect();
        let mut found = self.search(&sources, &options).await.into_iter();
        for (job, unknown) in jobs.iter_mut().zip(unknown) {
            let known = found.by_ref().take(unknown.len()).collect::<Vec<_>>();
            job.remember(unknown.into_iter().zip(known));
        }
    }

    #[cfg_attr(
        not(feature = "gpu"),
        expect(clippy::unused_async, reason = "the CPU is ready at once")
    )]
    async fn search(&mut self, sources: &[&[u32]], options: &DecodeOptions) -> Vec<Hypothesis> {
        let model = &self.parts.model;
        #[cfg(feature = "gpu")]
        if let Some(gpu) = &mut self.accelerator {
            return gpu
                .translate(&mut self.decoder, model, sources, options)
                .await;
        }
        self.decoder.translate(model, sources, options)
    }
}
