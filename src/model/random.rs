//! Models with random weights, for tests and benchmarks.

use crate::decode::DecodeOptions;
use crate::format::{
    Architecture, ModelConfig, ModelFile, Normalisation, QuantisedMatrix, Tensor, TensorKind,
};

/// Builds a model file whose weights are uniformly random, the same ones for the same seed.
///
/// `float` keeps the matrices as floats; the int8 file of the same seed holds the same matrices, quantised. The vocabularies
/// are left empty.
///
/// # Panics
/// If the configuration is not sound.
#[must_use]
pub fn model_file(config: impl Into<Architecture>, seed: u64, float: bool) -> ModelFile {
    let architecture = config.into();
    let mut random = Random(seed);
    let tensors = architecture
        .tensors()
        .into_iter()
        .map(|(name, spec)| {
            // Variance 1 / inputs keeps the signal from layer to layer; 3x livelier, so that attention and gates are not flat.
            let bound = if spec.kind == TensorKind::Matrix {
                3.0 / (spec.shape[1] as f32).sqrt()
            } else {
                0.5
            };
            // Layer normalisation multiplies by about 1.
            let middle = if name.ends_with("norm_scale") {
                1.0
            } else {
                0.0
            };
            let data: Vec<f32> = (0..spec.shape.iter().product())
                .map(|_| middle + random.within(bound))
                .collect();
            let tensor = if float || spec.kind == TensorKind::Vector {
                Tensor::Float {
                    shape: spec.shape,
                    data,
                }
            } else {
                let matrix = QuantisedMatrix::quantise(&data, spec.shape[0], spec.shape[1]);
                Tensor::Quantised(matrix.expect("the shape is that of the data"))
            };
            (name, tensor)
        })
        .collect();
    ModelFile {
        config: ModelConfig {
            source_language: "en".into(),
            target_language: "zh".into(),
            normalisation: Normalisation::Dragoman1,
            beam: 1,
            length_penalty: DecodeOptions::LENGTH_PENALTY,
            target_token: None,
            architecture,
        },
        source_vocabulary: Vec::new(),
        target_vocabulary: Vec::new(),
        respelling: Vec::new(),
        shortlist: None,
        tensors,
    }
}

/// `SplitMix64`: small, seedable and the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..below`.
    pub fn below(&mut self, below: usize) -> usize {
        (self.bits() % below as u64) as usize
    }

    /// A number in `-bound..bound`.
    pub fn within(&mut self, bound: f32) -> f32 {
        ((self.bits() >> 40) as f32 / (1u64 << 23) as f32 - 1.0) * bound
    }
}
