//! The part of `SentencePiece`'s `ModelProto` that a runtime reads
//! (<https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto>).

use prost::Message;

/// A scored piece and what it is.
#[derive(Clone, PartialEq, Message)]
struct Piece {
    #[prost(string, optional, tag = "1")]
    text: Option<String>,
    #[prost(float, optional, tag = "2")]
    score: Option<f32>,
    #[prost(int32, optional, tag = "3")]
    kind: Option<i32>,
}

const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const BYTE: i32 = 6;
const UNIGRAM: i32 = 1;
const ABSENT: i32 = -1;

#[derive(Clone, PartialEq, Message)]
struct TrainerSpec {
    #[prost(int32, optional, tag = "3")]
    model_type: Option<i32>,
    #[prost(int32, optional, tag = "4")]
    vocab_size: Option<i32>,
    #[prost(bool, optional, tag = "35")]
    byte_fallback: Option<bool>,
    #[prost(int32, optional, tag = "40")]
    unk_id: Option<i32>,
    #[prost(int32, optional, tag = "41")]
    bos_id: Option<i32>,
    #[prost(int32, optional, tag = "42")]
    eos_id: Option<i32>,
    #[prost(int32, optional, tag = "43")]
    pad_id: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct NormalizerSpec {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
    #[prost(bool, optional, tag = "3")]
    add_dummy_prefix: Option<bool>,
    #[prost(bool, optional, tag = "4")]
    remove_extra_whitespaces: Option<bool>,
    #[prost(bool, optional, tag = "5")]
    escape_whitespaces: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(message, repeated, tag = "1")]
    pieces: Vec<Piece>,
    #[prost(message, optional, tag = "2")]
    trainer_spec: Option<TrainerSpec>,
    #[prost(message, optional, tag = "3")]
    normalizer_spec: Option<NormalizerSpec>,
}

/// The bytes of a model whose learnt pieces follow `</s>`, `<unk>` and the bytes.
pub fn model(learnt: &[(String, f32)]) -> Vec<u8> {
    let piece = |text: String, score, kind| Piece {
        text: Some(text),
        score: Some(score),
        kind: Some(kind),
    };
    let mut pieces = vec![
        piece("</s>".into(), 0.0, CONTROL),
        piece("<unk>".into(), 0.0, UNKNOWN),
    ];
    pieces.extend((0..=255_u8).map(|byte| piece(format!("<0x{byte:02X}>"), 0.0, BYTE)));
    pieces.extend(
        learnt
            .iter()
            .map(|(text, score)| piece(text.clone(), *score, NORMAL)),
    );
    Model {
        trainer_spec: Some(TrainerSpec {
            model_type: Some(UNIGRAM),
            vocab_size: Some(pieces.len() as i32),
            byte_fallback: Some(true),
            unk_id: Some(1),
            bos_id: Some(ABSENT),
            eos_id: Some(0),
            pad_id: Some(ABSENT),
        }),
        normalizer_spec: Some(NormalizerSpec {
            name: Some("identity".into()),
            add_dummy_prefix: Some(true),
            remove_extra_whitespaces: Some(true),
            escape_whitespaces: Some(true),
        }),
        pieces,
    }
    .encode_to_vec()
}
