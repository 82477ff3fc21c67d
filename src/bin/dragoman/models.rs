//! Which model to use: a file that was named, or one that a manifest lists for the languages.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use dragoman::decode::DecodeOptions;
use dragoman::format::manifest::same_language;
use dragoman::format::{Manifest, ManifestEntry};
use dragoman::{Error, Options, Result, Translator};

/// Environment variable that stands in for `--models`.
const MODELS_VARIABLE: &str = "DRAGOMAN_MODELS";
/// Name of the manifest in a folder of models.
pub const MANIFEST: &str = "manifest.json";
/// Where a checkout of the repository, or a folder laid out like it, keeps its models.
const BUNDLED: &str = "www/models";
/// What is translated where nothing is said; with one of them, into or from the other.
const DEFAULT: [&str; 2] = ["en", "zh"];

/// Options that choose a model.
#[derive(Debug, Args)]
#[command(next_help_heading = "Model")]
pub struct ModelArguments {
    /// Weights file to use
    #[arg(long, value_name = "FILE", conflicts_with = "models")]
    pub model: Option<PathBuf>,
    /// Folder with a manifest.json to look the languages up in [env: `DRAGOMAN_MODELS`]
    ///
    /// Or the path of a manifest. By default: www/models in the current folder or above, then in the folder of the program or
    /// above, then dragoman/models in the user's data folder.
    #[arg(long, value_name = "FOLDER")]
    pub models: Option<PathBuf>,
    /// Language of the text, as a BCP 47 tag [default: en, or zh with --to en]
    #[arg(long, value_name = "LANGUAGE")]
    pub from: Option<String>,
    /// Language to translate to [default: zh, or en with --from zh]
    #[arg(long, value_name = "LANGUAGE")]
    pub to: Option<String>,
}

/// Options of the search.
#[derive(Debug, Args)]
#[command(next_help_heading = "Search")]
pub struct SearchArguments {
    /// Number of hypotheses to keep for each sentence; 1 is fastest [default: what suits the model]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=DecodeOptions::MAX_BEAM as u64))]
    pub beam: Option<u64>,
    /// Exponent of the length that scores are divided by: 0 prefers short translations [default: what suits the model]
    #[arg(long, value_name = "X", value_parser = length_penalty)]
    pub length_penalty: Option<f32>,
}

/// A model that is ready.
#[derive(Debug)]
pub struct Loaded {
    pub translator: Translator,
    /// The weights file.
    pub path: PathBuf,
}

impl SearchArguments {
    /// The options for a model.
    pub fn options(&self, translator: &Translator) -> Options {
        let mut options = translator.options();
        if let Some(beam) = self.beam {
            options.decode.beam = beam as usize;
        }
        if let Some(length_penalty) = self.length_penalty {
            options.decode.length_penalty = length_penalty;
        }
        options
    }
}

fn length_penalty(text: &str) -> std::result::Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if DecodeOptions::LENGTH_PENALTIES.contains(&value) => Ok(value),
        _ => Err("it must be a number from 0 to 10".into()),
    }
}

impl ModelArguments {
    /// Finds, reads and checks the model.
    pub fn load(&self) -> Result<Loaded> {
        match &self.model {
            Some(path) => self.load_file(path),
            None => self.load_listed(),
        }
    }

    fn load_file(&self, path: &Path) -> Result<Loaded> {
        let translator = read_translator(path, None)?;
        let config = translator.config();
        let mut read = translator.also_reads();
        read.push(config.source_language.clone());
        let written = vec![config.target_language.clone()];
        for (option, wanted, offered) in [("--from", &self.from, read), ("--to", &self.to, written)]
        {
            if let Some(wanted) = wanted
                && !offered.iter().any(|offered| same_language(wanted, offered))
            {
                return Err(Error::Option(format!(
                    "{} translates {} to {}, which is not {option} {wanted}",
                    path.display(),
                    config.source_language,
                    config.target_language
                )));
            }
        }
        Ok(Loaded {
            path: path.to_owned(),
            translator,
        })
    }

    fn load_listed(&self) -> Result<Loaded> {
        let places = self.places();
        let [from, to] = self.languages();
        let mut available = BTreeSet::new();
        let mut found = false;
        for path in places.manifests() {
            if !path.is_file() {
                continue;
            }
            found = true;
            let manifest = read_manifest(&path)?;
            match manifest.find(from, to) {
                Ok(entry) => {
                    let path = path.with_file_name(&entry.file);
                    let translator = read_translator(&path, Some(entry))?;
                    return Ok(Loaded { translator, path });
                }
                Err(Error::NoSuchPair { .. }) => available.insert(manifest.directions()),
                Err(error) => return Err(error),
            };
        }
        if found {
            let available = available.into_iter().collect::<Vec<_>>().join(", ");
            return Err(Error::NoSuchPair {
                from: from.into(),
                to: to.into(),
                available,
            });
        }
        Err(Error::Option(format!(
            "no models found: {}; name a weights file with --model or a folder of models with --models",
            places.description()
        )))
    }

