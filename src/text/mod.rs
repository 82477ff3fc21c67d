//! Text before and after the model: sentences, protected parts, normalisation and subwords.

mod abbreviations;
pub mod characters;
pub mod diacritics;
pub mod edited;
#[cfg(test)]
pub(crate) mod fuzz;
pub mod language;
pub mod normalise;
mod pieces;
pub mod placeholders;
pub mod protected;
pub mod references;
pub mod respelling;
mod segment;
pub mod sentences;
pub mod simplified;
pub mod subwords;
pub mod typography;
