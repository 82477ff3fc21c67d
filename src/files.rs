//! Files that are never seen half written.

use std::fs;
use std::path::Path;

use crate::{Error, Result};

/// Writes a file beside the old one and puts it in its place.
///
/// # Errors
/// When the file cannot be written.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let part = path.with_extension("part");
    fs::write(&part, bytes).map_err(Error::io(&part))?;
    fs::rename(&part, path).map_err(Error::io(path))
}
