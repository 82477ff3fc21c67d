//! Subwords: SentencePiece vocabularies (Kudo and Richardson 2018), read from their `.spm` files.

use std::ops::Range;

use sentencepiece_rs::{ModelType, PieceType, SentencePieceModel, SentencePieceProcessor};

use super::segment::Lattice;
use crate::{Error, Result};

/// Id of `</s>`, which ends every sentence.
pub const EOS: u32 = 0;
/// Id of `<unk>`.
pub const UNK: u32 = 1;

/// What SentencePiece writes for a space.
const SPACE: char = '\u{2581}';

/// A vocabulary of subwords.
#[derive(Debug)]
pub struct Vocabulary {
    processor: SentencePieceProcessor,
    /// Finds the best segmentation; `None` for models that are not unigram, which the crate segments.
    lattice: Option<Lattice>,
    /// The pieces that spell single bytes, if the model has them.
    bytes: Option<Box<[u32; 256]>>,
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
        let lattice = (model.model_type() == ModelType::Unigram).then(|| {
            Lattice::new(model.pieces().iter().zip(0..).filter_map(
                |(piece, id)| match piece.kind {
                    PieceType::Normal => Some((piece.piece.as_str(), id, piece.score)),
                    // SentencePiece prefers what a user defined over anything learnt.
                    PieceType::UserDefined => Some((
                        piece.piece.as_str(),
                        id,
                        0.1 * (piece.piece.len() as f32 - 1.0),
                    )),
                    _ => None,
                },
            ))
        });
        let mut byte_ids = Box::new([u32::MAX; 256]);
        for (piece, id) in model.pieces().iter().zip(0..) {
            if piece.kind == PieceType::Byte
                && let Some(byte) = byte_value(&piece.piece)
            {
                byte_ids[usize::from(byte)] = id;
            }
        }
        let bytes = (!byte_ids.contains(&u32::MAX)).then_some(byte_ids);
        Ok(Self {
            processor: SentencePieceProcessor::from_model(model).map_err(failed)?,
            lattice,
            bytes,
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

    /// Whether another vocabulary has the same pieces under the same ids.
    #[must_use]
    pub fn has_pieces_of(&self, other: &Self) -> bool {
        let pieces = |vocabulary: &Self| {
            let model = vocabulary.processor.model();
            model
                .pieces()
                .iter()
                .map(|piece| (piece.piece.clone(), piece.score.to_bits()))
                .collect::<Vec<_>>()
        };
        pieces(self) == pieces(other)
    }

    /// The piece of an id, with U+2581 for a space; `None` past the end.
    #[must_use]
    pub fn piece(&self, id: u32) -> Option<&str> {
        self.processor.id_to_piece(id as usize).ok()
    }

    /// Ids of a text, without `</s>`.
    #[must_use]
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        self.segment(text, |id, _| ids.push(id));
        ids
    }

    /// Whether there are pieces for all of a text, so that no character of it is unknown or spelt in bytes.
    #[must_use]
    pub fn spells(&self, text: &str) -> bool {
        let model = self.processor.model();
        self.encode(text)
            .into_iter()
            .all(|id| !model.is_byte(id as usize) && !model.is_unknown(id as usize))
    }

    /// Ids of a text with the bytes of the text that each stands for. The byte pieces that spell one character share its
    /// range. Where the model's own normalisation changes the number of characters, ranges behind it may be off by as much.
    #[must_use]
    pub fn encode_with_ranges(&self, text: &str) -> Vec<(u32, Range<usize>)> {
        let mut at = 0;
        let mut tokens = Vec::new();
        self.segment(text, |id, surface| {
            let visible = surface.trim_start_matches(SPACE);
            let start = if visible.len() < surface.len() {
                skip_spaces(text, at)
            } else {
                at
            };
            let mut end = start;
            for c in visible.chars() {
                end = if c == SPACE {
                    skip_spaces(text, end)
                } else {
                    next_char(text, end)
                };
            }
            // The bytes of a character come with its text at the last of them only.
            tokens.push((id, start..end));
            at = end;
        });
        share_byte_ranges(&mut tokens);
        tokens
    }

    /// Calls `emit` with each id and the normalised text it covers; all byte pieces of a character but the last cover
    /// nothing.
    fn segment(&self, text: &str, mut emit: impl FnMut(u32, &str)) {
        let Some(lattice) = &self.lattice else {
            // Encoding fails for broken models only, and those were refused on reading.
            for piece in self.processor.encode(text).unwrap_or_default() {
                emit(self.processor.piece_to_id(&piece) as u32, &piece);
            }
            return;
        };
        let text = self.processor.normalize(text).unwrap_or_default();
        for (id, range) in lattice.best(&text) {
            let surface = &text[range];
            match (id, &self.bytes) {
                (Some(id), _) => emit(id, surface),
                (None, None) => emit(UNK, surface),
                (None, Some(bytes)) => {
                    for c in surface
                        .char_indices()
                        .map(|(n, c)| &surface[n..n + c.len_utf8()])
                    {
                        let (last, first) = c.as_bytes().split_last().unwrap_or((&0, &[]));
                        for &byte in first {
                            emit(bytes[usize::from(byte)], "");
                        }
                        emit(bytes[usize::from(*last)], c);
                    }
                }
            }
        }
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

/// Gives the byte pieces that cover nothing the range of the character that the next one ends.
fn share_byte_ranges(tokens: &mut [(u32, Range<usize>)]) {
    for n in (0..tokens.len().saturating_sub(1)).rev() {
        if tokens[n].1.is_empty() {
            tokens[n].1 = tokens[n + 1].1.clone();
        }
    }
}

/// The byte of a piece like `<0xE4>`.
fn byte_value(piece: &str) -> Option<u8> {
    u8::from_str_radix(piece.strip_prefix("<0x")?.strip_suffix('>')?, 16).ok()
}

fn next_char(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(0, char::len_utf8)
}

fn skip_spaces(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches(' ').len()
}
