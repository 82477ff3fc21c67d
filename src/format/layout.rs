//! The safetensors level of a weights file: named tensors of raw bytes, and text metadata.
//!
//! ```text
//! u64 little-endian: length N of the header | N bytes of JSON | the tensors' bytes, without gaps
//! ```
//! Lengths and offsets are checked against the bytes at hand before they are used; tensors in memory are not copied.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::source::Source;
use crate::error::{Error, Result};

/// Bytes of the length that stands before the header.
const LENGTH_BYTES: usize = 8;
/// Bytes that show what a file is that is no weights file.
const BEGINNING: usize = 64;
/// Longest header accepted, in bytes; a real one has a few kilobytes.
const MAX_HEADER_BYTES: usize = 1 << 20;
/// The header's key for text metadata, reserved by safetensors.
const METADATA_KEY: &str = "__metadata__";

/// A safetensors file whose header has been checked. The bytes of its tensors are read when they are asked for.
pub struct Layout<'data> {
    metadata: Metadata,
    source: Source<'data>,
    /// Where the bytes of the tensors begin.
    start: usize,
}

/// One tensor of a [`Layout`].
#[derive(Clone, Debug)]
pub struct RawTensor<'data> {
    /// Type of the elements.
    pub dtype: Dtype,
    /// Little-endian elements; as many as the shape says.
    pub data: Cow<'data, [u8]>,
}

impl<'data> Layout<'data> {
    /// Reads the header and checks that the tensors it describes fill the rest of the file exactly.
    ///
    /// # Errors
    /// [`Error::Weights`] if the bytes are not safetensors, are truncated, or have something after their end.
    pub fn parse(source: impl Into<Source<'data>>) -> Result<Self> {
        let source = source.into();
        let all = source.len();
        let beginning = source.read(0..all.min(BEGINNING)).unwrap_or_default();
        let (length, _) = beginning
            .split_first_chunk::<LENGTH_BYTES>()
            .ok_or_else(|| {
                Error::Weights(format!(
                    "it has only {all} bytes, so it is not a weights file"
                ))
            })?;
        let length = usize::try_from(u64::from_le_bytes(*length))
            .ok()
            .filter(|&length| length <= MAX_HEADER_BYTES)
            .ok_or_else(|| {
                let kind = guess(&beginning);
                Error::Weights(format!("it is {kind}, not a weights file"))
            })?;
        let start = LENGTH_BYTES + length;
        let header = source.read(LENGTH_BYTES..start).ok_or_else(|| {
            Error::Weights(format!(
                "it is truncated: its header should have {length} bytes, but only {} are there",
                all - LENGTH_BYTES
            ))
        })?;
        let header = std::str::from_utf8(&header)
            .map_err(|error| Error::Weights(format!("its header is not text: {error}")))?;
        let metadata = metadata(header)?;
        let (expected, found) = (metadata.data_len(), all - start);
        if found < expected {
            return Err(Error::Weights(format!(
                "it is truncated: its tensors need {expected} bytes, but only {found} are there"
            )));
        }
        if found > expected {
            return Err(Error::Weights(format!(
                "it has {} bytes after the end of its last tensor",
                found - expected
            )));
        }
        Ok(Self {
            metadata,
            source,
            start,
        })
    }

    /// The text stored under `key` in the header.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.metadata
            .metadata()
            .as_ref()?
            .get(key)
            .map(String::as_str)
    }

    /// Names of all tensors, in the order of their data.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.metadata.offset_keys()
    }

    /// Shape of the tensor called `name`, if there is one.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.metadata.info(name).map(|info| info.shape.as_slice())
    }

    /// Type of the elements of the tensor called `name`, if there is one.
    #[must_use]
    pub fn dtype(&self, name: &str) -> Option<Dtype> {
        self.metadata.info(name).map(|info| info.dtype)
    }

    /// The tensor called `name`, if there is one.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<RawTensor<'data>> {
        let info = self.metadata.info(name)?;
        let (start, end) = info.data_offsets;
        // The header was checked: tensors follow each other without gaps up to the end of the file.
        let data = self.source.read(self.start + start..self.start + end)?;
        Some(RawTensor {
            dtype: info.dtype,
            data,
        })
    }
}

/// A tensor about to be written.
pub(crate) struct Writable {
    /// Its name.
    pub name: String,
    /// Type of the elements.
    pub dtype: Dtype,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Little-endian elements.
    pub data: Vec<u8>,
}

