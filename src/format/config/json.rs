//! The configuration as JSON.

use serde_json::Value;

use super::{Architecture, ModelConfig, Normalisation, Seq2SeqConfig, TransformerConfig, greedy};
use crate::decode::DecodeOptions;
use crate::error::{Error, Result};

/// The fields of a configuration.
struct Fields<'a>(&'a Value);

impl<'a> Fields<'a> {
    fn text(&self, name: &str) -> Result<&'a str> {
        self.0[name].as_str().ok_or_else(|| damaged(name))
    }

    fn number(&self, name: &str) -> Result<usize> {
        let number = self.0[name].as_u64().map(usize::try_from);
        number
            .and_then(std::result::Result::ok)
            .ok_or_else(|| damaged(name))
    }

    /// False where it is not given.
    fn flag(&self, name: &str) -> Result<bool> {
        match &self.0[name] {
            Value::Null => Ok(false),
            flag => flag.as_bool().ok_or_else(|| damaged(name)),
        }
    }
}

pub(super) fn damaged(field: &str) -> Error {
    Error::Weights(format!(
        "its configuration is damaged: {field} is missing or not what it should be"
    ))
}

fn unsupported(what: &str, name: &str) -> Error {
    Error::Unsupported(format!("the {what} {name:?}"))
}

impl ModelConfig {
    /// Reads what serialisation writes. By hand, because what serde derives for it makes a fiftieth of the WebAssembly.
    pub(in crate::format) fn from_json(json: &Value) -> Result<Self> {
        let fields = Fields(json);
        let normalisation = match &json["normalisation"] {
            Value::Null => Normalisation::default(),
            _ => match fields.text("normalisation")? {
                "dragoman-1" => Normalisation::Dragoman1,
                "vocabulary" => Normalisation::Vocabulary,
                newer => return Err(unsupported("text normalisation", newer)),
            },
        };
        let architecture = match fields.text("architecture")? {
            "seq2seq" => Architecture::Seq2Seq(Seq2SeqConfig {
                embedding: fields.number("embedding")?,
                hidden: fields.number("hidden")?,
                encoder_layers: fields.number("encoder_layers")?,
                decoder_layers: fields.number("decoder_layers")?,
                source_vocabulary: fields.number("source_vocabulary")?,
                target_vocabulary: fields.number("target_vocabulary")?,
            }),
            "transformer" => Architecture::Transformer(TransformerConfig {
                embedding: fields.number("embedding")?,
                feed_forward: fields.number("feed_forward")?,
                heads: fields.number("heads")?,
                encoder_layers: fields.number("encoder_layers")?,
                decoder_layers: fields.number("decoder_layers")?,
                source_vocabulary: fields.number("source_vocabulary")?,
                target_vocabulary: fields.number("target_vocabulary")?,
                shared_vocabulary: fields.flag("shared_vocabulary")?,
                self_attention: fields.flag("self_attention")?,
                swish: fields.flag("swish")?,
            }),
            newer => return Err(unsupported("architecture", newer)),
        };
        Ok(Self {
            source_language: fields.text("source_language")?.to_owned(),
            target_language: fields.text("target_language")?.to_owned(),
            normalisation,
            beam: match &json["beam"] {
                Value::Null => greedy(),
                _ => fields.number("beam")?,
            },
            length_penalty: match &json["length_penalty"] {
                Value::Null => DecodeOptions::LENGTH_PENALTY,
                number => number.as_f64().ok_or_else(|| damaged("length_penalty"))? as f32,
            },
            target_token: match &json["target_token"] {
                Value::Null => None,
                number => {
                    let id = number.as_u64().map(u32::try_from);
                    let id = id.and_then(std::result::Result::ok);
                    Some(id.ok_or_else(|| damaged("target_token"))?)
                }
            },
            architecture,
        })
    }
}
