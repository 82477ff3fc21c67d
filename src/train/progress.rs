//! The log of a run: one JSON object per line, and lines for people.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::validate::Scores;
use crate::{Error, Result};

/// One line of `log.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "event")]
pub enum Record {
    /// Some steps of training.
    Train {
        /// Steps taken since the beginning.
        step: u64,
        /// Mean loss per target token since the last record, label smoothing included.
        loss: f64,
        /// Mean norm of the gradients before clipping.
        norm: f64,
        /// Learning rate.
        rate: f64,
        /// Target tokens per second since the last record.
        speed: f64,
    },
    /// A validation.
    Validate {
        /// Steps taken since the beginning.
        step: u64,
        /// What it found on each set.
        scores: Vec<Scores>,
    },
}

impl Record {
    /// Steps taken when it was written.
    #[must_use]
    pub fn step(&self) -> u64 {
        match self {
            Self::Train { step, .. } | Self::Validate { step, .. } => *step,
        }
    }
}

/// The log file of a run.
pub struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// Opens the log for a run that goes on after `step`; what an earlier run wrote about later steps is dropped.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn open(path: &Path, step: u64) -> Result<Self> {
        let records = if path.exists() {
            read(path)?
        } else {
            Vec::new()
        };
        let kept: String = records
            .iter()
            .filter(|record| record.step() <= step)
            .filter_map(|record| serde_json::to_string(record).ok())
            .map(|line| line + "\n")
            .collect();
        std::fs::write(path, kept).map_err(Error::io(path))?;
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(Error::io(path))?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Adds a record.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&mut self, record: &Record) -> Result<()> {
        let mut line = serde_json::to_string(record).map_err(|e| Error::Training(e.to_string()))?;
        line.push('\n');
        self.file
            .write_all(line.as_bytes())
            .map_err(Error::io(&self.path))
    }
}

/// The records of a log; a last line that was cut off by a kill is ignored.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path) -> Result<Vec<Record>> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

/// `1 h 02 min`, `3 min 04 s`, `5 s`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_goes_on_where_the_checkpoint_was() {
        let path = std::env::temp_dir().join(format!("dragoman-log-{}.jsonl", std::process::id()));
        let record = |step| Record::Train {
            step,
            loss: 5.0,
            norm: 1.0,
            rate: 1e-3,
            speed: 100.0,
        };
        let mut log = Log::open(&path, 0).unwrap();
        for step in [10, 20, 30] {
            log.add(&record(step)).unwrap();
        }
        log.file.write_all(b"{\"event\":\"tra").unwrap();
        Log::open(&path, 20).unwrap().add(&record(25)).unwrap();
        let steps: Vec<u64> = read(&path).unwrap().iter().map(Record::step).collect();
        assert_eq!(steps, [10, 20, 25]);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn durations() {
        for (seconds, expected) in [
            (4.6, "5 s"),
            (184.0, "3 min 04 s"),
            (3725.0, "1 h 02 min"),
            (-1.0, "0 s"),
        ] {
            assert_eq!(duration(seconds), expected);
        }
    }
}
