//! Everything that can go wrong, in words a user understands.

use std::path::PathBuf;

/// The error of every fallible function in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{path}: {source}", path = .path.display())]
    Io {
        /// The file in question.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A weights file is truncated, corrupt or inconsistent with itself.
    #[error("the weights file cannot be used: {0}")]
    Weights(String),
    /// A weights file is sound but needs something this build does not have.
    #[error("the weights file needs something this version does not support: {0}")]
    Unsupported(String),
    /// A vocabulary cannot be parsed or does not fit its model.
    #[error("the vocabulary cannot be used: {0}")]
    Vocabulary(String),
    /// A manifest cannot be parsed or disagrees with the file it describes.
    #[error("the model manifest cannot be used: {0}")]
    Manifest(String),
    /// No model translates the requested direction.
    #[error("no model translates {from} to {to}; available: {available}")]
    NoSuchPair {
        /// BCP 47 tag of the source language.
        from: String,
        /// BCP 47 tag of the target language.
        to: String,
        /// The directions there are, for the message.
        available: String,
    },
    /// An option has a value that makes no sense.
    #[error("{0}")]
    Option(String),
    /// Training cannot start or go on.
    #[cfg(feature = "train")]
    #[error("training: {0}")]
    Training(String),
    /// candle refused an operation.
    #[cfg(feature = "train")]
    #[error("training: {0}")]
    Candle(#[from] candle_core::Error),
}

impl Error {
    /// Wraps an I/O error with the path it happened on.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

/// `std::result::Result` with this crate's [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;
