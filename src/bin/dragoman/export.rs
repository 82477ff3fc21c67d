//! `dragoman export`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use dragoman::eval::{Tokeniser, corpus_bleu, corpus_chrf};
use dragoman::files::replace;
use dragoman::format::card::CardSet;
use dragoman::format::manifest::{self, sha256};
use dragoman::format::{Card, Manifest, ManifestEntry, ModelConfig, ModelFile, Normalisation};
use dragoman::text::simplified::table_for;
use dragoman::{Error, Result, Translator};

use crate::lines;
use crate::models::{MANIFEST, SearchArguments, naming, read_manifest};
use crate::workers;

/// Puts the weights of a run where the site and this program find them.
///
/// Copies the weights, quantised to int8 where they are in floating point, and adds them to the manifest beside them or replaces
/// their entry. Their quality is measured on the development sets of the run unless it is given. Translations are searched with the
/// width in `--beam` and with `--length-penalty` from then on, or else with those of the run's weights. Weights that translate from
/// Chinese get the table by which Traditional characters are read. The model card is `card.md` of the run unless another is named;
/// one that is there already stays.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dragoman export runs/en-zh
  dragoman export runs/en-zh -o ~/models --latest
  dragoman export runs/en-zh --scores flores200.dev:bleu=30.21 --scores flores200.dev:chrf=27.95")]
pub struct Arguments {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Folder of models
    #[arg(long, short, value_name = "FOLDER", default_value = "www/models")]
    output: PathBuf,
    /// These weights [default: those of the run with the lowest loss]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// The weights of the last validation
    #[arg(long, conflicts_with = "weights")]
    latest: bool,
    /// Name of the model [default: that of the run]
    #[arg(long)]
    id: Option<String>,
    /// Licence of the weights [default: that of the run]
    #[arg(long)]
    licence: Option<String>,
    /// What the model was trained on, once for each source [default: that of the run]
    #[arg(long, value_name = "NAME")]
    data: Vec<String>,
    /// The model card, in Markdown [default: card.md of the run]
    #[arg(long, value_name = "FILE")]
    card: Option<PathBuf>,
    /// A score, once for each; without any, the development sets of the run are translated
    #[arg(long, value_name = "SET:METRIC=VALUE", value_parser = score)]
    scores: Vec<Score>,
    /// Measure nothing
    #[arg(long, conflicts_with = "scores")]
    no_scores: bool,
    #[command(flatten)]
    search: SearchArguments,
}

#[derive(Clone, Debug)]
struct Score {
    set: String,
    metric: String,
    value: f64,
}

fn score(text: &str) -> std::result::Result<Score, String> {
    let parsed = text.rsplit_once('=').and_then(|(names, value)| {
        let (set, metric) = names.rsplit_once(':')?;
        let value = value.parse().ok().filter(|value: &f64| value.is_finite())?;
        (!set.is_empty() && !metric.is_empty()).then(|| Score {
            set: set.to_owned(),
            metric: metric.to_owned(),
            value,
        })
    });
    parsed.ok_or_else(|| "it must look like flores200.dev:bleu=30.2".into())
}

type ScoreTable = BTreeMap<String, BTreeMap<String, f64>>;

pub fn run(arguments: &Arguments) -> Result<()> {
    let weights = arguments.weights.clone().unwrap_or_else(|| {
        let name = if arguments.latest { "latest" } else { "best" };
        arguments.run.join(name).with_extension("safetensors")
    });
    let bytes = completed(read(&weights)?, &arguments.search).map_err(naming(&weights))?;
    let translator = Translator::new(&bytes).map_err(naming(&weights))?;
    let config = translator.config();
    let card = card(arguments, config)?;
    let described = description(arguments)?;
    // A manifest that is in the way is found before minutes of measuring.
    let path = arguments.output.join(MANIFEST);
    let mut manifest = if path.exists() {
        read_manifest(&path)?
    } else {
        Manifest {
            version: manifest::VERSION,
            models: Vec::new(),
        }
    };
    let text = format!("{}.md", card.id);
    let has_card = described.is_some() || arguments.output.join(&text).is_file();
    let entry = ManifestEntry {
        card: has_card.then(|| text.clone()),
        file: format!("{}.safetensors", card.id),
        source: config.source_language.clone(),
        reads: translator.also_reads(),
        target: config.target_language.clone(),
        bytes: bytes.len() as u64,
        sha256: sha256(&bytes),
        architecture: config.architecture.name().to_owned(),
        licence: card.licence,
        data: card.data,
        scores: scores(arguments, &card.sets, &translator)?,
        id: card.id,
    };
    let file = arguments.output.join(&entry.file);
    match manifest.models.iter_mut().find(|old| old.id == entry.id) {
        Some(old) => *old = entry,
        None => manifest.models.push(entry),
    }
    let json = serde_json::to_string_pretty(&manifest)
        .map_err(|error| Error::Manifest(error.to_string()))?;
    std::fs::create_dir_all(&arguments.output).map_err(Error::io(&arguments.output))?;
    replace(&file, &bytes)?;
    if let Some(described) = described {
        replace(&arguments.output.join(&text), &described)?;
    }
    replace(&path, format!("{json}\n").as_bytes())?;
    writeln!(
        io::stdout().lock(),
        "{}\n{}",
        file.display(),
        path.display()
    )
    .map_err(Error::io("standard output"))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(Error::io(path))
}

