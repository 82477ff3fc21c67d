//! `dragoman inspect`

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use dragoman::decode::DecodeOptions;
use dragoman::format::manifest::sha256;
use dragoman::format::{Manifest, ModelFile, Tensor};
use dragoman::text::subwords::Vocabulary;
use dragoman::{Error, Result, Translator};

use crate::bench::SENTENCES;
use crate::gpu::{self, BackendArguments};
use crate::models::naming;

/// Describes and checks a weights file or a manifest.
///
/// Everything is read and checked as before a translation; of a manifest, every file that it lists.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dragoman inspect www/models/en-zh.safetensors
  dragoman inspect www/models/manifest.json
  dragoman inspect www/models/en-zh.safetensors --check-gpu --source dev.en")]
pub struct Arguments {
    /// A weights file or a manifest.json
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// List every tensor
    #[arg(long)]
    tensors: bool,
    /// Pieces to show of each vocabulary
    #[arg(long, value_name = "N", default_value_t = 12)]
    pieces: u32,
    /// Translate with both engines, and compare
    #[arg(long)]
    check_gpu: bool,
    /// Text for that, a sentence on each line [default: 40 English sentences]
    #[arg(long, value_name = "FILE", requires = "check_gpu")]
    source: Option<PathBuf>,
    /// Beam width for that [default: what suits the model]
    #[arg(long, value_name = "N", requires = "check_gpu",
          value_parser = clap::value_parser!(u64).range(1..=DecodeOptions::MAX_BEAM as u64))]
    beam: Option<u64>,
    #[command(flatten)]
    backend: BackendArguments,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let path = &arguments.file;
    let path = if path.is_dir() {
        &path.join("manifest.json")
    } else {
        path
    };
    let bytes = fs::read(path).map_err(Error::io(path))?;
    if arguments.check_gpu {
        let mut translator = Translator::new(&bytes).map_err(naming(path))?;
        let texts = match &arguments.source {
            Some(source) => crate::lines::read(source)?,
            None => SENTENCES.map(String::from).to_vec(),
        };
        let lines = gpu::check(&mut translator, &arguments.backend, &texts, arguments.beam)?;
        return writeln!(io::stdout().lock(), "{}", lines.join("\n"))
            .map_err(Error::io("standard output"));
    }
    let lines = if bytes.trim_ascii_start().starts_with(b"{") {
        describe_manifest(path, &String::from_utf8_lossy(&bytes))
    } else {
        describe_model(&bytes, arguments)
    }
    .map_err(naming(path))?;
    writeln!(io::stdout().lock(), "{}", lines.join("\n")).map_err(Error::io("standard output"))
}

fn describe_manifest(path: &Path, json: &str) -> Result<Vec<String>> {
    let manifest = Manifest::parse(json)?;
    let mut lines = vec![format!("{} models", manifest.models.len())];
    for entry in &manifest.models {
        let file = path.with_file_name(&entry.file);
        let bytes = fs::read(&file).map_err(Error::io(&file))?;
        entry.verify(&bytes)?;
        let translator = Translator::new(&bytes).map_err(naming(&file))?;
        let config = translator.config();
        for (what, listed, found) in [
            ("source", &entry.source, &config.source_language),
            ("target", &entry.target, &config.target_language),
        ] {
            if listed != found {
                return Err(Error::Manifest(format!(
                    "it says that the {what} language of {} is {listed}, but it is {found}",
                    entry.file
                )));
            }
        }
        let reads = translator.also_reads();
        if entry.reads != reads {
            let tags = |tags: &[String]| match tags {
                [] => "no other language".to_owned(),
                _ => tags.join(", "),
            };
            return Err(Error::Manifest(format!(
                "it says that {} also reads {}, but it reads {}",
                entry.file,
                tags(&entry.reads),
                tags(&reads)
            )));
        }
        let architecture = config.architecture.name();
        if entry.architecture != architecture {
            return Err(Error::Manifest(format!(
                "it says that the architecture of {} is {}, but it is {architecture}",
                entry.file, entry.architecture
            )));
        }
        lines.push(format!(
            "\n{}: {} to {}, {architecture}\n  file     {}, {}\n  sha256   {}\n  licence  {}",
            entry.id,
            entry.source,
            entry.target,
            entry.file,
            size(entry.bytes as usize),
            entry.sha256,
            entry.licence
        ));
        if let Some(card) = &entry.card {
            let text = path.with_file_name(card);
            fs::read_to_string(&text).map_err(Error::io(&text))?;
            lines.push(format!("  card     {card}"));
        }
        for source in &entry.data {
            lines.push(format!("  data     {source}"));
        }
        for (set, scores) in &entry.scores {
            let scores: Vec<String> = scores
                .iter()
                .map(|(metric, score)| format!("{metric} {score}"))
                .collect();
            lines.push(format!("  scores   {set}: {}", scores.join(", ")));
        }
    }
    Ok(lines)
}

