//! The weights file: what is written can be read, and nothing else can.

use std::fmt::Write;

mod forged;

use dragoman::decode::DecodeOptions;
use dragoman::format::{
    Architecture, ModelConfig, ModelFile, Normalisation, QuantisedMatrix, Seq2SeqConfig, Tensor,
    TensorKind,
};
use forged::Parts;
use serde_json::{Value, json};

fn config() -> ModelConfig {
    ModelConfig {
        source_language: "en".into(),
        target_language: "zh".into(),
        normalisation: Normalisation::Dragoman1,
        beam: 1,
        length_penalty: DecodeOptions::LENGTH_PENALTY,
        target_token: None,
        architecture: Architecture::Seq2Seq(Seq2SeqConfig {
            embedding: 3,
            hidden: 4,
            encoder_layers: 2,
            decoder_layers: 2,
            source_vocabulary: 7,
            target_vocabulary: 5,
        }),
    }
}

/// A small model: matrices quantised, except the attention, which stays in floating point.
fn model() -> ModelFile {
    let config = config();
    let tensors = config
        .architecture
        .tensors()
        .into_iter()
        .map(|(name, spec)| {
            let count: usize = spec.shape.iter().product();
            let data: Vec<f32> = (0..count)
                .map(|i| ((i * 37 + name.len()) % 23) as f32 / 11.0 - 1.0)
                .collect();
            let tensor = if spec.kind == TensorKind::Matrix && name != "attention.key" {
                Tensor::Quantised(
                    QuantisedMatrix::quantise(&data, spec.shape[0], spec.shape[1]).unwrap(),
                )
            } else {
                Tensor::Float {
                    shape: spec.shape,
                    data,
                }
            };
            (name, tensor)
        });
    ModelFile {
        tensors: tensors.collect(),
        config,
        source_vocabulary: b"source pieces".to_vec(),
        target_vocabulary: b"target pieces, longer".to_vec(),
        respelling: "乾\t干\n".into(),
        shortlist: None,
    }
}

fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    [
        &(header.len() as u64).to_le_bytes(),
        header.as_bytes(),
        data,
    ]
    .concat()
}

fn refusal(bytes: &[u8]) -> String {
    ModelFile::read(bytes)
        .expect_err("the file should have been refused")
        .to_string()
}

#[test]
fn what_is_written_can_be_read() {
    let model = model();
    let bytes = model.write().unwrap();
    assert!(ModelFile::read(&bytes).unwrap() == model);
    assert!(
        bytes == model.write().unwrap(),
        "the same model must give the same bytes"
    );
    let parts = Parts::of(&bytes);
    for (name, info) in parts
        .header
        .iter()
        .filter(|(_, info)| info["dtype"] == "F32")
    {
        assert_eq!(
            parts.range(name).start % 4,
            0,
            "{name} is not aligned: {info}"
        );
    }
}

#[test]
fn the_config_is_plain_json() {
    let parts = Parts::of(&model().write().unwrap());
    let metadata = &parts.header["__metadata__"];
    assert_eq!(metadata["format"], "dragoman");
    assert_eq!(metadata["version"], "1");
    let config: Value = serde_json::from_str(metadata["config"].as_str().unwrap()).unwrap();
    let expected = json!({
        "source_language": "en", "target_language": "zh", "normalisation": "dragoman-1", "architecture": "seq2seq",
        "embedding": 3, "hidden": 4, "encoder_layers": 2, "decoder_layers": 2,
        "source_vocabulary": 7, "target_vocabulary": 5,
    });
    assert_eq!(config, expected);
}

#[test]
fn the_search_that_suits_a_model_is_kept() {
    let mut wide = model();
    (wide.config.beam, wide.config.length_penalty) = (4, 0.8);
    let read = ModelFile::read(&wide.write().unwrap()).unwrap();
    assert_eq!((read.config.beam, read.config.length_penalty), (4, 0.8));
}

#[test]
fn the_token_of_the_target_language_is_kept() {
    let mut several = model();
    several.config.target_token = Some(6);
    let read = ModelFile::read(&several.write().unwrap()).unwrap();
    assert_eq!(read.config.target_token, Some(6));
    several.config.target_token = Some(7);
    assert!(several.write().is_err());
}

#[test]
fn truncated_at_any_length_is_refused() {
    let bytes = model().write().unwrap();
    for length in 0..bytes.len() {
        assert!(
            ModelFile::read(&bytes[..length]).is_err(),
            "{length} of {} bytes were accepted",
            bytes.len()
        );
    }
    assert!(refusal(&bytes[..bytes.len() - 1]).contains("it is truncated: its tensors need"));
    assert!(refusal(&bytes[..100]).contains("it is truncated: its header should have"));
    assert!(refusal(&bytes[..7]).contains("it has only 7 bytes"));
    assert!(refusal(&[&bytes[..], &[0]].concat()).contains("1 bytes after the end"));
}

#[test]
fn a_table_of_spellings_may_be_missing() {
    let model = ModelFile {
        respelling: Vec::new(),
        ..model()
    };
    assert_eq!(ModelFile::read(&model.write().unwrap()).unwrap(), model);
}

#[test]
fn a_flipped_bit_is_refused_or_harmless() {
    let model = model();
    let bytes = model.write().unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        // The padding behind the header carries no meaning.
        if let Ok(read) = ModelFile::read(&damaged) {
            assert!(
                read == model,
                "bit {} of byte {at} changed the model",
                at % 8
            );
        }
    }
}

