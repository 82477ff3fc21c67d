//! `dragoman export`

use dragoman::format::{Card, Manifest, ModelFile, Tensor};
use serde_json::json;

use crate::support::{Folder, dragoman, model};

/// A folder with a run and two development sets, one of which is missing.
fn run(name: &str) -> Folder {
    let folder = Folder::new(name);
    let bytes = model("en", "zh").write().unwrap();
    folder.write("run/best.safetensors", bytes);
    let source = folder.write("dev.en", "The word.\nYou and I.\n");
    let reference = folder.write("dev.zh", "的一是。\n你和我。\n");
    let card = json!({
        "id": "en-zh", "licence": "CC0-1.0", "data": ["a corpus", "another"],
        "sets": [
            {"name": "dev", "source": source, "reference": reference},
            {"name": "lost", "source": folder.path("lost.en"), "reference": reference},
        ],
    });
    folder.write("run/card.json", card.to_string());
    folder
}

fn manifest(folder: &Folder) -> Manifest {
    let json = std::fs::read_to_string(folder.path("models/manifest.json")).unwrap();
    Manifest::parse(&json).unwrap()
}

#[test]
fn what_is_exported_translates() {
    let folder = run("export");
    let (run, models) = (folder.path("run"), folder.path("models"));
    let output = dragoman(&["export", &run, "-o", &models])
        .run("")
        .succeeded();
    assert!(output.stdout.contains("en-zh.safetensors"));
    assert!(
        output.stderr.contains("lost is not measured"),
        "{}",
        output.stderr
    );
    let [entry] = &manifest(&folder).models[..] else {
        panic!("one model was exported");
    };
    assert_eq!(
        (&entry.source[..], &entry.target[..], &entry.licence[..]),
        ("en", "zh", "CC0-1.0")
    );
    assert_eq!(entry.data, ["a corpus", "another"]);
    assert_eq!(entry.architecture, "seq2seq");
    let scores = &entry.scores["dev"];
    assert_eq!(scores.keys().collect::<Vec<_>>(), ["bleu", "chrf"]);
    assert!(!entry.scores.contains_key("lost"));
    dragoman(&["inspect", &folder.path("models/manifest.json")])
        .run("")
        .succeeded();
    dragoman(&["translate", "--models", &models, "The word."])
        .run("")
        .succeeded();
}

#[test]
fn weights_in_floating_point_are_quantised() {
    let folder = run("export-float");
    let mut file = model("en", "zh");
    let quantised = file.write().unwrap();
    for tensor in file.tensors.values_mut() {
        if let Tensor::Quantised(matrix) = tensor {
            *tensor = Tensor::Float {
                shape: vec![matrix.rows, matrix.cols],
                data: (0..matrix.rows * matrix.cols)
                    .map(|i| f32::from(matrix.data[i]) * matrix.scales[i / matrix.cols])
                    .collect(),
            };
        }
    }
    let float = folder.write("float.safetensors", file.write().unwrap());
    let (run, models) = (folder.path("run"), folder.path("models"));
    dragoman(&[
        "export",
        &run,
        "--weights",
        &float,
        "-o",
        &models,
        "--no-scores",
    ])
    .run("")
    .succeeded();
    let exported = std::fs::read(folder.path("models/en-zh.safetensors")).unwrap();
    let read = |bytes: &[u8]| ModelFile::read(bytes).unwrap().tensors;
    for ((name, exported), (_, quantised)) in read(&exported).iter().zip(&read(&quantised)) {
        match (exported, quantised) {
            (Tensor::Quantised(exported), Tensor::Quantised(quantised)) => {
                let largest = |row: &[i8]| row.iter().map(|w| w.unsigned_abs()).max();
                let full = quantised
                    .data
                    .chunks(quantised.cols)
                    .all(|row| largest(row) == Some(127));
                assert!(!full || exported.data == quantised.data, "{name}");
            }
            _ => assert_eq!(exported, quantised, "{name}"),
        }
    }
}

