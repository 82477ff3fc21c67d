//! `dragoman eval`

mod agreement;
mod report;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use dragoman::eval::bootstrap::{self, Comparison};
use dragoman::eval::{Bleu, BleuStatistics, Chrf, ChrfStatistics, Tokeniser};
use dragoman::text::language::is_chinese;
use dragoman::text::typography;
use dragoman::{Error, Result, Translator};

use crate::lines::{self, Line};
use crate::models::{Loaded, ModelArguments, SearchArguments};
use crate::progress::Progress;
use crate::workers;
use agreement::Agreement;

/// Corpora drawn by the bootstrap, as in sacreBLEU.
const SAMPLES: usize = 1000;
/// sacreBLEU's seed.
const SEED: u64 = 12345;

/// Scores translations with BLEU and chrF.
///
/// Translates the source and compares the result with the reference, line by line; or scores a translation there is already.
/// Scores are those of sacreBLEU. Options that name files may be repeated to score several test sets, which prints a Markdown
/// table.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dragoman eval --source test.en --reference test.zh
  dragoman eval --source test.en --reference test.zh --against other-system.zh
  dragoman eval --hypothesis other-system.zh --reference test.zh --restore-punctuation
  dragoman eval --source test.en --reference test.zh --agree-with unquantised.safetensors")]
pub struct Arguments {
    /// Text to translate
    #[arg(long, value_name = "FILE", required_unless_present = "hypothesis")]
    source: Vec<PathBuf>,
    /// What it should become
    #[arg(long, value_name = "FILE", required = true)]
    reference: Vec<PathBuf>,
    /// Score this translation instead of making one
    #[arg(long, value_name = "FILE")]
    hypothesis: Vec<PathBuf>,
    /// Another translation of the same source, to test whether the difference is significant (paired bootstrap)
    #[arg(long, value_name = "FILE")]
    against: Vec<PathBuf>,
    /// Save the translations
    #[arg(long, value_name = "FILE", conflicts_with = "hypothesis")]
    output: Vec<PathBuf>,
    /// How BLEU cuts words: zh or 13a [default: by the target language]
    #[arg(long, value_name = "NAME", value_parser = tokeniser)]
    tokenize: Option<Tokeniser>,
    /// Score again with the punctuation of every translation into Chinese set as Dragoman sets its own
    #[arg(long)]
    restore_punctuation: bool,
    /// Also tell how often these weights, such as the same ones before they were quantised, would write the same next token
    ///
    /// Both are given every reference token by token and asked at each for their choice.
    #[arg(long, value_name = "FILE", conflicts_with = "hypothesis")]
    agree_with: Option<PathBuf>,
    /// Number of threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    search: SearchArguments,
}

fn tokeniser(name: &str) -> std::result::Result<Tokeniser, String> {
    Tokeniser::from_name(name).ok_or_else(|| "there are zh and 13a".into())
}

/// The files of one test set.
struct TestSet<'a> {
    source: Option<&'a Path>,
    reference: &'a Path,
    hypothesis: Option<&'a Path>,
    against: Option<&'a Path>,
    output: Option<&'a Path>,
}

/// A translated test set.
struct Hypotheses {
    lines: Vec<String>,
    /// How long it took, unless it was there already.
    effort: Option<Effort>,
}

/// What a translation took.
#[derive(Clone, Copy)]
struct Effort {
    words: u64,
    seconds: f64,
}

/// Scores of one translation.
struct Scores {
    bleu: Bleu,
    chrf: Chrf,
    /// Comparison with another translation and its own scores.
    other: Option<Other>,
}

struct Other {
    bleu: Bleu,
    chrf: Chrf,
    /// Of BLEU and of chrF.
    comparisons: [Comparison; 2],
}

