//! Readers of files against damaged ones: whatever the bytes are, there is an answer or an error, and what was accepted translates.
//!
//! ```sh
//! MUTATIONS=1000000 cargo test --release --test mutations      # more than the few that are always tried
//! ```
//! Files that once broke something are kept in `tests/mutations/`, named after the reader.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use dragoman::decode::{DecodeOptions, Decoder};
use dragoman::format::{MarianFiles, ModelFile, OpusFiles};
use dragoman::model::Model;
use dragoman::model::random::Random;
use dragoman::text::subwords::Vocabulary;

const TEXTS: [&str; 5] = [
    "The old man sees ten small lamps at the station.",
    "",
    " \t x\u{a0}\u{200b}\u{feff}é e\u{301} 漢字 🙂 \u{1f468}\u{200d}\u{1f469} <0x41> </s> ▁▁",
    ">>deu<< aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "\0\u{1}\u{7f}\u{fffd}\u{10ffff}",
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name)
}

fn read(path: &str) -> Vec<u8> {
    let path = folder("marian_peer").join(path);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

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

/// Gives a reader damaged files, and those that once broke it.
fn try_reader(name: &str, seeds: &[Vec<u8>], count: usize, reader: impl Fn(&[u8])) {
    let check = |bytes: &[u8], what: &dyn std::fmt::Display| {
        if catch_unwind(AssertUnwindSafe(|| reader(bytes))).is_err() {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{what}"));
            std::fs::write(&path, bytes).unwrap();
            panic!("{name}: {what} breaks it; the file is {}", path.display());
        }
    };
    for entry in std::fs::read_dir(folder("mutations")).into_iter().flatten() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        if file.starts_with(name) {
            check(&std::fs::read(&path).unwrap(), &file);
        }
    }
    for seed in seeds {
        reader(seed);
    }
    for n in 0..count {
        let mut random = Random(n as u64);
        let mut bytes = seeds[n % seeds.len()].clone();
        mutate(&mut random, &mut bytes);
        check(&bytes, &n);
    }
}

/// A model that was accepted must run, whatever its weights.
fn run(file: &ModelFile) {
    let Ok(model) = Model::new(file) else {
        return;
    };
    let (source, _) = file.config.architecture.vocabularies();
    let options = DecodeOptions {
        max_length_factor: 0.5,
        ..DecodeOptions::default()
    };
    let sentence = [2, source as u32 - 1, 5, u32::MAX, 0];
    let found = Decoder::new(&model).translate(&model, &[sentence], &options);
    assert_eq!(found.len(), 1);
}

fn marian<'a>(
    model: &'a [u8],
    vocabulary: &'a [u8],
    shortlist: Option<&'a [u8]>,
) -> MarianFiles<'a> {
    MarianFiles {
        model,
        source_vocabulary: vocabulary,
        target_vocabulary: None,
        shortlist,
    }
}

#[test]
fn marian_models() {
    let vocabulary = read("ende/vocab.ende.spm");
    let seed = read("ende/model.ende.intgemm.alphas.bin");
    try_reader("marian", &[seed], count(), |bytes| {
        if let Ok(file) = marian(bytes, &vocabulary, None).read("en", "de") {
            run(&file);
        }
    });
}

#[test]
fn shortlists() {
    let vocabulary = read("ende/vocab.ende.spm");
    let model = read("ende/model.ende.intgemm.alphas.bin");
    let seed = read("ende/lex.50.50.ende.s2t.bin");
    try_reader("shortlist", &[seed], count(), |bytes| {
        let mut bytes = bytes.to_vec();
        // A wrong checksum would hide everything else.
        if bytes.len() > 16 {
            let words = bytes[16..]
                .as_chunks()
                .0
                .iter()
                .map(|&word| u64::from_le_bytes(word));
            let sum = words.fold(0, |sum: u64, word| {
                let mixed = word.wrapping_add(0x9e37_79b9).wrapping_add(sum << 6);
                sum ^ mixed.wrapping_add(sum >> 2)
            });
            bytes[8..16].copy_from_slice(&sum.to_le_bytes());
        }
        if let Ok(file) = marian(&model, &vocabulary, Some(&bytes)).read("en", "de") {
            run(&file);
        }
    });
}

#[test]
fn weights_files() {
    let [vocabulary, model, shortlist] = [
        "ende/vocab.ende.spm",
        "ende/model.ende.intgemm.alphas.bin",
        "ende/lex.50.50.ende.s2t.bin",
    ]
    .map(read);
    let file = marian(&model, &vocabulary, Some(&shortlist))
        .read("en", "de")
        .unwrap();
    try_reader("weights", &[file.write().unwrap()], count(), |bytes| {
        if let Ok(file) = ModelFile::read(bytes) {
            run(&file);
        }
    });
}

#[test]
fn vocabularies() {
    let seeds = [
        "ende/vocab.ende.spm",
        "opus-en-de/source.spm",
        "../pieces/bpe.spm",
        "../pieces/bpe-bytes.spm",
    ]
    .map(read);
    try_reader("vocabulary", &seeds, count(), |bytes| {
        let Ok(vocabulary) = Vocabulary::from_bytes(bytes) else {
            return;
        };
        for text in TEXTS {
            let tokens = vocabulary.encode_with_ranges(text);
            let ids: Vec<u32> = tokens.iter().map(|token| token.0).collect();
            assert_eq!(ids, vocabulary.encode(text));
            for (id, range) in tokens {
                assert!((id as usize) < vocabulary.len());
                assert!(text.get(range.clone()).is_some(), "{range:?} of {text:?}");
            }
            let (_, ranges) = vocabulary.decode_with_ranges(&ids);
            assert_eq!(ranges.len(), ids.len());
        }
        let all: Vec<u32> = (0..vocabulary.len() as u32 + 2).collect();
        let (text, ranges) = vocabulary.decode_with_ranges(&all);
        assert!(ranges.into_iter().all(|range| text.get(range).is_some()));
    });
}

#[test]
fn opus_models() {
    let files = [
        "config.json",
        "model.safetensors",
        "vocab.json",
        "source.spm",
    ]
    .map(|name| read(&format!("opus-en-de/{name}")));
    for damaged in 0..4 {
        let name = ["opus-config", "opus-weights", "opus-ids", "opus-pieces"][damaged];
        try_reader(name, &files[damaged..=damaged], count() / 4, |bytes| {
            let mut parts = [0, 1, 2, 3].map(|n| &files[n][..]);
            parts[damaged] = bytes;
            let [config, weights, vocabulary, source] = parts;
            let files = OpusFiles {
                config,
                weights,
                vocabulary,
                source,
            };
            if let Ok(file) = files.read("en", "de", None) {
                let _ = Vocabulary::from_bytes(&file.source_vocabulary);
                run(&file);
            }
        });
    }
}
