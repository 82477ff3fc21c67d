//! A training configuration: the file that `dragoman train` takes.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::corpus::DataConfig;
use super::dataset::BatchOptions;
use super::fused::{AdamWOptions, Precision};
use super::schedule::Schedule;
use crate::format::{Architecture, Card, CardSet, Seq2SeqConfig, TransformerConfig};
use crate::{Error, Result};

/// Everything that determines a trained model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// The parallel text and the vocabularies.
    pub data: DataConfig,
    /// Dimensions of the network.
    pub model: NetworkConfig,
    /// How batches are formed.
    pub batches: BatchOptions,
    /// Learning rate over time.
    pub schedule: Schedule,
    /// Optimiser and regularisation.
    #[serde(default)]
    pub optimiser: OptimiserConfig,
    /// How it is computed.
    #[serde(default)]
    pub compute: ComputeConfig,
    /// Development sets and when to look at them.
    #[serde(default)]
    pub validation: ValidationConfig,
    /// What the weights file and its manifest say about the model.
    #[serde(default)]
    pub card: CardConfig,
}

/// The architectures there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Bidirectional LSTM encoder and LSTM decoder with attention.
    #[default]
    Seq2Seq,
    /// Transformer encoder and SSRU decoder.
    Transformer,
}

/// Dimensions of the network; the vocabularies' sizes come from the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Which architecture.
    #[serde(default)]
    pub architecture: Kind,
    /// Embedding width; in a transformer that of all states.
    pub embedding: usize,
    /// Hidden width of a Seq2Seq network; each encoder direction has half of it.
    pub hidden: Option<usize>,
    /// Inner width of a transformer's feed-forward layers.
    pub feed_forward: Option<usize>,
    /// Attention heads of a transformer.
    pub heads: Option<usize>,
    /// Encoder layers; bidirectional in a Seq2Seq network.
    pub encoder_layers: usize,
    /// Decoder layers.
    pub decoder_layers: usize,
    /// Seed of the initial weights and of dropout.
    #[serde(default = "one")]
    pub seed: u64,
}

/// The optimisers there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// AdamW (Loshchilov and Hutter 2019).
    #[default]
    AdamW,
    /// `RMSprop` (Tieleman and Hinton 2012).
    RmsProp,
}

/// Optimiser and regularisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimiserConfig {
    /// Which optimiser.
    pub method: Method,
    /// Decay of the mean of the gradients (`AdamW` only).
    pub beta1: f32,
    /// Decay of the mean of the squared gradients.
    pub beta2: f32,
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// Largest norm of all gradients together.
    pub clip: f32,
    /// eps of the label smoothing.
    pub label_smoothing: f32,
    /// Share of activations dropped.
    pub dropout: f32,
    /// Decay per step of the moving average of the weights, which is what is validated and exported; 0 for none.
    pub average: f64,
}

/// How the same model is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ComputeConfig {
    /// What the factors of the large matrix products are rounded to on a CPU; parameters, sums and the optimiser are `f32`.
    pub precision: Precision,
}

/// Development sets and early stopping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValidationConfig {
    /// Steps between validations.
    pub every: u64,
    /// Validations in a row without a better loss after which training stops; 0 never stops early.
    pub patience: u64,
    /// Most sentences of a set that are translated for BLEU and chrF; the loss is always that of the whole set.
    pub sentences: usize,
    /// The sets; the first decides on early stopping and the best weights.
    pub sets: Vec<DevelopmentSet>,
    /// Without sets: one in so many pairs of the corpus is held out, 2 at least.
    pub hold_out: u64,
}

/// Two line-aligned files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevelopmentSet {
    /// Name in logs and scores.
    pub name: String,
    /// Sentences to translate.
    pub source: PathBuf,
    /// Their translations.
    pub reference: PathBuf,
}

/// What a user of the weights should know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CardConfig {
    /// Name of the model, such as `en-zh`.
    pub id: String,
    /// Licence of the weights.
    pub licence: String,
}