#[test]
fn the_search_of_the_export_is_the_default() {
    let folder = run("export-beam");
    let (run, models) = (folder.path("run"), folder.path("models"));
    let text = "The word. You and I, and the word of you.";
    let translated = |options: &[&str]| {
        let arguments = ["translate", "--models", &models, "--json", text];
        let output = dragoman(&[&arguments, options].concat());
        output.run("").succeeded().stdout
    };
    dragoman(&["export", &run, "-o", &models, "--no-scores"])
        .run("")
        .succeeded();
    let (greedy, wide) = (translated(&[]), translated(&["--beam", "4"]));
    assert_ne!(greedy, wide);
    dragoman(&["export", &run, "-o", &models, "--no-scores", "--beam", "4"])
        .run("")
        .succeeded();
    assert_eq!(translated(&[]), wide);
    assert_eq!(translated(&["--beam", "1"]), greedy);
    let long = translated(&["--length-penalty", "9"]);
    assert_ne!(long, wide);
    let search = ["--beam", "4", "--length-penalty", "9"];
    dragoman(&[&["export", &run, "-o", &models, "--no-scores"], &search[..]].concat())
        .run("")
        .succeeded();
    assert_eq!(translated(&[]), long);
    assert_eq!(translated(&["--length-penalty", "1.3"]), wide);
}

#[test]
fn weights_from_chinese_read_traditional_characters() {
    let folder = Folder::new("export-chinese");
    let bytes = model("zh", "en").write().unwrap();
    folder.write("run/best.safetensors", &bytes);
    let (run, models) = (folder.path("run"), folder.path("models"));
    let arguments = ["export", &run, "-o", &models, "--licence", "CC0-1.0"];
    dragoman(&[&arguments[..], &["--no-scores"]].concat())
        .run("")
        .succeeded();
    let exported = folder.path("models/zh-en.safetensors");
    let inspected = dragoman(&["inspect", &exported]).run("").succeeded().stdout;
    assert!(inspected.contains("source spellings: 2,"), "{inspected}");
    assert_eq!(manifest(&folder).models[0].reads, ["zh-Hant"]);
    for from in [["--models", &models], ["--model", &exported]] {
        dragoman(&[&["translate", "--from", "zh-TW", "我們"][..], &from].concat())
            .run("")
            .succeeded();
    }
    let translate = |text: &str| {
        dragoman(&[
            "translate",
            "--models",
            &models,
            "--from",
            "zh",
            "--to",
            "en",
            text,
        ])
        .run("")
        .succeeded()
        .stdout
    };
    assert_eq!(translate("我們在這個國家。"), translate("我们在这个国家。"));
    // A second export changes nothing.
    let first = std::fs::read(&exported).unwrap();
    folder.write("run/best.safetensors", &first);
    dragoman(&[&arguments[..], &["--no-scores"]].concat())
        .run("")
        .succeeded();
    assert_eq!(std::fs::read(&exported).unwrap(), first);
}

#[test]
fn scores_are_those_of_eval() {
    let folder = run("export-scores");
    let (run, models) = (folder.path("run"), folder.path("models"));
    dragoman(&["export", &run, "-o", &models])
        .run("")
        .succeeded();
    let (source, reference) = (folder.path("dev.en"), folder.path("dev.zh"));
    let arguments = [
        "eval",
        "--models",
        &models,
        "--source",
        &source,
        "--reference",
        &reference,
    ];
    let report = dragoman(&arguments).run("").succeeded().stdout;
    let scores = &manifest(&folder).models[0].scores["dev"];
    for expected in [
        format!("BLEU = {:.2} ", scores["bleu"]),
        format!("chrF2 = {:.2} ", scores["chrf"]),
    ] {
        assert!(report.contains(&expected), "{expected} in {report}");
    }
}

#[test]
fn an_entry_is_replaced_and_others_stay() {
    let folder = run("export-twice");
    let (run, models) = (folder.path("run"), folder.path("models"));
    let export = |more: &[&str]| {
        let arguments = [&["export", &run, "-o", &models][..], more].concat();
        dragoman(&arguments).run("").succeeded();
    };
    export(&["--no-scores"]);
    export(&[
        "--id",
        "second",
        "--scores",
        "a: set:comet=0.5",
        "--data",
        "x",
    ]);
    export(&["--licence", "MIT", "--scores", "dev:bleu=12.5"]);
    let models = manifest(&folder).models;
    let summary: Vec<_> = models
        .iter()
        .map(|entry| (&entry.id[..], &entry.licence[..], &entry.file[..]))
        .collect();
    assert_eq!(
        summary,
        [
            ("en-zh", "MIT", "en-zh.safetensors"),
            ("second", "CC0-1.0", "second.safetensors"),
        ]
    );
    assert_eq!(json!(models[0].scores), json!({"dev": {"bleu": 12.5}}));
    assert_eq!(json!(models[1].scores), json!({"a: set": {"comet": 0.5}}));
    assert_eq!(models[1].data, ["x"]);
}

