//! `dragoman bench`

mod profile;
mod sentences;

use std::hint::black_box;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use dragoman::cpu::Isa;
use dragoman::cpu::profile::peak;
use dragoman::decode::DecodeOptions;
use dragoman::text::language::count_words;
use dragoman::{Error, Result, Translator};
use serde::Serialize;

use crate::gpu::{self, BackendArguments, Choice, Measuring};
use crate::lines;
use crate::models::ModelArguments;
pub use sentences::SENTENCES;

/// Most sentences in a batch, as in `translate`.
const BATCH: usize = 32;

/// Measures how fast this machine translates.
///
/// One thread translates the same sentences again and again: one by one and in batches, with greedy and with beam search, on
/// each instruction set of this machine. The best of all passes counts; a pass that has begun is finished.
///
/// With --profile it says where the time goes instead: what each operation takes, how many int8 products it adds up in a second, and
/// which share of the peak that is. The peak is what the innermost loop reaches alone, with everything in the first-level cache.
///
/// With --backend gpu both engines translate batches of 1, 8, 64 and 256 sentences. A dispatch's time is that of the whole pass
/// over the number of dispatches; the limit is that of a device that moves every weight once for each step, every intermediate
/// result once for each operation, and does nothing else.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dragoman bench
  dragoman bench --source test.en --beam 1 --beam 6
  dragoman bench --profile --isa avx2
  dragoman bench --backend gpu
  dragoman bench --isa scalar --isa avx2 --json")]
pub struct Arguments {
    /// Text to translate, a sentence on each line [default: 40 English sentences]
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
    /// Beam width to measure, may be repeated
    #[arg(long, value_name = "N", default_values_t = [1, 4],
          value_parser = clap::value_parser!(u64).range(1..=DecodeOptions::MAX_BEAM as u64))]
    beam: Vec<u64>,
    /// Instruction set to measure, may be repeated [default: all of this machine]
    #[arg(long, value_name = "NAME")]
    isa: Vec<String>,
    /// Least time to spend on each measurement
    #[arg(long, value_name = "S", default_value_t = 2.0, value_parser = seconds)]
    seconds: f64,
    /// Bytes that the memory of the graphics processor moves in a second, in GB [default: measured]
    #[arg(long, value_name = "GB/S", value_parser = bandwidth)]
    bandwidth: Option<f64>,
    /// Say where the time goes
    #[arg(long, conflicts_with_all = ["json", "backend"])]
    profile: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    backend: BackendArguments,
}

fn seconds(text: &str) -> std::result::Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.0..=3600.0).contains(&value) => Ok(value),
        _ => Err("it must be a number from 0 to 3600".into()),
    }
}

fn bandwidth(text: &str) -> std::result::Result<f64, String> {
    match text.parse() {
        Ok(value) if value > 0.0 && f64::is_finite(value) => Ok(value),
        _ => Err("it must be a number above 0".into()),
    }
}

#[derive(Serialize)]
struct Report {
    model: String,
    /// Reading, checking and preparing the weights file.
    load_seconds: f64,
    sentences: usize,
    words: usize,
    results: Vec<Measurement>,
}

#[derive(Serialize)]
struct Measurement {
    isa: &'static str,
    beam: u64,
    batch: usize,
    words_per_second: f64,
    /// Speed relative to the first instruction set, with the same beam and batch.
    ratio: f64,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    arguments.check()?;
    let sets = arguments.instruction_sets()?;
    let texts = arguments.texts()?;
    let started = Instant::now();
    let loaded = arguments.model.load()?;
    if arguments.backend.backend == Choice::Gpu {
        let mut translator = loaded.translator;
        let settings = Measuring {
            beams: &arguments.beam,
            seconds: arguments.seconds,
            bandwidth: arguments.bandwidth,
        };
        let table = gpu::bench(&mut translator, &arguments.backend, &texts, &settings)?;
        return writeln!(io::stdout().lock(), "{table}").map_err(Error::io("standard output"));
    }
    if arguments.profile {
        let text = arguments.profiles(&loaded.translator, &texts)?;
        return writeln!(io::stdout().lock(), "{text}").map_err(Error::io("standard output"));
    }
    let load_seconds = started.elapsed().as_secs_f64();
    let words = texts.iter().map(|text| count_words(text)).sum();
    let results = arguments.measure(&loaded.translator, &sets, &texts, words);
    let report = Report {
        model: loaded.path.display().to_string(),
        load_seconds,
        sentences: texts.len(),
        words,
        results,
    };
    let text = if arguments.json {
        serde_json::to_string_pretty(&report).expect("strings and numbers are JSON")
    } else {
        table(&report)
    };
    writeln!(io::stdout().lock(), "{text}").map_err(Error::io("standard output"))
}

