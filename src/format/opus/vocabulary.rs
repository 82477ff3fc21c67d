//! One SentencePiece model of the two files that say how to cut text into pieces and which ids these have.
//!
//! `vocab.json` gives the pieces of both languages ids. `source.spm` gives those of the source scores, by which text is cut. A
//! model whose pieces stand in the order of the ids serves both sides: pieces of the target alone are marked as unused, which
//! keeps them out of the source, and read back like any other. What stands in `source.spm` about normalisation is taken over.
//! Pieces that stand for target languages are control pieces: no text that somebody types is read as one.

use std::collections::{BTreeMap, HashMap};

use super::target;
use crate::error::{Error, Result};

/// Types of pieces (`sentencepiece_model.proto`).
const NORMAL: u64 = 1;
const UNKNOWN: u64 = 2;
const CONTROL: u64 = 3;
const UNUSED: u64 = 5;

/// Wire types of protocol buffers.
const VARINT: u64 = 0;
const EIGHT_BYTES: u64 = 1;
const BYTES: u64 = 2;
const FOUR_BYTES: u64 = 5;

/// A serialised `ModelProto` of `pieces`.
pub fn join(pieces: &[String], source: &[u8]) -> Result<Vec<u8>> {
    let mut known: HashMap<&[u8], (f32, u64)> = HashMap::new();
    let mut rest = Vec::new();
    for field in fields(source) {
        match field? {
            Field {
                number: 1,
                value: Value::Bytes(bytes),
                ..
            } => {
                let (name, score, kind) = piece(bytes)?;
                known.insert(name, (score, kind));
            }
            Field {
                number: 2,
                value: Value::Bytes(bytes),
                ..
            } => {
                // The later of two values of an option counts: unk_id = 1, bos_id = -1, eos_id = 0, pad_id = -1.
                let mut trainer = bytes.to_vec();
                for (option, id) in [(40, 1), (41, u64::MAX), (42, 0), (43, u64::MAX)] {
                    write_varint(&mut trainer, option << 3 | VARINT);
                    write_varint(&mut trainer, id);
                }
                write_bytes(&mut rest, 2, &trainer);
            }
            field => rest.extend(field.raw),
        }
    }
    let mut model = Vec::new();
    for (id, name) in pieces.iter().enumerate() {
        let (score, kind) = match (id, known.get(name.as_bytes())) {
            (0, _) => (0.0, CONTROL),
            (1, _) => (0.0, UNKNOWN),
            _ if target::is_token(name) => (0.0, CONTROL),
            (_, Some(&(score, kind))) if kind != UNKNOWN && kind != CONTROL => (score, kind),
            _ => (0.0, UNUSED),
        };
        let mut message = Vec::new();
        write_bytes(&mut message, 1, name.as_bytes());
        write_varint(&mut message, 2 << 3 | FOUR_BYTES);
        message.extend(score.to_le_bytes());
        write_varint(&mut message, 3 << 3 | VARINT);
        write_varint(&mut message, kind);
        write_bytes(&mut model, 1, &message);
    }
    model.extend(rest);
    Ok(model)
}

/// The pieces in the order of their ids, up to `size`; one more is the padding token.
pub fn by_id(file: &[u8], size: usize) -> Result<Vec<String>> {
    let damaged = |what: String| Error::Vocabulary(format!("vocab.json {what}"));
    let ids: BTreeMap<String, usize> =
        serde_json::from_slice(file).map_err(|e| damaged(format!("is damaged: {e}")))?;
    let mut pieces = vec![None; size];
    for (piece, id) in ids {
        match pieces.get_mut(id) {
            Some(place @ None) => *place = Some(piece),
            Some(_) => return Err(damaged(format!("has two pieces with the id {id}"))),
            None if id == size => {}
            None => {
                return Err(damaged(format!(
                    "has the id {id}, but config.json ends at {size}"
                )));
            }
        }
    }
    let pieces: Vec<String> = pieces
        .into_iter()
        .enumerate()
        .map(|(id, piece)| piece.ok_or_else(|| damaged(format!("has no piece with the id {id}"))))
        .collect::<Result<_>>()?;
    match pieces.get(..2) {
        Some([end, unknown]) if end == "</s>" && unknown == "<unk>" => Ok(pieces),
        _ => Err(damaged("must begin with </s> = 0 and <unk> = 1".into())),
    }
}

/// Name, score and type of a piece.
fn piece(message: &[u8]) -> Result<(&[u8], f32, u64)> {
    let mut found = (&[][..], 0.0, NORMAL);
    for field in fields(message) {
        match field? {
            Field {
                number: 1,
                value: Value::Bytes(name),
                ..
            } => found.0 = name,
            Field {
                number: 2,
                value: Value::Four(bits),
                ..
            } => found.1 = f32::from_le_bytes(bits),
            Field {
                number: 3,
                value: Value::Varint(kind),
                ..
            } => found.2 = kind,
            _ => {}
        }
    }
    Ok(found)
}

/// A field of a protocol buffer and the bytes that it was written with.
struct Field<'a> {
    number: u64,
    value: Value<'a>,
    raw: &'a [u8],
}

enum Value<'a> {
    Varint(u64),
    Four([u8; 4]),
    Bytes(&'a [u8]),
    Other,
}

fn fields(message: &[u8]) -> impl Iterator<Item = Result<Field<'_>>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let start = rest;
        let damaged = || Error::Vocabulary("source.spm is truncated or damaged".into());
        let Some((number, value)) = field(&mut rest) else {
            rest = &[];
            return Some(Err(damaged()));
        };
        let raw = &start[..start.len() - rest.len()];
        Some(Ok(Field { number, value, raw }))
    })
}

fn field<'a>(rest: &mut &'a [u8]) -> Option<(u64, Value<'a>)> {
    let key = varint(rest)?;
    let value = match key & 7 {
        VARINT => Value::Varint(varint(rest)?),
        EIGHT_BYTES => {
            take(rest, 8)?;
            Value::Other
        }
        BYTES => {
            let length = usize::try_from(varint(rest)?).ok()?;
            Value::Bytes(take(rest, length)?)
        }
        FOUR_BYTES => Value::Four(*take(rest, 4)?.first_chunk()?),
        _ => return None,
    };
    Some((key >> 3, value))
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (bytes, behind) = rest.split_at_checked(count)?;
    *rest = behind;
    Some(bytes)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn write_varint(to: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn write_bytes(to: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    write_varint(to, number << 3 | BYTES);
    write_varint(to, bytes.len() as u64);
    to.extend(bytes);
}
