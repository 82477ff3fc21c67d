//! The safetensors level of a weights file: named tensors of raw bytes, and text metadata.
//!
//! ```text
//! u64 little-endian: length N of the header | N bytes of JSON | the tensors' bytes, without gaps
//! ```
//! Lengths and offsets are checked against the bytes at hand before they are used; nothing here copies tensor data.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::error::{Error, Result};

/// Bytes of the length that stands before the header.
const LENGTH_BYTES: usize = 8;
/// Longest header accepted, in bytes; a real one has a few kilobytes.
const MAX_HEADER_BYTES: usize = 1 << 20;
/// The header's key for text metadata, reserved by safetensors.
const METADATA_KEY: &str = "__metadata__";

/// A safetensors file whose header has been checked, borrowing the bytes of its tensors.
pub struct Layout<'data> {
    metadata: Metadata,
    data: &'data [u8],
}

/// One tensor of a [`Layout`].
#[derive(Clone, Copy, Debug)]
pub struct RawTensor<'data> {
    /// Type of the elements.
    pub dtype: Dtype,
    /// Little-endian elements; as many as the shape says.
    pub data: &'data [u8],
}

impl<'data> Layout<'data> {
    /// Reads the header and checks that the tensors it describes fill the rest of the file exactly.
    ///
    /// # Errors
    /// [`Error::Weights`] if the bytes are not safetensors, are truncated, or have something after their end.
    pub fn parse(bytes: &'data [u8]) -> Result<Self> {
        let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>().ok_or_else(|| {
            Error::Weights(format!(
                "it has only {} bytes, so it is not a weights file",
                bytes.len()
            ))
        })?;
        let length = usize::try_from(u64::from_le_bytes(*length))
            .ok()
            .filter(|&length| length <= MAX_HEADER_BYTES)
            .ok_or_else(|| Error::Weights(format!("it is {}, not a weights file", guess(bytes))))?;
        if length > rest.len() {
            return Err(Error::Weights(format!(
                "it is truncated: its header should have {length} bytes, but only {} are there",
                rest.len()
            )));
        }
        let (header, data) = rest.split_at(length);
        let header = std::str::from_utf8(header)
            .map_err(|error| Error::Weights(format!("its header is not text: {error}")))?;
        refuse_duplicate_names(header)?;
        let metadata: Metadata = serde_json::from_str(header)
            .map_err(|error| Error::Weights(format!("its header is damaged: {error}")))?;
        let expected = metadata.data_len();
        if data.len() < expected {
            return Err(Error::Weights(format!(
                "it is truncated: its tensors need {expected} bytes, but only {} are there",
                data.len()
            )));
        }
        if data.len() > expected {
            return Err(Error::Weights(format!(
                "it has {} bytes after the end of its last tensor",
                data.len() - expected
            )));
        }
        Ok(Self { metadata, data })
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

    /// The tensor called `name`, if there is one.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<RawTensor<'data>> {
        let info = self.metadata.info(name)?;
        let (start, end) = info.data_offsets;
        // The header was checked: tensors follow each other without gaps up to the end of `data`.
        Some(RawTensor {
            dtype: info.dtype,
            data: self.data.get(start..end)?,
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

/// JSON objects may repeat a key and parsers keep the last one; a file that says two things about a tensor is refused.
fn refuse_duplicate_names(header: &str) -> Result<()> {
    struct Names;
    impl<'de> Visitor<'de> for Names {
        type Value = Option<String>;
        fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
            formatter.write_str("an object that describes tensors")
        }
        fn visit_map<A: MapAccess<'de>>(
            self,
            mut map: A,
        ) -> std::result::Result<Self::Value, A::Error> {
            let mut seen = HashSet::new();
            let mut duplicate = None;
            while let Some((name, IgnoredAny)) = map.next_entry::<String, _>()? {
                if let Some(name) = seen.replace(name) {
                    duplicate = Some(name);
                }
            }
            Ok(duplicate)
        }
    }
    let duplicate = serde_json::Deserializer::from_str(header)
        .deserialize_map(Names)
        .map_err(|error| Error::Weights(format!("its header is damaged: {error}")))?;
    match duplicate {
        Some(name) => Err(Error::Weights(format!("it describes {name:?} twice"))),
        None => Ok(()),
    }
}