#[test]
fn nothing_is_written_when_something_is_wrong() {
    let folder = run("export-wrong");
    let run = folder.path("run");
    let bare = folder.path("bare");
    folder.write("bare/best.safetensors", model("en", "zh").write().unwrap());
    let broken = folder.write("broken.safetensors", "nonsense");
    for (arguments, expected) in [
        (&["export", &bare][..], "--licence"),
        (&["export", &folder.path("nowhere")], "nowhere"),
        (&["export", &run, "--latest"], "latest.safetensors"),
        (
            &["export", &run, "--weights", &broken],
            "broken.safetensors",
        ),
        (&["export", &run, "--id", "../up"], "name of a model"),
    ] {
        let models = folder.path("models");
        let error = dragoman(arguments).arg("-o").arg(&models).run("").failed();
        assert!(error.contains(expected), "{expected} in {error}");
        assert!(!std::path::Path::new(&models).exists(), "{arguments:?}");
    }
    folder.write("models/manifest.json", "{}");
    let error = dragoman(&["export", &run, "-o", &folder.path("models")])
        .run("")
        .failed();
    assert!(error.contains("manifest.json"), "{error}");
    let output = dragoman(&["export", &run, "--scores", "bleu=1"]).run("");
    assert_eq!(output.status, 2);
}

#[test]
fn cards_are_read_as_they_are_written() {
    let folder = run("export-card");
    let card = Card::open(folder.path("run/card.json").as_ref()).unwrap();
    let copy = folder.path("copy.json");
    card.save(copy.as_ref()).unwrap();
    assert_eq!(Card::open(copy.as_ref()).unwrap(), card);
    let broken = folder.write("broken.json", "[]");
    let error = Card::open(broken.as_ref()).unwrap_err().to_string();
    assert!(error.contains("broken.json is no card"), "{error}");
}

#[test]
fn the_model_card_goes_with_the_weights() {
    let folder = run("export-description");
    let (run, models) = (folder.path("run"), folder.path("models"));
    let export = |options: &[&str]| {
        let arguments = ["export", &run, "-o", &models, "--no-scores"];
        dragoman(&[&arguments, options].concat()).run("")
    };
    let listed = || manifest(&folder).models[0].card.clone();
    let text = || std::fs::read_to_string(folder.path("models/en-zh.md"));

    export(&[]).succeeded();
    assert_eq!(listed(), None);
    folder.write("run/card.md", "# Of the run\n");
    export(&[]).succeeded();
    assert_eq!(listed().as_deref(), Some("en-zh.md"));
    assert_eq!(text().unwrap(), "# Of the run\n");
    let other = folder.write("other.md", "# Another\n");
    export(&["--card", &other]).succeeded();
    assert_eq!(text().unwrap(), "# Another\n");
    std::fs::remove_file(folder.path("run/card.md")).unwrap();
    export(&[]).succeeded();
    assert_eq!(listed().as_deref(), Some("en-zh.md"));
    assert_eq!(
        text().unwrap(),
        "# Another\n",
        "the one that is there stays"
    );

    let list = folder.path("models/manifest.json");
    let described = dragoman(&["inspect", &list]).run("").succeeded();
    assert!(
        described.stdout.contains("card     en-zh.md"),
        "{}",
        described.stdout
    );
    std::fs::remove_file(folder.path("models/en-zh.md")).unwrap();
    let error = dragoman(&["inspect", &list]).run("").failed();
    assert!(error.contains("en-zh.md"), "{error}");

    let odd = folder.write("odd.md", b"\xff\xfe".as_slice());
    for (card, said) in [
        (&odd, "no text in UTF-8"),
        (&folder.path("lost.md"), "lost.md"),
    ] {
        let error = export(&["--card", card]).failed();
        assert!(error.contains(said), "{error}");
    }
}
