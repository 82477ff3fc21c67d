//! `dragoman import`.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use dragoman::format::{MarianFiles, ModelFile, OpusFiles};
use dragoman::text::subwords::Vocabulary;
use dragoman::{Error, Result, Translator};
use flate2::read::GzDecoder;

use crate::models::naming;

/// Most bytes that a compressed file may become: far more than any model that fits in a browser.
const MOST_BYTES: u64 = 1 << 30;

/// Makes a weights file of a model that was trained elsewhere.
///
/// For `marian` the folder holds the files as Mozilla ships them, compressed with gzip or not: the weights model.*.bin, the vocabulary
/// vocab.*.spm or both srcvocab.*.spm and trgvocab.*.spm, and the shortlist lex.*.s2t.bin if there is one. For `opus` it holds the
/// files of a model of OPUS-MT as transformers reads them: config.json, model.safetensors, vocab.json and source.spm. Of several target
/// languages, --target-token chooses one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dragoman import marian ende -o en-de.safetensors
  dragoman import marian models/base-memory --from en --to zh -o en-zh.safetensors
  dragoman import opus opus-mt-en-de -o en-de.safetensors
  dragoman import opus opus-mt-en-ROMANCE --from en --to pt --target-token pt -o en-pt.safetensors")]
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
    /// Language translated from [default: the one that the files tell, as in model.ende.bin]
    #[arg(long, value_name = "TAG")]
    from: Option<String>,
    /// Language translated to [default: the one that the files tell]
    #[arg(long, value_name = "TAG")]
    to: Option<String>,
    /// Of an OPUS-MT model with several target languages: the piece that stands for the one to translate to, such as '>>deu<<' or deu
    #[arg(long, value_name = "PIECE")]
    target_token: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Marian or Bergamot: Firefox's models
    Marian,
    /// OPUS-MT in the layout of Hugging Face's transformers
    Opus,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let folder = Folder::read(&arguments.folder)?;
    let Imported { file, guess, kept } = match arguments.kind {
        Kind::Marian => marian(arguments, &folder)?,
        Kind::Opus => opus(arguments, &folder)?,
    };
    let bytes = file.write()?;
    let (from, to) = (
        file.config.source_language.clone(),
        file.config.target_language.clone(),
    );
    let translator = Translator::from_file(file).map_err(naming(&arguments.folder))?;
    fs::write(&arguments.output, &bytes).map_err(Error::io(&arguments.output))?;
    sayln!(
        "{}: {from} to {to}{guess}, {}, {kept}",
        arguments.output.display(),
        translator.config().architecture.describe(),
    );
    Ok(())
}

/// A model, and what there is to say about it.
struct Imported {
    file: ModelFile,
    /// Where the languages are from, unless they were given.
    guess: String,
    kept: String,
}

fn marian(arguments: &Arguments, folder: &Folder<'_>) -> Result<Imported> {
    if arguments.target_token.is_some() {
        return Err(Error::Option(
            "models of Firefox have a single target language; leave out --target-token".into(),
        ));
    }
    let model = folder.need("model", ".bin")?;
    let (source, target) = match folder.find("vocab", ".spm")? {
        Some(both) => (both, None),
        None => (
            folder.need("srcvocab", ".spm")?,
            Some(folder.need("trgvocab", ".spm")?),
        ),
    };
    let shortlist = folder.find("lex", ".s2t.bin")?;
    let ([from, to], guess) = arguments.languages(languages(&model.name), &model.name)?;
    let files = MarianFiles {
        model: (&model.bytes).into(),
        source_vocabulary: &source.bytes,
        target_vocabulary: target.as_ref().map(|file| &file.bytes[..]),
        shortlist: shortlist.as_ref().map(|file| &file.bytes[..]),
    };
    let file = files.read(&from, &to).map_err(naming(&arguments.folder))?;
    let kept = match &shortlist {
        Some(file) => format!("shortlist {}", file.name),
        None => "no shortlist".to_owned(),
    };
    Ok(Imported { file, guess, kept })
}

