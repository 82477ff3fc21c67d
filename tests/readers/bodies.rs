//! What is done with a file from outside, for each reader: whatever the bytes are, there is an answer or an error, and what was
//! accepted translates. `cargo test --test readers` and the targets in `fuzz/` run the same functions.

use std::cell::RefCell;
use std::fs;
use std::path::{Component, Path, PathBuf};

use dragoman::decode::{DecodeOptions, Decoder};
use dragoman::format::layout::Layout;
use dragoman::format::{Manifest, MarianFiles, ModelFile, Normalisation, OpusFiles};
use dragoman::model::Model;
use dragoman::text::respelling::Respelling;
use dragoman::text::simplified::table_for;
use dragoman::text::subwords::Vocabulary;
use dragoman::{Options, Translator};
use serde_json::{Value, json};

/// Texts with something for everybody.
const TEXTS: [&str; 5] = [
    "The old man sees ten small lamps at the station.",
    "",
    " \t x\u{a0}\u{200b}\u{feff}é e\u{301} 漢字 🙂 \u{1f468}\u{200d}\u{1f469} <0x41> </s> ▁▁",
    ">>deu<< aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "\0\u{1}\u{7f}\u{fffd}\u{10ffff}",
];

/// The name of a reader, that of the folder of its files, and its body, which returns whether the file was accepted.
pub type Reader = (&'static str, fn(&[u8]) -> bool);

/// All of them.
pub const READERS: [Reader; 12] = [
    ("config", config),
    ("manifest", manifest),
    ("marian", marian),
    ("opus-config", opus_config),
    ("opus-ids", opus_ids),
    ("opus-pieces", opus_pieces),
    ("opus-weights", opus_weights),
    ("respelling", respelling),
    ("shortlist", shortlist),
    ("text", text),
    ("vocabulary", vocabulary),
    ("weights", weights),
];

/// Where the files of the readers are.
pub fn folder() -> PathBuf {
    // The crate in `fuzz/` is one folder further down.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = if root.ends_with("fuzz") {
        root.join("..")
    } else {
        root.to_owned()
    };
    root.join("tests/readers")
}