impl Arguments {
    /// Refuses options that would be ignored.
    fn check(&self) -> Result<()> {
        let on_gpu = self.backend.backend == Choice::Gpu;
        let not_for_gpu = [("--json", self.json), ("--isa", !self.isa.is_empty())];
        let for_gpu = [
            ("--bandwidth", self.bandwidth.is_some()),
            ("--adapter", self.backend.adapter.is_some()),
        ];
        let (ignored, why) = if on_gpu {
            (not_for_gpu, "is not for")
        } else {
            (for_gpu, "is only for")
        };
        match ignored.iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(Error::Option(format!("{option} {why} --backend gpu"))),
            None => Ok(()),
        }
    }

    fn instruction_sets(&self) -> Result<Vec<Isa>> {
        let available = Isa::available();
        if self.isa.is_empty() {
            return Ok(available);
        }
        let names: Vec<&str> = available.iter().map(|isa| isa.name()).collect();
        let find = |name: &String| {
            let found = available.iter().find(|isa| isa.name() == name);
            found.copied().ok_or_else(|| {
                Error::Option(format!(
                    "this machine has no instruction set {name:?}; it has {}",
                    names.join(", ")
                ))
            })
        };
        self.isa.iter().map(find).collect()
    }

    fn texts(&self) -> Result<Vec<String>> {
        let Some(path) = &self.source else {
            return Ok(SENTENCES.map(String::from).to_vec());
        };
        let mut texts = lines::read(path)?;
        texts.retain(|text| count_words(text) > 0);
        if texts.is_empty() {
            let path = path.display();
            return Err(Error::Option(format!("{path} has no words")));
        }
        Ok(texts)
    }

    /// For each beam width, batch size and instruction set; only the fastest set if none is named.
    fn profiles(&self, translator: &Translator, texts: &[String]) -> Result<String> {
        let sets = if self.isa.is_empty() {
            vec![Isa::detect()]
        } else {
            self.instruction_sets()?
        };
        let mut tables = Vec::new();
        for isa in sets {
            let peak = peak(isa);
            for &beam in &self.beam {
                for batch in [1, BATCH] {
                    let mut translator = translator.with_isa(isa);
                    let mut options = translator.options();
                    options.decode.beam = beam as usize;
                    let (profile, whole) =
                        profile::measure(&mut translator, texts, batch, &options, self.seconds);
                    let title = format!("{}, beam {beam}, batch {batch}", isa.name());
                    tables.push(profile::table(&title, &profile, whole, peak));
                }
            }
        }
        Ok(tables.join("\n\n"))
    }

    fn measure(
        &self,
        translator: &Translator,
        sets: &[Isa],
        texts: &[String],
        words: usize,
    ) -> Vec<Measurement> {
        let mut results = Vec::new();
        for &beam in &self.beam {
            for batch in [1, BATCH] {
                let mut first = None;
                for &isa in sets {
                    let mut translator = translator.with_isa(isa);
                    let mut options = translator.options();
                    options.decode.beam = beam as usize;
                    let pass = best_pass(self.seconds, || {
                        for texts in texts.chunks(batch) {
                            black_box(translator.translate_all(texts, &options));
                        }
                    });
                    let speed = words as f64 / pass.as_secs_f64().max(f64::MIN_POSITIVE);
                    let first = *first.get_or_insert(speed);
                    results.push(Measurement {
                        isa: isa.name(),
                        beam,
                        batch,
                        words_per_second: speed,
                        ratio: speed / first,
                    });
                }
            }
        }
        results
    }
}

/// The fastest pass, after one that is not counted and takes the memory that is needed.
fn best_pass(seconds: f64, mut pass: impl FnMut()) -> Duration {
    pass();
    let started = Instant::now();
    let mut best = Duration::MAX;
    loop {
        let begun = Instant::now();
        pass();
        best = best.min(begun.elapsed());
        if started.elapsed().as_secs_f64() >= seconds {
            return best;
        }
    }
}

fn table(report: &Report) -> String {
    let mut lines = vec![
        format!(
            "{}, loaded in {:.0} ms; {} sentences, {} words, one thread",
            report.model,
            report.load_seconds * 1e3,
            report.sentences,
            report.words
        ),
        String::new(),
        "| instructions | beam | batch | words/s | ratio |".to_owned(),
        "|---|---:|---:|---:|---:|".to_owned(),
    ];
    lines.extend(report.results.iter().map(|result| {
        format!(
            "| {} | {} | {} | {:.0} | {:.2} |",
            result.isa, result.beam, result.batch, result.words_per_second, result.ratio
        )
    }));
    lines.join("\n")
}
