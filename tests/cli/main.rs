//! The real `dragoman` program: what it prints, and how it fails.
#![cfg(feature = "cli")]

mod eval;
mod export;
mod import;
mod inspect;
mod models;
mod support;
mod translate;

use support::{Folder, dragoman};

#[test]
fn usage_errors_have_status_2() {
    for arguments in [
        &[][..],
        &["nonsense"],
        &["translate", "--beam", "0", "hi"],
        &["translate", "--beam", "33", "hi"],
        &["translate", "--length-penalty", "nan", "hi"],
        &["translate", "--nonsense"],
        &["eval", "--source", "a"],
        &["eval", "--reference", "a"],
        &[
            "eval",
            "--source",
            "a",
            "--reference",
            "b",
            "--tokenize",
            "x",
        ],
        &["inspect"],
        &["bench", "--seconds", "-1"],
    ] {
        let output = dragoman(arguments).run("");
        assert_eq!(output.status, 2, "{arguments:?}: {}", output.stderr);
        assert!(output.stdout.is_empty());
        if !arguments.is_empty() {
            assert!(output.stderr.starts_with("dragoman: "), "{}", output.stderr);
            assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
        }
    }
    let error = dragoman(&["translate", "--bem", "3"]).run("").stderr;
    assert!(
        error.contains("'--bem'") && error.contains("'--beam'"),
        "{error}"
    );
}

#[test]
fn help_and_version() {
    for command in ["translate", "eval", "inspect", "bench", "export", "import"] {
        let output = dragoman(&[command, "--help"]).run("").succeeded();
        assert!(output.stdout.contains("Examples:"), "{}", output.stdout);
    }
    let version = dragoman(&["--version"]).run("").succeeded().stdout;
    assert_eq!(version, format!("dragoman {}\n", env!("CARGO_PKG_VERSION")));
}

#[cfg(not(feature = "train"))]
#[test]
fn training_says_what_to_do() {
    for (arguments, command) in [
        (&["train"][..], "train CONFIG.toml"),
        (&["train", "a.toml"], "train a.toml"),
        (&["train", "a.toml", "--help"], "train a.toml --help"),
    ] {
        let error = dragoman(arguments).run("").failed();
        let expected = format!("cargo run --release --features train -- {command}");
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn bench_measures() {
    let folder = Folder::with_models("bench");
    let model = folder.path("en-zh.safetensors");
    let arguments = [
        "bench",
        "--model",
        &model,
        "--isa",
        "scalar",
        "--beam",
        "1",
        "--seconds",
        "0",
    ];
    let source = folder.write("text.en", "The word.\n\nYou and I.\n");
    let output = dragoman(&arguments)
        .arg("--source")
        .arg(&source)
        .arg("--json")
        .run("")
        .succeeded();
    let report: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["sentences"], 2);
    assert_eq!(report["words"], 5);
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        assert_eq!(result["isa"], "scalar");
        assert!(result["words_per_second"].as_f64().unwrap() > 0.0);
        assert_eq!(result["ratio"], 1.0);
    }
    let error = dragoman(&["bench", "--model", &model, "--isa", "mmx"])
        .run("")
        .failed();
    assert!(error.contains("it has scalar"), "{error}");
    let empty = folder.write("empty", "\n");
    let error = dragoman(&["bench", "--model", &model, "--source", &empty])
        .run("")
        .failed();
    assert!(error.contains("has no words"), "{error}");
}
