//! How far a long translation is: one line on standard error, if somebody watches.

use std::io::{IsTerminal, stderr, stdout};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_millis(200);

/// Counts what was translated and shows it from time to time.
#[derive(Debug)]
pub struct Progress {
    shown: bool,
    started: Instant,
    updated: Instant,
    pub lines: u64,
    pub words: u64,
}

impl Progress {
    /// Shown on a terminal that the output does not go to as well.
    pub fn new() -> Self {
        let now = Instant::now();
        Self {
            shown: stderr().is_terminal() && !stdout().is_terminal(),
            started: now,
            updated: now,
            lines: 0,
            words: 0,
        }
    }

    /// Shown on a terminal, for commands that print at the end.
    pub fn for_report() -> Self {
        Self {
            shown: stderr().is_terminal(),
            ..Self::new()
        }
    }

    pub fn add(&mut self, lines: usize, words: usize) {
        self.lines += lines as u64;
        self.words += words as u64;
        if self.shown && self.updated.elapsed() >= INTERVAL {
            self.updated = Instant::now();
            let speed = self.words as f64 / self.seconds();
            say!("\r{} lines, {speed:.0} words/s\x1b[K", self.lines);
        }
    }

    /// Since the start.
    pub fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            say!("\r\x1b[K");
        }
    }
}
