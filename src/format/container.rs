//! A model in memory, and how it is read from and written to a weights file.
//!
//! | in the file | type | shape |
//! |---|---|---|
//! | quantised matrix `NAME` | I8 | `[out, in]` |
//! | `NAME.scale` | F32 | `[out]` |
//! | bias, or matrix kept in floating point | F32 | as in [`Architecture::tensors`](super::Architecture::tensors) |
//! | `source.spm`, `target.spm` (unless it is the same) | U8 | SentencePiece `ModelProto` bytes |
//! | `source.respelling`, if there is one | U8 | see [`text::respelling`](crate::text::respelling) |
//! | `shortlist.frequent`, `.starts`, `.tokens`, if there is one | U32 | see [`Shortlist`] |
//!
//! The safetensors metadata holds `format`, `version`, `config` (JSON, see [`ModelConfig`]) and `checksum`.

use std::collections::BTreeMap;

use safetensors::tensor::Dtype;
use serde_json::Value;

use super::config::{ModelConfig, TensorSpec};
use super::layout::{self, Layout, RawTensor, Writable};
use super::quantise::QuantisedMatrix;
use super::shortlist::Shortlist;
use super::source::Source;
use super::tensor::Tensor;
use crate::error::{Error, Result};

/// Value of `format` in the metadata of every weights file.
pub const FORMAT: &str = "dragoman";
/// Value of `version`: raised when files can no longer be read by older releases.
pub const VERSION: &str = "1";

const SOURCE_VOCABULARY: &str = "source.spm";
const TARGET_VOCABULARY: &str = "target.spm";
const RESPELLING: &str = "source.respelling";
/// The parts of a shortlist, in the order of its fields.
const SHORTLIST: [&str; 3] = ["shortlist.frequent", "shortlist.starts", "shortlist.tokens"];

/// A model: what [`crate::model::Model`] is built from.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFile {
    /// Languages, architecture and dimensions.
    pub config: ModelConfig,
    /// SentencePiece model of the source language.
    pub source_vocabulary: Vec<u8>,
    /// SentencePiece model of the target language.
    pub target_vocabulary: Vec<u8>,
    /// Table of spellings of the source language; empty if there is none.
    pub respelling: Vec<u8>,
    /// Which target tokens to consider; all of them if there is none.
    pub shortlist: Option<Shortlist>,
    /// The tensors of [`Architecture::tensors`](super::Architecture::tensors), no more and no fewer.
    pub tensors: BTreeMap<String, Tensor>,
}

