//! Dimensions of the transformers, and the tensors they consist of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::config::{
    MAX_LAYERS, MAX_VOCABULARY, MAX_WIDTH, TensorSpec, check_ranges, tensor_specs,
};
use crate::error::{Error, Result};

/// Whether this build runs what Marian's students have not, self-attention in the decoder and swish: the WebAssembly without the
/// GPU has no room for it.
pub const WITH_TEACHERS: bool = cfg!(any(not(target_arch = "wasm32"), feature = "gpu"));

/// Most attention heads accepted.
const MAX_HEADS: usize = 64;

/// Dimensions of a transformer encoder with a decoder of SSRUs (Kim et al. 2019), the student models of Marian, Bergamot and
/// Firefox, or of self-attention (Vaswani et al. 2017), as in OPUS-MT. The equations are in [`crate::model::transformer`].
///
/// In the configuration of a weights file, where all fields stand beside `"architecture": "transformer"`:
/// ```json
/// { "architecture": "transformer", "embedding": 256, "feed_forward": 1536, "heads": 8, "encoder_layers": 6,
///   "decoder_layers": 2, "source_vocabulary": 32000, "target_vocabulary": 32000, "shared_vocabulary": true }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransformerConfig {
    /// Width d of embeddings and hidden states, in units; even.
    pub embedding: usize,
    /// Inner width F of the feed-forward layers, in units.
    pub feed_forward: usize,
    /// Number of attention heads, each of d / heads units.
    pub heads: usize,
    /// Number of encoder layers.
    pub encoder_layers: usize,
    /// Number of decoder layers.
    pub decoder_layers: usize,
    /// Number of pieces in the source vocabulary.
    pub source_vocabulary: usize,
    /// Number of pieces in the target vocabulary.
    pub target_vocabulary: usize,
    /// Whether both languages have one vocabulary and one embedding. The file then holds `source.spm` alone.
    #[serde(default)]
    pub shared_vocabulary: bool,
    /// Whether decoder layers attend to what is written already instead of having an SSRU.
    #[serde(default)]
    pub self_attention: bool,
    /// Whether the feed-forward layers have the activation x sigmoid(x), not max(x, 0).
    #[serde(default)]
    pub swish: bool,
}

impl TransformerConfig {
    /// Checks the dimensions.
    ///
    /// # Errors
    /// [`Error::Weights`] naming the dimension that makes no sense.
    pub fn check(&self) -> Result<()> {
        if !WITH_TEACHERS && (self.self_attention || self.swish) {
            return Err(Error::Unsupported("this kind of transformer".into()));
        }
        check_ranges(&[
            ("embedding", self.embedding, 2, MAX_WIDTH),
            ("feed_forward", self.feed_forward, 1, MAX_WIDTH),
            ("heads", self.heads, 1, MAX_HEADS),
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
        for (name, parts) in [("heads", self.heads), ("sines and cosines", 2)] {
            if !self.embedding.is_multiple_of(parts) {
                return Err(Error::Weights(format!(
                    "its configuration says embedding = {}, which cannot be split between {parts} {name}",
                    self.embedding
                )));
            }
        }
        if self.shared_vocabulary && self.source_vocabulary != self.target_vocabulary {
            return Err(Error::Weights(format!(
                "its configuration says that a vocabulary is shared, but gives it {} and {} pieces",
                self.source_vocabulary, self.target_vocabulary
            )));
        }
        Ok(())
    }

    /// Name of the embedding of the source tokens.
    #[must_use]
    pub fn source_embedding(&self) -> &'static str {
        if self.shared_vocabulary {
            "embedding"
        } else {
            "source_embedding"
        }
    }

    /// Name of the embedding of the target tokens, which is also the output projection.
    #[must_use]
    pub fn target_embedding(&self) -> &'static str {
        if self.shared_vocabulary {
            "embedding"
        } else {
            "target_embedding"
        }
    }

