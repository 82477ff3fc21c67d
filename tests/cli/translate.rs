//! `dragoman translate`

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};

use crate::support::{Folder, Output, dragoman};
use serde_json::Value;

fn translate(model: &str, options: &[&str], input: impl AsRef<[u8]>) -> Output {
    let mut arguments = vec!["translate", "--model", model];
    arguments.extend(options);
    dragoman(&arguments).run(input)
}

#[test]
fn arguments_are_one_text() {
    let folder = Folder::with_models("arguments");
    let model = folder.path("en-zh.safetensors");
    let run = |options: &[&str]| translate(&model, options, "not read").succeeded().stdout;
    let one = run(&["the word and you"]);
    assert_eq!(one, run(&["the", "word", "and", "you"]));
    assert_eq!(one.matches('\n').count(), 1);
    assert_ne!(one, "the word and you\n");
    assert_eq!(run(&["--", "-5"]), "-5\n");
    assert_eq!(run(&["-", "-"]), "- -\n");
    assert_eq!(run(&[""]), "\n");
}

#[test]
fn each_line_becomes_one_line() {
    let folder = Folder::with_models("lines");
    let model = folder.path("en-zh.safetensors");
    let alone = |text: &str| translate(&model, &[text], "").succeeded().stdout;
    let (word, you) = (alone("the word"), alone("you and I."));
    let (word, you) = (word.trim_end(), you.trim_end());
    for (input, expected) in [
        (&b""[..], String::new()),
        (b"\n", "\n".into()),
        (b"the word", format!("{word}\n")),
        (b"the word\n", format!("{word}\n")),
        (
            b"the word\r\n\r\nyou and I.\r\n",
            format!("{word}\r\n\r\n{you}\r\n"),
        ),
        (b"\n\n  \nyou and I.\n\n", format!("\n\n  \n{you}\n\n")),
        (b"the word\tyou and I.", format!("{word}\t{you}\n")),
        (b"\xef\xbb\xbfthe word\n", format!("{word}\n")),
        // What would be code or a comment in one text is not across lines.
        (
            b"```\nthe word\n```\n<!--\nthe word\n-->\n",
            format!("```\n{word}\n```\n<!--\n{word}\n-->\n"),
        ),
    ] {
        let output = translate(&model, &[], input).succeeded();
        assert_eq!(output.stdout, expected, "{input:?}");
        assert_eq!(output.stderr, "");
        let named = translate(&model, &["-"], input).succeeded();
        assert_eq!(named.stdout, expected, "{input:?}");
    }
}

#[test]
fn text_that_is_not_utf8() {
    let folder = Folder::with_models("utf8");
    let model = folder.path("en-zh.safetensors");
    let output = translate(&model, &[], b"the word\n\xff\xff 12\n\xfe\nyou\n").succeeded();
    assert_eq!(output.stdout.lines().count(), 4);
    assert!(
        output.stdout.contains("\u{fffd}\u{fffd} 12\n"),
        "{}",
        output.stdout
    );
    assert_eq!(output.stderr.lines().count(), 1);
    assert!(
        output.stderr.contains("line 2: not UTF-8"),
        "{}",
        output.stderr
    );
    let utf16 = translate(&model, &[], b"\xff\xfet\0h\0e\0\n\0").failed();
    assert!(utf16.contains("UTF-16"), "{utf16}");
}

#[test]
fn many_lines_stay_in_order_on_any_number_of_threads() {
    let folder = Folder::with_models("order");
    let model = folder.path("en-zh.safetensors");
    let input = (0..1000).fold(String::new(), |mut text, n| {
        let words = ["the word", "you and I.", "a word of the word is to you", ""][n % 4];
        writeln!(text, "{n} {words}").unwrap();
        text
    });
    let one = translate(&model, &["--threads", "1"], &input)
        .succeeded()
        .stdout;
    assert_eq!(one.lines().count(), 1000);
    assert_eq!(one.lines().nth(3), Some("3 "));
    let many = translate(&model, &["--threads", "5"], &input)
        .succeeded()
        .stdout;
    assert_eq!(one, many);
}

#[test]
fn json_tells_where_everything_comes_from() {
    let folder = Folder::with_models("json");
    let model = folder.path("en-zh.safetensors");
    let input = "The word. You and I.\n\n12\n";
    let output = translate(&model, &["--alignment"], input)
        .succeeded()
        .stdout;
    let objects: Vec<Value> = output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let plain = translate(&model, &[], input).succeeded().stdout;
    let texts: Vec<&str> = objects
        .iter()
        .map(|object| object["translation"].as_str().unwrap())
        .collect();
    assert_eq!(texts, plain.lines().collect::<Vec<_>>());
    assert_eq!(objects[0]["source"], "The word. You and I.");
    assert_eq!(objects[0]["words"], 5);
    assert_eq!(objects[1]["sentences"], Value::Array(vec![]));
    assert_eq!(objects[2]["sentences"][0]["translated"], false);
    let sentences = objects[0]["sentences"].as_array().unwrap();
    assert_eq!(sentences.len(), 2);
    assert_eq!(sentences[1]["source"], serde_json::json!([10, 20]));
    for sentence in sentences {
        assert!(sentence["score"].as_f64().unwrap() < 0.0);
        let alignment = &sentence["alignment"];
        let count = |field: &str| alignment[field].as_array().unwrap().len();
        assert_eq!(count("weights"), count("target"));
        for row in alignment["weights"].as_array().unwrap() {
            assert_eq!(row.as_array().unwrap().len(), count("source"));
        }
    }
    let brief = translate(&model, &["--json", "the word"], "")
        .succeeded()
        .stdout;
    assert!(!brief.contains("alignment"), "{brief}");
}

/// Somebody who types, or a program that waits for an answer, gets each line at once.
#[test]
fn lines_are_answered_before_the_next_comes() {
    let folder = Folder::with_models("answers");
    let mut child = dragoman(&["translate", "--model", &folder.path("en-zh.safetensors")]).spawn();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for text in ["the word", "", "12", "you"] {
        writeln!(stdin, "{text}").unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        assert!(answer.ends_with('\n'));
        assert_eq!(answer.trim_end().is_empty(), text.is_empty());
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_no_error() {
    let folder = Folder::with_models("pipe");
    let mut child = dragoman(&["translate", "--model", &folder.path("en-zh.safetensors")]).spawn();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    // The input stays open: the program must not wait for its end.
    stdin.write_all("12 12\n".repeat(1000).as_bytes()).ok();
    assert!(child.wait().unwrap().success());
    let mut error = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut error)
        .unwrap();
    assert_eq!(error, "");
}
