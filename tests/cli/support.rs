//! Runs the program, in folders with models of random weights.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use dragoman::format::manifest::sha256;
use dragoman::format::{ModelFile, Seq2SeqConfig};
use dragoman::model::random::model_file;
use dragoman::text::subwords::Vocabulary;
use serde_json::json;

#[path = "../../src/translator/vocabularies.rs"]
mod vocabularies;

const ENGLISH: &str = "▁ ▁the ▁a ▁I ▁is ▁to ▁you ▁of ▁and ▁word s ing ed er e t a o i n r h l d u c m f y w g p b v k x q j z , . ! ? \
    : ; ' \" ( ) - 0 1 2 3 4 5 6 7 8 9 A B C D E F G H I J K L M N O P Q R S T U V W X Y Z";
const CHINESE: &str = "▁ 的 一 是 了 我 不 人 在 他 有 这 上 们 来 到 时 大 地 为 子 中 你 说 生 国 年 着 就 那 和 要 她 出 也 ， 。 ！ ？";

/// A folder for one test.
pub struct Folder(PathBuf);

/// How the program ended.
pub struct Output {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A model from English to Chinese or back whose words are random.
pub fn model(from: &str, to: &str) -> ModelFile {
    let vocabulary = |language: &str| {
        let words = if language == "zh" { CHINESE } else { ENGLISH };
        vocabularies::spm(words.split_whitespace())
    };
    let (source, target) = (vocabulary(from), vocabulary(to));
    let size = |vocabulary: &[u8]| Vocabulary::from_bytes(vocabulary).unwrap().len();
    let config = Seq2SeqConfig {
        embedding: 8,
        hidden: 8,
        encoder_layers: 1,
        decoder_layers: 1,
        source_vocabulary: size(&source),
        target_vocabulary: size(&target),
    };
    let mut file = model_file(&config, 1, false);
    file.config.source_language = from.into();
    file.config.target_language = to.into();
    file.source_vocabulary = source;
    file.target_vocabulary = target;
    file
}

impl Folder {
    /// An empty folder.
    pub fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join("cli")
            .join(name);
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A folder with models in both directions and their manifest.
    pub fn with_models(name: &str) -> Self {
        let folder = Self::new(name);
        let mut entries = Vec::new();
        for (from, to) in [("en", "zh"), ("zh", "en")] {
            let bytes = model(from, to).write().unwrap();
            let file = format!("{from}-{to}.safetensors");
            folder.write(&file, &bytes);
            entries.push(json!({
                "id": format!("{from}-{to}"), "source": from, "target": to, "file": file, "bytes": bytes.len(),
                "sha256": sha256(&bytes), "architecture": "seq2seq", "licence": "CC0-1.0", "data": ["nothing"],
                "scores": {"a test set": {"bleu": 0.1}},
            }));
        }
        folder.write(
            "manifest.json",
            json!({"version": 1, "models": entries}).to_string(),
        );
        folder
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file and returns its path.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        self.path(name)
    }
}

/// The program about to be run, with an environment that does not lead to any model.
pub struct Run(Command);

pub fn dragoman(arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dragoman"));
    command
        .args(arguments)
        .env_remove("DRAGOMAN_MODELS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Run(command)
}

impl Run {
    pub fn arg(mut self, argument: &str) -> Self {
        self.0.arg(argument);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// Where standard error goes; none of it comes back.
    pub fn stderr(mut self, file: std::fs::File) -> Self {
        self.0.stderr(file);
        self
    }

    pub fn current_dir(mut self, folder: &str) -> Self {
        self.0.current_dir(folder);
        self
    }

    pub fn spawn(mut self) -> std::process::Child {
        self.0.spawn().unwrap()
    }

    /// Runs with the given standard input.
    pub fn run(self, input: impl AsRef<[u8]>) -> Output {
        let mut child = self.spawn();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.as_ref().to_vec();
        // A program that fails early does not read its input.
        let writer = std::thread::spawn(move || stdin.write_all(&input).is_ok());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Output {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Output {
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.status, 0, "{}", self.stderr);
        self
    }

    /// The one sentence that a failure is described with.
    #[track_caller]
    pub fn failed(self) -> String {
        assert_eq!(self.status, 1, "{}", self.stderr);
        assert!(self.stdout.is_empty(), "{}", self.stdout);
        assert!(self.stderr.starts_with("dragoman: "), "{}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        self.stderr
    }
}
