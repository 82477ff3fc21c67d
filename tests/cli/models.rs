//! Which model is used.

use std::fs;

use crate::support::{Folder, dragoman};

#[test]
fn models_are_found_where_they_may_be() {
    let folder = Folder::with_models("found");
    let site = Folder::new("found-site");
    for file in ["manifest.json", "en-zh.safetensors", "zh-en.safetensors"] {
        let bytes = fs::read(folder.path(file)).unwrap();
        site.write(&format!("www/models/{file}"), &bytes);
        site.write(&format!("data/dragoman/models/{file}"), &bytes);
    }
    site.write("www/deep/below/file", "");
    let expected = dragoman(&[
        "translate",
        "--model",
        &folder.path("en-zh.safetensors"),
        "the word",
    ])
    .run("")
    .succeeded()
    .stdout;
    let manifest = folder.path("manifest.json");
    for run in [
        dragoman(&["translate", "--models", &folder.path("."), "the word"]),
        dragoman(&["translate", "--models", &manifest, "the word"]),
        dragoman(&[
            "translate",
            "--from",
            "en-GB",
            "--to",
            "zh-Hans",
            "the word",
        ])
        .env("DRAGOMAN_MODELS", &manifest),
        dragoman(&["translate", "the word"]).current_dir(&site.path(".")),
        dragoman(&["translate", "the word"]).current_dir(&site.path("www/deep/below")),
    ] {
        assert_eq!(run.run("").succeeded().stdout, expected);
    }
    if cfg!(target_os = "linux") {
        // Nothing must be nearer than the user's folder: www/models of this repository would be.
        let manifest = dragoman(&["translate", "--to", "en", "--from", "zh", "一"])
            .env("XDG_DATA_HOME", &site.path("data"))
            .current_dir(&folder.path("."));
        manifest.run("").succeeded();
    }
}

#[test]
fn one_language_names_the_direction() {
    let folder = Folder::with_models("directions");
    let translate = |options: &[&str], text: &str| {
        let arguments = ["translate", "--models", &folder.path("."), text];
        let output = dragoman(&[&arguments, options].concat());
        output.run("").succeeded().stdout
    };
    let home = translate(&["--from", "zh", "--to", "en"], "的一是");
    assert_ne!(home, "的一是\n");
    assert_eq!(translate(&["--from", "zh"], "的一是"), home);
    assert_eq!(translate(&["--from", "zh-CN"], "的一是"), home);
    assert_eq!(translate(&["--to", "en"], "的一是"), home);
    assert_eq!(translate(&["--to", "zh"], "word"), translate(&[], "word"));
    assert_eq!(translate(&["--from", "en"], "word"), translate(&[], "word"));
    let error = dragoman(&[
        "translate",
        "--models",
        &folder.path("."),
        "--from",
        "de",
        "Wort",
    ]);
    let error = error.run("").failed();
    assert!(
        error.contains("no model translates de to zh; available: en to zh, zh to en"),
        "{error}"
    );
}

#[test]
fn a_model_that_does_not_fit_is_refused() {
    let folder = Folder::with_models("refused");
    let models = folder.path(".");
    let model = folder.path("en-zh.safetensors");
    let empty = Folder::new("refused-empty");
    let broken = Folder::with_models("refused-broken");
    let mut bytes = fs::read(broken.path("en-zh.safetensors")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let flipped = broken.write("en-zh.safetensors", &bytes);
    broken.write("zh-en.safetensors", "<html>");
    let nonsense = broken.write("nonsense.json", "{\"models\": []}");
    for (arguments, expected) in [
        (
            &["--models", &models, "--to", "de"][..],
            "no model translates en to de; available: en to zh, zh to en",
        ),
        (
            &["--model", &model, "--to", "de"],
            "translates en to zh, which is not --to de",
        ),
        (
            &["--model", &model, "--from", "zh"],
            "which is not --from zh",
        ),
        (&["--models", &empty.path(".")], "no models found: "),
        (
            &["--models", &empty.path("nowhere")],
            "nowhere is not there",
        ),
        (&["--model", &empty.path("nowhere")], "nowhere: "),
        (&["--models", &broken.path(".")], "but "),
        (
            &["--models", &broken.path("."), "--from", "zh", "--to", "en"],
            "zh-en.safetensors has 6 bytes",
        ),
        (
            &["--models", &nonsense],
            "nonsense.json: the model manifest cannot be used",
        ),
        (&["--model", &flipped], "do not match its checksum"),
        (&["--model", &nonsense], "a JSON file"),
    ] {
        let mut all = vec!["translate"];
        all.extend(arguments);
        all.push("the word");
        let error = dragoman(&all).run("").failed();
        assert!(error.contains(expected), "{expected:?} is not in {error:?}");
    }
}
