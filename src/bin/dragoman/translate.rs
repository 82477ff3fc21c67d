//! `dragoman translate`

use std::io::{self, BufReader, BufWriter, IsTerminal, Write};
use std::ops::Range;

use clap::Args;
use dragoman::{Alignment, Error, Options, Result, Translation};
use serde::Serialize;

use crate::gpu::BackendArguments;
use crate::lines::{Line, Lines};
use crate::models::{ModelArguments, SearchArguments};
use crate::progress::Progress;
use crate::workers;

/// Translates text, or standard input line by line.
///
/// Without TEXT, or with - for it, each line of standard input is a text of its own and becomes one line of output.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dragoman translate \"I love to eat pizza\"
  dragoman translate -- -5 degrees
  dragoman translate --beam 4 < article.en > article.zh
  dragoman translate --json \"Hello. How are you?\" | jq .sentences

With --json each text becomes one object:
  {\"source\": TEXT, \"translation\": TEXT, \"words\": N, \"sentences\": [{\"source\": [FROM, TO],
   \"target\": [FROM, TO], \"translated\": BOOL, \"score\": X, \"looped\": BOOL, \"alignment\": ...}, ...]}
Positions are bytes of UTF-8. An alignment lists the positions of the source and the target tokens, and for each
target token how much it attended to each source token.")]
pub struct Arguments {
    /// The text; several arguments are joined by spaces, and a single - stands for standard input
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
    /// Print a JSON object for each text, with sentences and scores
    #[arg(long)]
    json: bool,
    /// Print JSON with the alignment of tokens as well
    #[arg(long)]
    alignment: bool,
    /// Number of threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    search: SearchArguments,
    #[command(flatten)]
    backend: BackendArguments,
}

/// How to print a translation.
#[derive(Clone, Copy)]
enum Format {
    Text,
    Json,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let loaded = arguments.model.load()?;
    let mut options = arguments.search.options(&loaded.translator);
    options.decode.alignment = arguments.alignment;
    let format = if arguments.json || arguments.alignment {
        Format::Json
    } else {
        Format::Text
    };
    let mut translator = loaded.translator;
    let lines = arguments.text.is_empty() || arguments.text == ["-"];
    arguments.backend.apply(&mut translator, !lines)?;
    if lines {
        let threads = arguments
            .threads
            .map_or_else(workers::default_threads, usize::from);
        return stream(&translator, &options, threads, format);
    }
    let text = arguments.text.join(" ");
    let translation = translator.translate(&text, &options);
    let mut line = match format {
        Format::Text => translation.text,
        Format::Json => json(&text, &translation),
    };
    line.push('\n');
    let mut output = io::stdout().lock();
    output
        .write_all(line.as_bytes())
        .and_then(|()| output.flush())
        .map_err(Error::io("standard output"))
}

/// Standard input to standard output.
fn stream(
    translator: &dragoman::Translator,
    options: &Options,
    threads: usize,
    format: Format,
) -> Result<()> {
    let input = io::stdin();
    if input.is_terminal() && io::stderr().is_terminal() {
        sayln!("Type or paste text; each line is translated on its own.");
    }
    let lines = Lines::new(BufReader::new(input), "standard input");
    let mut output = BufWriter::new(io::stdout().lock());
    let mut progress = Progress::new();
    for group in workers::translate(translator, options, threads, lines) {
        let (lines, mut words) = (group.len(), 0);
        for translated in group {
            let (line, translation) = translated?;
            words += translation.words;
            write_line(&mut output, &line, &translation, format)
                .map_err(Error::io("standard output"))?;
        }
        output.flush().map_err(Error::io("standard output"))?;
        progress.add(lines, words);
    }
    Ok(())
}

fn write_line(
    output: &mut impl Write,
    line: &Line,
    translation: &Translation,
    format: Format,
) -> io::Result<()> {
    match format {
        Format::Text => {
            output.write_all(translation.text.as_bytes())?;
            output.write_all(if line.crlf { b"\r\n" } else { b"\n" })
        }
        Format::Json => writeln!(output, "{}", json(&line.text, translation)),
    }
}

fn json(source: &str, translation: &Translation) -> String {
    let sentences = translation.sentences.iter().map(|sentence| SentenceJson {
        source: pair(&sentence.source),
        target: pair(&sentence.target),
        translated: sentence.translated,
        score: sentence.score,
        looped: sentence.looped,
        alignment: sentence.alignment.as_ref().map(AlignmentJson::new),
    });
    let object = TranslationJson {
        source,
        translation: &translation.text,
        words: translation.words,
        sentences: sentences.collect(),
    };
    serde_json::to_string(&object).expect("strings and numbers are JSON")
}

fn pair(range: &Range<usize>) -> [usize; 2] {
    [range.start, range.end]
}

#[derive(Serialize)]
struct TranslationJson<'a> {
    source: &'a str,
    translation: &'a str,
    words: usize,
    sentences: Vec<SentenceJson<'a>>,
}

#[derive(Serialize)]
struct SentenceJson<'a> {
    source: [usize; 2],
    target: [usize; 2],
    translated: bool,
    score: f32,
    looped: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    alignment: Option<AlignmentJson<'a>>,
}

#[derive(Serialize)]
struct AlignmentJson<'a> {
    source: Vec<[usize; 2]>,
    target: Vec<[usize; 2]>,
    /// A row for each target token.
    weights: Vec<&'a [f32]>,
}

impl<'a> AlignmentJson<'a> {
    fn new(alignment: &'a Alignment) -> Self {
        Self {
            source: alignment.source.iter().map(pair).collect(),
            target: alignment.target.iter().map(pair).collect(),
            weights: alignment
                .weights
                .chunks(alignment.source.len().max(1))
                .collect(),
        }
    }
}