fn one() -> u64 {
    1
}

impl Default for OptimiserConfig {
    fn default() -> Self {
        Self {
            method: Method::AdamW,
            beta1: 0.9,
            beta2: 0.98,
            epsilon: 1e-8,
            weight_decay: 0.0,
            clip: 1.0,
            label_smoothing: 0.1,
            dropout: 0.1,
            average: 0.999,
        }
    }
}

impl Default for ValidationConfig {
    fn default() -> Self {
        Self {
            every: 1000,
            patience: 0,
            sentences: 500,
            sets: Vec::new(),
            hold_out: 500,
        }
    }
}

impl TrainConfig {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// When the file cannot be read, has an unknown or missing field, or a value that makes no sense.
    pub fn open(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
        Self::parse(&text).map_err(|error| match error {
            Error::Training(message) => Error::Training(format!("{}: {message}", path.display())),
            other => other,
        })
    }

    /// Parses and checks the text of a configuration.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn parse(text: &str) -> Result<Self> {
        let config: Self =
            toml::from_str(text).map_err(|error| Error::Training(error.to_string()))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        let share = |name: &str, value: f64| {
            if (0.0..1.0).contains(&value) {
                Ok(())
            } else {
                Err(Error::Training(format!(
                    "{name} = {value} is not at least 0 and less than 1"
                )))
            }
        };
        let optimiser = &self.optimiser;
        share("beta1", f64::from(optimiser.beta1))?;
        share("beta2", f64::from(optimiser.beta2))?;
        share("label_smoothing", f64::from(optimiser.label_smoothing))?;
        share("dropout", f64::from(optimiser.dropout))?;
        share("average", optimiser.average)?;
        for (name, positive) in [
            ("batches.tokens", self.batches.tokens > 0),
            ("batches.sentences", self.batches.sentences > 0),
            ("validation.every", self.validation.every > 0),
            ("optimiser.clip", optimiser.clip > 0.0),
        ] {
            if !positive {
                return Err(Error::Training(format!("{name} must be more than 0")));
            }
        }
        // One in one pair is every pair, and nothing would be left to learn from.
        if self.validation.sets.is_empty() && self.validation.hold_out < 2 {
            return Err(Error::Training(
                "validation.hold_out must be at least 2 where there are no development sets".into(),
            ));
        }
        self.schedule.check()
    }

    /// What `dragoman export` is to know.
    #[must_use]
    pub fn card(&self) -> Card {
        let root = std::path::absolute(&self.data.root).unwrap_or_else(|_| self.data.root.clone());
        let mut data: Vec<String> = Vec::new();
        for file in &self.data.files {
            let stem = file.paths.first().and_then(|path| path.file_name());
            let stem = stem.map_or_else(String::new, |name| {
                let name = name.to_string_lossy();
                name.split('.').next().unwrap_or_default().to_owned()
            });
            // A file without origins of its own has the single origin `all`.
            data.extend(file.origins.keys().map(|origin| match origin.as_str() {
                "all" => stem.clone(),
                origin => origin.to_owned(),
            }));
            data.extend(file.others.is_some().then_some(stem));
        }
        Card {
            id: self.card.id.clone(),
            licence: self.card.licence.clone(),
            data,
            sets: self
                .validation
                .sets
                .iter()
                .map(|set| CardSet {
                    name: set.name.clone(),
                    source: root.join(&set.source),
                    reference: root.join(&set.reference),
                })
                .collect(),
        }
    }

    /// The network for vocabularies of the given sizes.
    ///
    /// # Errors
    /// When a dimension makes no sense.
    pub fn network(
        &self,
        source_vocabulary: usize,
        target_vocabulary: usize,
    ) -> Result<Architecture> {
        let model = &self.model;
        let given = |name: &str, value: Option<usize>| {
            value.ok_or_else(|| {
                Error::Training(format!("[model] of this architecture needs {name}"))
            })
        };
        let absent = |name: &str, value: Option<usize>| match value {
            None => Ok(()),
            Some(_) => Err(Error::Training(format!(
                "[model] of this architecture has no {name}"
            ))),
        };
        let config = match model.architecture {
            Kind::Seq2Seq => {
                absent("feed_forward", model.feed_forward)?;
                absent("heads", model.heads)?;
                Architecture::Seq2Seq(Seq2SeqConfig {
                    embedding: model.embedding,
                    hidden: given("hidden", model.hidden)?,
                    encoder_layers: model.encoder_layers,
                    decoder_layers: model.decoder_layers,
                    source_vocabulary,
                    target_vocabulary,
                })
            }
            Kind::Transformer => {
                absent("hidden", model.hidden)?;
                Architecture::Transformer(TransformerConfig {
                    embedding: model.embedding,
                    feed_forward: given("feed_forward", model.feed_forward)?,
                    heads: given("heads", model.heads)?,
                    encoder_layers: model.encoder_layers,
                    decoder_layers: model.decoder_layers,
                    source_vocabulary,
                    target_vocabulary,
                    shared_vocabulary: false,
                    self_attention: false,
                    swish: false,
                })
            }
        };
        match config.check() {
            Ok(()) => Ok(config),
            Err(Error::Weights(message)) => Err(Error::Training(message)),
            Err(other) => Err(other),
        }
    }
}

