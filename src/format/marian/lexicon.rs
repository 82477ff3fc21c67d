//! Marian's binary shortlist.
//!
//! ```text
//! u64 magic | u64 checksum of all that follows | u64 frequent tokens | u64 longest list
//! u64 number of offsets | u64 number of tokens | u64 offsets | u32 tokens
//! ```
//! Source token s may become the tokens `offsets[s]..offsets[s + 1]`; the first few target tokens are always candidates.

use crate::error::{Error, Result};
use crate::format::Shortlist;
use crate::format::config::MAX_VOCABULARY;

const MAGIC: u64 = 0xf11a_48d5_0134_17f5;
/// Numbers before the offsets.
const HEADER: usize = 6;

/// Reads and checks a shortlist. Whether its tokens are in the vocabulary is left to [`Shortlist::check`].
pub fn read(file: &[u8]) -> Result<Shortlist> {
    let wrong = |what: &str| Error::Weights(format!("the shortlist {what}"));
    let header = file
        .first_chunk::<{ 8 * HEADER }>()
        .ok_or_else(|| wrong("is truncated"))?;
    let numbers: Vec<u64> = header
        .as_chunks()
        .0
        .iter()
        .map(|&n| u64::from_le_bytes(n))
        .collect();
    let &[magic, sum, frequent, _, offsets, tokens] = &numbers[..] else {
        return Err(wrong("is truncated"));
    };
    if magic != MAGIC {
        return Err(wrong("is not a binary shortlist of Marian"));
    }
    let expected = offsets
        .checked_mul(8)
        .zip(tokens.checked_mul(4))
        .and_then(|(offsets, tokens)| offsets.checked_add(tokens)?.checked_add(8 * HEADER as u64));
    if expected != Some(file.len() as u64) {
        return Err(wrong("is truncated, or one of its lengths is wrong"));
    }
    if checksum(&file[16..]) != sum {
        return Err(wrong("does not match its checksum"));
    }
    if frequent > MAX_VOCABULARY as u64 {
        return Err(wrong("has more frequent tokens than any vocabulary"));
    }
    let (offsets, tokens) = file[8 * HEADER..].split_at(8 * offsets as usize);
    let starts = offsets.as_chunks().0.iter();
    let starts = starts.map(|&start| u32::try_from(u64::from_le_bytes(start)));
    Ok(Shortlist {
        frequent: (0..frequent as u32).collect(),
        starts: starts
            .collect::<std::result::Result<_, _>>()
            .map_err(|_| wrong("has lists that do not follow each other"))?,
        tokens: tokens
            .as_chunks()
            .0
            .iter()
            .map(|&token| u32::from_le_bytes(token))
            .collect(),
    })
}

/// Boost's `hash_combine` over 64-bit words; an odd half at the end does not count.
pub fn checksum(bytes: &[u8]) -> u64 {
    let words = bytes
        .as_chunks()
        .0
        .iter()
        .map(|&word| u64::from_le_bytes(word));
    words.fold(0, |sum: u64, word| {
        sum ^ word
            .wrapping_add(0x9e37_79b9)
            .wrapping_add(sum << 6)
            .wrapping_add(sum >> 2)
    })
}
