//! Text before and after the model: sentences, normalisation and subwords.

mod abbreviations;
mod characters;
pub mod edited;
#[cfg(test)]
mod fuzz;
pub mod normalise;
mod pieces;
mod segment;
pub mod sentences;
pub mod subwords;