/// All that is known about one test set.
struct Outcome {
    name: String,
    sentences: usize,
    effort: Option<Effort>,
    scores: Scores,
    /// Scores with Chinese punctuation.
    restored: Option<Scores>,
    /// With other weights.
    agreement: Option<Agreement>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let sets = arguments.sets()?;
    let loaded = if arguments.hypothesis.is_empty() {
        Some(arguments.model.load()?)
    } else {
        None
    };
    let other = match (&arguments.agree_with, &loaded) {
        (Some(path), Some(loaded)) => Some(agreement::load(path, loaded)?),
        _ => None,
    };
    let outcomes = sets
        .iter()
        .map(|set| arguments.outcome(set, loaded.as_ref(), other.as_ref()))
        .collect::<Result<Vec<_>>>()?;
    let mut output = std::io::stdout().lock();
    report::print(&mut output, &outcomes)
        .and_then(|()| output.flush())
        .map_err(Error::io("standard output"))
}

impl Arguments {
    fn sets(&self) -> Result<Vec<TestSet<'_>>> {
        let count = self.reference.len();
        for (name, files) in [
            ("--source", &self.source),
            ("--hypothesis", &self.hypothesis),
            ("--against", &self.against),
            ("--output", &self.output),
        ] {
            if !files.is_empty() && files.len() != count {
                return Err(Error::Option(format!(
                    "--reference is given {count} times, but {name} {}",
                    files.len()
                )));
            }
        }
        let sets = self.reference.iter().enumerate();
        Ok(sets
            .map(|(n, reference)| TestSet {
                source: self.source.get(n).map(PathBuf::as_path),
                reference,
                hypothesis: self.hypothesis.get(n).map(PathBuf::as_path),
                against: self.against.get(n).map(PathBuf::as_path),
                output: self.output.get(n).map(PathBuf::as_path),
            })
            .collect())
    }

    fn outcome(
        &self,
        set: &TestSet<'_>,
        loaded: Option<&Loaded>,
        other: Option<&Translator>,
    ) -> Result<Outcome> {
        let references = lines::read(set.reference)?;
        if references.is_empty() {
            let path = set.reference.display();
            return Err(Error::Option(format!("{path} is empty")));
        }
        let read = |path: &Path| -> Result<Vec<String>> {
            let lines = lines::read(path)?;
            if lines.len() != references.len() {
                return Err(Error::Option(format!(
                    "{} has {} lines, but {} has {}",
                    path.display(),
                    lines.len(),
                    set.reference.display(),
                    references.len()
                )));
            }
            Ok(lines)
        };
        // Nothing is opened twice: what a pipe held is gone then.
        let sources = match set.hypothesis {
            Some(_) => None,
            None => set.source.map(read).transpose()?,
        };
        let hypotheses = match (set.hypothesis, &sources, loaded) {
            (Some(path), _, _) => Hypotheses {
                lines: read(path)?,
                effort: None,
            },
            (None, Some(sources), Some(loaded)) => self.translate(sources, loaded)?,
            // clap asks for one or the other.
            _ => return Err(Error::Option("there is nothing to score".into())),
        };
        if let Some(path) = set.output {
            write_lines(path, &hypotheses.lines).map_err(Error::io(path))?;
        }
        let against = set.against.map(read).transpose()?;
        let (tokeniser, chinese) = self.target(set, loaded)?;
        let scores = score(
            &hypotheses.lines,
            &references,
            against.as_deref(),
            tokeniser,
        );
        let restored = match (self.restore_punctuation, chinese) {
            (false, _) => None,
            (true, false) => {
                return Err(Error::Option(
                    "--restore-punctuation is for translations into Chinese".into(),
                ));
            }
            (true, true) => Some(score(
                &restore(&hypotheses.lines),
                &references,
                against.as_deref().map(restore).as_deref(),
                tokeniser,
            )),
        };
        let agreement = match (loaded, other, &sources) {
            (Some(loaded), Some(other), Some(sources)) => Some(agreement::measure(
                &loaded.translator,
                other,
                sources,
                &references,
            )),
            _ => None,
        };
        let name = set.hypothesis.unwrap_or(set.reference);
        Ok(Outcome {
            name: name
                .file_name()
                .unwrap_or(name.as_os_str())
                .to_string_lossy()
                .into_owned(),
            sentences: references.len(),
            effort: hypotheses.effort,
            scores,
            restored,
            agreement,
        })
    }

    /// The tokeniser, and whether translations are Chinese.
    fn target(&self, set: &TestSet<'_>, loaded: Option<&Loaded>) -> Result<(Tokeniser, bool)> {
        let extension = || set.reference.extension()?.to_str();
        let language = loaded
            .map(|loaded| loaded.translator.config().target_language.as_str())
            .or(self.model.to.as_deref())
            .or_else(|| extension().filter(|tag| matches!(tag.len(), 2 | 3) && *tag != "txt"));
        match (self.tokenize, language) {
            (Some(tokeniser), None) => Ok((tokeniser, tokeniser == Tokeniser::Chinese)),
            (tokeniser, Some(language)) => Ok((
                tokeniser.unwrap_or_else(|| Tokeniser::for_language(language)),
                is_chinese(language),
            )),
            (None, None) => Err(Error::Option(format!(
                "the language of {} is not known; say --to LANGUAGE or --tokenize NAME",
                set.reference.display()
            ))),
        }
    }

    fn translate(&self, sources: &[String], loaded: &Loaded) -> Result<Hypotheses> {
        let threads = self
            .threads
            .map_or_else(workers::default_threads, usize::from);
        let mut hypotheses = Vec::new();
        let mut progress = Progress::for_report();
        let options = self.search.options(&loaded.translator);
        let line = |text: &String| {
            let (text, crlf) = (text.clone(), false);
            Ok(Line { text, crlf })
        };
        // The threads own their input.
        let input: Vec<Result<Line>> = sources.iter().map(line).collect();
        for group in workers::translate(&loaded.translator, &options, threads, input.into_iter()) {
            for translated in group {
                let (_, translation) = translated?;
                progress.add(1, translation.words);
                hypotheses.push(translation.text);
            }
        }
        Ok(Hypotheses {
            lines: hypotheses,
            effort: Some(Effort {
                words: progress.words,
                seconds: progress.seconds(),
            }),
        })
    }
}

