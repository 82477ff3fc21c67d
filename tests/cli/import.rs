//! `dragoman import`

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{Folder, dragoman};

/// Small trained models with sentences and their translations: see `tests/marian_peer`.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/marian_peer")
        .join(name)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Translates the sentences of a fixture with a weights file, and counts those that are as in a file of it.
fn right(fixture: &Path, weights: &str, expected: &str) -> (usize, usize) {
    let output = dragoman(&["translate", "--model", weights, "--beam", "1"])
        .run(text(&fixture.join("test.en")))
        .succeeded()
        .stdout;
    let expected = text(&fixture.join(expected));
    assert_eq!(output.lines().count(), expected.lines().count());
    let pairs = output.lines().zip(expected.lines());
    let right = pairs.filter(|(found, expected)| found == expected).count();
    (right, expected.lines().count())
}

#[test]
fn models_of_firefox() {
    let folder = Folder::new("import");
    let from = fixture("ende");
    let weights = folder.path("en-de.safetensors");
    let report = dragoman(&["import", "marian", from.to_str().unwrap(), "-o", &weights])
        .run("")
        .succeeded()
        .stderr;
    for expected in [
        "en to de (guessed from the name model.ende.intgemm.alphas.bin), ",
        "embedding 64, feed-forward 128, 4 heads, 2 encoder and 1 decoder layers",
        "shortlist lex.50.50.ende.s2t.bin",
    ] {
        assert!(report.contains(expected), "{expected:?} is not in {report}");
    }
    let (right, all) = right(&from, &weights, "test.de");
    assert!(right * 100 >= 95 * all, "{right} of {all}");

    // Packed, with other languages, and without a shortlist.
    for (name, packed) in [
        ("model.ende.intgemm.alphas.bin", "model.bin.gz"),
        ("vocab.ende.spm", "vocab.spm.gz"),
    ] {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder
            .write_all(&fs::read(from.join(name)).unwrap())
            .unwrap();
        folder.write(&format!("packed/{packed}"), encoder.finish().unwrap());
    }
    let packed = folder.path("packed");
    let other = folder.path("other.safetensors");
    let unnamed = dragoman(&["import", "marian", &packed, "-o", &other])
        .run("")
        .failed();
    assert!(unnamed.contains("--from"), "{unnamed}");
    let report = dragoman(&[
        "import", "marian", &packed, "-o", &other, "--from", "en", "--to", "sv",
    ])
    .run("")
    .succeeded()
    .stderr;
    assert!(
        report.contains("en to sv, ") && report.contains("no shortlist"),
        "{report}"
    );

    // Text in a language that nothing else is known of is translated, not copied.
    let sentence = "The house is small.";
    let translate = |weights: &str| {
        let output = dragoman(&["translate", "--model", weights, sentence]).run("");
        output.succeeded().stdout
    };
    let unknown = folder.path("sl-sq.safetensors");
    dragoman(&[
        "import",
        "marian",
        from.to_str().unwrap(),
        "-o",
        &unknown,
        "--from",
        "sl",
        "--to",
        "sq",
    ])
    .run("")
    .succeeded();
    assert_eq!(translate(&unknown), translate(&weights));
    assert_ne!(translate(&unknown).trim_end(), sentence);

    // What is wrong is said, and nothing is written.
    let broken = folder.path("broken.safetensors");
    let model = fs::read(from.join("model.ende.intgemm.alphas.bin")).unwrap();
    folder.write("cut/model.ende.bin", &model[..model.len() / 2]);
    folder.write(
        "cut/vocab.ende.spm",
        fs::read(from.join("vocab.ende.spm")).unwrap(),
    );
    let error = dragoman(&["import", "marian", &folder.path("cut"), "-o", &broken])
        .run("")
        .failed();
    assert!(error.contains("truncated"), "{error}");
    folder.write("two/model.ende.bin", &model);
    folder.write("two/model.deen.bin", &model);
    let error = dragoman(&["import", "marian", &folder.path("two"), "-o", &broken])
        .run("")
        .failed();
    assert!(error.contains("both"), "{error}");
    let error = dragoman(&["import", "marian", &folder.path("nothing"), "-o", &broken])
        .run("")
        .failed();
    assert!(error.contains("nothing"), "{error}");
    assert!(!Path::new(&broken).exists());
}

