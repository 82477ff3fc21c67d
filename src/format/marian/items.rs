//! Marian's binary container: named items, each with a type and a shape.
//!
//! ```text
//! u64 version = 1 | u64 n | n x { u64 name bytes, u64 type, u64 dimensions, u64 data bytes }
//! n x name, ending in NUL | n x i32[dimensions] | u64 padding | u8[padding] | n x data
//! ```
//! All numbers are little-endian. Data may be padded: an item may have more bytes than its elements need.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::{Error, Result};
use crate::format::Source;
use crate::format::tensor::name_of;

/// Most items accepted; the largest students have some hundred.
const MAX_ITEMS: u64 = 4_096;
/// Most dimensions accepted.
const MAX_DIMENSIONS: u64 = 8;

const INT8: u64 = 0x0101;
const FLOAT32: u64 = 0x0404;
/// int8 elements and, behind them, the f32 they were multiplied by.
const INTGEMM8: u64 = 0x4101;

/// The items of a file that have not been taken yet. Elements are read when they are.
#[derive(Debug)]
pub struct Items<'a> {
    source: Source<'a>,
    places: BTreeMap<String, Item<Range<usize>>>,
}

/// An item and its elements, or where in the file they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Item<Bytes> {
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// As many elements as the shape says.
    pub data: Data<Bytes>,
}

/// The elements of an item, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Data<Bytes> {
    /// Bytes, such as text.
    Bytes(Bytes),
    /// f32, little-endian.
    Floats(Bytes),
    /// int8; the real value of an element is the element times the scale.
    Quantised(Bytes, f32),
}

impl<Bytes> Data<Bytes> {
    fn read<Other>(self, read: impl FnOnce(Bytes) -> Result<Other>) -> Result<Data<Other>> {
        Ok(match self {
            Self::Bytes(bytes) => Data::Bytes(read(bytes)?),
            Self::Floats(bytes) => Data::Floats(read(bytes)?),
            Self::Quantised(bytes, scale) => Data::Quantised(read(bytes)?, scale),
        })
    }
}

/// Goes through a file from its beginning.
struct Reader<'a> {
    source: Source<'a>,
    at: usize,
}

fn truncated() -> Error {
    Error::Weights("it is truncated, or one of its lengths is wrong".into())
}

impl<'a> Reader<'a> {
    /// Goes past some bytes.
    fn skip(&mut self, count: u64) -> Result<Range<usize>> {
        let end = usize::try_from(count)
            .ok()
            .and_then(|count| self.at.checked_add(count))
            .filter(|&end| end <= self.source.len())
            .ok_or_else(truncated)?;
        let range = self.at..end;
        self.at = end;
        Ok(range)
    }

    fn bytes(&mut self, count: u64) -> Result<Cow<'a, [u8]>> {
        let range = self.skip(count)?;
        self.source.read(range).ok_or_else(truncated)
    }

    fn u64(&mut self) -> Result<u64> {
        let bytes = self.bytes(8)?;
        Ok(bytes
            .first_chunk()
            .map_or(0, |&bytes| u64::from_le_bytes(bytes)))
    }
}

