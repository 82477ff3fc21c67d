//! Weights that a run starts from: of an earlier stage of training, or a model to be tuned to other text.

use std::path::Path;

use candle_core::Tensor as CandleTensor;

use super::config::TrainConfig;
use super::network::Network;
use crate::format::{Card, ModelFile, Tensor};
use crate::{Error, Result};

/// A weights file and what is known about it.
pub struct Origin {
    /// The file.
    pub file: ModelFile,
    /// What it was trained on, if a card lies beside it.
    pub data: Vec<String>,
    name: String,
}

impl Origin {
    /// Reads weights and the card beside them.
    ///
    /// # Errors
    /// When the file cannot be read, or translates between other languages than the configuration says.
    pub fn open(path: &Path, config: &TrainConfig) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        let file = ModelFile::read(&bytes)?;
        let name = path.display().to_string();
        let found = [&file.config.source_language, &file.config.target_language];
        let wanted = [&config.data.source_language, &config.data.target_language];
        if found != wanted {
            return Err(Error::Training(format!(
                "{name} translates from {} to {}, but the configuration from {} to {}",
                found[0], found[1], wanted[0], wanted[1]
            )));
        }
        let card = path.with_file_name(Card::FILE);
        let data = if card.exists() {
            Card::open(&card)?.data
        } else {
            Vec::new()
        };
        Ok(Self { file, data, name })
    }

    /// Sets the parameters of a network.
    ///
    /// # Errors
    /// When the network has other dimensions.
    pub fn copy_to(&self, network: &Network) -> Result<()> {
        for (name, variable) in network.parameters() {
            let other = |what: String| {
                Error::Training(format!(
                    "training cannot start from {}: {what}; [model] must have the same dimensions",
                    self.name
                ))
            };
            let tensor = self.file.tensors.get(name);
            let tensor = tensor.ok_or_else(|| other(format!("it has no {name}")))?;
            let (found, wanted) = (tensor.shape(), variable.dims());
            if found != wanted {
                return Err(other(format!("{name} is {found:?} there, not {wanted:?}")));
            }
            let values = match tensor {
                Tensor::Quantised(matrix) => matrix.dequantise(),
                Tensor::Float { data, .. } => data.clone(),
            };
            variable.set(&CandleTensor::from_vec(values, found, network.device())?)?;
        }
        Ok(())
    }
}
