//! Reading parallel text: tab-separated columns or two line-aligned files, plain or Zstandard.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::{Error, Result};

use super::config::FileConfig;

/// Largest Zstandard window accepted (2^31 bytes): corpora are packed with `--long`.
const WINDOW_LOG_MAX: u32 = 31;

/// Name of the origin of pairs in files that have no `origin` column.
pub const UNNAMED_ORIGIN: &str = "all";

/// One line of a corpus, before any cleaning.
#[derive(Debug, Clone, PartialEq)]
pub struct RawPair {
    /// Where the pair was collected.
    pub origin: String,
    /// Alignment score, higher is better; `None` when the file has none.
    pub score: Option<f32>,
    /// Text in the source language.
    pub source: String,
    /// Text in the target language.
    pub target: String,
}

/// What a line of a file turned out to be.
pub type Line = std::result::Result<RawPair, Malformed>;

/// A line that does not have the configured columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub String);

/// Index of each column that matters.
struct Columns {
    source: usize,
    target: usize,
    origin: Option<usize>,
    score: Option<usize>,
    count: usize,
}

impl Columns {
    fn new(names: &[String], source: &str, target: &str) -> Result<Self> {
        let find = |name: &str| names.iter().position(|column| column == name);
        let need = |name: &str| {
            find(name).ok_or_else(|| {
                Error::Training(format!("no column \"{name}\" among {}", names.join(", ")))
            })
        };
        Ok(Self {
            source: need(source)?,
            target: need(target)?,
            origin: find("origin"),
            score: find("score"),
            count: names.len(),
        })
    }

    fn parse(&self, line: &str) -> Line {
        let fields: Vec<&str> = line.split('\t').collect();
        if fields.len() != self.count {
            return Err(Malformed(line.to_owned()));
        }
        let score = match self.score.map(|i| fields[i].trim().parse::<f32>()) {
            None => None,
            Some(Ok(score)) if score.is_finite() => Some(score),
            Some(_) => return Err(Malformed(line.to_owned())),
        };
        Ok(RawPair {
            origin: self.origin.map_or(UNNAMED_ORIGIN, |i| fields[i]).to_owned(),
            score,
            source: fields[self.source].to_owned(),
            target: fields[self.target].to_owned(),
        })
    }
}

/// Calls `each` with every line of a corpus file, or of two line-aligned files.
///
/// Bytes that are not UTF-8 become U+FFFD, which the mojibake filter drops later.
///
/// # Errors
/// When a file cannot be read, lacks a column, or two aligned files differ in length.
pub fn read(
    file: &FileConfig,
    root: &Path,
    source: &str,
    target: &str,
    mut each: impl FnMut(Line),
) -> Result<()> {
    let columns = Columns::new(&file.columns, source, target)?;
    match file.paths.as_slice() {
        [path] => {
            let mut lines = Lines::open(&root.join(path))?;
            while let Some(line) = lines.next()? {
                each(columns.parse(line));
            }
            Ok(())
        }
        [first, second] if columns.count == 2 => {
            let (first, second) = (root.join(first), root.join(second));
            let (mut left, mut right) = (Lines::open(&first)?, Lines::open(&second)?);
            loop {
                match (left.next()?, right.next()?) {
                    (Some(l), Some(r)) => {
                        each(columns.parse(&format!(
                            "{}\t{}",
                            l.replace('\t', " "),
                            r.replace('\t', " ")
                        )));
                    }
                    (None, None) => return Ok(()),
                    _ => {
                        return Err(Error::Training(format!(
                            "{} and {} do not have the same number of lines",
                            first.display(),
                            second.display()
                        )));
                    }
                }
            }
        }
        paths => Err(Error::Training(format!(
            "{} paths for {} columns: give one tab-separated file, or two files and two columns",
            paths.len(),
            columns.count
        ))),
    }
}

/// Lines of a plain or Zstandard file, one buffer for all.
struct Lines {
    reader: Box<dyn BufRead>,
    bytes: Vec<u8>,
    text: String,
    path: std::path::PathBuf,
}

