//! `dragoman eval`

use std::fs;

use crate::support::{Folder, Output, dragoman};

/// Translations and references whose scores sacreBLEU 2.6.0 gives (`-tok zh -m bleu chrf -w 2`), as they are and with the
/// first line's ASCII marks made wide.
const HYPOTHESIS: &str = "我喜欢吃比萨饼, 但是不喜欢奶酪.\n今天天气很好。\n他昨天去了北京大学。\n";
const REFERENCE: &str = "我爱吃比萨饼，但不喜欢奶酪。\n今天的天气真好。\n他昨天去了北京大学。\n";

fn eval(arguments: &[&str]) -> Output {
    let mut all = vec!["eval"];
    all.extend(arguments);
    dragoman(&all).run("")
}

#[test]
fn scores_are_those_of_sacrebleu() {
    let folder = Folder::new("scores");
    let hypothesis = folder.write("system.zh", HYPOTHESIS);
    let reference = folder.write("test.zh", REFERENCE.replace('\n', "\r\n"));
    let arguments = ["--hypothesis", &hypothesis, "--reference", &reference];
    let output = eval(&arguments).succeeded().stdout;
    let lines: Vec<&str> = output.lines().collect();
    assert!(lines[0].starts_with("BLEU = 56.78 "), "{output}");
    assert!(lines[0].contains("tok:zh|smooth:exp"), "{output}");
    assert!(lines[1].starts_with("chrF2 = 50.89 "), "{output}");
    assert_eq!(lines[2], "3 sentences");
    let words = eval(&[&arguments[..], &["--tokenize", "13a"]].concat())
        .succeeded()
        .stdout;
    assert!(words.starts_with("BLEU = 14.43 "), "{words}");
    let restored = eval(&[&arguments[..], &["--restore-punctuation"]].concat())
        .succeeded()
        .stdout;
    let lines: Vec<&str> = restored.lines().collect();
    assert!(lines[0].starts_with("BLEU = 56.78 "), "{restored}");
    assert!(lines[3].starts_with("BLEU = 67.44 "), "{restored}");
    assert!(lines[4].starts_with("chrF2 = 62.12 "), "{restored}");
}

#[test]
fn the_model_is_scored() {
    let folder = Folder::with_models("model");
    let text = "The word.\n\nYou and I.\r\nThe word of you.";
    let source = folder.write("test.en", text);
    let model = folder.path("en-zh.safetensors");
    let translated = dragoman(&["translate", "--model", &model])
        .run(text.replace('\r', ""))
        .succeeded()
        .stdout;
    let reference = folder.write("test.zh", &translated);
    let saved = folder.path("saved.zh");
    let output = eval(&[
        "--model",
        &model,
        "--source",
        &source,
        "--reference",
        &reference,
        "--output",
        &saved,
    ])
    .succeeded()
    .stdout;
    assert!(output.starts_with("BLEU = 100.00 "), "{output}");
    assert!(output.contains("\nchrF2 = 100.00 "), "{output}");
    assert!(output.contains("\n4 sentences, 9 words in "), "{output}");
    assert_eq!(fs::read_to_string(saved).unwrap(), translated);
}

/// A pipe gives what it has only once, to the translation and to the comparison of weights alike.
#[cfg(unix)]
#[test]
fn a_source_may_be_a_pipe() {
    let folder = Folder::with_models("pipe");
    let text = "The word.\nYou and I.\n";
    let model = folder.path("en-zh.safetensors");
    let translated = dragoman(&["translate", "--model", &model])
        .run(text)
        .succeeded()
        .stdout;
    let reference = folder.write("test.zh", translated);
    let output = dragoman(&[
        "eval",
        "--model",
        &model,
        "--source",
        "/dev/stdin",
        "--reference",
        &reference,
        "--agree-with",
        &model,
    ])
    .run(text)
    .succeeded()
    .stdout;
    assert!(output.starts_with("BLEU = 100.00 "), "{output}");
    assert!(output.contains("\n2 sentences, 5 words in "), "{output}");
    assert!(output.contains("at 100.00 % of "), "{output}");
}

