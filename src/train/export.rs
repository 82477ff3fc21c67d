//! From trained parameters to a weights file.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor as CandleTensor};

use crate::decode::DecodeOptions;
use crate::format::{
    Architecture, ModelConfig, ModelFile, Normalisation, QuantisedMatrix, Tensor, TensorKind,
};
use crate::text::simplified::table_for;
use crate::{Error, Result};

/// Languages and vocabularies of a direction.
#[derive(Clone, Debug)]
pub struct Direction {
    /// BCP 47 tag of the language translated from.
    pub source_language: String,
    /// BCP 47 tag of the language translated to.
    pub target_language: String,
    /// `SentencePiece` model of the source language.
    pub source_vocabulary: Vec<u8>,
    /// `SentencePiece` model of the target language.
    pub target_vocabulary: Vec<u8>,
}

/// Quantises parameters, given by name, to int8 (or keeps them as they are if `float`).
///
/// # Errors
/// When a parameter is missing or not finite.
pub fn model_file<'a>(
    architecture: &Architecture,
    parameters: impl IntoIterator<Item = (&'a str, &'a CandleTensor)>,
    direction: &Direction,
    float: bool,
) -> Result<ModelFile> {
    let parameters: BTreeMap<&str, &CandleTensor> = parameters.into_iter().collect();
    let mut tensors = BTreeMap::new();
    for (name, spec) in architecture.tensors() {
        let parameter = parameters
            .get(name.as_str())
            .ok_or_else(|| Error::Training(format!("the parameter {name} is missing")))?;
        let values = parameter
            .to_dtype(DType::F32)?
            .flatten_all()?
            .to_vec1::<f32>()?;
        let tensor = match (spec.kind, &spec.shape[..]) {
            (TensorKind::Matrix, &[rows, cols]) if !float => {
                Tensor::Quantised(QuantisedMatrix::quantise(&values, rows, cols)?)
            }
            _ => Tensor::Float {
                shape: spec.shape,
                data: values,
            },
        };
        tensors.insert(name, tensor);
    }
    Ok(ModelFile {
        config: ModelConfig {
            source_language: direction.source_language.clone(),
            target_language: direction.target_language.clone(),
            normalisation: Normalisation::Dragoman1,
            beam: 1,
            length_penalty: DecodeOptions::LENGTH_PENALTY,
            target_token: None,
            architecture: architecture.clone(),
        },
        source_vocabulary: direction.source_vocabulary.clone(),
        target_vocabulary: direction.target_vocabulary.clone(),
        respelling: table_for(&direction.source_language)
            .unwrap_or_default()
            .into(),
        shortlist: None,
        tensors,
    })
}