impl Lines {
    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io(path))?;
        let reader: Box<dyn BufRead> = if path.extension().is_some_and(|e| e == "zst") {
            let mut decoder = zstd::Decoder::new(file).map_err(Error::io(path))?;
            decoder
                .window_log_max(WINDOW_LOG_MAX)
                .map_err(Error::io(path))?;
            Box::new(BufReader::with_capacity(1 << 20, decoder))
        } else {
            Box::new(BufReader::with_capacity(1 << 20, file))
        };
        Ok(Self {
            reader,
            bytes: Vec::new(),
            text: String::new(),
            path: path.to_owned(),
        })
    }

    fn next(&mut self) -> Result<Option<&str>> {
        self.bytes.clear();
        let read = self
            .reader
            .read_until(b'\n', &mut self.bytes)
            .map_err(Error::io(&self.path))?;
        if read == 0 {
            return Ok(None);
        }
        self.text.clear();
        self.text.push_str(&String::from_utf8_lossy(&self.bytes));
        Ok(Some(self.text.trim_end_matches(['\n', '\r'])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::io::Write;
    use std::path::PathBuf;

    fn folder(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("dragoman-read-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    fn config(paths: &[&str], columns: &[&str]) -> FileConfig {
        FileConfig {
            paths: paths.iter().map(PathBuf::from).collect(),
            columns: columns.iter().map(ToString::to_string).collect(),
            origins: BTreeMap::new(),
            others: None,
        }
    }

    fn collect(file: &FileConfig, root: &Path, source: &str, target: &str) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        read(file, root, source, target, |line| lines.push(line))?;
        Ok(lines)
    }

    #[test]
    fn scored_columns_in_either_direction_and_compressed() {
        let root = folder("scored");
        let text = "tatoeba\t-1.5\tRun.\t跑。\nbroken line\nx\tnan\ta\tb\r\n";
        let mut file = File::create(root.join("a.tsv.zst")).unwrap();
        let mut encoder = zstd::Encoder::new(&mut file, 3).unwrap();
        encoder.long_distance_matching(true).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap();

        let config = config(&["a.tsv.zst"], &["origin", "score", "en", "zh"]);
        let lines = collect(&config, &root, "en", "zh").unwrap();
        let expected = RawPair {
            origin: "tatoeba".into(),
            score: Some(-1.5),
            source: "Run.".into(),
            target: "跑。".into(),
        };
        assert_eq!(lines[0], Ok(expected));
        assert_eq!(lines[1], Err(Malformed("broken line".into())));
        assert!(lines[2].is_err(), "a score must be a finite number");
        let reversed = collect(&config, &root, "zh", "en").unwrap();
        assert_eq!(reversed[0].as_ref().unwrap().source, "跑。");
        assert!(collect(&config, &root, "de", "zh").is_err());
    }

    #[test]
    fn aligned_files_must_be_equally_long() {
        let root = folder("aligned");
        std::fs::write(root.join("a.en"), "One\nTwo\n").unwrap();
        std::fs::write(root.join("a.zh"), "一\n二").unwrap();
        let config = config(&["a.en", "a.zh"], &["en", "zh"]);
        let lines = collect(&config, &root, "en", "zh").unwrap();
        assert_eq!(lines.len(), 2);
        let last = lines[1].as_ref().unwrap();
        assert_eq!((last.source.as_str(), last.target.as_str()), ("Two", "二"));
        assert_eq!((last.origin.as_str(), last.score), (UNNAMED_ORIGIN, None));

        std::fs::write(root.join("a.zh"), "一\n").unwrap();
        assert!(collect(&config, &root, "en", "zh").is_err());
    }

    #[test]
    fn plain_two_columns_and_bad_utf8() {
        let root = folder("plain");
        std::fs::write(
            root.join("a.tsv"),
            b"Hi\t\xe4\xbd\xa0\xe5\xa5\xbd\nBad\t\xff\n",
        )
        .unwrap();
        let lines = collect(&config(&["a.tsv"], &["en", "zh"]), &root, "en", "zh").unwrap();
        assert_eq!(lines[0].as_ref().unwrap().target, "你好");
        assert_eq!(lines[1].as_ref().unwrap().target, "\u{fffd}");
        assert!(collect(&config(&["none.tsv"], &["en", "zh"]), &root, "en", "zh").is_err());
    }
}
