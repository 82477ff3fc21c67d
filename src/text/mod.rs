//! Text before and after the model: sentences, protected parts, normalisation and subwords.

mod abbreviations;
mod characters;
pub mod edited;
#[cfg(test)]
mod fuzz;
pub mod normalise;
mod pieces;
pub mod placeholders;
pub mod protected;
mod segment;
pub mod sentences;
pub mod subwords;