impl ModelFile {
    /// Reads a weights file, copying each tensor once, and checks all of it.
    ///
    /// Whether the vocabularies and the table of spellings can be parsed, and have the right sizes, is left to who parses them; see
    /// [`ModelConfig::check_vocabularies`].
    ///
    /// # Errors
    /// - [`Error::Weights`] if the file is truncated, corrupt, or does not fit its own configuration.
    /// - [`Error::Unsupported`] if it was made for a newer version.
    pub fn read<'data>(source: impl Into<Source<'data>>) -> Result<Self> {
        let layout = Layout::parse(source.into())?;
        let config = read_config(&layout)?;
        let specs = config.architecture.tensors();
        refuse_unknown_tensors(&layout, &config, &specs)?;
        let found = checksum(&layout);
        if layout.text("checksum") != Some(found.as_str()) {
            return Err(Error::Weights(
                "its contents do not match its checksum".into(),
            ));
        }
        let mut tensors = BTreeMap::new();
        for (name, spec) in &specs {
            let tensor = read_tensor(&layout, name)?;
            tensor.check(name, spec)?;
            tensors.insert(name.clone(), tensor);
        }
        let source_vocabulary = read_vocabulary(&layout, SOURCE_VOCABULARY)?;
        let target_vocabulary = if config.architecture.shares_vocabulary() {
            source_vocabulary.clone()
        } else {
            read_vocabulary(&layout, TARGET_VOCABULARY)?
        };
        let respelling = match layout.dtype(RESPELLING) {
            Some(_) => read_vocabulary(&layout, RESPELLING)?,
            None => Vec::new(),
        };
        let file = Self {
            source_vocabulary,
            target_vocabulary,
            respelling,
            shortlist: read_shortlist(&layout)?,
            config,
            tensors,
        };
        file.check_shortlist()?;
        Ok(file)
    }

    /// Makes a weights file. The same model always gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Weights`] if the model would be refused by [`ModelFile::read`].
    pub fn write(&self) -> Result<Vec<u8>> {
        self.check()?;
        let mut tensors = Vec::new();
        for (name, tensor) in &self.tensors {
            let shape = tensor.shape();
            match tensor {
                Tensor::Quantised(matrix) => {
                    let weights = matrix
                        .data
                        .iter()
                        .map(|weight| weight.cast_unsigned())
                        .collect();
                    tensors.push(Writable {
                        name: name.clone(),
                        dtype: Dtype::I8,
                        shape,
                        data: weights,
                    });
                    tensors.push(Writable {
                        name: scale_name(name),
                        dtype: Dtype::F32,
                        shape: vec![matrix.rows],
                        data: to_little_endian(&matrix.scales),
                    });
                }
                Tensor::Float { data, .. } => tensors.push(Writable {
                    name: name.clone(),
                    dtype: Dtype::F32,
                    shape,
                    data: to_little_endian(data),
                }),
            }
        }
        for (name, bytes) in [
            (SOURCE_VOCABULARY, &self.source_vocabulary),
            (TARGET_VOCABULARY, &self.target_vocabulary),
            (RESPELLING, &self.respelling),
        ] {
            let shared = name == TARGET_VOCABULARY && self.config.architecture.shares_vocabulary();
            if shared || (name == RESPELLING && bytes.is_empty()) {
                continue;
            }
            tensors.push(Writable {
                name: name.to_owned(),
                dtype: Dtype::U8,
                shape: vec![bytes.len()],
                data: bytes.clone(),
            });
        }
        if let Some(shortlist) = &self.shortlist {
            let parts = [&shortlist.frequent, &shortlist.starts, &shortlist.tokens];
            for (name, part) in SHORTLIST.into_iter().zip(parts) {
                tensors.push(Writable {
                    name: name.to_owned(),
                    dtype: Dtype::U32,
                    shape: vec![part.len()],
                    data: part.iter().flat_map(|value| value.to_le_bytes()).collect(),
                });
            }
        }
        // The widest elements first keeps every tensor aligned to its element size.
        tensors.sort_unstable_by(|a, b| {
            (b.dtype.bitsize(), &a.name).cmp(&(a.dtype.bitsize(), &b.name))
        });
        let mut metadata = BTreeMap::new();
        metadata.insert("format", FORMAT.to_owned());
        metadata.insert("version", VERSION.to_owned());
        metadata.insert("config", config_to_json(&self.config));
        let unsigned = layout::serialise(&metadata, &tensors);
        metadata.insert("checksum", checksum(&Layout::parse(&unsigned)?));
        drop(unsigned);
        Ok(layout::serialise(&metadata, &tensors))
    }

    /// Checks that the model is complete and fits its configuration.
    ///
    /// # Errors
    /// [`Error::Weights`] with the first thing that is wrong.
    pub fn check(&self) -> Result<()> {
        self.config.check()?;
        let specs = self.config.architecture.tensors();
        for (name, spec) in &specs {
            self.tensors
                .get(name)
                .ok_or_else(|| missing(name))?
                .check(name, spec)?;
        }
        if let Some(name) = self.tensors.keys().find(|name| !specs.contains_key(*name)) {
            return Err(unknown(name));
        }
        for (name, bytes) in [
            (SOURCE_VOCABULARY, &self.source_vocabulary),
            (TARGET_VOCABULARY, &self.target_vocabulary),
        ] {
            if bytes.is_empty() {
                return Err(Error::Weights(format!("the vocabulary {name:?} is empty")));
            }
        }
        if self.config.architecture.shares_vocabulary()
            && self.source_vocabulary != self.target_vocabulary
        {
            return Err(Error::Weights(
                "its configuration says that a vocabulary is shared, but there are two".into(),
            ));
        }
        self.check_shortlist()
    }

    /// Checks that the shortlist, if there is one, fits the model.
    ///
    /// # Errors
    /// [`Error::Weights`] with what is wrong.
    pub fn check_shortlist(&self) -> Result<()> {
        let Some(shortlist) = &self.shortlist else {
            return Ok(());
        };
        if !self.config.architecture.takes_shortlist() {
            return Err(Error::Weights(format!(
                "it has a shortlist, which the architecture {:?} does not take",
                self.config.architecture.name()
            )));
        }
        let (source, target) = self.config.architecture.vocabularies();
        shortlist.check(source, target)
    }
}

fn scale_name(matrix: &str) -> String {
    format!("{matrix}.scale")
}

fn missing(name: &str) -> Error {
    Error::Weights(format!("the tensor {name:?} is missing"))
}

fn unknown(name: &str) -> Error {
    Error::Weights(format!(
        "its configuration has no place for the tensor {name:?}"
    ))
}