impl<'a> Items<'a> {
    /// Finds all items.
    pub fn parse(source: Source<'a>) -> Result<Self> {
        let mut reader = Reader { source, at: 0 };
        let version = reader.u64()?;
        if version != 1 {
            return Err(if version.to_le_bytes().starts_with(&[0x1f, 0x8b]) {
                Error::Weights("it is compressed (decompress it first)".into())
            } else {
                Error::Weights("it is not a binary model of Marian, version 1".into())
            });
        }
        let count = reader.u64()?;
        if count > MAX_ITEMS {
            return Err(Error::Weights(format!("it claims to have {count} items")));
        }
        let mut headers = Vec::new();
        for _ in 0..count {
            headers.push([reader.u64()?, reader.u64()?, reader.u64()?, reader.u64()?]);
        }
        let mut names = Vec::new();
        for &[length, ..] in &headers {
            let name = reader.bytes(length)?;
            let name = name.strip_suffix(&[0]).map(<[u8]>::to_vec);
            let name = name.and_then(|name| String::from_utf8(name).ok());
            names.push(name.ok_or_else(|| Error::Weights("one of its names is no text".into()))?);
        }
        let mut shapes = Vec::new();
        for (&[_, _, dimensions, _], name) in headers.iter().zip(&names) {
            if dimensions > MAX_DIMENSIONS {
                return Err(Error::Weights(format!(
                    "{name} has {dimensions} dimensions"
                )));
            }
            let sizes = reader.bytes(4 * dimensions)?;
            let sizes = sizes.as_chunks().0.iter();
            let sizes = sizes.map(|&size| usize::try_from(i32::from_le_bytes(size)));
            let shape: Vec<usize> = sizes
                .collect::<std::result::Result<_, _>>()
                .map_err(|_| Error::Weights(format!("{name} has a negative dimension")))?;
            shapes.push(shape);
        }
        let padding = reader.u64()?;
        reader.skip(padding)?;
        let mut places = BTreeMap::new();
        for ((&[_, kind, _, length], name), shape) in headers.iter().zip(names).zip(shapes) {
            let data = data(&name, kind, &shape, source, reader.skip(length)?)?;
            if places.contains_key(&name) {
                return Err(Error::Weights(format!("it has {name} twice")));
            }
            places.insert(name, Item { shape, data });
        }
        if reader.at < source.len() {
            return Err(Error::Weights(format!(
                "it has {} bytes after its last item",
                source.len() - reader.at
            )));
        }
        Ok(Self { source, places })
    }

    /// Whether there is an item of this name.
    pub fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The dimensions of an item.
    pub fn shape(&self, name: &str) -> Result<&[usize]> {
        let item = self.places.get(name).ok_or_else(|| missing(name))?;
        Ok(&item.shape)
    }

    /// Takes an item out.
    pub fn take(&mut self, name: &str) -> Result<Item<Cow<'a, [u8]>>> {
        let Item { shape, data } = self.places.remove(name).ok_or_else(|| missing(name))?;
        let read = |range| self.source.read(range).ok_or_else(truncated);
        Ok(Item {
            shape,
            data: data.read(read)?,
        })
    }

    /// Takes out an item that is text, without the NUL at its end.
    pub fn text(&mut self, name: &str) -> Result<String> {
        let no_text = || Error::Weights(format!("{name} is no text"));
        let Data::Bytes(bytes) = self.take(name)?.data else {
            return Err(no_text());
        };
        let bytes = bytes.strip_suffix(&[0]).unwrap_or(&bytes);
        String::from_utf8(bytes.to_vec()).map_err(|_| no_text())
    }

    /// The names that are left.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }
}

fn data(
    name: &str,
    kind: u64,
    shape: &[usize],
    source: Source<'_>,
    bytes: Range<usize>,
) -> Result<Data<Range<usize>>> {
    let short = || {
        Error::Weights(format!(
            "{name} has fewer elements than its shape {shape:?}"
        ))
    };
    let elements = shape
        .iter()
        .try_fold(1usize, |product, &size| product.checked_mul(size))
        .ok_or_else(short)?;
    let part = |size: usize| {
        let end = elements.checked_mul(size)?.checked_add(bytes.start)?;
        (end <= bytes.end).then_some(bytes.start..end)
    };
    match kind {
        INT8 => Ok(Data::Bytes(part(1).ok_or_else(short)?)),
        FLOAT32 => Ok(Data::Floats(part(4).ok_or_else(short)?)),
        INTGEMM8 => {
            let values = part(1).ok_or_else(short)?;
            let rest = values.end..bytes.end.min(values.end + 4);
            let rest = source.read(rest).unwrap_or_default();
            let &multiplier = rest.first_chunk::<4>().ok_or_else(short)?;
            let multiplier = f32::from_le_bytes(multiplier);
            let scale = 1.0 / multiplier;
            if multiplier > 0.0 && multiplier.is_finite() && scale.is_normal() {
                Ok(Data::Quantised(values, scale))
            } else {
                Err(Error::Weights(format!(
                    "{name} has the multiplier {}, which makes no sense",
                    name_of(multiplier)
                )))
            }
        }
        _ => Err(Error::Unsupported(format!(
            "items of type {kind:#06x}, such as {name} (only float32 and intgemm8)"
        ))),
    }
}

fn missing(name: &str) -> Error {
    Error::Weights(format!("{name} is missing"))
}