fn write_lines(path: &Path, lines: &[String]) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for line in lines {
        writeln!(file, "{line}")?;
    }
    file.flush()
}

fn restore(lines: &[String]) -> Vec<String> {
    lines
        .iter()
        .map(|line| typography::set(line, "zh").text)
        .collect()
}

/// Statistics of each segment.
struct Statistics {
    bleu: Vec<BleuStatistics>,
    chrf: Vec<ChrfStatistics>,
    tokeniser: Tokeniser,
}

impl Statistics {
    fn new(hypotheses: &[String], references: &[String], tokeniser: Tokeniser) -> Self {
        let pairs = || hypotheses.iter().zip(references);
        Self {
            bleu: pairs()
                .map(|(hypothesis, reference)| {
                    BleuStatistics::of_segment(hypothesis, reference, tokeniser)
                })
                .collect(),
            chrf: pairs()
                .map(|(hypothesis, reference)| ChrfStatistics::of_segment(hypothesis, reference))
                .collect(),
            tokeniser,
        }
    }

    fn bleu(&self) -> Bleu {
        let mut sum = BleuStatistics::default();
        self.bleu.iter().for_each(|segment| sum += *segment);
        sum.bleu(self.tokeniser)
    }

    fn chrf(&self) -> Chrf {
        let mut sum = ChrfStatistics::default();
        self.chrf.iter().for_each(|segment| sum += *segment);
        sum.chrf()
    }
}

fn score(
    hypotheses: &[String],
    references: &[String],
    against: Option<&[String]>,
    tokeniser: Tokeniser,
) -> Scores {
    let own = Statistics::new(hypotheses, references, tokeniser);
    let other = against.map(|against| {
        let other = Statistics::new(against, references, tokeniser);
        let bleu = |sum: BleuStatistics| sum.bleu(tokeniser).score;
        let chrf = |sum: ChrfStatistics| sum.chrf().score;
        Other {
            bleu: other.bleu(),
            chrf: other.chrf(),
            comparisons: [
                bootstrap::compare(&own.bleu, &other.bleu, bleu, SAMPLES, SEED),
                bootstrap::compare(&own.chrf, &other.chrf, chrf, SAMPLES, SEED),
            ],
        }
    });
    Scores {
        bleu: own.bleu(),
        chrf: own.chrf(),
        other,
    }
}
