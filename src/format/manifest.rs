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
    /// Tags of other languages that it reads as that one, such as `zh-Hant` for `zh`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<String>,
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
    /// Path of the model card, a text in Markdown, relative to the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
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
            .find(|entry| entry.is_from(from) && same_language(to, &entry.target))
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
    fn is_from(&self, language: &str) -> bool {
        let mut read = std::iter::once(&self.source).chain(&self.reads);
        read.any(|read| same_language(language, read))
    }

    fn check(&self) -> Result<()> {
        if let Some(outside) = std::iter::once(&self.file)
            .chain(&self.card)
            .find(|path| !is_inside(path))
        {
            return Err(Error::Manifest(format!(
                "{outside:?} is not a path inside its folder"
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

/// Whether a path with slashes stays in the folder that it is relative to, on every system.
fn is_inside(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && !path.contains(['\\', ':', '\0'])
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn entry(id: &str, source: &str, target: &str) -> Value {
        json!({
            "id": id, "source": source, "target": target, "file": format!("{id}.safetensors"), "bytes": 3,
            "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "architecture": "seq2seq", "licence": "CC0-1.0", "data": ["a corpus"],
            "scores": {"a test set": {"bleu": 30.5, "chrf": 28.0}},
        })
    }

    fn manifest(models: &[Value]) -> Manifest {
        Manifest::parse(&json!({"version": 1, "models": models}).to_string()).unwrap()
    }

    #[test]
    fn finds_the_model_for_a_direction() {
        let manifest = manifest(&[
            entry("a", "en", "zh"),
            entry("b", "zh", "en"),
            entry("c", "en", "zh-Hant"),
        ]);
        for (from, to, id) in [
            ("en", "zh", "a"),
            ("en-GB", "zh-CN", "a"),
            ("EN", "zh-Hans-SG", "a"),
            ("zh_CN", "en_US", "b"),
            ("en", "zh-TW", "c"),
            ("en", "zh-Hant", "c"),
        ] {
            assert_eq!(manifest.find(from, to).unwrap().id, id, "{from} to {to}");
        }
        for (from, to) in [
            ("en", "de"),
            ("zh-TW", "en"),
            ("en", "en"),
            ("", "zh"),
            ("eng", "zh"),
        ] {
            let message = manifest.find(from, to).unwrap_err().to_string();
            let expected = format!(
                "no model translates {from} to {to}; available: en to zh, en to zh-Hant, zh to en"
            );
            assert_eq!(message, expected);
        }
    }

    #[test]
    fn a_model_may_read_other_scripts() {
        let mut reader = entry("b", "zh", "en");
        reader["reads"] = json!(["zh-Hant"]);
        let manifest = manifest(&[entry("a", "en", "zh"), reader]);
        for from in ["zh", "zh-TW", "zh-Hant-HK", "zh-CN"] {
            assert_eq!(manifest.find(from, "en").unwrap().id, "b", "{from}");
        }
        for (from, to) in [("en", "zh-TW"), ("ja", "en")] {
            assert!(manifest.find(from, to).is_err(), "{from} to {to}");
        }
        let json = serde_json::to_string(&manifest).unwrap();
        assert_eq!(Manifest::parse(&json).unwrap(), manifest);
    }

    #[test]
    fn nonsense_is_refused() {
        let with = |field: &str, value: Value| {
            let mut entry = entry("a", "en", "zh");
            entry[field] = value;
            json!({"version": 1, "models": [entry]}).to_string()
        };
        for (json, expected) in [
            (String::new(), "EOF"),
            ("[]".into(), "invalid"),
            (
                json!({"version": 2, "models": []}).to_string(),
                "it has version 2, not 1",
            ),
            (
                json!({"version": 1, "models": [entry("a", "en", "zh"), entry("a", "zh", "en")]})
                    .to_string(),
                "\"a\" twice",
            ),
            (with("bytes", json!(-1)), "invalid value"),
            (
                with("file", json!("../secret")),
                "not a path inside its folder",
            ),
            (
                with("file", json!("/etc/passwd")),
                "not a path inside its folder",
            ),
            (
                with("file", json!("C:\\model")),
                "not a path inside its folder",
            ),
            (
                with("file", json!("https://example.org/a")),
                "not a path inside its folder",
            ),
            (with("file", json!("")), "not a path inside its folder"),
            (
                with("card", json!("../secret.md")),
                "\"../secret.md\" is not a path inside its folder",
            ),
            (with("card", json!("")), "not a path inside its folder"),
            (with("card", json!(1)), "invalid type"),
            (
                with("sha256", json!("abc")),
                "the SHA-256 of \"a\" is malformed",
            ),
            (
                with("sha256", json!("G".repeat(64))),
                "the SHA-256 of \"a\" is malformed",
            ),
        ] {
            let message = Manifest::parse(&json).unwrap_err().to_string();
            assert!(
                message.contains(expected),
                "{expected:?} is not in {message:?}"
            );
        }
    }

    #[test]
    fn a_model_may_have_a_card() {
        let mut described = entry("a", "en", "zh");
        described["card"] = json!("cards/a.md");
        let manifest = manifest(&[described, entry("b", "zh", "en")]);
        let cards: Vec<_> = manifest.models.iter().map(|entry| &entry.card).collect();
        assert_eq!(cards, [&Some("cards/a.md".to_owned()), &None]);
        let json = serde_json::to_string(&manifest).unwrap();
        assert_eq!(json.matches("\"card\"").count(), 1);
        assert_eq!(Manifest::parse(&json).unwrap(), manifest);
    }

    #[cfg(feature = "cli")]
    #[test]
    fn verifies_size_and_hash() {
        let manifest = manifest(&[entry("a", "en", "zh")]);
        assert!(manifest.models[0].verify(b"abc").is_ok());
        for (bytes, expected) in [
            (&b"abcd"[..], "has 4 bytes, but 3 are listed"),
            (b"abd", "has the SHA-256 a52d15"),
        ] {
            let message = manifest.models[0].verify(bytes).unwrap_err().to_string();
            assert!(
                message.contains(expected),
                "{expected:?} is not in {message:?}"
            );
        }
    }
}
