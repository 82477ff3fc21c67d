//! From files of parallel text to clean pairs: read, clean, filter, deduplicate.

pub mod augment;
pub mod clean;
pub mod config;
pub mod currency;
pub mod dedup;
pub mod filter;
pub mod numbers;
pub mod people;
pub mod read;
pub mod report;
pub mod script;

use crate::Result;

pub use config::DataConfig;
pub use filter::Reason;
pub use report::Report;

use config::OriginConfig;
use read::{Malformed, RawPair};

/// A clean pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Text in the source language.
    pub source: String,
    /// Text in the target language.
    pub target: String,
    /// Alignment score; [`UNSCORED`] when the file has none.
    pub score: f32,
    /// How often the pair is seen per epoch.
    pub weight: f32,
    /// Index into [`Corpus::origins`].
    pub origin: u32,
}

/// Score of a pair whose file has no scores: about the middle of scored ones.
pub const UNSCORED: f32 = -2.5;

/// Clean pairs and the report on how they were chosen.
#[derive(Debug)]
pub struct Corpus {
    /// The pairs, in the order of the files.
    pub pairs: Vec<Pair>,
    /// Names of the origins. The same name in two files is two origins.
    pub origins: Vec<String>,
    /// Where each origin is from.
    places: Vec<Place>,
    /// What was kept and dropped.
    pub report: Report,
}

/// Where an origin is from, and how much of it is wanted.
#[derive(Debug)]
struct Place {
    /// Index into [`DataConfig::files`].
    file: usize,
    max_pairs: Option<usize>,
}

/// Reads, cleans, filters and deduplicates everything the configuration names.
///
/// # Errors
/// When a file cannot be read or lacks a column.
pub fn load(config: &DataConfig) -> Result<Corpus> {
    let mut corpus = Corpus {
        pairs: Vec::new(),
        origins: Vec::new(),
        places: Vec::new(),
        report: Report::new(config.filters.examples),
    };
    for (number, file) in config.files.iter().enumerate() {
        read::read(
            file,
            &config.root,
            &config.source_language,
            &config.target_language,
            |line| match line {
                Ok(pair) => {
                    if let Some(options) = file.origins.get(&pair.origin).or(file.others.as_ref()) {
                        corpus.consider(pair, number, options, config);
                    }
                }
                Err(Malformed(line)) => {
                    corpus
                        .report
                        .add("(malformed)", Some(Reason::Malformed), || {
                            line.chars().take(200).collect()
                        });
                }
            },
        )?;
    }
    corpus.deduplicate(config);
    corpus.apply_quotas(config.seed);
    for pair in &corpus.pairs {
        corpus
            .report
            .add(&corpus.origins[pair.origin as usize], None, || {
                shown(pair.score, &pair.source, &pair.target)
            });
    }
    Ok(corpus)
}

impl Corpus {
    fn consider(
        &mut self,
        mut raw: RawPair,
        file: usize,
        options: &OriginConfig,
        config: &DataConfig,
    ) {
        let (from, to) = (
            config.source_language.as_str(),
            config.target_language.as_str(),
        );
        let long = raw.source.len().max(raw.target.len()) > config.filters.max_bytes;
        let verdict = if long {
            Some(Reason::Length)
        } else {
            clean::clean(&mut raw, from, to, options);
            filter::judge(
                (&raw.source, from),
                (&raw.target, to),
                raw.score,
                options,
                &config.filters,
            )
        };
        let score = raw.score.unwrap_or(UNSCORED);
        if verdict.is_some() {
            self.report.add(&raw.origin, verdict, || {
                shown(score, &raw.source, &raw.target)
            });
            return;
        }
        let mut known = self.origins.iter().zip(&self.places);
        let known = known.position(|(name, place)| *name == raw.origin && place.file == file);
        let origin = known.unwrap_or_else(|| {
            self.origins.push(raw.origin);
            self.places.push(Place {
                file,
                max_pairs: options.max_pairs,
            });
            self.origins.len() - 1
        });
        let (source, target) = (raw.source, raw.target);
        self.pairs.push(Pair {
            source,
            target,
            score,
            weight: options.weight,
            origin: origin as u32,
        });
    }

    /// Keeps the marked pairs and reports the others.
    fn retain(&mut self, keep: &[bool], reason: Reason) {
        for (pair, _) in self.pairs.iter().zip(keep).filter(|(_, keep)| !**keep) {
            self.report
                .add(&self.origins[pair.origin as usize], Some(reason), || {
                    shown(pair.score, &pair.source, &pair.target)
                });
        }
        let mut keep = keep.iter();
        self.pairs.retain(|_| keep.next().is_some_and(|&keep| keep));
    }

    fn deduplicate(&mut self, config: &DataConfig) {
        let keep = dedup::survivors(
            &self.pairs,
            config.max_targets_per_source,
            config.max_sources_per_target,
        );
        self.retain(&keep, Reason::Duplicate);
    }

    /// Cuts each origin down to its `max_pairs`, keeping those with the smallest hashes.
    fn apply_quotas(&mut self, seed: u64) {
        let mut keep = vec![true; self.pairs.len()];
        for (origin, place) in self.places.iter().enumerate() {
            let Some(quota) = place.max_pairs else {
                continue;
            };
            let mut members: Vec<(u64, usize)> = self
                .pairs
                .iter()
                .enumerate()
                .filter(|(_, pair)| pair.origin as usize == origin)
                .map(|(i, pair)| (hash(&[pair.source.as_bytes(), &seed.to_le_bytes()]), i))
                .collect();
            members.sort_unstable();
            for &(_, i) in members.iter().skip(quota) {
                keep[i] = false;
            }
        }
        self.retain(&keep, Reason::Quota);
    }
}

/// How a pair looks in the report.
fn shown(score: f32, source: &str, target: &str) -> String {
    format!("{score:.2} | {source} | {target}")
        .chars()
        .take(300)
        .collect()
}

/// 64-bit FNV-1a over length-prefixed parts, then the finaliser of `SplitMix64`: stable across
/// platforms and versions, which the standard library's hasher does not promise.
#[must_use]
pub fn hash(parts: &[&[u8]]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for &byte in (part.len() as u64).to_le_bytes().iter().chain(*part) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
#[path = "corpus_tests.rs"]
mod tests;
