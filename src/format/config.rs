//! What a model is: its languages, its architecture and the tensors that architecture consists of.

mod json;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::transformer::TransformerConfig;
use crate::decode::DecodeOptions;
use crate::error::{Error, Result};
use crate::text::edited::Edited;
use crate::text::normalise::normalise_mapped;
use crate::text::subwords::UNK;

/// Widest embedding or hidden state accepted, in units.
///
/// Far above any model that fits in a browser, and small enough that every matrix has at most 2^31 elements, so that their
/// number cannot overflow the 32-bit `usize` of WebAssembly.
pub const MAX_WIDTH: usize = 8_192;
/// Most layers accepted in an encoder or a decoder.
pub const MAX_LAYERS: usize = 64;
/// Largest vocabulary accepted, in pieces.
pub const MAX_VOCABULARY: usize = 1 << 18;

/// Everything a weights file says about its model, besides the weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelConfig {
    /// BCP 47 tag of the language translated from, such as `en`.
    pub source_language: String,
    /// BCP 47 tag of the language translated to, such as `zh`.
    pub target_language: String,
    /// What is done to text before it is cut into subwords.
    pub normalisation: Normalisation,
    /// Beam width of a search for which nobody asked for another: what the model's makers found worth its time.
    #[serde(skip_serializing_if = "is_greedy")]
    pub beam: usize,
    /// The length penalty of such a search, see [`DecodeOptions::length_penalty`].
    #[serde(skip_serializing_if = "is_usual")]
    pub length_penalty: f32,
    /// The source token that every sentence begins with, in models that it tells which language to translate to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_token: Option<u32>,
    /// What the network looks like.
    #[serde(flatten)]
    pub architecture: Architecture,
}

fn greedy() -> usize {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_greedy(beam: &usize) -> bool {
    *beam == greedy()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_usual(length_penalty: &f32) -> bool {
    *length_penalty == DecodeOptions::LENGTH_PENALTY
}

/// The rules of text normalisation that a model was trained with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Normalisation {
    /// Those of [`crate::text::normalise`]; placeholders stand for protected parts.
    #[default]
    #[serde(rename = "dragoman-1")]
    Dragoman1,
    /// Those in the vocabulary itself, and nothing else: models trained elsewhere.
    #[serde(rename = "vocabulary")]
    Vocabulary,
}

impl Normalisation {
    /// Applies the rules that come before those of the vocabulary to a text in a language (a BCP 47 tag).
    #[must_use]
    pub fn apply(self, text: &str, language: &str) -> Edited {
        match self {
            Self::Dragoman1 => normalise_mapped(text, language),
            Self::Vocabulary => {
                let mut edited = Edited::with_capacity(text.len());
                edited.copy(text);
                edited.finish()
            }
        }
    }

    /// Whether the model has learnt to copy placeholders.
    #[must_use]
    pub fn has_placeholders(self) -> bool {
        self == Self::Dragoman1
    }
}

/// The architectures this version can run, told apart in JSON by the field `architecture`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "architecture", rename_all = "lowercase")]
pub enum Architecture {
    /// Bidirectional LSTM encoder and LSTM decoder with attention.
    Seq2Seq(Seq2SeqConfig),
    /// Transformer encoder, and a decoder with an SSRU or self-attention.
    Transformer(TransformerConfig),
}

impl From<&Seq2SeqConfig> for Architecture {
    fn from(config: &Seq2SeqConfig) -> Self {
        Self::Seq2Seq(config.clone())
    }
}

impl From<&TransformerConfig> for Architecture {
    fn from(config: &TransformerConfig) -> Self {
        Self::Transformer(config.clone())
    }
}

/// Dimensions of the Seq2Seq model with attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seq2SeqConfig {
    /// Embedding width E, in units.
    pub embedding: usize,
    /// Hidden width H, in units; each encoder direction has H / 2.
    pub hidden: usize,
    /// Number of bidirectional encoder layers.
    pub encoder_layers: usize,
    /// Number of decoder layers.
    pub decoder_layers: usize,
    /// Number of pieces in the source vocabulary.
    pub source_vocabulary: usize,
    /// Number of pieces in the target vocabulary.
    pub target_vocabulary: usize,
}

/// How the values of a tensor are used, which decides how they may be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorKind {
    /// A weight matrix `[out, in]`: stored as int8 with one scale per output channel, or as f32.
    Matrix,
    /// A bias, or the scale of a layer normalisation: always stored as f32.
    Vector,
}

/// What a tensor of an architecture must look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// `[out, in]` for a matrix, `[out]` for a vector.
    pub shape: Vec<usize>,
    /// Matrix or vector.
    pub kind: TensorKind,
}

