//! From a configuration to vocabularies and token ids, cached on disk.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::Dataset;
use crate::text::simplified::table_for;
use crate::text::subwords::Vocabulary;
use crate::train::corpus::config::DataConfig;
use crate::train::corpus::{self, Corpus, Reason, augment, hash};
use crate::train::vocabulary::{self, VocabularyOptions};
use crate::{Error, Result};

/// Changes whenever the same configuration would give different data.
const RECIPE: u32 = 4;

/// Everything training needs from the corpus.
#[derive(Debug)]
pub struct Prepared {
    /// Folder with `source.spm`, `target.spm`, `pairs.bin`, `report.txt`.
    pub folder: PathBuf,
    /// `SentencePiece` model of the source language.
    pub source_vocabulary: Vec<u8>,
    /// `SentencePiece` model of the target language.
    pub target_vocabulary: Vec<u8>,
    /// The tokenised pairs.
    pub dataset: Dataset,
}

/// Vocabularies that are there already, as bytes of `.spm` files; those that are not are trained.
#[derive(Clone, Debug, Default)]
pub struct Vocabularies {
    /// Of the source language.
    pub source: Option<Vec<u8>>,
    /// Of the target language.
    pub target: Option<Vec<u8>>,
}

impl Vocabularies {
    /// Those that a configuration names.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn named(config: &DataConfig) -> Result<Self> {
        let read = |file: &Option<PathBuf>| {
            let path = file.as_ref().map(|file| config.root.join(file));
            path.map(|path| std::fs::read(&path).map_err(Error::io(path)))
                .transpose()
        };
        Ok(Self {
            source: read(&config.vocabulary.source_file)?,
            target: read(&config.vocabulary.target_file)?,
        })
    }
}

/// Reads the corpus, trains the vocabularies that are not given and tokenises, or opens the result of an earlier run
/// with the same configuration, vocabularies and files in `cache`.
///
/// # Errors
/// When a file cannot be read or written, or the configuration makes no sense.
pub fn prepare(config: &DataConfig, given: Vocabularies, cache: &Path) -> Result<Prepared> {
    let folder = cache.join(key(config, &given)?);
    let path = |name: &str| folder.join(name);
    let read = |name: &str| std::fs::read(path(name)).map_err(Error::io(path(name)));
    // The pairs are written last, so their presence means that everything is there.
    if path("pairs.bin").exists() {
        return Ok(Prepared {
            source_vocabulary: read("source.spm")?,
            target_vocabulary: read("target.spm")?,
            dataset: Dataset::open(&path("pairs.bin"))?,
            folder,
        });
    }
    let mut corpus = corpus::load(config)?;
    let source_vocabulary = match given.source {
        Some(bytes) => bytes,
        None => learn(&corpus, config, true)?,
    };
    let target_vocabulary = match given.target {
        Some(bytes) => bytes,
        None => learn(&corpus, config, false)?,
    };
    let encoder = Encoder::new(&source_vocabulary, &target_vocabulary)?;
    let dataset = tokenise(&mut corpus, config, &encoder)?;
    let report = format!("{}{}", steps(&corpus, &dataset), corpus.report);
    std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
    let write =
        |name: &str, bytes: &[u8]| std::fs::write(path(name), bytes).map_err(Error::io(path(name)));
    write("source.spm", &source_vocabulary)?;
    write("target.spm", &target_vocabulary)?;
    write("report.txt", report.as_bytes())?;
    dataset.save(&path("pairs.part"))?;
    std::fs::rename(path("pairs.part"), path("pairs.bin")).map_err(Error::io(path("pairs.bin")))?;
    Ok(Prepared {
        folder,
        source_vocabulary,
        target_vocabulary,
        dataset,
    })
}

/// Name of the cache folder: a digest of the configuration, the given vocabularies and the sizes of the files.
fn key(config: &DataConfig, given: &Vocabularies) -> Result<String> {
    let json = serde_json::to_string(config).map_err(|e| Error::Training(e.to_string()))?;
    let mut digest = Sha256::new();
    digest.update(RECIPE.to_le_bytes());
    digest.update(json);
    digest.update(table_for(&config.source_language).unwrap_or_default());
    for vocabulary in [&given.source, &given.target].into_iter().flatten() {
        digest.update(Sha256::digest(vocabulary));
    }
    for path in config.files.iter().flat_map(|file| &file.paths) {
        let path = config.root.join(path);
        let size = std::fs::metadata(&path).map_err(Error::io(&path))?.len();
        digest.update(size.to_le_bytes());
    }
    let mut name = format!("{}-{}-", config.source_language, config.target_language);
    for byte in &digest.finalize()[..6] {
        write!(name, "{byte:02x}").map_err(|e| Error::Training(e.to_string()))?;
    }
    Ok(name)
}

