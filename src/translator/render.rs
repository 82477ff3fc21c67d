//! From the tokens that the model wrote to the text that stands for a stretch of the source.

use std::ops::Range;

use super::Alignment;
use super::piece::Stretch;
use crate::decode::Hypothesis;
use crate::text::characters::is_han;
use crate::text::edited::Edited;
use crate::text::placeholders::{PLACEHOLDERS, is_placeholder};
use crate::text::protected::{Kind, Span};
use crate::text::subwords::Vocabulary;
use crate::text::typography::{self, final_mark};

/// What turns tokens into text.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    /// The source vocabulary, for alignments.
    pub source: &'a Vocabulary,
    /// The target vocabulary.
    pub target: &'a Vocabulary,
    /// The target language (a BCP 47 tag).
    pub language: &'a str,
}

/// The translation of a stretch.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Its text.
    pub text: String,
    /// Ranges of source tokens in the source text, those of target tokens in `text`.
    pub alignment: Option<Alignment>,
}

impl Writer<'_> {
    /// Whether a translation holds each placeholder of its source once.
    pub fn keeps_placeholders(&self, stretch: &Stretch, hypothesis: &Hypothesis) -> bool {
        let text = self.target.decode(&hypothesis.tokens);
        PLACEHOLDERS[..stretch.holes.len()]
            .iter()
            .all(|&placeholder| text.matches(placeholder).count() == 1)
    }

    /// The text of the translation of a part of `source`; `None` where nothing is left of it.
    pub fn render(
        &self,
        source: &str,
        stretch: &Stretch,
        hypothesis: &Hypothesis,
    ) -> Option<Rendered> {
        let (raw, tokens) = self.target.decode_with_ranges(&hypothesis.tokens);
        let known = without_strays(&raw, stretch.holes.len());
        let set = typography::set(&known.text, self.language);
        let agreed = final_mark::agree(&stretch.input.text, &set.text, self.language);
        let restored = restore(&agreed.text, source, &stretch.holes);
        let edited = known.then(set).then(agreed).then(restored);
        if edited.text.is_empty() {
            return None;
        }
        let alignment = hypothesis.alignment.as_ref().map(|weights| Alignment {
            source: self.source_ranges(stretch),
            target: tokens.iter().map(|token| edited.forward(token)).collect(),
            weights: without_last_column(weights, stretch.ids.len()),
        });
        Some(Rendered {
            text: edited.text,
            alignment,
        })
    }

    /// Where the tokens that the model read stand in the source text.
    fn source_ranges(&self, stretch: &Stretch) -> Vec<Range<usize>> {
        self.source
            .encode_with_ranges(&stretch.input.text)
            .into_iter()
            .map(|(_, range)| {
                let range = stretch.input.backward(&range);
                stretch.source.start + range.start..stretch.source.start + range.end
            })
            .collect()
    }
}

/// Puts the protected parts back, with the spaces that keep words and addresses apart.
fn restore(text: &str, source: &str, holes: &[Span]) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let hole = PLACEHOLDERS
            .iter()
            .position(|&placeholder| placeholder == c)
            .and_then(|n| holes.get(n));
        let Some(hole) = hole else {
            edited.copy(c.encode_utf8(&mut [0; 4]));
            continue;
        };
        let part = &source[hole.range.clone()];
        if needs_space(
            edited.text.chars().next_back(),
            part.chars().next(),
            hole.kind,
        ) {
            edited.replace(0, " ");
        }
        edited.replace(c.len_utf8(), part);
        // A placeholder that follows sees to the space itself.
        let next = chars.peek().copied().filter(|&c| !is_placeholder(c));
        if needs_space(next, part.chars().next_back(), hole.kind) {
            edited.replace(0, " ");
        }
    }
    edited.finish()
}

/// Whether a space must stand between a character and the near end of a protected part: words would run together, or an
/// address would go on into Chinese.
fn needs_space(neighbour: Option<char>, end: Option<char>, kind: Kind) -> bool {
    let (Some(neighbour), Some(end)) = (neighbour, end) else {
        return false;
    };
    let address = matches!(kind, Kind::Url | Kind::Email);
    let word = |c: char| c.is_alphanumeric() && !is_han(c);
    (address && neighbour.is_alphanumeric()) || (word(neighbour) && word(end))
}

/// Removes placeholders other than the first `expected`.
fn without_strays(text: &str, expected: usize) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    for c in text.chars() {
        if PLACEHOLDERS[expected..].contains(&c) {
            edited.replace(c.len_utf8(), "");
        } else {
            edited.copy(c.encode_utf8(&mut [0; 4]));
        }
    }
    edited.finish()
}

/// Drops `</s>` from attention weights `[target, columns]`.
fn without_last_column(weights: &[f32], columns: usize) -> Vec<f32> {
    weights
        .chunks_exact(columns)
        .flat_map(|row| &row[..columns - 1])
        .copied()
        .collect()
}