#[test]
fn weights_are_compared_token_by_token() {
    let folder = Folder::with_models("agreement");
    let source = folder.write("test.en", "The word.\nYou and I.");
    let reference = folder.write("test.zh", "字\n我");
    let (model, back) = (
        folder.path("en-zh.safetensors"),
        folder.path("zh-en.safetensors"),
    );
    let run = |other: &str| {
        eval(&[
            "--model",
            &model,
            "--source",
            &source,
            "--reference",
            &reference,
            "--agree-with",
            other,
        ])
    };
    let same = run(&model).succeeded().stdout;
    assert!(
        same.contains("The same next token at 100.00 % of "),
        "{same}"
    );
    let failure = run(&back).failed();
    assert!(failure.contains("into other tokens"), "{failure}");
}

#[test]
fn systems_are_compared() {
    let folder = Folder::new("compared");
    let reference = folder.write("test.zh", REFERENCE.repeat(20));
    let good = folder.write("good.zh", REFERENCE.repeat(20));
    let bad = folder.write("bad.zh", HYPOTHESIS.repeat(20));
    let run = |first: &str, second: &str| {
        eval(&[
            "--hypothesis",
            first,
            "--against",
            second,
            "--reference",
            &reference,
        ])
        .succeeded()
        .stdout
    };
    let output = run(&good, &bad);
    assert!(
        output.contains("\nBLEU: 100.00 ± 0.00 against "),
        "{output}"
    );
    assert!(output.contains("difference +"), "{output}");
    assert!(output.contains("p = 0.0010"), "{output}");
    assert!(run(&bad, &bad).contains("difference +0.00, p = 1.0000"));
}

#[test]
fn several_sets_make_a_table() {
    let folder = Folder::new("table");
    let reference = folder.write("test.zh", REFERENCE);
    let hypothesis = folder.write("system.zh", HYPOTHESIS);
    let pair = ["--hypothesis", &hypothesis, "--reference", &reference];
    let same = [
        "--hypothesis",
        &reference,
        "--reference",
        &reference,
        "--restore-punctuation",
    ];
    let output = eval(&[&pair[..], &same[..]].concat()).succeeded().stdout;
    let lines: Vec<&str> = output.lines().collect();
    assert!(
        lines[0]
            .starts_with("| test set | sentences | BLEU | chrF2 | BLEU, punctuation restored |")
    );
    assert_eq!(
        lines[2],
        "| system.zh | 3 | 56.78 | 50.89 | 67.44 | 62.12 |"
    );
    assert_eq!(
        lines[3],
        "| test.zh | 3 | 100.00 | 100.00 | 100.00 | 100.00 |"
    );
}

#[test]
fn files_that_do_not_fit_are_refused() {
    let folder = Folder::with_models("misfits");
    let model = folder.path("en-zh.safetensors");
    let three = folder.write("three.zh", REFERENCE);
    let two = folder.write("two.zh", "一\n二\n");
    let empty = folder.write("empty.zh", "");
    let unknown = folder.write("text", REFERENCE);
    let english = folder.write("text.en", REFERENCE);
    let nowhere = folder.path("nowhere");
    for (arguments, expected) in [
        (
            &["--hypothesis", &two, "--reference", &three][..],
            "two.zh has 2 lines, but",
        ),
        (
            &["--model", &model, "--source", &two, "--reference", &three],
            "two.zh has 2 lines, but",
        ),
        (
            &[
                "--hypothesis",
                &three,
                "--against",
                &two,
                "--reference",
                &three,
            ],
            "two.zh has 2 lines, but",
        ),
        (
            &["--hypothesis", &empty, "--reference", &empty],
            "empty.zh is empty",
        ),
        (
            &["--hypothesis", &unknown, "--reference", &unknown],
            "say --to LANGUAGE or --tokenize NAME",
        ),
        (
            &["--hypothesis", &nowhere, "--reference", &three],
            "nowhere: ",
        ),
        (
            &[
                "--hypothesis",
                &english,
                "--reference",
                &english,
                "--restore-punctuation",
            ],
            "--restore-punctuation is for translations into Chinese",
        ),
        (
            &[
                "--hypothesis",
                &three,
                "--reference",
                &three,
                "--reference",
                &three,
            ],
            "--reference is given 2 times, but --hypothesis 1",
        ),
    ] {
        let error = eval(arguments).failed();
        assert!(error.contains(expected), "{expected:?} is not in {error:?}");
    }
}