/// Writes a safetensors file.
///
/// Unlike [`safetensors::serialize`], the same contents always give the same bytes: metadata is sorted, tensors keep
/// their order. The data starts at a multiple of 8 bytes.
pub(crate) fn serialise(metadata: &BTreeMap<&str, String>, tensors: &[Writable]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    header.insert(METADATA_KEY.to_owned(), serde_json::json!(metadata));
    let mut end = 0;
    for tensor in tensors {
        let start = end;
        end += tensor.data.len();
        let info = TensorInfo {
            dtype: tensor.dtype,
            shape: tensor.shape.clone(),
            data_offsets: (start, end),
        };
        header.insert(tensor.name.clone(), serde_json::json!(info));
    }
    let mut header = serde_json::Value::Object(header).to_string();
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let mut bytes = Vec::with_capacity(LENGTH_BYTES + header.len() + end);
    bytes.extend_from_slice(&(header.len() as u64).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    for tensor in tensors {
        bytes.extend_from_slice(&tensor.data);
    }
    bytes
}

/// What a file that does not start like safetensors probably is, for the message.
fn guess(bytes: &[u8]) -> &'static str {
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"version https://git-lfs") {
        "a Git LFS pointer (run `git lfs pull`)"
    } else if start.starts_with(b"<") {
        "an HTML or XML page (was the address right?)"
    } else if start.starts_with(b"{") || start.starts_with(b"[") {
        "a JSON file"
    } else if bytes.starts_with(b"PK") {
        "a ZIP archive"
    } else if bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        "a compressed file (decompress it first)"
    } else {
        "something else"
    }
}

/// Reads the header. By hand, because what serde derives for it, and the messages that it has for every type, make a twentieth of
/// the WebAssembly.
fn metadata(header: &str) -> Result<Metadata> {
    let mut json = serde_json::Deserializer::from_str(header);
    let Entries(entries) = Entries::<Entries<Value>>::deserialize(&mut json)
        .and_then(|entries| json.end().map(|()| entries))
        .map_err(damaged)?;
    let mut texts = None;
    let mut tensors = Vec::with_capacity(entries.len());
    for (name, entry) in unique(entries)? {
        let fields = unique(entry.0)?;
        if name == METADATA_KEY {
            let text = |(key, value): (String, Value)| Some((key, value.as_str()?.to_owned()));
            let read: Option<_> = fields.into_iter().map(text).collect();
            texts = Some(read.ok_or_else(|| damaged("its metadata are not texts"))?);
        } else {
            let info = info(&fields)
                .ok_or_else(|| damaged(format_args!("what it says of {name:?} makes no sense")))?;
            tensors.push((name, info));
        }
    }
    tensors.sort_by_key(|(_, info)| info.data_offsets);
    Metadata::new(texts, tensors).map_err(damaged)
}

/// What a header says of one tensor.
fn info(fields: &[(String, Value)]) -> Option<TensorInfo> {
    let field = |wanted| {
        let mut found = fields.iter().filter(|(name, _)| name == wanted);
        found.next().map(|(_, value)| value)
    };
    let number = |value: &Value| usize::try_from(value.as_u64()?).ok();
    let shape = field("shape")?.as_array()?.iter().map(number);
    let [start, end] = field("data_offsets")?.as_array()?.as_slice() else {
        return None;
    };
    Some(TensorInfo {
        dtype: match field("dtype")?.as_str()? {
            "BOOL" => Dtype::BOOL,
            "U8" => Dtype::U8,
            "I8" => Dtype::I8,
            "I16" => Dtype::I16,
            "U16" => Dtype::U16,
            "F16" => Dtype::F16,
            "BF16" => Dtype::BF16,
            "I32" => Dtype::I32,
            "U32" => Dtype::U32,
            "F32" => Dtype::F32,
            "F64" => Dtype::F64,
            "I64" => Dtype::I64,
            "U64" => Dtype::U64,
            _ => return None,
        },
        shape: shape.collect::<Option<_>>()?,
        data_offsets: (number(start)?, number(end)?),
    })
}

fn damaged(why: impl fmt::Display) -> Error {
    Error::Weights(format!("its header is damaged: {why}"))
}

/// JSON objects may repeat a key and parsers keep the last one; a file that says two things about a tensor is refused.
fn unique<T>(entries: Vec<(String, T)>) -> Result<Vec<(String, T)>> {
    let mut names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::Weights(format!("it describes {:?} twice", pair[0]))),
        None => Ok(entries),
    }
}

/// The entries of a JSON object, those that repeat a name as well.
struct Entries<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<T>(PhantomData<T>);

/// For each of these types serde would write its value into the message.
macro_rules! refuse {
    ($($visit:ident($of:ty))*) => {
        $(fn $visit<E: de::Error>(self, _: $of) -> std::result::Result<Self::Value, E> {
            Err(E::custom(NO_OBJECT))
        })*
    };
}
const NO_OBJECT: &str = "something is not an object";

impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
    type Value = Entries<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> std::result::Result<Self::Value, A::Error> {
        Err(de::Error::custom(NO_OBJECT))
    }

    fn visit_unit<E: de::Error>(self) -> std::result::Result<Self::Value, E> {
        Err(E::custom(NO_OBJECT))
    }

    refuse!(visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) visit_str(&str));
}
