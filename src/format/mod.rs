//! The weights file: what a model looks like on disk, and the list of models a site offers.
//!
//! A model is one [safetensors](https://github.com/huggingface/safetensors) file holding the int8 weights with their
//! scales, the configuration and both vocabularies. [`ModelFile::read`] refuses anything that is not exactly that.

pub mod card;
pub mod config;
pub mod container;
pub mod layout;
pub mod manifest;
pub mod marian;
pub mod opus;
pub mod quantise;
pub mod shortlist;
pub mod source;
pub mod tensor;
pub mod transformer;

pub use card::{Card, CardSet};
pub use config::{Architecture, ModelConfig, Normalisation, Seq2SeqConfig, TensorKind, TensorSpec};
pub use container::ModelFile;
pub use manifest::{Manifest, ManifestEntry};
pub use marian::MarianFiles;
pub use opus::OpusFiles;
pub use quantise::QuantisedMatrix;
pub use shortlist::Shortlist;
pub use source::Source;
pub use tensor::Tensor;
pub use transformer::TransformerConfig;