impl ModelConfig {
    /// Checks languages and dimensions.
    ///
    /// # Errors
    /// [`Error::Weights`] naming the field that makes no sense.
    pub fn check(&self) -> Result<()> {
        check_language("source_language", &self.source_language)?;
        check_language("target_language", &self.target_language)?;
        if self.beam == 0 {
            return Err(Error::Weights("the beam width is 0".into()));
        }
        if !DecodeOptions::LENGTH_PENALTIES.contains(&self.length_penalty) {
            return Err(json::damaged("length_penalty"));
        }
        self.architecture.check()?;
        let pieces = self.architecture.vocabularies().0;
        match self.target_token {
            Some(id) if id <= UNK || id as usize >= pieces => Err(Error::Weights(format!(
                "its configuration says target_token = {id}, which is no ordinary piece of a vocabulary of {pieces}"
            ))),
            _ => Ok(()),
        }
    }

    /// Checks that both vocabularies have as many pieces as the embeddings have rows.
    ///
    /// # Errors
    /// [`Error::Vocabulary`] with both numbers.
    pub fn check_vocabularies(&self, source: usize, target: usize) -> Result<()> {
        let (expected_source, expected_target) = self.architecture.vocabularies();
        for (side, expected, found) in [
            ("source", expected_source, source),
            ("target", expected_target, target),
        ] {
            if expected != found {
                return Err(Error::Vocabulary(format!(
                    "the {side} vocabulary has {found} pieces, but the model was built for {expected}"
                )));
            }
        }
        Ok(())
    }
}

impl Architecture {
    /// The name used in files and manifests.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Seq2Seq(_) => "seq2seq",
            Self::Transformer(_) => "transformer",
        }
    }

    /// Sizes of the source and target vocabularies, in pieces.
    #[must_use]
    pub fn vocabularies(&self) -> (usize, usize) {
        match self {
            Self::Seq2Seq(config) => (config.source_vocabulary, config.target_vocabulary),
            Self::Transformer(config) => (config.source_vocabulary, config.target_vocabulary),
        }
    }

    /// Whether one vocabulary serves both languages; the file then holds it once.
    #[must_use]
    pub fn shares_vocabulary(&self) -> bool {
        match self {
            Self::Seq2Seq(_) => false,
            Self::Transformer(config) => config.shared_vocabulary,
        }
    }

    /// Whether a shortlist can restrict the output.
    #[must_use]
    pub fn takes_shortlist(&self) -> bool {
        matches!(self, Self::Transformer(_))
    }

    /// The dimensions in words.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Seq2Seq(config) => format!(
                "embedding {}, hidden {}, {} encoder and {} decoder layers",
                config.embedding, config.hidden, config.encoder_layers, config.decoder_layers
            ),
            Self::Transformer(config) => format!(
                "embedding {}, feed-forward {}, {} heads, {} encoder and {} decoder layers",
                config.embedding,
                config.feed_forward,
                config.heads,
                config.encoder_layers,
                config.decoder_layers
            ),
        }
    }

    /// Checks the dimensions.
    ///
    /// # Errors
    /// [`Error::Weights`] naming the dimension that makes no sense.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Seq2Seq(config) => config.check(),
            Self::Transformer(config) => config.check(),
        }
    }

    /// Every tensor of the model by name; exactly these must be in its weights file.
    #[must_use]
    pub fn tensors(&self) -> BTreeMap<String, TensorSpec> {
        match self {
            Self::Seq2Seq(config) => config.tensors(),
            Self::Transformer(config) => config.tensors(),
        }
    }
}

impl Seq2SeqConfig {
    /// Checks the dimensions.
    ///
    /// # Errors
    /// [`Error::Weights`] naming the dimension that makes no sense.
    pub fn check(&self) -> Result<()> {
        // The two special pieces, </s> and <unk>, are always there.
        check_ranges(&[
            ("embedding", self.embedding, 1, MAX_WIDTH),
            ("hidden", self.hidden, 2, MAX_WIDTH),
            ("encoder_layers", self.encoder_layers, 1, MAX_LAYERS),
            ("decoder_layers", self.decoder_layers, 1, MAX_LAYERS),
            (
                "source_vocabulary",
                self.source_vocabulary,
                2,
                MAX_VOCABULARY,
            ),
            (
                "target_vocabulary",
                self.target_vocabulary,
                2,
                MAX_VOCABULARY,
            ),
        ])?;
        if !self.hidden.is_multiple_of(2) {
            return Err(Error::Weights(format!(
                "its configuration says hidden = {}, which cannot be split between two encoder directions",
                self.hidden
            )));
        }
        Ok(())
    }