fn to_little_endian(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn config_to_json(config: &ModelConfig) -> String {
    serde_json::json!(config).to_string()
}

/// Reads and checks everything in the metadata but the checksum.
fn read_config(layout: &Layout) -> Result<ModelConfig> {
    if layout.text("format") != Some(FORMAT) {
        return Err(Error::Weights(
            "it is a safetensors file, but not a Dragoman model".into(),
        ));
    }
    match layout.text("version") {
        Some(VERSION) => {}
        Some(version) => {
            return Err(Error::Unsupported(format!(
                "version {version:?} of the format"
            )));
        }
        None => {
            return Err(Error::Weights(
                "it does not say which version of the format it has".into(),
            ));
        }
    }
    let config = layout
        .text("config")
        .ok_or_else(|| Error::Weights("it has no configuration".into()))?;
    let broken = |error| Error::Weights(format!("its configuration is damaged: {error}"));
    let config: Value = serde_json::from_str(config).map_err(broken)?;
    let config = ModelConfig::from_json(&config)?;
    config.check()?;
    Ok(config)
}

/// Every tensor in the file must belong to the model, or be the scale of a matrix that does.
fn refuse_unknown_tensors(
    layout: &Layout,
    config: &ModelConfig,
    specs: &BTreeMap<String, TensorSpec>,
) -> Result<()> {
    let shared = config.architecture.shares_vocabulary();
    for name in layout.names() {
        let scaled = name
            .strip_suffix(".scale")
            .filter(|matrix| layout.dtype(matrix) == Some(Dtype::I8));
        let known = name == SOURCE_VOCABULARY
            || name == RESPELLING
            || (name == TARGET_VOCABULARY && !shared)
            || SHORTLIST.contains(&name.as_str());
        if !known && !specs.contains_key(scaled.unwrap_or(&name)) {
            return Err(unknown(&name));
        }
    }
    Ok(())
}

/// FNV-1a, 64 bits, over the configuration and then name and data of each tensor in the order of their names.
///
/// Downloads are verified with the manifest's SHA-256; this catches damage to a file that has no manifest beside it.
/// Every step is a bijection of the state, so a change in one byte never goes unnoticed.
fn checksum(layout: &Layout) -> String {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let mut state = OFFSET_BASIS;
    let mut add = |bytes: &[u8]| {
        for &byte in bytes {
            state = (state ^ u64::from(byte)).wrapping_mul(PRIME);
        }
    };
    add(layout.text("config").unwrap_or_default().as_bytes());
    let mut names = layout.names();
    names.sort_unstable();
    for name in names {
        add(name.as_bytes());
        if let Some(tensor) = layout.tensor(&name) {
            add(&tensor.data);
        }
    }
    format!("fnv1a64:{state:016x}")
}

fn read_tensor(layout: &Layout, name: &str) -> Result<Tensor> {
    let raw = layout.tensor(name).ok_or_else(|| missing(name))?;
    let shape = layout.shape(name).unwrap_or_default();
    if raw.dtype == Dtype::I8 {
        let [rows, cols] = *shape else {
            return Err(Error::Weights(format!(
                "the tensor {name:?} is quantised, but its shape {shape:?} is not that of a matrix"
            )));
        };
        let scale = scale_name(name);
        let scales = layout.tensor(&scale).ok_or_else(|| missing(&scale))?;
        let scale_shape = layout.shape(&scale).unwrap_or_default();
        if scale_shape != [rows] {
            return Err(Error::Weights(format!(
                "the tensor {scale:?} has the shape {scale_shape:?}, but {name:?} needs [{rows}]"
            )));
        }
        return Ok(Tensor::Quantised(QuantisedMatrix {
            rows,
            cols,
            // In place, where the bytes are this tensor's own.
            data: raw
                .data
                .into_owned()
                .into_iter()
                .map(u8::cast_signed)
                .collect(),
            scales: read_floats(&scale, &scales)?,
        }));
    }
    Ok(Tensor::Float {
        shape: shape.to_vec(),
        data: read_floats(name, &raw)?,
    })
}

fn read_floats(name: &str, raw: &RawTensor) -> Result<Vec<f32>> {
    if raw.dtype != Dtype::F32 {
        return Err(Error::Weights(format!(
            "the tensor {name:?} has elements of type {}, which have no place there",
            raw.dtype
        )));
    }
    let (values, _) = raw.data.as_chunks::<4>();
    Ok(values
        .iter()
        .map(|&bytes| f32::from_le_bytes(bytes))
        .collect())
}

fn read_vocabulary(layout: &Layout, name: &str) -> Result<Vec<u8>> {
    let raw = layout
        .tensor(name)
        .ok_or_else(|| Error::Weights(format!("the vocabulary {name:?} is missing")))?;
    if raw.dtype != Dtype::U8 || raw.data.is_empty() {
        return Err(Error::Weights(format!(
            "the vocabulary {name:?} is empty or not made of bytes"
        )));
    }
    Ok(raw.data.into_owned())
}

/// The shortlist, if the file has one; all of its parts or none must be there.
fn read_shortlist(layout: &Layout) -> Result<Option<Shortlist>> {
    if SHORTLIST.iter().all(|name| layout.dtype(name).is_none()) {
        return Ok(None);
    }
    let read = |name: &str| {
        let raw = layout.tensor(name).ok_or_else(|| missing(name))?;
        if raw.dtype != Dtype::U32 {
            return Err(Error::Weights(format!(
                "the tensor {name:?} has elements of type {}, which have no place there",
                raw.dtype
            )));
        }
        let (values, _) = raw.data.as_chunks::<4>();
        Ok(values
            .iter()
            .map(|&bytes| u32::from_le_bytes(bytes))
            .collect())
    };
    Ok(Some(Shortlist {
        frequent: read(SHORTLIST[0])?,
        starts: read(SHORTLIST[1])?,
        tokens: read(SHORTLIST[2])?,
    }))
}
