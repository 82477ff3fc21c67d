//! The configuration of a model in `transformers`.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::format::TransformerConfig;

/// Widest beam taken over.
const MOST_BEAMS: u64 = 8;

/// Options that must have this value; left out, they have it.
const FIXED: &[(&str, Value)] = &[
    ("is_encoder_decoder", Value::Bool(true)),
    ("scale_embedding", Value::Bool(true)),
    ("static_position_embeddings", Value::Bool(true)),
    ("share_encoder_decoder_embeddings", Value::Bool(true)),
    ("tie_word_embeddings", Value::Bool(true)),
    ("normalize_before", Value::Bool(false)),
    ("normalize_embedding", Value::Bool(false)),
    ("add_final_layer_norm", Value::Bool(false)),
    ("add_bias_logits", Value::Bool(false)),
];

/// Reads `config.json`: the network and the width of the beam. The padding token, the last one, is left out of the vocabulary.
pub fn read(file: &[u8]) -> Result<(TransformerConfig, usize)> {
    let options: Value = serde_json::from_slice(file)
        .map_err(|e| Error::Weights(format!("config.json is damaged: {e}")))?;
    let unsupported = |name: &str| {
        let value = options.get(name).unwrap_or(&Value::Null);
        Err(Error::Unsupported(format!(
            "{name} = {value} in config.json"
        )))
    };
    if options.get("model_type") != Some(&json!("marian")) {
        return unsupported("model_type");
    }
    for (name, expected) in FIXED {
        if options.get(name).is_some_and(|value| value != expected) {
            return unsupported(name);
        }
    }
    let number = |name: &str| {
        let value = options.get(name).and_then(Value::as_u64);
        value
            .and_then(|value| usize::try_from(value).ok())
            .ok_or_else(|| Error::Weights(format!("config.json does not give {name} as a number")))
    };
    for [one, other] in [
        ["encoder_attention_heads", "decoder_attention_heads"],
        ["encoder_ffn_dim", "decoder_ffn_dim"],
        ["vocab_size", "decoder_vocab_size"],
        ["pad_token_id", "decoder_start_token_id"],
    ] {
        let given = options.get(other).is_some_and(|value| !value.is_null());
        if given && number(one)? != number(other)? {
            return unsupported(other);
        }
    }
    let pad = number("pad_token_id")?;
    if number("vocab_size")?.checked_sub(1) != Some(pad) {
        return unsupported("pad_token_id");
    }
    if number("eos_token_id")? != 0 {
        return unsupported("eos_token_id");
    }
    if !matches!(options.get("bad_words_ids"), None | Some(Value::Null))
        && options.get("bad_words_ids") != Some(&json!([[pad]]))
    {
        return unsupported("bad_words_ids");
    }
    let swish = match options.get("activation_function").and_then(Value::as_str) {
        Some("swish" | "silu") => true,
        Some("relu") => false,
        _ => return unsupported("activation_function"),
    };
    let config = TransformerConfig {
        embedding: number("d_model")?,
        feed_forward: number("encoder_ffn_dim")?,
        heads: number("encoder_attention_heads")?,
        encoder_layers: number("encoder_layers")?,
        decoder_layers: number("decoder_layers")?,
        source_vocabulary: pad,
        target_vocabulary: pad,
        shared_vocabulary: true,
        self_attention: true,
        swish,
    };
    let beam = options.get("num_beams").and_then(Value::as_u64);
    Ok((
        config,
        beam.map_or(1, |beam| beam.clamp(1, MOST_BEAMS) as usize),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As in the published models.
    fn published() -> Value {
        json!({
            "_name_or_path": "/tmp/Helsinki-NLP/opus-mt-en-de", "activation_dropout": 0.0, "activation_function": "swish",
            "add_bias_logits": false, "add_final_layer_norm": false, "architectures": ["MarianMTModel"],
            "attention_dropout": 0.0, "bad_words_ids": [[58100]], "bos_token_id": 0, "classif_dropout": 0.0, "d_model": 512,
            "decoder_attention_heads": 8, "decoder_ffn_dim": 2048, "decoder_layerdrop": 0.0, "decoder_layers": 6,
            "decoder_start_token_id": 58100, "decoder_vocab_size": 58101, "dropout": 0.1, "encoder_attention_heads": 8,
            "encoder_ffn_dim": 2048, "encoder_layerdrop": 0.0, "encoder_layers": 6, "eos_token_id": 0,
            "forced_eos_token_id": 0, "init_std": 0.02, "is_encoder_decoder": true, "max_length": 512,
            "max_position_embeddings": 512, "model_type": "marian", "normalize_before": false,
            "normalize_embedding": false, "num_beams": 6, "num_hidden_layers": 6, "pad_token_id": 58100,
            "scale_embedding": true, "share_encoder_decoder_embeddings": true, "static_position_embeddings": true,
            "transformers_version": "4.22.0.dev0", "use_cache": true, "vocab_size": 58101
        })
    }

    fn read_value(value: &Value) -> Result<(TransformerConfig, usize)> {
        read(value.to_string().as_bytes())
    }

    #[test]
    fn published_models_are_read() {
        let (config, beam) = read_value(&published()).unwrap();
        assert_eq!(beam, 6);
        assert_eq!(
            config,
            TransformerConfig {
                embedding: 512,
                feed_forward: 2048,
                heads: 8,
                encoder_layers: 6,
                decoder_layers: 6,
                source_vocabulary: 58100,
                target_vocabulary: 58100,
                shared_vocabulary: true,
                self_attention: true,
                swish: true,
            }
        );
        let mut relu = published();
        relu["activation_function"] = json!("relu");
        assert!(!read_value(&relu).unwrap().0.swish);
    }

    #[test]
    fn other_networks_are_refused_by_name() {
        for (name, value) in [
            ("model_type", json!("bart")),
            ("activation_function", json!("gelu")),
            ("scale_embedding", json!(false)),
            ("normalize_before", json!(true)),
            ("share_encoder_decoder_embeddings", json!(false)),
            ("decoder_ffn_dim", json!(1024)),
            ("decoder_vocab_size", json!(100)),
            ("decoder_start_token_id", json!(0)),
            ("pad_token_id", json!(1)),
            ("eos_token_id", json!(2)),
            ("bad_words_ids", json!([[58100], [5]])),
            ("d_model", json!("big")),
        ] {
            let mut options = published();
            options[name] = value;
            if name == "pad_token_id" {
                options["decoder_start_token_id"] = json!(1);
            }
            let error = read_value(&options).unwrap_err().to_string();
            assert!(error.contains(name), "{name}: {error}");
        }
        assert!(read(b"{").is_err());
    }
}
