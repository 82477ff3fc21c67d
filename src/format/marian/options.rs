//! The YAML in a model of Marian: which network it is.
//!
//! Only the YAML that Marian writes is read: a key and a scalar on each line, or a key and a list on the lines behind it.

use std::collections::BTreeMap;

use super::items::Items;
use crate::error::{Error, Result};
use crate::format::TransformerConfig;

/// Options that must have one of these values, where they are given, for the network to be the one that is run here.
const FIXED: &[(&str, &[&str])] = &[
    ("type", &["transformer"]),
    ("transformer-decoder-autoreg", &["rnn"]),
    ("dec-cell", &["ssru"]),
    ("transformer-preprocess", &["", "d"]),
    ("transformer-postprocess", &["dan", "an"]),
    ("transformer-postprocess-emb", &["", "d"]),
    ("transformer-postprocess-top", &["", "d"]),
    ("transformer-ffn-depth", &["2"]),
    ("transformer-decoder-ffn-depth", &["0", "2"]),
    ("transformer-decoder-dim-ffn", &["0"]),
    ("transformer-ffn-activation", &["relu"]),
    ("transformer-tied-layers", &[""]),
    ("transformer-guided-alignment-layer", &["last"]),
    ("transformer-train-position-embeddings", &["false"]),
    ("transformer-train-positions", &["false"]),
    ("transformer-no-projection", &["false"]),
    ("transformer-no-bias", &["false"]),
    ("transformer-no-affine", &["false"]),
    ("transformer-rnn-projection", &["false"]),
    ("transformer-pool", &["false"]),
    ("layer-normalization", &["false"]),
    ("output-omit-bias", &["false"]),
    ("output-approx-knn", &[""]),
    ("input-types", &[""]),
    ("lemma-dim-emb", &["0"]),
    ("lemma-dependency", &[""]),
    ("factors-combine", &["sum"]),
    ("factors-dim-emb", &["0"]),
    ("right-left", &["false"]),
    ("ulr", &["false"]),
];

/// Options without influence on the network that is run here: for other networks, for training, or given by the tensors.
const WITHOUT_EFFECT: &[&str] = &[
    "version",
    "dim-rnn",
    "dim-vocabs",
    "enc-cell",
    "enc-cell-depth",
    "enc-type",
    "dec-cell-base-depth",
    "dec-cell-high-depth",
    "skip",
    "special-vocab",
    "tied-embeddings",
    "tied-embeddings-all",
    "tied-embeddings-src",
    "transformer-aan-activation",
    "transformer-aan-depth",
    "transformer-aan-nogate",
    "transformer-dim-aan",
    "transformer-depth-scaling",
    "bert-train-type-embeddings",
    "bert-type-vocab-size",
    "char-conv-filters-num",
    "char-conv-filters-widths",
    "char-highway",
    "char-stride",
    "ulr-dim-emb",
    "ulr-trainable-transformation",
];

/// Options that are dimensions.
const DIMENSIONS: [&str; 5] = [
    "dim-emb",
    "transformer-dim-ffn",
    "transformer-heads",
    "enc-depth",
    "dec-depth",
];

/// Options by their names; lists are joined with commas.
#[derive(Debug)]
pub struct Options<'a>(BTreeMap<&'a str, String>);

impl<'a> Options<'a> {
    /// Reads the options and refuses those that ask for something else than what is run here.
    pub fn parse(yaml: &'a str) -> Result<Self> {
        let mut options = BTreeMap::new();
        let mut last = None;
        for line in yaml.lines().filter(|line| !line.trim().is_empty()) {
            let broken = || Error::Weights(format!("its options are damaged: {line:?}"));
            if line.starts_with([' ', '-']) {
                let value: &mut String = last
                    .and_then(|key| options.get_mut(key))
                    .ok_or_else(broken)?;
                let item = line.trim();
                let item = item.strip_prefix('-').map_or(item, str::trim);
                if !value.is_empty() {
                    value.push(',');
                }
                value.push_str(scalar(item));
            } else {
                let (key, value) = line.split_once(':').ok_or_else(broken)?;
                if options
                    .insert(key, scalar(value.trim()).to_owned())
                    .is_some()
                {
                    return Err(broken());
                }
                last = Some(key);
            }
        }
        let options = Self(options);
        options.check()?;
        Ok(options)
    }

    fn check(&self) -> Result<()> {
        for (&key, value) in &self.0 {
            let fixed = FIXED.iter().find(|(name, _)| *name == key);
            let known = WITHOUT_EFFECT.contains(&key) || DIMENSIONS.contains(&key);
            let sound = fixed.map_or(known, |(_, values)| values.contains(&value.as_str()));
            // The decoder may say explicitly that it is as wide as the encoder.
            let same = key == "transformer-decoder-dim-ffn"
                && self.0.get("transformer-dim-ffn") == Some(value);
            if !sound && !same {
                return Err(Error::Unsupported(format!(
                    "Marian's option {key}: {value}"
                )));
            }
        }
        for key in ["type", "transformer-decoder-autoreg", "dec-cell"] {
            if !self.0.contains_key(key) {
                return Err(Error::Weights(format!("its options do not give {key}")));
            }
        }
        Ok(())
    }

    fn number(&self, key: &str) -> Result<usize> {
        let value = self.0.get(key).map_or("nothing", String::as_str);
        value
            .parse()
            .map_err(|_| Error::Weights(format!("its options give {key} as {value}")))
    }

    /// The dimensions of the network; the sizes of vocabularies are those of the embeddings.
    pub fn transformer(&self, items: &Items<'_>) -> Result<TransformerConfig> {
        let shared_vocabulary = items.has("Wemb");
        let (source, target) = if shared_vocabulary {
            ("Wemb", "Wemb")
        } else {
            ("encoder_Wemb", "decoder_Wemb")
        };
        let rows =
            |name: &str| -> Result<usize> { Ok(items.shape(name)?.first().copied().unwrap_or(0)) };
        let [
            embedding,
            feed_forward,
            heads,
            encoder_layers,
            decoder_layers,
        ] = DIMENSIONS;
        Ok(TransformerConfig {
            embedding: self.number(embedding)?,
            feed_forward: self.number(feed_forward)?,
            heads: self.number(heads)?,
            encoder_layers: self.number(encoder_layers)?,
            decoder_layers: self.number(decoder_layers)?,
            source_vocabulary: rows(source)?,
            target_vocabulary: rows(target)?,
            shared_vocabulary,
            self_attention: false,
            swish: false,
        })
    }
}

/// A scalar without its quotes; the empty list is an empty text.
fn scalar(text: &str) -> &str {
    let quoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    match text {
        "[]" | "~" => "",
        _ => quoted('"').or_else(|| quoted('\'')).unwrap_or(text),
    }
}