fn describe_model(bytes: &[u8], arguments: &Arguments) -> Result<Vec<String>> {
    let model = ModelFile::read(bytes)?;
    let vocabularies = vocabularies(&model)?;
    let config = &model.config;
    let sum = |measure: fn(&Tensor) -> usize| model.tensors.values().map(measure).sum::<usize>();
    let quantised = model
        .tensors
        .values()
        .filter(|tensor| matches!(tensor, Tensor::Quantised(_)))
        .count();
    let mut lines = vec![format!(
        "languages     {} to {}\n\
         architecture  {}: {}\n\
         beam          {}, length penalty {}\n\
         parameters    {} in {} tensors, {quantised} of them int8\n\
         file          {}, of which weights {}\n\
         sha256        {}",
        config.source_language,
        config.target_language,
        config.architecture.name(),
        config.architecture.describe(),
        config.beam,
        config.length_penalty,
        grouped(sum(parameters)),
        model.tensors.len(),
        size(bytes.len()),
        size(sum(stored)),
        sha256(bytes),
    )];
    if let Some(id) = config.target_token {
        let piece = vocabularies[0].piece(id).unwrap_or_default();
        lines.push(format!("target token  {piece}, id {id}"));
    }
    for (side, raw, vocabulary) in [
        ("source", &model.source_vocabulary, &vocabularies[0]),
        ("target", &model.target_vocabulary, &vocabularies[1]),
    ] {
        lines.push(format!(
            "\n{side} vocabulary: {} pieces, {}\n  {}",
            grouped(vocabulary.len()),
            size(raw.len()),
            sample(vocabulary, arguments.pieces)
        ));
    }
    if !model.respelling.is_empty() {
        let words = model.respelling.split(|&byte| byte == b'\n');
        lines.push(format!(
            "\nsource spellings: {}, {}",
            grouped(words.filter(|line| !line.is_empty()).count()),
            size(model.respelling.len())
        ));
    }
    lines.push(String::new());
    let rows: Vec<Row> = if arguments.tensors {
        model
            .tensors
            .iter()
            .map(|(name, tensor)| Row::new(name.clone(), tensor))
            .collect()
    } else {
        summary(&model.tensors)
    };
    lines.extend(table(&rows));
    Translator::from_file(model)?;
    Ok(lines)
}

/// Both vocabularies, checked against the model.
fn vocabularies(model: &ModelFile) -> Result<[Vocabulary; 2]> {
    let source = Vocabulary::from_bytes(&model.source_vocabulary)?;
    let target = Vocabulary::from_bytes(&model.target_vocabulary)?;
    model
        .config
        .check_vocabularies(source.len(), target.len())?;
    Ok([source, target])
}

/// Ordinary pieces, evenly spread: common ones come first in a vocabulary.
fn sample(vocabulary: &Vocabulary, count: u32) -> String {
    let ordinary: Vec<&str> = (0..vocabulary.len() as u32)
        .filter_map(|id| vocabulary.piece(id))
        .filter(|piece| !(piece.starts_with('<') && piece.ends_with('>')))
        .filter(|piece| !piece.contains(dragoman::text::placeholders::PLACEHOLDERS))
        .collect();
    let count = (count as usize).min(ordinary.len());
    let pieces: Vec<&str> = (0..count)
        .map(|n| ordinary[n * ordinary.len() / count])
        .collect();
    pieces.join("  ")
}

/// A line of the table of tensors.
struct Row {
    name: String,
    shape: String,
    kind: &'static str,
    parameters: usize,
    bytes: usize,
}

impl Row {
    fn new(name: String, tensor: &Tensor) -> Self {
        let shape: Vec<String> = tensor.shape().iter().map(usize::to_string).collect();
        Self {
            name,
            shape: shape.join(" x "),
            kind: match tensor {
                Tensor::Quantised(_) => "int8",
                Tensor::Float { .. } => "f32",
            },
            parameters: parameters(tensor),
            bytes: stored(tensor),
        }
    }
}

/// A row for each part of the network: the first word of the names of its tensors.
fn summary(tensors: &BTreeMap<String, Tensor>) -> Vec<Row> {
    let mut parts: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for (name, tensor) in tensors {
        let part = name.split('.').next().unwrap_or(name);
        let (count, numbers, bytes) = parts.entry(part).or_default();
        *count += 1;
        *numbers += parameters(tensor);
        *bytes += stored(tensor);
    }
    let rows = parts
        .into_iter()
        .map(|(part, (count, parameters, bytes))| Row {
            name: part.to_owned(),
            shape: format!("{count} tensor{}", if count == 1 { "" } else { "s" }),
            kind: "",
            parameters,
            bytes,
        });
    rows.collect()
}

fn table(rows: &[Row]) -> Vec<String> {
    let width = |of: fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let name = width(|row| row.name.len());
    let shape = width(|row| row.shape.len());
    let kind = width(|row| row.kind.len());
    let numbers = width(|row| grouped(row.parameters).len());
    rows.iter()
        .map(|row| {
            format!(
                "{:name$}  {:shape$}  {:kind$}  {:>numbers$}  {}",
                row.name,
                row.shape,
                row.kind,
                grouped(row.parameters),
                size(row.bytes)
            )
        })
        .collect()
}

fn parameters(tensor: &Tensor) -> usize {
    tensor.shape().iter().product()
}

/// Bytes in the file, scales included.
fn stored(tensor: &Tensor) -> usize {
    match tensor {
        Tensor::Quantised(matrix) => matrix.data.len() + 4 * matrix.scales.len(),
        Tensor::Float { data, .. } => 4 * data.len(),
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes in decimal units.
fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.2} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::{grouped, size};

    #[test]
    fn numbers_for_people() {
        for (number, digits, bytes) in [
            (0, "0", "0 B"),
            (999, "999", "999 B"),
            (1_000, "1,000", "1.0 kB"),
            (14_123_456, "14,123,456", "14.12 MB"),
        ] {
            assert_eq!(grouped(number), digits);
            assert_eq!(size(number), bytes);
        }
    }
}
