//! `dragoman inspect`

use std::fs;

use dragoman::format::manifest::sha256;

use crate::support::{Folder, dragoman, model};

#[test]
fn a_model_is_described() {
    let folder = Folder::with_models("described");
    let path = folder.path("en-zh.safetensors");
    let text = dragoman(&["inspect", &path]).run("").succeeded().stdout;
    for expected in [
        "en to zh",
        "seq2seq: embedding 8, hidden 8, 1 encoder and 1 decoder layers",
        &sha256(&fs::read(&path).unwrap()),
        "source vocabulary: ",
        "▁of",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
    assert!(!text.contains("encoder.0.forward.input"), "{text}");
    let all = dragoman(&["inspect", "--tensors", &path])
        .run("")
        .succeeded()
        .stdout;
    let row = all
        .lines()
        .find(|line| line.starts_with("encoder.0.forward.input"));
    let cells: Vec<&str> = row.unwrap().split_whitespace().collect();
    assert_eq!(cells[1..], ["16", "x", "8", "int8", "128", "192", "B"]);
}

#[test]
fn a_manifest_is_checked() {
    let folder = Folder::with_models("checked");
    let text = dragoman(&["inspect", &folder.path(".")])
        .run("")
        .succeeded()
        .stdout;
    for expected in [
        "2 models",
        "zh-en: zh to en",
        "CC0-1.0",
        "a test set: bleu 0.1",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
    // A file with the right hash and another direction than the manifest says.
    let manifest = fs::read_to_string(folder.path("manifest.json")).unwrap();
    folder.write(
        "manifest.json",
        manifest.replace("\"target\":\"en\"", "\"target\":\"de\""),
    );
    let error = dragoman(&["inspect", &folder.path("manifest.json")])
        .run("")
        .failed();
    assert!(
        error.contains("target language of zh-en.safetensors is de, but it is en"),
        "{error}"
    );
    fs::remove_file(folder.path("en-zh.safetensors")).unwrap();
    let error = dragoman(&["inspect", &folder.path("manifest.json")])
        .run("")
        .failed();
    assert!(error.contains("en-zh.safetensors: "), "{error}");
}

/// What a translation would find is found here.
#[test]
fn a_manifest_is_checked_as_before_a_translation() {
    let folder = Folder::with_models("spellings");
    let manifest = fs::read_to_string(folder.path("manifest.json")).unwrap();
    let check = |table: &[u8], reads: &str| {
        let mut file = model("zh", "en");
        file.respelling = table.into();
        let bytes = file.write().unwrap();
        let mut listed: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        let entry = &mut listed["models"][1];
        entry["bytes"] = bytes.len().into();
        entry["sha256"] = sha256(&bytes).into();
        entry["reads"] = serde_json::from_str(reads).unwrap();
        folder.write("zh-en.safetensors", bytes);
        let path = folder.write("manifest.json", listed.to_string());
        dragoman(&["inspect", &path]).run("")
    };
    let table = "國\t国\n".as_bytes();
    check(table, r#"["zh-Hant"]"#).succeeded();
    check(b"", "[]").succeeded();
    for (table, reads, expected) in [
        (
            table,
            "[]",
            "zh-en.safetensors also reads no other language, but it reads zh-Hant",
        ),
        (
            b"",
            r#"["zh-Hant"]"#,
            "also reads zh-Hant, but it reads no other language",
        ),
        (b"b\ta\na\tb", r#"["zh-Hant"]"#, "line 2"),
    ] {
        let error = check(table, reads).failed();
        assert!(error.contains(expected), "{error}");
    }
    let error = dragoman(&["inspect", &folder.path("zh-en.safetensors")])
        .run("")
        .failed();
    assert!(error.contains("line 2"), "{error}");
}

#[test]
fn broken_files_are_refused() {
    let folder = Folder::new("broken");
    let bytes = model("en", "zh").write().unwrap();
    let mut vocabulary = model("en", "zh");
    vocabulary.source_vocabulary = vec![1, 2, 3];
    for (name, bytes, expected) in [
        ("empty", Vec::new(), "the weights file cannot be used"),
        (
            "half",
            bytes[..bytes.len() / 2].to_vec(),
            "the weights file cannot be used",
        ),
        (
            "page",
            b"<!doctype html><html></html>".to_vec(),
            "an HTML or XML page",
        ),
        ("list", b"{}".to_vec(), "the model manifest cannot be used"),
        (
            "spm",
            vocabulary.write().unwrap(),
            "the vocabulary cannot be used",
        ),
    ] {
        let path = folder.write(name, bytes);
        let error = dragoman(&["inspect", &path]).run("").failed();
        assert!(error.contains(expected) && error.contains(name), "{error}");
    }
}
