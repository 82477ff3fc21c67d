//! Subwords: SentencePiece vocabularies (Kudo and Richardson 2018), read from their `.spm` files.

use std::ops::Range;

use sentencepiece_rs::{SentencePieceModel, SentencePieceProcessor};

use crate::{Error, Result};

/// Id of `</s>`, which ends every sentence.
pub const EOS: u32 = 0;
/// Id of `<unk>`.
pub const UNK: u32 = 1;

/// What SentencePiece writes for a space.
const SPACE: char = '\u{2581}';

/// A vocabulary of subwords.
pub struct Vocabulary {
    processor: SentencePieceProcessor,
}

impl Vocabulary {
    /// Reads a SentencePiece model (a serialised `ModelProto`).
    ///
    /// # Errors
    /// [`Error::Vocabulary`] when the bytes are no such model or `</s>` and `<unk>` are not its ids 0 and 1.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let failed = |e: sentencepiece_rs::Error| Error::Vocabulary(e.to_string());
        let model = SentencePieceModel::from_slice(bytes).map_err(failed)?;
        if model.vocab_size() < 2
            || !model.is_control(EOS as usize)
            || !model.is_unknown(UNK as usize)
        {
            return Err(Error::Vocabulary("id 0 must be </s> and id 1 <unk>".into()));
        }
        Ok(Self {
            processor: SentencePieceProcessor::from_model(model).map_err(failed)?,
        })
    }

    /// Number of pieces.
    #[must_use]
    pub fn len(&self) -> usize {
        self.processor.model().vocab_size()
    }

    /// Whether there are no pieces; never the case.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The piece of an id, with U+2581 for a space; `None` past the end.
    #[must_use]
    pub fn piece(&self, id: u32) -> Option<&str> {
        self.processor.id_to_piece(id as usize).ok()
    }

    /// Ids of a text, without `</s>`.
    #[must_use]
    pub fn encode(&self, text: &str) -> Vec<u32> {
        // The only failures of encoding are those of a broken model, which was refused on reading.
        let ids = self.processor.encode_to_ids(text).unwrap_or_default();
        ids.into_iter().map(|id| id as u32).collect()
    }

    /// Ids of a text with the bytes of the text that each stands for. The bytes of one character that is
    /// spelt as byte pieces share the range of the character.
    #[must_use]
    pub fn encode_with_ranges(&self, text: &str) -> Vec<(u32, Range<usize>)> {
        let model = self.processor.model();
        let mut at = 0;
        let mut bytes_left = 0;
        let mut tokens = Vec::new();
        for piece in self.processor.encode(text).unwrap_or_default() {
            let id = model.piece_to_id(&piece);
            if model.is_byte(id) {
                if bytes_left == 0 {
                    at = skip_white_space(text, at);
                    bytes_left = text[at..].chars().next().map_or(1, char::len_utf8);
                }
                let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
                tokens.push((id as u32, at..end));
                bytes_left -= 1;
                if bytes_left == 0 {
                    at = end;
                }
                continue;
            }
            bytes_left = 0;
            let visible = piece.trim_start_matches(SPACE);
            let start = if visible.len() < piece.len() {
                skip_white_space(text, at)
            } else {
                at
            };
            at = start;
            for c in visible.chars() {
                at = if c == SPACE {
                    skip_white_space(text, at)
                } else {
                    next_char(text, at)
                };
            }
            tokens.push((id as u32, start..at));
        }
        tokens
    }

    /// The text of ids. `</s>` is dropped; bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn decode(&self, ids: &[u32]) -> String {
        self.decode_with_ranges(ids).0
    }

    /// The text of ids and the bytes of it that each id wrote. Byte pieces of one character share its range.
    #[must_use]
    pub fn decode_with_ranges(&self, ids: &[u32]) -> (String, Vec<Range<usize>>) {
        let model = self.processor.model();
        let mut text = String::new();
        let mut ranges: Vec<Range<usize>> = Vec::with_capacity(ids.len());
        let mut bytes = Vec::new();
        for &id in ids {
            let piece = self.piece(id).unwrap_or("");
            if model.is_byte(id as usize) {
                bytes.extend(byte_value(piece));
                ranges.push(0..0);
                continue;
            }
            flush(&mut bytes, &mut text, &mut ranges);
            let start = text.len();
            if !model.is_control(id as usize) && !model.is_unknown(id as usize) {
                let piece = if start == 0 {
                    piece.trim_start_matches(SPACE)
                } else {
                    piece
                };
                text.extend(piece.chars().map(|c| if c == SPACE { ' ' } else { c }));
            }
            ranges.push(start..text.len());
        }
        flush(&mut bytes, &mut text, &mut ranges);
        (text, ranges)
    }
}

/// Writes collected byte pieces out as text; they belong to the last ranges.
fn flush(bytes: &mut Vec<u8>, text: &mut String, ranges: &mut [Range<usize>]) {
    let first = ranges.len() - bytes.len();
    let mut done = 0;
    for chunk in bytes.utf8_chunks() {
        let broken = (!chunk.invalid().is_empty())
            .then_some((char::REPLACEMENT_CHARACTER, chunk.invalid().len()));
        for (c, length) in chunk
            .valid()
            .chars()
            .map(|c| (c, c.len_utf8()))
            .chain(broken)
        {
            let start = text.len();
            text.push(c);
            ranges[first + done..first + done + length].fill(start..text.len());
            done += length;
        }
    }
    bytes.clear();
}

/// The byte of a piece like `<0xE4>`.
fn byte_value(piece: &str) -> Option<u8> {
    u8::from_str_radix(piece.strip_prefix("<0x")?.strip_suffix('>')?, 16).ok()
}

fn next_char(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(0, char::len_utf8)
}

fn skip_white_space(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches(' ').len()
}