    /// Every tensor of the model by name, with d = embedding and F = `feed_forward`. Layers count from 0.
    ///
    /// | name | shape |
    /// |---|---|
    /// | `embedding`, or `source_embedding` and `target_embedding` if not shared | `[V, d]` |
    /// | `encoder.{l}.attention.input`, `.input_bias`: queries, keys, values | `[3d, d]`, `[3d]` |
    /// | `encoder.{l}.attention.output`, `.output_bias` | `[d, d]`, `[d]` |
    /// | `encoder.{l}.attention.norm_scale`, `.norm_bias` | `[d]` |
    /// | `encoder.{l}.feed_forward.inner`, `.inner_bias` | `[F, d]`, `[F]` |
    /// | `encoder.{l}.feed_forward.outer`, `.outer_bias` | `[d, F]`, `[d]` |
    /// | `encoder.{l}.feed_forward.norm_scale`, `.norm_bias` | `[d]` |
    /// | `decoder.{l}.recurrent.input`, `.input_bias`: candidate, forget gate | `[2d, d]`, `[2d]` |
    /// | `decoder.{l}.recurrent.norm_scale`, `.norm_bias` | `[d]` |
    /// | or, with `self_attention`, `decoder.{l}.self_attention...` | as `decoder.{l}.attention...` |
    /// | `decoder.{l}.attention.query`, `.query_bias` | `[d, d]`, `[d]` |
    /// | `decoder.{l}.attention.memory`, `.memory_bias`: keys, values | `[2d, d]`, `[2d]` |
    /// | `decoder.{l}.attention.output`, `.output_bias`, `.norm_scale`, `.norm_bias` | as in the encoder |
    /// | `decoder.{l}.feed_forward...` | as in the encoder |
    /// | `output.bias` | `[Vt]` |
    ///
    /// Where a name stands for several matrices, they are stacked in the order given: rows 0 to d - 1 of
    /// `attention.input` make the queries. Marian has no bias for the SSRU's candidate: the first d elements of that bias are
    /// zero in models that come from there.
    #[must_use]
    pub fn tensors(&self) -> BTreeMap<String, TensorSpec> {
        let (d, inner) = (self.embedding, self.feed_forward);
        let mut shapes = vec![
            (
                self.source_embedding().to_owned(),
                vec![self.source_vocabulary, d],
            ),
            (
                self.target_embedding().to_owned(),
                vec![self.target_vocabulary, d],
            ),
            ("output.bias".to_owned(), vec![self.target_vocabulary]),
        ];
        let mut affine = |name: String, out: usize, input: usize| {
            shapes.push((format!("{name}_bias"), vec![out]));
            shapes.push((name, vec![out, input]));
        };
        let sides = [
            ("encoder", self.encoder_layers),
            ("decoder", self.decoder_layers),
        ];
        let layers = || {
            sides
                .into_iter()
                .flat_map(|(side, layers)| (0..layers).map(move |l| (side, format!("{side}.{l}"))))
        };
        for (side, layer) in layers() {
            if side == "encoder" {
                affine(format!("{layer}.attention.input"), 3 * d, d);
            } else {
                if WITH_TEACHERS && self.self_attention {
                    affine(format!("{layer}.self_attention.query"), d, d);
                    affine(format!("{layer}.self_attention.memory"), 2 * d, d);
                    affine(format!("{layer}.self_attention.output"), d, d);
                } else {
                    affine(format!("{layer}.recurrent.input"), 2 * d, d);
                }
                affine(format!("{layer}.attention.query"), d, d);
                affine(format!("{layer}.attention.memory"), 2 * d, d);
            }
            affine(format!("{layer}.attention.output"), d, d);
            affine(format!("{layer}.feed_forward.inner"), inner, d);
            affine(format!("{layer}.feed_forward.outer"), d, inner);
        }
        for (side, layer) in layers() {
            let first = (side == "decoder").then_some(if WITH_TEACHERS && self.self_attention {
                "self_attention"
            } else {
                "recurrent"
            });
            for sublayer in ["attention", "feed_forward"].into_iter().chain(first) {
                for part in ["norm_scale", "norm_bias"] {
                    shapes.push((format!("{layer}.{sublayer}.{part}"), vec![d]));
                }
            }
        }
        tensor_specs(shapes)
    }
}