    fn languages(&self) -> [&str; 2] {
        let [first, second] = DEFAULT;
        let primary = |tag: &str| tag.split(['-', '_']).next().map(str::to_ascii_lowercase);
        let is = |given: Option<&str>, language| given.and_then(primary) == primary(language);
        let (from, to) = (self.from.as_deref(), self.to.as_deref());
        let other = |given| if is(given, first) { second } else { first };
        [
            from.unwrap_or_else(|| other(to)),
            to.unwrap_or(if is(from, second) { first } else { second }),
        ]
    }

    fn places(&self) -> Places {
        let chosen = self.models.clone().or_else(|| {
            env::var_os(MODELS_VARIABLE)
                .filter(|folder| !folder.is_empty())
                .map(PathBuf::from)
        });
        match chosen {
            Some(path) => Places::Chosen(path),
            None => Places::Default {
                current: env::current_dir().ok(),
                program: program_folder(),
                data: data_folder(),
            },
        }
    }
}

/// Where to look for manifests.
enum Places {
    /// A folder or a manifest that was asked for.
    Chosen(PathBuf),
    /// Folders that may hold `www/models` or be below one that does, and the user's own.
    Default {
        current: Option<PathBuf>,
        program: Option<PathBuf>,
        data: Option<PathBuf>,
    },
}

impl Places {
    fn manifests(&self) -> Vec<PathBuf> {
        match self {
            Self::Chosen(path) if path.is_dir() => vec![path.join(MANIFEST)],
            Self::Chosen(path) => vec![path.clone()],
            Self::Default {
                current,
                program,
                data,
            } => [current, program]
                .into_iter()
                .flatten()
                .flat_map(|folder| folder.ancestors())
                .map(|folder| folder.join(BUNDLED))
                .chain(data.clone())
                .map(|folder| folder.join(MANIFEST))
                .collect(),
        }
    }

    /// Continues "no models found: ".
    fn description(&self) -> String {
        match self {
            Self::Chosen(path) if path.is_dir() => {
                format!("{} is not there", path.join(MANIFEST).display())
            }
            Self::Chosen(path) => format!("{} is not there", path.display()),
            Self::Default {
                current,
                program,
                data,
            } => {
                let mut places: Vec<String> = [current, program]
                    .into_iter()
                    .flatten()
                    .map(|folder| format!("{BUNDLED} of {} or above", folder.display()))
                    .collect();
                places.extend(data.as_ref().map(|folder| folder.display().to_string()));
                format!("there is no {MANIFEST} in {}", places.join(", nor in "))
            }
        }
    }
}

/// The folder of the running program, links followed.
fn program_folder() -> Option<PathBuf> {
    let program = fs::canonicalize(env::current_exe().ok()?).ok()?;
    Some(program.parent()?.to_owned())
}

/// The folder for models of this user, by the convention of the system.
fn data_folder() -> Option<PathBuf> {
    let variable = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let data = if cfg!(windows) {
        variable("APPDATA")
    } else if cfg!(target_os = "macos") {
        env::home_dir().map(|home| home.join("Library/Application Support"))
    } else {
        variable("XDG_DATA_HOME").or_else(|| env::home_dir().map(|home| home.join(".local/share")))
    };
    data.map(|data| data.join("dragoman").join("models"))
}

/// Reads a manifest; errors name the file.
pub fn read_manifest(path: &Path) -> Result<Manifest> {
    let json = fs::read_to_string(path).map_err(Error::io(path))?;
    Manifest::parse(&json).map_err(naming(path))
}

/// Reads a weights file, compared with what its manifest says; errors name the file.
pub fn read_translator(path: &Path, entry: Option<&ManifestEntry>) -> Result<Translator> {
    let bytes = fs::read(path).map_err(Error::io(path))?;
    entry
        .map_or(Ok(()), |entry| entry.verify(&bytes))
        .and_then(|()| Translator::new(&bytes))
        .map_err(naming(path))
}

/// Puts the name of a file before an error.
pub fn naming(path: &Path) -> impl Fn(Error) -> Error {
    move |error| Error::Option(format!("{}: {error}", path.display()))
}
