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
        &["bench", "--bandwidth=0"],
        &["bench", "--bandwidth=-3"],
        &["bench", "--bandwidth=nan"],
        &["bench", "--bandwidth=inf"],
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

/// Nobody reads what is said there, but the work is done and its status tells how it went.
#[cfg(target_os = "linux")]
#[test]
fn standard_error_that_cannot_be_written_to_changes_nothing() {
    let folder = Folder::with_models("full");
    let model = folder.path("en-zh.safetensors");
    let nothing = folder.path("nothing");
    for (arguments, input, status) in [
        (
            &["translate", "--model", &model][..],
            &b"the \xff word\n"[..],
            0,
        ),
        (&["translate", "--model", "nowhere", "you"], b"", 1),
        (&["translate", "--model", &model], b"\xff\xfet\0", 1),
        (&["translate", "--nonsense"], b"", 2),
        (&["inspect", "nowhere"], b"", 1),
        (
            &["import", "marian", &nothing, "--output", &nothing],
            b"",
            1,
        ),
        (&[], b"", 2),
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let output = dragoman(arguments).stderr(full.unwrap()).run(input);
        assert_eq!(output.status, status, "{arguments:?}");
        assert_eq!(output.stdout.lines().count(), usize::from(status == 0));
    }
}

/// Who has read enough closes the pipe.
#[cfg(unix)]
#[test]
fn a_closed_output_is_no_error() {
    let folder = Folder::with_models("closed");
    let model = folder.path("en-zh.safetensors");
    let manifest = folder.path("manifest.json");
    let text = folder.write("text", "the word\n");
    for arguments in [
        &["--help"][..],
        &["inspect", &model],
        &["inspect", &manifest],
        &["translate", "--model", &model, "the word"],
        &[
            "eval",
            "--model",
            &model,
            "--source",
            &text,
            "--reference",
            &text,
        ],
        &[
            "bench",
            "--model",
            &model,
            "--isa",
            "scalar",
            "--beam",
            "1",
            "--seconds",
            "0",
        ],
    ] {
        let mut child = dragoman(arguments).spawn();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        assert_eq!(said, "", "{arguments:?}");
    }
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
    let profile = dragoman(&arguments).arg("--profile").run("").succeeded();
    for text in ["scalar, beam 1, batch 32", "| affine |", "| all | 100.0 %"] {
        assert!(profile.stdout.contains(text), "{text}: {}", profile.stdout);
    }
    let error = dragoman(&["bench", "--model", &model, "--isa", "mmx"])
        .run("")
        .failed();
    assert!(error.contains("it has scalar"), "{error}");
    for (ignored, expected) in [
        (&["--backend", "gpu", "--json"][..], "--json is not for"),
        (&["--backend", "gpu", "--isa", "scalar"], "--isa is not for"),
        (&["--bandwidth", "100"], "--bandwidth is only for"),
        (&["--backend", "cpu", "--adapter", "x"], "--adapter is only"),
    ] {
        let all = [&["bench", "--model", &model], ignored].concat();
        let error = dragoman(&all).run("").failed();
        assert!(error.contains(expected), "{error}");
    }
    let empty = folder.write("empty", "\n");
    let error = dragoman(&["bench", "--model", &model, "--source", &empty])
        .run("")
        .failed();
    assert!(error.contains("has no words"), "{error}");
}
