//! Text before and after the model: normalisation and subwords.

pub mod normalise;
mod segment;
pub mod subwords;
