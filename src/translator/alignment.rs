//! Which tokens of a source a translation comes from.

use std::ops::Range;

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
    /// sentence, or to a token that names the target language, is left out, so rows sum to at most 1.
    pub weights: Vec<f32>,
}

impl Alignment {
    /// Moves the target ranges by a number of bytes.
    pub(super) fn shift(&mut self, bytes: usize) {
        for range in &mut self.target {
            *range = range.start + bytes..range.end + bytes;
        }
    }

    /// The alignment of a sentence whose parts were translated one by one: zero between tokens of different parts.
    pub(super) fn joined(mut parts: Vec<Self>) -> Option<Self> {
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
