//! Readers of files against damaged ones, see `bodies`.
//!
//! ```sh
//! MUTATIONS=1000000 cargo test --release --test readers      # more than the few that are always tried
//! ```
//! `tests/readers/` holds a folder for each reader: sound files, and others that reach much of its code or once broke it, which the
//! crate in `fuzz/` found.

mod bodies;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bodies::READERS;
use dragoman::model::random::Random;

/// How many damaged files each reader gets.
fn count() -> usize {
    let given = std::env::var("MUTATIONS").ok();
    given.map_or(400, |count| count.parse().expect("MUTATIONS is a number"))
}

/// Changes a few things. Where files say how long something is, mistakes are worth most: near the beginning.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    const NUMBERS: [u64; 12] = [
        0,
        1,
        2,
        7,
        0x7f,
        0x80,
        0xff,
        0xffff,
        0x7fff_ffff,
        0xffff_ffff,
        1 << 40,
        u64::MAX,
    ];
    for _ in 0..=random.below(3) {
        if bytes.is_empty() {
            return;
        }
        let reach = match random.below(3) {
            0 => bytes.len().min(256),
            1 => bytes.len().min(16_384),
            _ => bytes.len(),
        };
        let at = random.below(reach);
        let most = 1 << random.below(12);
        let length = 1 + random.below((bytes.len() - at).min(most));
        match random.below(8) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.bits() as u8,
            2 | 3 => {
                let size = [1, 2, 4, 8][random.below(4)].min(bytes.len() - at);
                // Lengths are often aligned.
                let at = if random.below(2) == 0 {
                    at - at % size
                } else {
                    at
                };
                let number = match random.below(3) {
                    0 => bytes.len() as u64,
                    1 => NUMBERS[random.below(NUMBERS.len())].wrapping_sub(random.below(3) as u64),
                    _ => NUMBERS[random.below(NUMBERS.len())],
                };
                bytes[at..at + size].copy_from_slice(&number.to_le_bytes()[..size]);
            }
            4 => bytes.truncate(at),
            5 => {
                bytes.drain(at..at + length);
            }
            6 => {
                let chunk = bytes[at..at + length].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, chunk);
            }
            _ => bytes[at..at + length].fill(0),
        }
    }
}

/// Gives a reader its files, and damaged ones.
fn try_reader(name: &str, reader: fn(&[u8]) -> bool) {
    let check = |bytes: &[u8], what: &str| {
        catch_unwind(AssertUnwindSafe(|| reader(bytes))).unwrap_or_else(|_| {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{what}"));
            fs::write(&path, bytes).unwrap();
            panic!("{name}: {what} breaks it; the file is {}", path.display());
        })
    };
    let files = files(name);
    for (file, bytes) in &files {
        let accepted = check(bytes, file);
        assert!(accepted || !file.starts_with("sound"), "{name}: {file}");
    }
    for n in 0..count() {
        let mut random = Random(n as u64);
        let mut bytes = files[n % files.len()].1.clone();
        mutate(&mut random, &mut bytes);
        check(&bytes, &n.to_string());
    }
}

/// Names and contents of the files of a reader.
fn files(name: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(bodies::folder().join(name)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort_unstable();
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read(&path).unwrap())
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn damaged_files_break_nothing() {
    let failed: Vec<&str> = std::thread::scope(|scope| {
        let run = |&(name, reader)| (name, scope.spawn(move || try_reader(name, reader)));
        let threads: Vec<_> = READERS.iter().map(run).collect();
        let broken = threads
            .into_iter()
            .filter_map(|(name, thread)| thread.join().is_err().then_some(name));
        broken.collect()
    });
    assert!(failed.is_empty(), "{failed:?}");
}
