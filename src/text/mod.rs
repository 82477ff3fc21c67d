//! Text before and after the model: normalisation and subwords.

pub mod edited;
pub mod normalise;
mod segment;
pub mod subwords;
