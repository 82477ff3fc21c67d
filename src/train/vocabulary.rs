//! Training a subword vocabulary: a `SentencePiece` unigram model with byte fallback.
//!
//! A text is first cut where no piece may reach across ([`segments`]), the frequent characters become
//! pieces of their own, and [`unigram`] chooses the longer ones. Rare characters fall back to bytes.

mod proto;
pub mod segments;
pub mod unigram;

use std::collections::{BTreeSet, HashMap};

use crate::text::language::is_chinese;
use crate::text::placeholders::PLACEHOLDERS;
use crate::{Error, Result};

/// Ids before the learnt pieces: `</s>`, `<unk>` and the 256 bytes.
pub const RESERVED: usize = 258;

/// What kind of vocabulary to make.
#[derive(Debug, Clone, PartialEq)]
pub struct VocabularyOptions {
    /// Pieces in all, [`RESERVED`] included.
    pub size: usize,
    /// Longest piece in characters, the space mark `▁` included.
    pub max_piece_length: usize,
    /// Share of the running text whose characters must be pieces (the most frequent first).
    pub character_coverage: f64,
}

impl VocabularyOptions {
    /// What suits a language: words of up to 16 letters, or of up to 8 Han characters.
    #[must_use]
    pub fn for_language(language: &str, size: usize) -> Self {
        let han = is_chinese(language);
        Self {
            size,
            max_piece_length: if han { 8 } else { 16 },
            character_coverage: if han { 0.9998 } else { 0.9999 },
        }
    }
}

/// Characters that are always pieces: printable ASCII, Chinese punctuation and the placeholders.
fn indispensable(language: &str) -> impl Iterator<Item = char> {
    let chinese = if is_chinese(language) {
        "，。！？：；（）“”‘’、《》…—·￥"
    } else {
        ""
    };
    (' '..='~')
        .filter(|c| *c != ' ')
        .chain(chinese.chars())
        .chain(PLACEHOLDERS)
        .chain([segments::SPACE])
}

/// Trains a vocabulary on normalised sentences and returns the bytes of its `.spm` file.
///
/// Ids: `</s>` = 0, `<unk>` = 1, the bytes `<0x00>` to `<0xFF>`, then pieces by falling score.
///
/// # Errors
/// When the wanted size cannot hold the characters, or the text is too small to fill it.
pub fn train<'a>(
    sentences: impl Iterator<Item = &'a str>,
    language: &str,
    options: &VocabularyOptions,
) -> Result<Vec<u8>> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for sentence in sentences {
        segments::for_each(sentence, |segment| {
            if let Some(count) = counts.get_mut(segment) {
                *count += 1;
            } else {
                counts.insert(segment.to_owned(), 1);
            }
        });
    }
    let alphabet = alphabet(&counts, language, options.character_coverage);
    let wanted = options.size.saturating_sub(RESERVED);
    if wanted <= alphabet.len() {
        return Err(Error::Training(format!(
            "a vocabulary of {} pieces cannot hold {} characters; make it larger",
            options.size,
            alphabet.len()
        )));
    }
    // Segments in a fixed order, so that sums of floats, and with them the result, never vary.
    let mut words: Vec<(String, u64)> = counts.into_iter().collect();
    words.sort_unstable();
    let pieces = unigram::train(&words, &alphabet, wanted, options.max_piece_length);
    if pieces.len() < wanted {
        return Err(Error::Training(format!(
            "the text yields only {} of {wanted} pieces; ask for a smaller vocabulary",
            pieces.len()
        )));
    }
    Ok(proto::model(&pieces))
}

/// The most frequent characters up to the wanted coverage, and the indispensable ones.
fn alphabet(counts: &HashMap<String, u64>, language: &str, coverage: f64) -> BTreeSet<char> {
    let mut characters: HashMap<char, u64> = HashMap::new();
    for (word, count) in counts {
        for c in word.chars() {
            *characters.entry(c).or_default() += count;
        }
    }
    let total: u64 = characters.values().sum();
    let mut ranked: Vec<(u64, char)> = characters.into_iter().map(|(c, n)| (n, c)).collect();
    ranked.sort_unstable_by(|a, b| b.cmp(a));
    let mut covered = 0;
    let mut alphabet: BTreeSet<char> = indispensable(language).collect();
    for (count, c) in ranked {
        if covered as f64 >= coverage * total as f64 {
            break;
        }
        covered += count;
        alphabet.insert(c);
    }
    alphabet
}

#[cfg(test)]
#[path = "vocabulary_tests.rs"]
mod tests;
