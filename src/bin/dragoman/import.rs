//! `dragoman import`.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use dragoman::format::MarianFiles;
use dragoman::{Error, Result, Translator};
use flate2::read::GzDecoder;

use crate::models::naming;

/// Most bytes that a compressed file may become: far more than any model that fits in a browser.
const MOST_BYTES: u64 = 1 << 30;

/// Makes a weights file of a model that was trained elsewhere.
///
/// The folder holds the files as Mozilla ships them, compressed with gzip or not: the weights model.*.bin, the vocabulary
/// vocab.*.spm or both srcvocab.*.spm and trgvocab.*.spm, and the shortlist lex.*.s2t.bin if there is one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dragoman import marian ende -o en-de.safetensors
  dragoman import marian models/base-memory --from en --to zh -o en-zh.safetensors")]
pub struct Arguments {
    /// What the model was trained with
    #[arg(value_enum)]
    kind: Kind,
    /// Folder with the files of the model
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The weights file to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Language translated from [default: the one in the name of the weights, as in model.ende.bin]
    #[arg(long, value_name = "TAG")]
    from: Option<String>,
    /// Language translated to [default: the one in the name of the weights]
    #[arg(long, value_name = "TAG")]
    to: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Marian or Bergamot: Firefox's models
    Marian,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let Kind::Marian = arguments.kind;
    let folder = Folder::read(&arguments.folder)?;
    let model = folder.need("model", ".bin")?;
    let (source, target) = match folder.find("vocab", ".spm")? {
        Some(both) => (both, None),
        None => (
            folder.need("srcvocab", ".spm")?,
            Some(folder.need("trgvocab", ".spm")?),
        ),
    };
    let shortlist = folder.find("lex", ".s2t.bin")?;
    let named = languages(&model.name);
    let language = |given: &Option<String>, side: usize, option: &str| {
        let known = given
            .clone()
            .or_else(|| Some(named.as_ref()?[side].clone()));
        known.ok_or_else(|| {
            Error::Option(format!(
                "the name {} does not tell the languages; give --{option}",
                model.name
            ))
        })
    };
    let (from, to) = (
        language(&arguments.from, 0, "from")?,
        language(&arguments.to, 1, "to")?,
    );
    let files = MarianFiles {
        model: &model.bytes,
        source_vocabulary: &source.bytes,
        target_vocabulary: target.as_ref().map(|file| &file.bytes[..]),
        shortlist: shortlist.as_ref().map(|file| &file.bytes[..]),
    };
    let file = files.read(&from, &to).map_err(naming(&arguments.folder))?;
    let bytes = file.write()?;
    let translator = Translator::from_file(file).map_err(naming(&arguments.folder))?;
    fs::write(&arguments.output, &bytes).map_err(Error::io(&arguments.output))?;
    eprintln!(
        "{}: {from} to {to}, {}, {}",
        arguments.output.display(),
        translator.config().architecture.describe(),
        match &shortlist {
            Some(file) => format!("shortlist {}", file.name),
            None => "no shortlist".to_owned(),
        }
    );
    Ok(())
}

/// The names of the files in a folder.
struct Folder<'a> {
    path: &'a Path,
    names: Vec<String>,
}

/// A file, decompressed.
struct File {
    name: String,
    bytes: Vec<u8>,
}

impl<'a> Folder<'a> {
    fn read(path: &'a Path) -> Result<Self> {
        let entries = fs::read_dir(path).map_err(Error::io(path))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(Error::io(path))?;
            names.extend(entry.file_name().into_string());
        }
        names.sort_unstable();
        Ok(Self { path, names })
    }

    fn need(&self, start: &str, end: &str) -> Result<File> {
        self.find(start, end)?.ok_or_else(|| {
            Error::Option(format!(
                "{} has no file {start}*{end} or {start}*{end}.gz",
                self.path.display()
            ))
        })
    }

    /// The file whose name begins and ends so; `None` if there is none.
    fn find(&self, start: &str, end: &str) -> Result<Option<File>> {
        let mut found = self.names.iter().filter(|name| {
            let plain = name.strip_suffix(".gz").unwrap_or(name);
            plain.starts_with(start) && plain.ends_with(end)
        });
        let Some(name) = found.next() else {
            return Ok(None);
        };
        if let Some(other) = found.next() {
            return Err(Error::Option(format!(
                "{} has both {name} and {other}; leave one of them there",
                self.path.display()
            )));
        }
        let path = self.path.join(name);
        let mut bytes = fs::read(&path).map_err(Error::io(&path))?;
        if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut plain = Vec::new();
            let read = GzDecoder::new(&bytes[..])
                .take(MOST_BYTES)
                .read_to_end(&mut plain);
            read.map_err(Error::io(&path))?;
            bytes = plain;
        }
        Ok(Some(File {
            name: name.clone(),
            bytes,
        }))
    }
}

/// The languages that a name like `model.ende.intgemm.alphas.bin` tells.
fn languages(name: &str) -> Option<[String; 2]> {
    let pair = name
        .split('.')
        .find(|part| part.len() == 4 && *part != "spm")?;
    let letters = pair.bytes().all(|byte| byte.is_ascii_lowercase());
    letters.then(|| [pair[..2].to_owned(), pair[2..].to_owned()])
}