fn sound(reader: &str) -> Vec<u8> {
    let path = folder().join(reader);
    fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

thread_local! {
    /// Sound files, which stand beside the damaged one.
    static MARIAN: [Vec<u8>; 2] = ["vocabulary/sound-unigram", "marian/sound"].map(sound);
    static OPUS: [Vec<u8>; 4] =
        ["config", "weights", "ids", "pieces"].map(|part| sound(&format!("opus-{part}/sound")));
    static WEIGHTS: Vec<u8> = sound("weights/sound-marian");
    static TRANSLATORS: RefCell<Vec<Translator>> = RefCell::new(translators());
}

/// A model that was accepted must run, whatever its weights.
fn run(file: ModelFile) {
    let decode = DecodeOptions {
        max_length_factor: 0.5,
        alignment: true,
        ..DecodeOptions::default()
    };
    if let Ok(model) = Model::new(&file) {
        let (source, _) = file.config.architecture.vocabularies();
        let sentence = [2, source as u32 - 1, 5, u32::MAX, 0];
        let found = Decoder::new(&model).translate(&model, &[sentence], &decode);
        assert_eq!(found.len(), 1);
    }
    if let Ok(mut translator) = Translator::from_file(file) {
        let options = Options {
            decode,
            ..Options::default()
        };
        translate(&mut translator, TEXTS[0], &options);
    }
}

/// Translates a text, and checks that ranges are in it.
fn translate(translator: &mut Translator, text: &str, options: &Options) {
    let found = translator.translate(text, options);
    let (mut at, mut written) = (0, 0);
    for sentence in &found.sentences {
        assert!(at <= sentence.source.start && written <= sentence.target.start);
        (at, written) = (sentence.source.end, sentence.target.end);
        assert!(text.get(sentence.source.clone()).is_some());
        assert!(found.text.get(sentence.target.clone()).is_some());
        if let Some(alignment) = &sentence.alignment {
            let (rows, columns) = (&alignment.target, &alignment.source);
            assert_eq!(alignment.weights.len(), rows.len() * columns.len());
            assert!(
                columns
                    .iter()
                    .all(|range| text.get(range.clone()).is_some())
            );
            assert!(
                rows.iter()
                    .all(|range| found.text.get(range.clone()).is_some())
            );
        }
    }
    assert_eq!(text[at..], found.text[written..]);
}

/// Marian's binary model.
pub fn marian(bytes: &[u8]) -> bool {
    MARIAN.with(|[vocabulary, _]| read_marian(bytes, vocabulary, None))
}

/// Marian's binary shortlist, with the right checksum: a wrong one would hide everything else.
pub fn shortlist(bytes: &[u8]) -> bool {
    let mut bytes = bytes.to_vec();
    if bytes.len() > 16 {
        let words = bytes[16..].as_chunks().0.iter();
        let words = words.map(|&word| u64::from_le_bytes(word));
        let sum = words.fold(0, |sum: u64, word| {
            let mixed = word.wrapping_add(0x9e37_79b9).wrapping_add(sum << 6);
            sum ^ mixed.wrapping_add(sum >> 2)
        });
        bytes[8..16].copy_from_slice(&sum.to_le_bytes());
    }
    MARIAN.with(|[vocabulary, model]| read_marian(model, vocabulary, Some(&bytes)))
}

fn read_marian(model: &[u8], vocabulary: &[u8], shortlist: Option<&[u8]>) -> bool {
    let files = MarianFiles {
        model: model.into(),
        source_vocabulary: vocabulary,
        target_vocabulary: None,
        shortlist,
    };
    files.read("en", "de").map(run).is_ok()
}

/// `config.json` of a model of OPUS-MT.
pub fn opus_config(bytes: &[u8]) -> bool {
    read_opus(0, bytes)
}

/// `model.safetensors` of a model of OPUS-MT.
pub fn opus_weights(bytes: &[u8]) -> bool {
    read_opus(1, bytes)
}

/// `vocab.json` of a model of OPUS-MT.
pub fn opus_ids(bytes: &[u8]) -> bool {
    read_opus(2, bytes)
}

/// `source.spm` of a model of OPUS-MT.
pub fn opus_pieces(bytes: &[u8]) -> bool {
    read_opus(3, bytes)
}

fn read_opus(damaged: usize, bytes: &[u8]) -> bool {
    OPUS.with(|files| {
        let mut parts = [0, 1, 2, 3].map(|n| &files[n][..]);
        parts[damaged] = bytes;
        let [config, weights, vocabulary, source] = parts;
        let files = OpusFiles {
            config,
            weights,
            vocabulary,
            source,
        };
        let read = |target_token| files.read("en", "de", target_token).map(run).is_ok();
        [None, Some("deu")].map(read).contains(&true)
    })
}

/// A weights file, also with the right checksum.
pub fn weights(bytes: &[u8]) -> bool {
    let file = ModelFile::read(bytes).or_else(|_| ModelFile::read(&signed(bytes)));
    let Ok(file) = file else {
        return false;
    };
    assert!(file.write().is_ok());
    run(file);
    true
}

/// The configuration in a weights file.
pub fn config(bytes: &[u8]) -> bool {
    let file = WEIGHTS.with(|file| {
        let (header, data) =
            file[8..].split_at(u64::from_le_bytes(*file.first_chunk().unwrap()) as usize);
        let mut header: Value = serde_json::from_slice(header).unwrap();
        header["__metadata__"]["config"] = json!(String::from_utf8_lossy(bytes));
        let header = header.to_string();
        [
            &(header.len() as u64).to_le_bytes(),
            header.as_bytes(),
            data,
        ]
        .concat()
    });
    ModelFile::read(&signed(&file)).map(run).is_ok()
}

/// A weights file with the checksum that it should have.
fn signed(bytes: &[u8]) -> Vec<u8> {
    let mut signed = bytes.to_vec();
    let Ok(layout) = Layout::parse(bytes) else {
        return signed;
    };
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |bytes: &[u8]| {
        for &byte in bytes {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    add(layout.text("config").unwrap_or_default().as_bytes());
    let mut names = layout.names();
    names.sort_unstable();
    for name in names {
        add(name.as_bytes());
        if let Some(tensor) = layout.tensor(&name) {
            add(&tensor.data);
        }
    }
    let mark = b"fnv1a64:";
    if let Some(at) = bytes.windows(mark.len()).position(|window| window == mark)
        && let Some(digits) = signed.get_mut(at + mark.len()..at + mark.len() + 16)
    {
        digits.copy_from_slice(format!("{state:016x}").as_bytes());
    }
    signed
}

/// A SentencePiece vocabulary.
pub fn vocabulary(bytes: &[u8]) -> bool {
    let Ok(vocabulary) = Vocabulary::from_bytes(bytes) else {
        return false;
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
    true
}

/// A table of spellings.
pub fn respelling(bytes: &[u8]) -> bool {
    let Ok(table) = Respelling::parse(bytes) else {
        return false;
    };
    let own = String::from_utf8_lossy(bytes);
    for text in TEXTS.into_iter().chain([&*own]) {
        assert_eq!(table.apply(text).len(), text.len());
    }
    true
}

/// A manifest.
pub fn manifest(bytes: &[u8]) -> bool {
    let Ok(manifest) = Manifest::parse(&String::from_utf8_lossy(bytes)) else {
        return false;
    };
    let _ = manifest.find("en", "zh");
    for entry in &manifest.models {
        let mut parts = Path::new(&entry.file).components();
        assert!(parts.all(|part| matches!(part, Component::Normal(_))));
        assert!(entry.verify(b"other").is_err() || entry.bytes == 5);
        assert!(manifest.find(&entry.source, &entry.target).is_ok());
    }
    let again = serde_json::to_string(&manifest).unwrap();
    // The last bit of a score may change.
    assert!(Manifest::parse(&again).is_ok_and(|again| again.directions() == manifest.directions()));
    true
}

/// A text that somebody typed.
pub fn text(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    TRANSLATORS.with_borrow_mut(|translators| {
        for translator in translators {
            let mut options = translator.options();
            options.piece_tokens = 12;
            options.decode.alignment = true;
            options.decode.max_length_factor = 0.0;
            translate(translator, &text, &options);
        }
    });
    true
}

/// The same network between some languages.
fn translators() -> Vec<Translator> {
    let model = |from: &str, to: &str, normalisation| {
        let mut file = WEIGHTS.with(|file| ModelFile::read(file)).unwrap();
        file.config.source_language = from.into();
        file.config.target_language = to.into();
        file.config.normalisation = normalisation;
        file.respelling = table_for(from).unwrap_or_default().into();
        Translator::from_file(file).unwrap()
    };
    vec![
        model("en", "de", Normalisation::Vocabulary),
        model("en", "zh", Normalisation::Dragoman1),
        model("zh", "en", Normalisation::Dragoman1),
    ]
}