/// Trains the vocabulary of one side on an even sample of the pairs.
fn learn(corpus: &Corpus, config: &DataConfig, source: bool) -> Result<Vec<u8>> {
    let (language, size) = if source {
        (&config.source_language, config.vocabulary.source_size)
    } else {
        (&config.target_language, config.vocabulary.target_size)
    };
    let share = config.vocabulary.sample as f64 / corpus.pairs.len().max(1) as f64;
    let limit = (share.min(1.0) * u64::MAX as f64) as u64;
    let sample = corpus
        .pairs
        .iter()
        .filter(|pair| hash(&[pair.source.as_bytes(), pair.target.as_bytes()]) <= limit)
        .map(|pair| {
            if source {
                pair.source.as_str()
            } else {
                pair.target.as_str()
            }
        });
    vocabulary::train(
        sample,
        language,
        &VocabularyOptions::for_language(language, size),
    )
}

/// Turns text pairs into token ids with the two vocabularies of a direction.
pub struct Encoder {
    source: Vocabulary,
    target: Vocabulary,
}

impl Encoder {
    /// Parses both vocabularies.
    ///
    /// # Errors
    /// When one of them is no `SentencePiece` model.
    pub fn new(source: &[u8], target: &[u8]) -> Result<Self> {
        Ok(Self {
            source: Vocabulary::from_bytes(source)?,
            target: Vocabulary::from_bytes(target)?,
        })
    }

    /// Pieces in the source and in the target vocabulary.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        (self.source.len(), self.target.len())
    }

    /// Ids of a normalised pair, without `</s>`.
    #[must_use]
    pub fn encode(&self, source: &str, target: &str) -> (Vec<u32>, Vec<u32>) {
        (self.source.encode(source), self.target.encode(target))
    }

    /// A data set of all given pairs, whatever their length: for development sets.
    ///
    /// # Errors
    /// When a vocabulary has ids of more than 16 bits.
    pub fn dataset<'a>(
        &self,
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Dataset> {
        let mut dataset = Dataset::default();
        for (source, target) in pairs {
            let (source, target) = self.encode(source, target);
            dataset.push(&source, &target, 1.0)?;
        }
        Ok(dataset)
    }
}

/// Encodes all pairs and their augmented copies; what is too long goes into the report.
fn tokenise(corpus: &mut Corpus, config: &DataConfig, encoder: &Encoder) -> Result<Dataset> {
    const CHUNK: usize = 10_000;
    let mut dataset = Dataset::default();
    for chunk in corpus.pairs.chunks(CHUNK) {
        let encoded: Vec<_> = chunk
            .par_iter()
            .map(|pair| {
                let own = std::iter::once((pair.source.clone(), pair.target.clone()));
                let languages = (&*config.source_language, &*config.target_language);
                let changed = augment::variants(pair, languages, &config.augment, config.seed);
                own.chain(changed)
                    .map(|(source, target)| encoder.encode(&source, &target))
                    .collect::<Vec<_>>()
            })
            .collect();
        for (pair, variants) in chunk.iter().zip(encoded) {
            for (i, (source, target)) in variants.into_iter().enumerate() {
                if source.len().max(target.len()) <= config.max_tokens {
                    dataset.push(&source, &target, pair.weight)?;
                } else if i == 0 {
                    let origin = &corpus.origins[pair.origin as usize];
                    corpus.report.add(origin, Some(Reason::Length), || {
                        format!("{:.2} | {} | {}", pair.score, pair.source, pair.target)
                    });
                }
            }
        }
    }
    Ok(dataset)
}

/// Head of the report: pairs and tokens per epoch.
fn steps(corpus: &Corpus, dataset: &Dataset) -> String {
    let mut tokens = [0.0, 0.0];
    let mut pairs = 0.0;
    for i in 0..dataset.len() {
        let weight = f64::from(dataset.weight(i));
        pairs += weight;
        tokens[0] += weight * dataset.source(i).len() as f64;
        tokens[1] += weight * dataset.target(i).len() as f64;
    }
    let mut text = format!(
        "# Per epoch\n\n{pairs:>9.0}  pairs ({} different, augmented ones included)\n{:>9.0}  source tokens\n{:>9.0}  target tokens\n\n# Share of pairs per epoch by origin, before augmentation\n\n",
        dataset.len(),
        tokens[0],
        tokens[1],
    );
    let mut shares = vec![0.0_f64; corpus.origins.len()];
    for pair in &corpus.pairs {
        shares[pair.origin as usize] += f64::from(pair.weight);
    }
    let total: f64 = shares.iter().sum();
    // Origins of several files may have one name; they are reported together.
    let mut named: Vec<(&String, f64)> = Vec::new();
    for (name, share) in corpus.origins.iter().zip(shares) {
        match named.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += share,
            None => named.push((name, share)),
        }
    }
    for (name, share) in named {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:>8.2}%  {name}", 100.0 * share / total);
    }
    text.push('\n');
    text
}