impl OptimiserConfig {
    /// The optimiser's settings.
    #[must_use]
    pub fn options(&self) -> AdamWOptions {
        let adam = self.method == Method::AdamW;
        AdamWOptions {
            beta1: if adam { self.beta1 } else { 0.0 },
            beta2: self.beta2,
            epsilon: self.epsilon,
            weight_decay: self.weight_decay,
            clip: self.clip,
            bias_correction: adam,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        [data]
        source_language = "en"
        target_language = "zh"
        max_tokens = 10
        files = []
        [data.vocabulary]
        source_size = 300
        target_size = 300
        [model]
        embedding = 8
        hidden = 8
        encoder_layers = 1
        decoder_layers = 1
        [batches]
        tokens = 100
        sentences = 10
        seed = 1
        [schedule]
        rate = 0.001
        steps = 10
    "#;

    #[test]
    fn shipped_configurations_are_sound() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("training");
        let mut seen = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|e| e == "toml") {
                TrainConfig::open(&path).unwrap();
                seen += 1;
            }
        }
        assert!(seen > 0);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        assert!(TrainConfig::parse(SMALL).is_ok());
        for (from, to, expected) in [
            ("tokens = 100", "tokens = 0", "batches.tokens"),
            ("hidden = 8", "hidden = 8\nwidth = 9", "width"),
            (
                "steps = 10",
                "steps = 10\n[optimiser]\ndropout = 1.0",
                "dropout",
            ),
            ("steps = 10", "steps = 10\nwarmup = 11", "warmup"),
            ("rate = 0.001", "rate = -1.0", "rate"),
            (
                "steps = 10",
                "steps = 10\n[validation]\nhold_out = 0",
                "hold_out must be at least 2",
            ),
            (
                "steps = 10",
                "steps = 10\n[validation]\nhold_out = 1",
                "hold_out must be at least 2",
            ),
        ] {
            let error = TrainConfig::parse(&SMALL.replace(from, to)).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        let odd = TrainConfig::parse(&SMALL.replace("hidden = 8", "hidden = 7")).unwrap();
        assert!(odd.network(300, 300).is_err());
        for (from, to, expected) in [
            ("hidden = 8", "", "needs hidden"),
            ("hidden = 8", "hidden = 8\nheads = 2", "has no heads"),
            (
                "hidden = 8",
                "architecture = \"transformer\"\nheads = 2",
                "needs feed_forward",
            ),
            (
                "hidden = 8",
                "architecture = \"transformer\"\nheads = 3\nfeed_forward = 8",
                "heads",
            ),
        ] {
            let config = TrainConfig::parse(&SMALL.replace(from, to)).unwrap();
            let error = config.network(300, 300).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
