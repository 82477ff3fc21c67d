//! Tokenised sentence pairs: [`prepare`] makes and caches them, [`Batches`] deals them out.

mod batches;
mod prepare;

use std::path::Path;

use crate::{Error, Result};

pub use batches::{Batch, BatchOptions, Batches, Position};
pub use prepare::{Encoder, Prepared, Vocabularies, prepare};

/// First bytes of a cached data set; the last one is the version of the layout.
const MAGIC: [u8; 8] = *b"DRGPAIR\x01";

/// Token ids of sentence pairs, without `</s>`, packed into one array.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dataset {
    tokens: Vec<u16>,
    /// Start of each side in `tokens`: source 0, target 0, source 1, ... and the end.
    starts: Vec<u32>,
    weights: Vec<f32>,
}

impl Dataset {
    /// Number of pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether there are no pairs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// Source ids of pair `i`.
    #[must_use]
    pub fn source(&self, i: usize) -> &[u16] {
        &self.tokens[self.starts[2 * i] as usize..self.starts[2 * i + 1] as usize]
    }

    /// Target ids of pair `i`.
    #[must_use]
    pub fn target(&self, i: usize) -> &[u16] {
        &self.tokens[self.starts[2 * i + 1] as usize..self.starts[2 * i + 2] as usize]
    }

    /// How often pair `i` appears per epoch, on average.
    #[must_use]
    pub fn weight(&self, i: usize) -> f32 {
        self.weights[i]
    }

    /// Adds a pair of token ids without `</s>`.
    ///
    /// # Errors
    /// When an id needs more than 16 bits, or the set more than 2^32 tokens.
    pub fn push(&mut self, source: &[u32], target: &[u32], weight: f32) -> Result<()> {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        for side in [source, target] {
            for &id in side {
                let id = u16::try_from(id)
                    .map_err(|_| Error::Training(format!("token id {id} does not fit 16 bits")))?;
                self.tokens.push(id);
            }
            let end = u32::try_from(self.tokens.len())
                .map_err(|_| Error::Training("a data set holds at most 2^32 tokens".into()))?;
            self.starts.push(end);
        }
        self.weights.push(weight);
        Ok(())
    }

    /// Takes about one in `share` pairs out, chosen by their content: the first set is what is left,
    /// the second what was taken. A pair and its augmented copies may fall on different sides, so
    /// the held-out part shows fit, not generalisation; use a development set for that.
    pub fn split(self, share: u64, seed: u64) -> Result<(Self, Self)> {
        let (mut rest, mut taken) = (Self::default(), Self::default());
        for i in 0..self.len() {
            let bytes: Vec<u8> = self
                .source(i)
                .iter()
                .flat_map(|id| id.to_le_bytes())
                .collect();
            let held_out =
                super::corpus::hash(&[&bytes, &seed.to_le_bytes()]).is_multiple_of(share.max(1));
            let ids = |side: &[u16]| side.iter().map(|&id| u32::from(id)).collect::<Vec<_>>();
            let into = if held_out { &mut taken } else { &mut rest };
            into.push(&ids(self.source(i)), &ids(self.target(i)), self.weight(i))?;
        }
        Ok((rest, taken))
    }

    /// Writes the set to a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut bytes = Vec::with_capacity(32 + 12 * self.len() + 2 * self.tokens.len());
        bytes.extend(MAGIC);
        bytes.extend((self.len() as u64).to_le_bytes());
        bytes.extend((self.tokens.len() as u64).to_le_bytes());
        bytes.extend(self.weights.iter().flat_map(|w| w.to_le_bytes()));
        bytes.extend(self.starts.iter().flat_map(|s| s.to_le_bytes()));
        bytes.extend(self.tokens.iter().flat_map(|t| t.to_le_bytes()));
        std::fs::write(path, bytes).map_err(Error::io(path))
    }

    /// Reads a file that [`Self::save`] wrote.
    ///
    /// # Errors
    /// When the file cannot be read or is not what it should be.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        Self::parse(&bytes)
            .ok_or_else(|| Error::Training(format!("{} is not an intact data set", path.display())))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let body = bytes.strip_prefix(&MAGIC)?;
        let (head, body) = body.split_at_checked(16)?;
        let field = |i: usize| Some(u64::from_le_bytes(head[i..i + 8].try_into().ok()?) as usize);
        let (pairs, tokens) = (field(0)?, field(8)?);
        let starts = if pairs == 0 {
            0
        } else {
            pairs.checked_mul(2)?.checked_add(1)?
        };
        let (weights, body) = body.split_at_checked(pairs.checked_mul(4)?)?;
        let (start_bytes, body) = body.split_at_checked(starts.checked_mul(4)?)?;
        if body.len() != tokens.checked_mul(2)? {
            return None;
        }
        let set = Self {
            weights: weights
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| f32::from_le_bytes(*b))
                .collect(),
            starts: start_bytes
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| u32::from_le_bytes(*b))
                .collect(),
            tokens: body
                .as_chunks::<2>()
                .0
                .iter()
                .map(|b| u16::from_le_bytes(*b))
                .collect(),
        };
        let ends = set.starts.last().is_none_or(|&end| end as usize == tokens);
        (ends && set.starts.is_sorted()).then_some(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Dataset {
        let mut set = Dataset::default();
        set.push(&[5, 6], &[700], 1.0).unwrap();
        set.push(&[], &[8, 9, 65_535], 0.5).unwrap();
        set
    }

    #[test]
    fn pairs_come_back() {
        let set = small();
        assert_eq!(
            (set.len(), set.source(0), set.target(0)),
            (2, &[5, 6][..], &[700][..])
        );
        assert_eq!(
            (set.source(1), set.target(1), set.weight(1)),
            (&[][..], &[8, 9, 65_535][..], 0.5)
        );
        assert!(Dataset::default().push(&[65_536], &[], 1.0).is_err());
    }

    #[test]
    fn files_are_checked() {
        let path = std::env::temp_dir().join(format!("dragoman-dataset-{}", std::process::id()));
        for set in [small(), Dataset::default()] {
            set.save(&path).unwrap();
            assert_eq!(Dataset::open(&path).unwrap(), set);
        }
        small().save(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for damaged in [&bytes[..bytes.len() - 1], &bytes[..20], b"else"] {
            std::fs::write(&path, damaged).unwrap();
            assert!(Dataset::open(&path).is_err());
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn splits_are_disjoint_and_complete() {
        let mut set = Dataset::default();
        for i in 0..1000 {
            set.push(&[i, i + 1], &[i], 1.0).unwrap();
        }
        let (rest, taken) = set.clone().split(10, 1).unwrap();
        assert_eq!(rest.len() + taken.len(), 1000);
        assert!((50..200).contains(&taken.len()), "{}", taken.len());
        assert_eq!(set.split(10, 1).unwrap().1, taken);
    }
}
