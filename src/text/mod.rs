//! Text before and after the model: normalisation and subwords.

pub mod normalise;
pub mod subwords;