/// A weights file in int8, with what was asked for of the search, and with the table of spellings of its source language, if there is
/// one and it was trained without.
fn completed(bytes: Vec<u8>, search: &SearchArguments) -> Result<Vec<u8>> {
    let mut file = ModelFile::read(&bytes)?;
    let table = table_for(&file.config.source_language)
        .filter(|_| file.respelling.is_empty())
        .filter(|_| file.config.normalisation == Normalisation::Dragoman1);
    let quantised = file.quantise()?;
    let searched = search.beam.is_some() || search.length_penalty.is_some();
    if !searched && table.is_none() && !quantised {
        return Ok(bytes);
    }
    if let Some(beam) = search.beam {
        file.config.beam = beam as usize;
    }
    if let Some(length_penalty) = search.length_penalty {
        file.config.length_penalty = length_penalty;
    }
    if let Some(table) = table {
        file.respelling = table.into();
    }
    file.write()
}

/// What is known about the model: from the run, and from the options.
fn card(arguments: &Arguments, config: &ModelConfig) -> Result<Card> {
    let path = arguments.run.join(Card::FILE);
    let mut card = if path.exists() {
        Card::open(&path)?
    } else {
        Card::default()
    };
    if let Some(id) = &arguments.id {
        card.id.clone_from(id);
    }
    if let Some(licence) = &arguments.licence {
        card.licence.clone_from(licence);
    }
    if !arguments.data.is_empty() {
        card.data.clone_from(&arguments.data);
    }
    if card.id.is_empty() {
        card.id = format!("{}-{}", config.source_language, config.target_language);
    }
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if card.id.starts_with('.') || !card.id.chars().all(sound) {
        return Err(Error::Option(format!(
            "{:?} cannot be the name of a model: it may have letters, digits, hyphens, underscores and dots",
            card.id
        )));
    }
    if card.licence.is_empty() {
        return Err(Error::Option(format!(
            "{} does not say under which licence the weights are; add --licence NAME",
            arguments.run.display()
        )));
    }
    Ok(card)
}

/// The model card, if there is a new one.
fn description(arguments: &Arguments) -> Result<Option<Vec<u8>>> {
    let path = arguments
        .card
        .clone()
        .unwrap_or_else(|| arguments.run.join("card.md"));
    if arguments.card.is_none() && !path.exists() {
        return Ok(None);
    }
    let text = read(&path)?;
    if std::str::from_utf8(&text).is_err() {
        return Err(Error::Option(format!(
            "{} is no text in UTF-8",
            path.display()
        )));
    }
    Ok(Some(text))
}

fn scores(arguments: &Arguments, sets: &[CardSet], translator: &Translator) -> Result<ScoreTable> {
    let mut table = ScoreTable::new();
    for score in &arguments.scores {
        let metrics = table.entry(score.set.clone()).or_default();
        metrics.insert(score.metric.clone(), score.value);
    }
    if arguments.no_scores || !table.is_empty() {
        return Ok(table);
    }
    for set in sets {
        if let Some(missing) = [&set.source, &set.reference]
            .into_iter()
            .find(|path| !path.is_file())
        {
            sayln!(
                "dragoman: {} is not measured: {} is not there",
                set.name,
                missing.display()
            );
            continue;
        }
        let metrics = measure(arguments, set, translator)?;
        let line: Vec<String> = metrics
            .iter()
            .map(|(metric, score)| format!("{metric} {score:.2}"))
            .collect();
        sayln!("{}: {}", set.name, line.join(", "));
        table.insert(set.name.clone(), metrics);
    }
    Ok(table)
}

/// BLEU and chrF on a development set, to two decimals.
fn measure(
    arguments: &Arguments,
    set: &CardSet,
    translator: &Translator,
) -> Result<BTreeMap<String, f64>> {
    let references = lines::read(&set.reference)?;
    let source = lines::open(&set.source)?;
    let options = arguments.search.options(translator);
    let mut hypotheses = Vec::with_capacity(references.len());
    for group in workers::translate(translator, &options, workers::default_threads(), source) {
        for translated in group {
            hypotheses.push(translated?.1.text);
        }
    }
    let tokeniser = Tokeniser::for_language(&translator.config().target_language);
    let bleu = corpus_bleu(&hypotheses, &references, tokeniser).map_err(naming(&set.source))?;
    let chrf = corpus_chrf(&hypotheses, &references)?;
    let rounded = |score: f64| (100.0 * score).round() / 100.0;
    Ok(BTreeMap::from([
        ("bleu".to_owned(), rounded(bleu.score)),
        ("chrf".to_owned(), rounded(chrf.score)),
    ]))
}