fn opus(arguments: &Arguments, folder: &Folder<'_>) -> Result<Imported> {
    let config = folder.need("config", ".json")?;
    let vocabulary = folder.need("vocab", ".json")?;
    let source = folder.need("source", ".spm")?;
    let weights = folder.find("model", ".safetensors")?.ok_or_else(|| {
        Error::Option(format!(
            "{} has no file model.safetensors; transformers writes it when it loads and saves a model that has only \
             pytorch_model.bin",
            folder.path.display()
        ))
    })?;
    // opus-mt-en-de
    let name = arguments.folder.canonicalize().unwrap_or_default();
    let name = name.file_name().unwrap_or_default().to_string_lossy();
    let mut parts = name.rsplit('-').take(2).map(str::to_owned);
    let named = match (parts.next(), parts.next()) {
        (Some(to), Some(from)) if [&from, &to].iter().all(|tag| (2..4).contains(&tag.len())) => {
            Some([from, to])
        }
        _ => None,
    };
    let ([from, to], guess) = arguments.languages(named, &name)?;
    let files = OpusFiles {
        config: &config.bytes,
        weights: &weights.bytes,
        vocabulary: &vocabulary.bytes,
        source: &source.bytes,
    };
    let file = files
        .read(&from, &to, arguments.target_token.as_deref())
        .map_err(naming(&arguments.folder))?;
    let kept = match target_token(&file)? {
        Some(token) => format!("quantised, target token {token}"),
        None => "quantised".to_owned(),
    };
    Ok(Imported { file, guess, kept })
}

/// The piece that tells which language to translate to, if the model has one.
fn target_token(file: &ModelFile) -> Result<Option<String>> {
    let Some(id) = file.config.target_token else {
        return Ok(None);
    };
    let vocabulary = Vocabulary::from_bytes(&file.source_vocabulary)?;
    Ok(vocabulary.piece(id).map(str::to_owned))
}

impl Arguments {
    /// The languages given, or those that a name tells, and what to say about that.
    fn languages(&self, named: Option<[String; 2]>, name: &str) -> Result<([String; 2], String)> {
        let [from, to] = named.map_or([None, None], |pair| pair.map(Some));
        let language = |given: &Option<String>, known: Option<String>, option: &str| {
            given.clone().or(known).ok_or_else(|| {
                Error::Option(format!(
                    "the name {name} does not tell the languages; give --{option}"
                ))
            })
        };
        let languages = [
            language(&self.from, from, "from")?,
            language(&self.to, to, "to")?,
        ];
        let guess = match (&self.from, &self.to) {
            (Some(_), Some(_)) => String::new(),
            _ => format!(" (guessed from the name {name})"),
        };
        Ok((languages, guess))
    }
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
            bytes = unpack(&bytes, MOST_BYTES).map_err(Error::io(&path))?;
        }
        Ok(Some(File {
            name: name.clone(),
            bytes,
        }))
    }
}

fn unpack(packed: &[u8], most: u64) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    GzDecoder::new(packed)
        .take(most + 1)
        .read_to_end(&mut plain)?;
    if plain.len() as u64 > most {
        return Err(io::Error::other(format!(
            "it is too large: unpacked it has more than {most} bytes"
        )));
    }
    Ok(plain)
}

/// The languages that a name like `model.ende.intgemm.alphas.bin` tells.
fn languages(name: &str) -> Option<[String; 2]> {
    let is_pair = |part: &&str| {
        part.len() == 4
            && part.bytes().all(|byte| byte.is_ascii_lowercase())
            && !["base", "best", "tiny"].contains(part)
    };
    let pair = name.split('.').find(is_pair)?;
    Some([pair[..2].to_owned(), pair[2..].to_owned()])
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn names_tell_languages() {
        for (name, expected) in [
            ("model.ende.intgemm.alphas.bin", Some(["en", "de"])),
            ("model.best.ensl.bin.gz", Some(["en", "sl"])),
            ("model.int8.base.deen.bin", Some(["de", "en"])),
            ("model.base.bin", None),
            ("model.tiny.bin", None),
            ("model.BEST.bin", None),
            ("model.bin", None),
            ("model.äö.bin", None),
        ] {
            let expected = expected.map(|pair| pair.map(str::to_owned));
            assert_eq!(languages(name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_too_large_is_not_cut() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&[7; 1000]).unwrap();
        let packed = encoder.finish().unwrap();
        assert_eq!(unpack(&packed, 1000).unwrap(), [7; 1000]);
        let error = unpack(&packed, 999).unwrap_err().to_string();
        assert!(error.contains("too large"), "{error}");
        assert!(unpack(&packed[..packed.len() / 2], 1000).is_err());
    }
}
