//! Everything a run needs to go on after it was stopped, in one file that is replaced as a whole.
//!
//! | tensor | what |
//! |---|---|
//! | `weight.NAME` | the parameter |
//! | `first.NAME`, `second.NAME` | its moments in the optimiser |
//! | `average.NAME` | its moving average |
//! | `state.json` | [`State`], as bytes |

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::average::Average;
use super::dataset::Position;
use super::fused::AdamW;
use super::network::Network;
use crate::format::{Architecture, Seq2SeqConfig};
use crate::{Error, Result};

const STATE: &str = "state.json";

/// Where a run stands, beside its tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Dimensions of the network.
    #[serde(deserialize_with = "architecture")]
    pub network: Architecture,
    /// Name of the prepared data, which changes with its configuration.
    pub data: String,
    /// Steps taken.
    pub step: u64,
    /// The batch that comes next.
    pub position: Position,
    /// Target tokens seen.
    pub tokens: u64,
    /// Seconds spent training.
    pub seconds: f64,
    /// Lowest loss on the first development set.
    pub best_loss: Option<f64>,
    /// Validations in a row without a better one.
    pub waiting: u64,
}

/// Checkpoints of the time when there was one architecture do not name it.
fn architecture<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> std::result::Result<Architecture, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Named(Architecture),
        Unnamed(Seq2SeqConfig),
    }
    Ok(match Stored::deserialize(from)? {
        Stored::Named(architecture) => architecture,
        Stored::Unnamed(config) => Architecture::Seq2Seq(config),
    })
}

/// Writes a checkpoint beside the old one and then puts it in its place.
///
/// # Errors
/// When the file cannot be written.
pub fn save(
    path: &Path,
    network: &Network,
    optimiser: &AdamW,
    average: &mut Average,
    state: &State,
) -> Result<()> {
    let variables: Vec<_> = network.parameters().values().cloned().collect();
    let averages = average.values(&variables)?;
    let (moments, _) = optimiser.state();
    let mut tensors = HashMap::new();
    for (((name, variable), (first, second)), average) in
        network.parameters().iter().zip(moments).zip(averages)
    {
        tensors.insert(format!("weight.{name}"), variable.as_tensor().clone());
        tensors.insert(format!("first.{name}"), first.clone());
        tensors.insert(format!("second.{name}"), second.clone());
        tensors.insert(format!("average.{name}"), average.clone());
    }
    let json = serde_json::to_vec(state).map_err(|e| Error::Training(e.to_string()))?;
    let bytes = json.len();
    tensors.insert(STATE.into(), Tensor::from_vec(json, bytes, &Device::Cpu)?);
    let part = path.with_extension("part");
    candle_core::safetensors::save(&tensors, &part)?;
    std::fs::rename(&part, path).map_err(Error::io(path))
}

/// Reads a checkpoint into a network, its optimiser and its average.
///
/// # Errors
/// When the file is damaged or belongs to a network of other dimensions or to other data.
pub fn load(
    path: &Path,
    network: &Network,
    optimiser: &mut AdamW,
    average: &mut Average,
    data: &str,
) -> Result<State> {
    let damaged = |what: &str| {
        Error::Training(format!(
            "the checkpoint {} cannot be used: {what}; move it away to start afresh",
            path.display()
        ))
    };
    let mut tensors = candle_core::safetensors::load(path, network.device())
        .map_err(|e| damaged(&e.to_string()))?;
    let state = tensors
        .remove(STATE)
        .ok_or_else(|| damaged("it has no state"))?;
    let state: State =
        serde_json::from_slice(&state.to_vec1::<u8>()?).map_err(|e| damaged(&e.to_string()))?;
    if state.network != *network.config() {
        return Err(damaged("it is of a network with other dimensions"));
    }
    if state.data != data {
        return Err(damaged("it was trained on other data"));
    }
    let mut take = |kind: &str, name: &str| {
        tensors
            .remove(&format!("{kind}.{name}"))
            .ok_or_else(|| damaged(&format!("it lacks {kind}.{name}")))
    };
    let (mut moments, mut averages) = (Vec::new(), Vec::new());
    for (name, variable) in network.parameters() {
        variable
            .set(&take("weight", name)?)
            .map_err(|e| damaged(&e.to_string()))?;
        moments.push((take("first", name)?, take("second", name)?));
        averages.push(take("average", name)?);
    }
    optimiser
        .restore(moments, state.step)
        .map_err(|e| damaged(&e.to_string()))?;
    average.restore(averages, state.step);
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_with_and_without_the_name_of_the_architecture() {
        let config = Seq2SeqConfig {
            embedding: 8,
            hidden: 6,
            encoder_layers: 1,
            decoder_layers: 2,
            source_vocabulary: 30,
            target_vocabulary: 40,
        };
        let state = State {
            network: Architecture::Seq2Seq(config.clone()),
            data: "data".into(),
            step: 3,
            position: Position::default(),
            tokens: 4,
            seconds: 5.0,
            best_loss: None,
            waiting: 6,
        };
        let mut json = serde_json::to_value(&state).unwrap();
        assert_eq!(
            serde_json::from_value::<State>(json.clone()).unwrap(),
            state
        );
        json["network"] = serde_json::to_value(&config).unwrap();
        assert_eq!(serde_json::from_value::<State>(json).unwrap(), state);
    }
}
