//! What is remembered of a graphics processor from one run to the next: how fast it is, and how often it failed.

use serde::{Deserialize, Serialize};

/// Failures in a row after which a device is left alone.
pub const MOST_FAILURES: u32 = 3;

/// What is remembered. The caller keeps it, as JSON.
///
/// An attempt counts as a failure until it has gone well, so that one that takes the whole program down counts too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// Version of this program that wrote the record: another one starts anew. Empty where no measurement was made yet.
    version: String,
    /// Failures in a row.
    pub failures: u32,
    /// The last calibration.
    pub calibration: Option<Calibration>,
}

/// How long both engines took, and what follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The device, and the model's size: for others it has to be done again.
    pub of: String,
    /// The measurements, by number of sentences.
    pub timings: Vec<Timing>,
    /// The fewest sentences in a batch for which the GPU is used; none if it never is.
    pub least: Option<usize>,
}

/// How long a batch took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Sentences in the batch.
    pub sentences: usize,
    /// Milliseconds on the CPU.
    pub cpu: f64,
    /// Milliseconds on the GPU.
    pub gpu: f64,
}

impl Record {
    /// Reads a record; whatever is not one of this version is an empty one.
    #[must_use]
    pub fn read(json: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let record: Self = serde_json::from_str(json).unwrap_or_default();
        if record.version.is_empty() || record.version == version {
            Self { version, ..record }
        } else {
            Self {
                version,
                ..Self::default()
            }
        }
    }

    /// The record as JSON.
    #[must_use]
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether the device failed too often to be tried again.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        self.failures >= MOST_FAILURES
    }

    /// Begins an attempt; keep the record before it is made.
    pub fn begin(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// The attempt went well.
    pub fn succeed(&mut self) {
        self.failures = 0;
    }
}

impl Calibration {
    /// Concludes from timings, in order of size: the GPU is used from the first size on from which it is faster by a tenth at
    /// least, so that noise does not decide.
    #[must_use]
    pub fn new(of: String, timings: Vec<Timing>) -> Self {
        let faster = |timing: &&Timing| timing.gpu * 1.1 < timing.cpu;
        let least = timings.iter().rev().take_while(faster).last();
        Self {
            of,
            least: least.map(|timing| timing.sentences),
            timings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gpu_is_used_from_where_it_is_surely_faster() {
        type Case = (&'static [(f64, f64)], Option<usize>);
        let cases: [Case; 6] = [
            (&[], None),
            (&[(1.0, 5.0), (8.0, 9.0), (32.0, 10.0)], Some(4)),
            (&[(1.0, 5.0), (8.0, 7.0), (32.0, 10.0)], Some(2)),
            (&[(5.0, 1.0), (8.0, 7.0), (32.0, 10.0)], Some(1)),
            (&[(5.0, 1.0), (8.0, 7.9), (32.0, 10.0)], Some(4)),
            (&[(5.0, 1.0), (8.0, 7.0), (32.0, 40.0)], None),
        ];
        for (timings, expected) in cases {
            let timings = [1, 2, 4].into_iter().zip(timings);
            let timings = timings.map(|(sentences, &(cpu, gpu))| Timing {
                sentences,
                cpu,
                gpu,
            });
            let timings: Vec<Timing> = timings.collect();
            let calibration = Calibration::new("a device".into(), timings.clone());
            assert_eq!(calibration.least, expected, "{timings:?}");
        }
    }

    #[test]
    fn attempts_that_never_end_are_counted() {
        let mut kept = String::new();
        for _ in 0..MOST_FAILURES {
            let mut record = Record::read(&kept);
            assert!(!record.is_given_up());
            record.begin();
            kept = record.write();
        }
        let mut record = Record::read(&kept);
        assert!(record.is_given_up());
        record.succeed();
        assert!(!Record::read(&record.write()).is_given_up());
        let other = kept.replace(env!("CARGO_PKG_VERSION"), "0.0.0-other");
        assert!(!Record::read(&other).is_given_up());
        assert_eq!(Record::read("{").failures, 0);
    }
}