    /// Every tensor of the model by name, with `E` = embedding, `H` = hidden and `h = H / 2`.
    ///
    /// | name | shape |
    /// |---|---|
    /// | `source_embedding` | `[Vs, E]` |
    /// | `encoder.{l}.{forward,backward}.input` | `[4h, E]` for l = 0, else `[4h, H]` |
    /// | `encoder.{l}.{forward,backward}.recurrent`, `.bias` | `[4h, h]`, `[4h]` |
    /// | `bridge.{l}.weight`, `.bias` (one per decoder layer) | `[H, H]`, `[H]` |
    /// | `target_embedding` (also the output projection) | `[Vt, E]` |
    /// | `decoder.{l}.input` | `[4H, E]` for l = 0, else `[4H, 2H]` |
    /// | `decoder.{l}.recurrent`, `.bias` | `[4H, H]`, `[4H]` |
    /// | `attention.key` | `[H, H]` |
    /// | `output.combine`, `output.combine_bias` | `[E, 2H]`, `[E]` |
    /// | `output.bias` | `[Vt]` |
    ///
    /// Gates are stacked in the order input, forget, cell, output.
    #[must_use]
    pub fn tensors(&self) -> BTreeMap<String, TensorSpec> {
        let (embedding, hidden, half) = (self.embedding, self.hidden, self.hidden / 2);
        let mut shapes = Vec::new();
        let mut add = |name: String, shape: &[usize]| shapes.push((name, shape.to_vec()));
        add(
            "source_embedding".into(),
            &[self.source_vocabulary, embedding],
        );
        for layer in 0..self.encoder_layers {
            let input = if layer == 0 { embedding } else { hidden };
            for direction in ["forward", "backward"] {
                let prefix = format!("encoder.{layer}.{direction}");
                add(format!("{prefix}.input"), &[4 * half, input]);
                add(format!("{prefix}.recurrent"), &[4 * half, half]);
                add(format!("{prefix}.bias"), &[4 * half]);
            }
        }
        for layer in 0..self.decoder_layers {
            add(format!("bridge.{layer}.weight"), &[hidden, hidden]);
            add(format!("bridge.{layer}.bias"), &[hidden]);
            let input = if layer == 0 { embedding } else { 2 * hidden };
            add(format!("decoder.{layer}.input"), &[4 * hidden, input]);
            add(format!("decoder.{layer}.recurrent"), &[4 * hidden, hidden]);
            add(format!("decoder.{layer}.bias"), &[4 * hidden]);
        }
        add(
            "target_embedding".into(),
            &[self.target_vocabulary, embedding],
        );
        add("attention.key".into(), &[hidden, hidden]);
        add("output.combine".into(), &[embedding, 2 * hidden]);
        add("output.combine_bias".into(), &[embedding]);
        add("output.bias".into(), &[self.target_vocabulary]);
        tensor_specs(shapes)
    }
}

/// Checks that each dimension, given with its name, lies between two numbers.
pub(super) fn check_ranges(dimensions: &[(&str, usize, usize, usize)]) -> Result<()> {
    for &(name, value, least, most) in dimensions {
        if !(least..=most).contains(&value) {
            return Err(Error::Weights(format!(
                "its configuration says {name} = {value}, which is not between {least} and {most}"
            )));
        }
    }
    Ok(())
}

/// What tensors must look like, from their shapes: two dimensions make a matrix, one a vector.
pub(super) fn tensor_specs(
    shapes: impl IntoIterator<Item = (String, Vec<usize>)>,
) -> BTreeMap<String, TensorSpec> {
    let spec = |(name, shape): (String, Vec<usize>)| {
        let kind = if shape.len() == 2 {
            TensorKind::Matrix
        } else {
            TensorKind::Vector
        };
        (name, TensorSpec { shape, kind })
    };
    let mut specs = BTreeMap::new();
    // One by one: to collect them would bring a sorting algorithm into the WebAssembly.
    specs.extend(shapes.into_iter().map(spec));
    specs
}

/// A BCP 47 tag has at most 35 letters, digits and hyphens.
fn check_language(field: &str, tag: &str) -> Result<()> {
    let sound = (2..=35).contains(&tag.len())
        && tag
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !tag.starts_with('-')
        && !tag.ends_with('-');
    if sound {
        Ok(())
    } else {
        Err(Error::Weights(format!(
            "its configuration says {field} = {tag:?}, which is not a language tag"
        )))
    }
}