#[test]
fn other_files_are_recognised() {
    for (bytes, expected) in [
        (
            &b"<!DOCTYPE html><title>404</title>"[..],
            "an HTML or XML page",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "a Git LFS pointer",
        ),
        (b"{\"models\": []}  ", "a JSON file"),
        (b"PK\x03\x04 and so on", "a ZIP archive"),
        (b"\x1f\x8b\x08\x00 and so on", "a compressed file"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff ", "something else"),
        (b"", "it has only 0 bytes"),
        (
            &with_header("{}", b""),
            "a safetensors file, but not a Dragoman model",
        ),
        (&with_header("[]", b""), "its header is damaged"),
        (&with_header("{\"a\": ", b""), "its header is damaged"),
        (&with_header("{} {}", b""), "its header is damaged"),
        (&with_header("{\"a\": [1.5]}", b""), "is not an object"),
        (
            &with_header("{\"__metadata__\": {\"a\": 1}}", b""),
            "its metadata are not texts",
        ),
        (&with_header("\u{fffd}", b""), "its header is damaged"),
        (
            &[&2u64.to_le_bytes()[..], b"\xff\xfe"].concat(),
            "its header is not text",
        ),
    ] {
        let message = refusal(bytes);
        assert!(
            message.contains(expected),
            "{expected:?} is not in {message:?}"
        );
    }
}

#[test]
fn headers_that_promise_too_much_are_refused() {
    let max = u64::MAX;
    for info in [
        format!(r#"{{"dtype":"U8","shape":[{max}],"data_offsets":[0,{max}]}}"#),
        format!(r#"{{"dtype":"F32","shape":[{max},{max}],"data_offsets":[0,4]}}"#),
        r#"{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}"#.into(),
        r#"{"dtype":"U8","shape":[4],"data_offsets":[4,0]}"#.into(),
        r#"{"dtype":"U8","shape":[4],"data_offsets":[2,6]}"#.into(),
        r#"{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}"#.into(),
        r#"{"dtype":"F4","shape":[3],"data_offsets":[0,2]}"#.into(),
        r#"{"dtype":"X9","shape":[4],"data_offsets":[0,4]}"#.into(),
        r#"{"dtype":"U8","shape":[5],"data_offsets":[0,5]}"#.into(),
        r#"{"dtype":"U8","shape":4,"data_offsets":[0,4]}"#.into(),
        r#"{"dtype":"U8","shape":[4],"data_offsets":[0,4,4]}"#.into(),
        r#"{"dtype":"U8","shape":[4.0],"data_offsets":[0,4]}"#.into(),
        r#"{"dtype":8,"shape":[4],"data_offsets":[0,4]}"#.into(),
        r#"{"shape":[4],"data_offsets":[0,4]}"#.into(),
    ] {
        let message = refusal(&with_header(&format!(r#"{{"a":{info}}}"#), &[0; 4]));
        assert!(
            message.contains("damaged") || message.contains("truncated"),
            "{info}: {message}"
        );
    }
}

#[test]
fn a_tensor_described_twice_is_refused() {
    let info = r#"{"dtype":"U8","shape":[4],"data_offsets":[0,4]}"#;
    for name in ["a", r"\u0061", "__metadata__"] {
        let mut header = format!(r#"{{"a":{info},"#);
        if name == "__metadata__" {
            header.push_str(r#""__metadata__":{},"#);
        }
        write!(header, r#""{name}":{info}}}"#).unwrap();
        let message = refusal(&with_header(&header, &[0; 4]));
        assert!(message.contains("twice"), "{message}");
    }
}

#[test]
fn a_field_given_twice_is_refused() {
    let header = r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"dtype":"I8"}}"#;
    let message = refusal(&with_header(header, &[0; 4]));
    assert!(message.contains("describes \"dtype\" twice"), "{message}");
}

#[test]
fn a_model_that_could_not_be_read_is_not_written() {
    type Spoil = (fn(&mut ModelFile), &'static str);
    let cases: [Spoil; 6] = [
        (
            |m| drop(m.tensors.remove("output.bias")),
            "\"output.bias\" is missing",
        ),
        (
            |m| {
                drop(m.tensors.insert(
                    "extra".into(),
                    Tensor::Float {
                        shape: vec![1],
                        data: vec![0.0],
                    },
                ));
            },
            "no place for the tensor \"extra\"",
        ),
        (|m| m.source_vocabulary.clear(), "\"source.spm\" is empty"),
        (
            |m| {
                if let Tensor::Quantised(matrix) = m.tensors.get_mut("output.combine").unwrap() {
                    matrix.scales.pop();
                }
            },
            "has 24 weights and 2 scales",
        ),
        (
            |m| {
                let bias = Tensor::Float {
                    shape: vec![5],
                    data: vec![0.0; 4],
                };
                m.tensors.insert("output.bias".into(), bias);
            },
            "of shape [5] has 4 values",
        ),
        (
            |m| {
                if let Architecture::Seq2Seq(config) = &mut m.config.architecture {
                    config.hidden = 7;
                }
            },
            "hidden = 7",
        ),
    ];
    for (spoil, expected) in cases {
        let mut model = model();
        spoil(&mut model);
        let message = model.write().unwrap_err().to_string();
        assert!(
            message.contains(expected),
            "{expected:?} is not in {message:?}"
        );
    }
}

#[test]
fn vocabularies_must_have_the_size_of_the_embeddings() {
    let config = config();
    assert!(config.check_vocabularies(7, 5).is_ok());
    for (source, target, expected) in [
        (
            8,
            5,
            "the source vocabulary has 8 pieces, but the model was built for 7",
        ),
        (
            7,
            4,
            "the target vocabulary has 4 pieces, but the model was built for 5",
        ),
    ] {
        let message = config
            .check_vocabularies(source, target)
            .unwrap_err()
            .to_string();
        assert!(message.contains(expected), "{message}");
    }
}
