//! The list of models that a site or a folder offers: `manifest.json`, beside the weights files.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Version of the manifest's own format.
pub const VERSION: u32 = 1;

/// A parsed and checked `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`VERSION`].
    pub version: u32,
    /// The models, in order of preference.
    pub models: Vec<ManifestEntry>,
}

/// One model of a [`Manifest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// Unique name, such as `en-zh`.
    pub id: String,
    /// BCP 47 tag of the language translated from.
    pub source: String,
    /// BCP 47 tag of the language translated to.
    pub target: String,
    /// Path of the weights file, relative to the manifest.
    pub file: String,
    /// Size of the weights file.
    pub bytes: u64,
    /// SHA-256 of the weights file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Name of the architecture, such as `seq2seq`.
    pub architecture: String,
    /// Licence of the weights.
    pub licence: String,
    /// What the model was trained on.
    #[serde(default)]
    pub data: Vec<String>,
    /// Measured quality: test set to metric to score.
    #[serde(default)]
    pub scores: BTreeMap<String, BTreeMap<String, f64>>,
}

impl Manifest {
    /// Parses and checks a manifest.
    ///
    /// # Errors
    /// [`Error::Manifest`] if it is not valid JSON, has another version, lists a model twice, or if an entry has a
    /// path that leaves the manifest's folder or a malformed hash.
    pub fn parse(json: &str) -> Result<Self> {
        let manifest: Self =
            serde_json::from_str(json).map_err(|error| Error::Manifest(error.to_string()))?;
        if manifest.version != VERSION {
            return Err(Error::Manifest(format!(
                "it has version {}, not {VERSION}",
                manifest.version
            )));
        }
        let mut ids = BTreeSet::new();
        for entry in &manifest.models {
            if !ids.insert(&entry.id) {
                return Err(Error::Manifest(format!("it lists {:?} twice", entry.id)));
            }
            entry.check()?;
        }
        Ok(manifest)
    }

    /// The first model that translates `from` to `to`.
    ///
    /// # Errors
    /// [`Error::NoSuchPair`], which lists the directions there are.
    pub fn find(&self, from: &str, to: &str) -> Result<&ManifestEntry> {
        self.models
            .iter()
            .find(|entry| same_language(from, &entry.source) && same_language(to, &entry.target))
            .ok_or_else(|| Error::NoSuchPair {
                from: from.to_owned(),
                to: to.to_owned(),
                available: self.directions(),
            })
    }

    /// The directions there are, for messages: `en to zh, zh to en`.
    #[must_use]
    pub fn directions(&self) -> String {
        let directions: BTreeSet<String> = self
            .models
            .iter()
            .map(|entry| format!("{} to {}", entry.source, entry.target))
            .collect();
        if directions.is_empty() {
            return "none".to_owned();
        }
        directions.into_iter().collect::<Vec<_>>().join(", ")
    }
}

impl ManifestEntry {
    fn check(&self) -> Result<()> {
        let inside = self
            .file
            .split('/')
            .all(|part| !matches!(part, "" | "." | ".."))
            && !self.file.contains(['\\', ':', '\0']);
        if !inside {
            return Err(Error::Manifest(format!(
                "{:?} is not a path inside its folder",
                self.file
            )));
        }
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if self.sha256.len() != 64 || !self.sha256.bytes().all(hexadecimal) {
            return Err(Error::Manifest(format!(
                "the SHA-256 of {:?} is malformed",
                self.id
            )));
        }
        Ok(())
    }

    /// Checks that `bytes` are the weights file this entry describes.
    ///
    /// # Errors
    /// [`Error::Manifest`] if size or hash differ.
    #[cfg(feature = "cli")]
    pub fn verify(&self, bytes: &[u8]) -> Result<()> {
        if bytes.len() as u64 != self.bytes {
            return Err(Error::Manifest(format!(
                "{} has {} bytes, but {} are listed",
                self.file,
                bytes.len(),
                self.bytes
            )));
        }
        let found = sha256(bytes);
        if found != self.sha256 {
            return Err(Error::Manifest(format!(
                "{} has the SHA-256 {found}, but {} is listed",
                self.file, self.sha256
            )));
        }
        Ok(())
    }
}

/// SHA-256 as 64 lower-case hexadecimal digits.
#[cfg(feature = "cli")]
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write;

    use sha2::{Digest, Sha256};

    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// Whether a request for the language `wanted` is served by a model for `offered`.
///
/// Compared by language and script, where Chinese without a script is Simplified unless the region says otherwise:
/// `en-GB` is served by `en`, `zh-CN` and `zh-Hans` by `zh`, but `zh-TW` and `zh-Hant` are not.
#[must_use]
pub fn same_language(wanted: &str, offered: &str) -> bool {
    language_and_script(wanted) == language_and_script(offered)
}

fn language_and_script(tag: &str) -> (String, String) {
    let mut parts = tag.split(['-', '_']).map(str::to_ascii_lowercase);
    let language = parts.next().unwrap_or_default();
    let rest: Vec<String> = parts.collect();
    let script = rest
        .iter()
        .find(|part| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let script = match (language.as_str(), script) {
        (_, Some(script)) => script.clone(),
        ("zh", None)
            if rest
                .iter()
                .any(|part| matches!(part.as_str(), "tw" | "hk" | "mo")) =>
        {
            "hant".to_owned()
        }
        ("zh", None) => "hans".to_owned(),
        (_, None) => String::new(),
    };
    (language, script)
}