#[test]
fn models_of_opus() {
    let folder = Folder::new("import-opus");
    let from = fixture("opus-en-de");
    let weights = folder.path("en-de.safetensors");
    let report = dragoman(&["import", "opus", from.to_str().unwrap(), "-o", &weights])
        .run("")
        .succeeded()
        .stderr;
    for expected in [
        "en to de",
        "embedding 64, feed-forward 128, 4 heads, 2 encoder and 1 decoder layers",
    ] {
        assert!(report.contains(expected), "{expected:?} is not in {report}");
    }
    let (right, all) = right(&from, &weights, "test.transformers.de");
    assert!(right * 100 >= 95 * all, "{right} of {all}");
    let inspected = dragoman(&["inspect", &weights]).run("").succeeded().stdout;
    assert!(inspected.contains("transformer"), "{inspected}");

    let error = dragoman(&["import", "opus", &folder.path("."), "-o", &weights])
        .run("")
        .failed();
    assert!(error.contains("config"), "{error}");
}

#[test]
fn models_of_opus_with_several_target_languages() {
    let folder = Folder::new("import-several");
    let from = fixture("opus-en-de");
    for name in ["config.json", "model.safetensors", "source.spm"] {
        folder.write(&format!("en-de/{name}"), fs::read(from.join(name)).unwrap());
    }
    let vocabulary = text(&from.join("vocab.json"));
    let vocabulary = vocabulary.replace("\"▁Bilder\"", "\">>deu<<\"");
    let several = vocabulary.replace("\"K\"", "\">>afr<<\"");
    folder.write("en-de/vocab.json", several);
    let (model, weights) = (folder.path("en-de"), folder.path("en-de.safetensors"));
    let import = |more: &[&str]| {
        let fixed = ["import", "opus", &model, "-o", &weights];
        dragoman(&[&fixed, more].concat()).run("")
    };
    let error = import(&[]).failed();
    assert!(
        error.contains("choose one with --target-token: >>afr<<, >>deu<<"),
        "{error}"
    );
    let error = import(&["--target-token", "swe"]).failed();
    assert!(
        error.contains("no target token >>swe<<; it has >>afr<<, >>deu<<"),
        "{error}"
    );
    assert!(!Path::new(&weights).exists());

    let mut translations = Vec::new();
    for token in ["deu", ">>afr<<"] {
        let report = import(&["--target-token", token]).succeeded().stderr;
        let name = format!(">>{}<<", token.trim_matches(['<', '>']));
        assert!(report.contains(&format!("target token {name}")), "{report}");
        let inspected = dragoman(&["inspect", &weights]).run("").succeeded().stdout;
        let line = inspected
            .lines()
            .find(|line| line.starts_with("target token"));
        assert!(line.is_some_and(|line| line.contains(&name)), "{inspected}");
        let translated = dragoman(&["translate", "--model", &weights])
            .run(text(&from.join("test.en")))
            .succeeded()
            .stdout;
        assert_eq!(translated.lines().count(), 100);
        translations.push(translated);
    }
    assert_ne!(translations[0], translations[1]);

    // The only one needs no choice.
    folder.write("en-de/vocab.json", vocabulary);
    let report = import(&[]).succeeded().stderr;
    assert!(report.contains("target token >>deu<<"), "{report}");

    for [kind, from] in [["opus", "opus-en-de"], ["marian", "ende"]] {
        let from = fixture(from);
        let arguments = ["import", kind, from.to_str().unwrap(), "-o", &weights];
        let error = dragoman(&[&arguments[..], &["--target-token", "deu"]].concat())
            .run("")
            .failed();
        assert!(error.contains("leave out --target-token"), "{error}");
    }
}
