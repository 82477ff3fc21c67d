//! What to read and how strictly: the `[data]` table of a training configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where the parallel text comes from, what is kept of it and how it is cut into subwords.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// BCP 47 tag of the language translated from; must be one of the columns.
    pub source_language: String,
    /// BCP 47 tag of the language translated into; must be one of the columns.
    pub target_language: String,
    /// Folder that relative paths in `files` start from.
    #[serde(default)]
    pub root: PathBuf,
    /// Pairs with more subwords than this on either side are left out (without `</s>`).
    pub max_tokens: usize,
    /// Seed of everything drawn by chance while preparing.
    #[serde(default)]
    pub seed: u64,
    /// How many pairs with the same source side may stay (the best scores win).
    #[serde(default = "one")]
    pub max_targets_per_source: usize,
    /// How many pairs with the same target side may stay.
    #[serde(default = "twenty")]
    pub max_sources_per_target: usize,
    /// Limits that hold for every file.
    #[serde(default)]
    pub filters: FilterConfig,
    /// Share of pairs that also appear as visitors type them.
    #[serde(default)]
    pub augment: AugmentConfig,
    /// Subword vocabularies.
    pub vocabulary: VocabularyConfig,
    /// The files, in order of preference when two of them hold the same pair.
    pub files: Vec<FileConfig>,
}

fn one() -> usize {
    1
}

fn twenty() -> usize {
    20
}

/// One corpus file, or a pair of line-aligned files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileConfig {
    /// One path: tab-separated columns. Two paths: line-aligned files. `.zst` is decompressed.
    pub paths: Vec<PathBuf>,
    /// What the columns (or the two files) hold: language tags, `origin`, `score`, or `-` to skip.
    pub columns: Vec<String>,
    /// Options by origin. A file without an `origin` column has the single origin `all`.
    pub origins: BTreeMap<String, OriginConfig>,
    /// Options of the origins not listed; they are skipped when this is missing.
    #[serde(default)]
    pub others: Option<OriginConfig>,
}

/// What is taken from one origin of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OriginConfig {
    /// How often a pair is seen per epoch; 0.5 means in every other epoch, on average.
    pub weight: f32,
    /// Lowest alignment score kept (higher is better).
    pub min_score: Option<f32>,
    /// Fewest words (each Han character counts as one) on either side.
    pub min_words: usize,
    /// Most words (each Han character counts as one) on either side.
    pub max_words: Option<usize>,
    /// Most pairs taken, chosen evenly over the origin.
    pub max_pairs: Option<usize>,
    /// Drops what is no sentence: lower-case starts, a dangling last word, fewer than four words.
    pub sentences_only: bool,
    /// Dictionary entries: only the first of several translations is kept, notes are removed.
    pub first_sense: bool,
}

impl Default for OriginConfig {
    fn default() -> Self {
        Self {
            weight: 1.0,
            min_score: None,
            min_words: 1,
            max_words: None,
            max_pairs: None,
            sentences_only: false,
            first_sense: false,
        }
    }
}

/// Limits of the filters that have one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilterConfig {
    /// Most bytes on either side; longer lines are not even looked at.
    pub max_bytes: usize,
    /// Bounds of (Chinese units + 3) / (English words + 3), see [`super::script::units`].
    pub length_ratio: [f32; 2],
    /// How many examples of dropped pairs the report shows per reason and origin.
    pub examples: usize,
}

impl Default for FilterConfig {
    fn default() -> Self {
        Self {
            max_bytes: 600,
            length_ratio: [0.55, 3.2],
            examples: 3,
        }
    }
}

/// Shares (0 to 1) of pairs that are added once more in a changed form.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentConfig {
    /// Source side in lower case.
    pub lower: f32,
    /// SOURCE SIDE IN CAPITALS.
    pub upper: f32,
    /// Final full stop, question or exclamation mark removed on both sides.
    pub no_final_punctuation: f32,
    /// Source side in lower case without any final mark; the target keeps its own.
    pub typed: f32,
    /// A typing error in one longer word of the source side: letters exchanged, left out, doubled or replaced by a neighbour
    /// on the keyboard.
    pub typos: f32,
    /// Words that both sides spell alike become placeholders; where there are none, one is put at an end of both sides.
    pub placeholders: f32,
    /// A Chinese person in the place of an English one, where the pair is English and Chinese and names one.
    pub people: f32,
    /// Yuan in the place of dollars, where the pair is English and Chinese and names an amount.
    pub yuan: f32,
}

/// How the subword vocabularies are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VocabularyConfig {
    /// Pieces in the source vocabulary, `</s>`, `<unk>` and the 256 bytes included.
    pub source_size: usize,
    /// Pieces in the target vocabulary.
    pub target_size: usize,
    /// Sentences sampled to train each of them.
    #[serde(default = "sample")]
    pub sample: usize,
    /// A ready source vocabulary (`.spm`) to use instead of training one; relative paths start from [`DataConfig::root`].
    #[serde(default)]
    pub source_file: Option<PathBuf>,
    /// A ready target vocabulary.
    #[serde(default)]
    pub target_file: Option<PathBuf>,
}

fn sample() -> usize {
    400_000
}
