//! Files that were tampered with, with a checksum that is right all the same.

use std::collections::BTreeMap;

use dragoman::format::ModelFile;
use serde_json::{Value, json};

use super::{model, refusal, with_header};

/// A weights file taken apart, to be put together wrongly.
pub struct Parts {
    pub header: BTreeMap<String, Value>,
    data: Vec<u8>,
}

impl Parts {
    pub fn of(bytes: &[u8]) -> Self {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        Self {
            header: serde_json::from_slice(&bytes[8..8 + length]).unwrap(),
            data: bytes[8 + length..].to_vec(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        with_header(&serde_json::to_string(&self.header).unwrap(), &self.data)
    }

    pub fn range(&self, name: &str) -> std::ops::Range<usize> {
        let offset = |i: usize| self.header[name]["data_offsets"][i].as_u64().unwrap() as usize;
        offset(0)..offset(1)
    }

    /// Appends a tensor.
    fn add(&mut self, name: &str, dtype: &str, shape: &[usize], data: &[u8]) {
        let start = self.data.len();
        self.data.extend_from_slice(data);
        let info =
            json!({"dtype": dtype, "shape": shape, "data_offsets": [start, self.data.len()]});
        self.header.insert(name.into(), info);
    }

    fn remove(&mut self, name: &str) {
        let range = self.range(name);
        self.header.remove(name);
        for (other, info) in &mut self.header {
            if other != "__metadata__"
                && info["data_offsets"][0].as_u64().unwrap() as usize >= range.end
            {
                for offset in info["data_offsets"].as_array_mut().unwrap() {
                    *offset = json!(offset.as_u64().unwrap() - range.len() as u64);
                }
            }
        }
        self.data.drain(range);
    }

    fn config(&mut self, field: &str, value: Value) {
        let metadata = self.header.get_mut("__metadata__").unwrap();
        let mut config: Value = serde_json::from_str(metadata["config"].as_str().unwrap()).unwrap();
        config[field] = value;
        metadata["config"] = json!(config.to_string());
    }

    /// Makes the checksum right again, as someone would who forges a file on purpose: FNV-1a, 64 bits.
    fn sign(&mut self) {
        let mut state = 0xcbf2_9ce4_8422_2325_u64;
        let mut add = |bytes: &[u8]| {
            for &byte in bytes {
                state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        add(self.header["__metadata__"]["config"]
            .as_str()
            .unwrap_or_default()
            .as_bytes());
        for name in self.header.keys().filter(|name| *name != "__metadata__") {
            add(name.as_bytes());
            add(&self.data[self.range(name)]);
        }
        self.header.get_mut("__metadata__").unwrap()["checksum"] =
            json!(format!("fnv1a64:{state:016x}"));
    }

    fn metadata(&mut self) -> &mut serde_json::Map<String, Value> {
        self.header
            .get_mut("__metadata__")
            .unwrap()
            .as_object_mut()
            .unwrap()
    }

    fn replace(&mut self, name: &str, dtype: &str, shape: &[usize], data: &[u8]) {
        self.remove(name);
        self.add(name, dtype, shape, data);
    }

    /// Overwrites the beginning of a tensor's data.
    fn data(&mut self, name: &str, bytes: &[u8]) {
        let start = self.range(name).start;
        self.data[start..start + bytes.len()].copy_from_slice(bytes);
    }
}

/// What is done to the parts of a sound file, and what must be in the refusal.
type Forgery = (&'static str, fn(&mut Parts), &'static str);

const FORGERIES: &[Forgery] = &[
    (
        "no format",
        |p| drop(p.metadata().remove("format")),
        "not a Dragoman model",
    ),
    (
        "other format",
        |p| drop(p.metadata().insert("format".into(), json!("pt"))),
        "not a Dragoman model",
    ),
    (
        "no version",
        |p| drop(p.metadata().remove("version")),
        "which version",
    ),
    (
        "newer version",
        |p| drop(p.metadata().insert("version".into(), json!("2"))),
        "does not support: version \"2\"",
    ),
    (
        "no config",
        |p| drop(p.metadata().remove("config")),
        "it has no configuration",
    ),
    (
        "broken config",
        |p| drop(p.metadata().insert("config".into(), json!("{"))),
        "its configuration is damaged",
    ),
    (
        "config without a field",
        |p| p.config("hidden", Value::Null),
        "its configuration is damaged",
    ),
    (
        "negative size",
        |p| p.config("hidden", json!(-4)),
        "its configuration is damaged",
    ),
    (
        "fractional size",
        |p| p.config("hidden", json!(4.5)),
        "its configuration is damaged",
    ),
    (
        "newer architecture",
        |p| p.config("architecture", json!("mamba")),
        "not support: the architecture \"mamba\"",
    ),
    (
        "newer normalisation",
        |p| p.config("normalisation", json!("nmt")),
        "not support: the text normalisation \"nmt\"",
    ),
    (
        "no beam",
        |p| p.config("beam", json!(0)),
        "the beam width is 0",
    ),
    (
        "a beam of words",
        |p| p.config("beam", json!("wide")),
        "its configuration is damaged",
    ),
    (
        "a length penalty of words",
        |p| p.config("length_penalty", json!("high")),
        "damaged: length_penalty",
    ),
    (
        "a length penalty below 0",
        |p| p.config("length_penalty", json!(-0.1)),
        "damaged: length_penalty",
    ),
    (
        "a length penalty that a float cannot hold",
        |p| p.config("length_penalty", json!(1e300)),
        "damaged: length_penalty",
    ),
    (
        "a target token of words",
        |p| p.config("target_token", json!(">>deu<<")),
        "damaged: target_token",
    ),
    (
        "a target token below 0",
        |p| p.config("target_token", json!(-1)),
        "damaged: target_token",
    ),
    (
        "a target token that is no id",
        |p| p.config("target_token", json!((1u64 << 32) + 2)),
        "damaged: target_token",
    ),
    (
        "a target token that ends the sentence",
        |p| p.config("target_token", json!(0)),
        "target_token = 0, which is no ordinary piece of a vocabulary of 7",
    ),
    (
        "a target token outside the vocabulary",
        |p| p.config("target_token", json!(7)),
        "target_token = 7, which is no ordinary piece of a vocabulary of 7",
    ),
    (
        "no language",
        |p| p.config("source_language", json!("")),
        "source_language = \"\", which is not a language tag",
    ),
    (
        "odd language",
        |p| p.config("target_language", json!("../zh")),
        "which is not a language tag",
    ),
    (
        "no units",
        |p| p.config("embedding", json!(0)),
        "embedding = 0, which is not between 1 and 8192",
    ),
    (
        "too many units",
        |p| p.config("hidden", json!(u64::MAX)),
        "hidden = 18446744073709551615",
    ),
    (
        "odd hidden",
        |p| p.config("hidden", json!(5)),
        "cannot be split between two encoder directions",
    ),
    (
        "no layers",
        |p| p.config("encoder_layers", json!(0)),
        "encoder_layers = 0",
    ),
    (
        "too many layers",
        |p| p.config("decoder_layers", json!(1u64 << 40)),
        "decoder_layers = 1099511627776",
    ),
    (
        "too many pieces",
        |p| p.config("source_vocabulary", json!(1u64 << 60)),
        "source_vocabulary =",
    ),
    (
        "fewer layers",
        |p| p.config("encoder_layers", json!(1)),
        "no place for the tensor \"encoder.1.",
    ),
    (
        "more layers",
        |p| p.config("encoder_layers", json!(3)),
        "\"encoder.2.backward.bias\" is missing",
    ),
    (
        "other vocabulary",
        |p| p.config("source_vocabulary", json!(8)),
        "the shape [7, 3], but its configuration needs [8, 3]",
    ),
    (
        "other width",
        |p| p.config("embedding", json!(2)),
        "but its configuration needs",
    ),
    (
        "missing tensor",
        |p| p.remove("output.bias"),
        "the tensor \"output.bias\" is missing",
    ),
    (
        "missing scale",
        |p| p.remove("output.combine.scale"),
        "the tensor \"output.combine.scale\" is missing",
    ),
    (
        "missing vocabulary",
        |p| p.remove("target.spm"),
        "the vocabulary \"target.spm\" is missing",
    ),
    (
        "unknown tensor",
        |p| p.add("extra", "U8", &[2], b"ab"),
        "no place for the tensor \"extra\"",
    ),
    (
        "scale of a bias",
        |p| p.add("output.bias.scale", "F32", &[1], &[0; 4]),
        "no place for the tensor \"output.bias.scale\"",
    ),
    (
        "nothing in it",
        |p| p.replace("source.spm", "U8", &[0], b""),
        "the vocabulary \"source.spm\" is empty",
    ),
    (
        "vocabulary of floats",
        |p| p.replace("source.spm", "F32", &[1], &[0; 4]),
        "\"source.spm\" is empty or not made of bytes",
    ),
    (
        "spellings of floats",
        |p| p.replace("source.respelling", "F32", &[1], &[0; 4]),
        "\"source.respelling\" is empty or not made of bytes",
    ),
    (
        "no spellings",
        |p| p.replace("source.respelling", "U8", &[0], b""),
        "\"source.respelling\" is empty",
    ),
    (
        "bias of bytes",
        |p| p.replace("output.bias", "U8", &[5], &[0; 5]),
        "elements of type U8",
    ),
    (
        "bias of int8",
        |p| p.replace("output.bias", "I8", &[5], &[0; 5]),
        "not that of a matrix",
    ),
    (
        "matrix of halves",
        |p| p.replace("output.combine", "F16", &[3, 8], &[0; 48]),
        "\"output.combine.scale\"",
    ),
    (
        "attention of halves",
        |p| p.replace("attention.key", "BF16", &[4, 4], &[0; 32]),
        "elements of type BF16",
    ),
    (
        "transposed",
        |p| p.replace("output.combine", "I8", &[8, 3], &[0; 24]),
        "[3], but \"output.combine\" needs [8]",
    ),
    (
        "three dimensions",
        |p| p.replace("output.combine", "I8", &[3, 4, 2], &[0; 24]),
        "not that of a matrix",
    ),
    (
        "flat matrix",
        |p| p.replace("attention.key", "F32", &[16], &[0; 64]),
        "the shape [16]",
    ),
    (
        "weight of -128",
        |p| p.data("output.combine", &[0x80]),
        "holds a weight of -128",
    ),
    (
        "scale of NaN",
        |p| p.data("output.combine.scale", &f32::NAN.to_le_bytes()),
        "a scale of NaN",
    ),
    (
        "scale of infinity",
        |p| p.data("output.combine.scale", &f32::INFINITY.to_le_bytes()),
        "a scale of inf",
    ),
    (
        "negative scale",
        |p| p.data("output.combine.scale", &(-0.5f32).to_le_bytes()),
        "a scale of less than 0,",
    ),
    (
        "scale of zero",
        |p| p.data("output.combine.scale", &0f32.to_le_bytes()),
        "a scale of 0,",
    ),
    (
        "bias of NaN",
        |p| p.data("output.bias", &f32::NAN.to_le_bytes()),
        "holds NaN",
    ),
    (
        "weight of infinity",
        |p| p.data("attention.key", &f32::INFINITY.to_le_bytes()),
        "holds inf",
    ),
];

#[test]
fn forged_files_are_refused_with_the_reason() {
    let bytes = model().write().unwrap();
    for (what, forge, expected) in FORGERIES {
        let mut parts = Parts::of(&bytes);
        forge(&mut parts);
        parts.sign();
        let message = refusal(&parts.bytes());
        assert!(
            message.contains(expected),
            "{what}: {expected:?} is not in {message:?}"
        );
    }
    // The forger's own checksum must be right, or nothing above would prove anything.
    let mut parts = Parts::of(&bytes);
    parts.sign();
    assert!(ModelFile::read(&parts.bytes()).unwrap() == model());
}

#[test]
fn a_wrong_checksum_is_refused() {
    let mut parts = Parts::of(&model().write().unwrap());
    let start = parts.range("output.combine").start;
    parts.data[start] ^= 1;
    assert!(refusal(&parts.bytes()).contains("do not match its checksum"));
    parts.metadata().remove("checksum");
    assert!(refusal(&parts.bytes()).contains("do not match its checksum"));
}
