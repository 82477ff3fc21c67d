//! Marian's binary container: named items, each with a type and a shape.
//!
//! ```text
//! u64 version = 1 | u64 n | n x { u64 name bytes, u64 type, u64 dimensions, u64 data bytes }
//! n x name, ending in NUL | n x i32[dimensions] | u64 padding | u8[padding] | n x data
//! ```
//! All numbers are little-endian. Data may be padded: an item may have more bytes than its elements need.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::format::container::name_of;

/// Most items accepted; the largest students have some hundred.
const MAX_ITEMS: u64 = 4_096;
/// Most dimensions accepted.
const MAX_DIMENSIONS: u64 = 8;

const INT8: u64 = 0x0101;
const FLOAT32: u64 = 0x0404;
/// int8 elements and, behind them, the f32 they were multiplied by.
const INTGEMM8: u64 = 0x4101;

/// The items of a file that have not been taken yet.
#[derive(Debug)]
pub struct Items<'a>(BTreeMap<&'a str, Item<'a>>);

/// An item and its elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Item<'a> {
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// As many elements as the shape says.
    pub data: Data<'a>,
}

/// The elements of an item, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Data<'a> {
    /// Bytes, such as text.
    Bytes(&'a [u8]),
    /// f32, little-endian.
    Floats(&'a [[u8; 4]]),
    /// int8; the real value of an element is the element times the scale.
    Quantised(&'a [u8], f32),
}

/// Takes bytes off the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: u64) -> Result<&'a [u8]> {
        let count = usize::try_from(count).ok();
        let (bytes, rest) = count
            .and_then(|count| self.0.split_at_checked(count))
            .ok_or_else(|| {
                Error::Weights("it is truncated, or one of its lengths is wrong".into())
            })?;
        self.0 = rest;
        Ok(bytes)
    }

    fn u64(&mut self) -> Result<u64> {
        let bytes = self.bytes(8)?;
        Ok(bytes
            .first_chunk()
            .map_or(0, |&bytes| u64::from_le_bytes(bytes)))
    }
}

impl<'a> Items<'a> {
    /// Reads all items.
    pub fn parse(file: &'a [u8]) -> Result<Self> {
        let mut reader = Reader(file);
        let version = reader.u64()?;
        if version != 1 {
            return Err(if file.starts_with(&[0x1f, 0x8b]) {
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
            let name = reader.bytes(length)?.strip_suffix(&[0]);
            let name = name.and_then(|name| std::str::from_utf8(name).ok());
            names.push(name.ok_or_else(|| Error::Weights("one of its names is no text".into()))?);
        }
        let mut shapes = Vec::new();
        for (&[_, _, dimensions, _], name) in headers.iter().zip(&names) {
            if dimensions > MAX_DIMENSIONS {
                return Err(Error::Weights(format!(
                    "{name} has {dimensions} dimensions"
                )));
            }
            let (sizes, _) = reader.bytes(4 * dimensions)?.as_chunks::<4>();
            let sizes = sizes
                .iter()
                .map(|&size| usize::try_from(i32::from_le_bytes(size)));
            let shape: Vec<usize> = sizes
                .collect::<std::result::Result<_, _>>()
                .map_err(|_| Error::Weights(format!("{name} has a negative dimension")))?;
            shapes.push(shape);
        }
        let padding = reader.u64()?;
        reader.bytes(padding)?;
        let mut items = BTreeMap::new();
        for ((&[_, kind, _, length], name), shape) in headers.iter().zip(names).zip(shapes) {
            let data = data(name, kind, &shape, reader.bytes(length)?)?;
            if items.insert(name, Item { shape, data }).is_some() {
                return Err(Error::Weights(format!("it has {name} twice")));
            }
        }
        if !reader.0.is_empty() {
            return Err(Error::Weights(format!(
                "it has {} bytes after its last item",
                reader.0.len()
            )));
        }
        Ok(Self(items))
    }

    /// Whether there is an item of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The dimensions of an item.
    pub fn shape(&self, name: &str) -> Result<&[usize]> {
        let item = self.0.get(name).ok_or_else(|| missing(name))?;
        Ok(&item.shape)
    }

    /// Takes an item out.
    pub fn take(&mut self, name: &str) -> Result<Item<'a>> {
        self.0.remove(name).ok_or_else(|| missing(name))
    }

    /// Takes out an item that is text, without the NUL at its end.
    pub fn text(&mut self, name: &str) -> Result<&'a str> {
        let Data::Bytes(bytes) = self.take(name)?.data else {
            return Err(Error::Weights(format!("{name} is no text")));
        };
        let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
        std::str::from_utf8(bytes).map_err(|_| Error::Weights(format!("{name} is no text")))
    }

    /// The names that are left.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.0.keys().copied()
    }
}

fn data<'a>(name: &str, kind: u64, shape: &[usize], bytes: &'a [u8]) -> Result<Data<'a>> {
    let short = || {
        Error::Weights(format!(
            "{name} has fewer elements than its shape {shape:?}"
        ))
    };
    let elements = shape
        .iter()
        .try_fold(1usize, |product, &size| product.checked_mul(size))
        .ok_or_else(short)?;
    match kind {
        INT8 => Ok(Data::Bytes(bytes.get(..elements).ok_or_else(short)?)),
        FLOAT32 => {
            let (floats, _) = bytes.as_chunks::<4>();
            Ok(Data::Floats(floats.get(..elements).ok_or_else(short)?))
        }
        INTGEMM8 => {
            let (values, rest) = bytes.split_at_checked(elements).ok_or_else(short)?;
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
