//! What was kept, what was dropped and why, with examples: the quality report of a corpus.

use std::collections::BTreeMap;
use std::fmt;

use super::filter::Reason;
use super::hash;

/// Counts and examples by origin and reason; the reason `None` is "kept".
#[derive(Debug, Default)]
pub struct Report {
    entries: BTreeMap<(String, Option<Reason>), Entry>,
    examples: usize,
}

#[derive(Debug, Default)]
struct Entry {
    count: usize,
    /// Examples with the smallest hashes: an even sample that needs no second pass.
    examples: BTreeMap<u64, String>,
}

impl Report {
    /// An empty report that will hold up to `examples` examples per origin and reason.
    #[must_use]
    pub fn new(examples: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            examples,
        }
    }

    /// Counts one pair.
    pub fn add(&mut self, origin: &str, reason: Option<Reason>, text: impl FnOnce() -> String) {
        let entry = self.entries.entry((origin.to_owned(), reason)).or_default();
        entry.count += 1;
        let key = hash(&[&(entry.count as u64).to_le_bytes()]);
        let full = entry.examples.len() >= self.examples;
        if !full
            || entry
                .examples
                .keys()
                .next_back()
                .is_some_and(|&last| key < last)
        {
            entry.examples.insert(key, text());
            if full {
                entry.examples.pop_last();
            }
        }
    }

    /// Pairs kept (`None`) or dropped for a reason, over all origins.
    #[must_use]
    pub fn total(&self, reason: Option<Reason>) -> usize {
        self.entries
            .iter()
            .filter(|((_, r), _)| *r == reason)
            .map(|(_, e)| e.count)
            .sum()
    }

    /// Pairs of one origin kept (`None`) or dropped for a reason.
    #[must_use]
    pub fn count(&self, origin: &str, reason: Option<Reason>) -> usize {
        self.entries
            .get(&(origin.to_owned(), reason))
            .map_or(0, |e| e.count)
    }
}

fn name(reason: Option<Reason>) -> String {
    reason.map_or_else(|| "kept".to_owned(), |r| format!("{r:?}").to_lowercase())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut reasons: Vec<Option<Reason>> = self.entries.keys().map(|(_, r)| *r).collect();
        reasons.sort_unstable();
        reasons.dedup();
        writeln!(f, "# All origins\n")?;
        for &reason in &reasons {
            writeln!(f, "{:>9}  {}", self.total(reason), name(reason))?;
        }
        let mut origin = "";
        for ((from, reason), entry) in &self.entries {
            if from != origin {
                origin = from;
                writeln!(f, "\n# {origin}\n")?;
            }
            writeln!(f, "{:>9}  {}", entry.count, name(*reason))?;
            for example in entry.examples.values() {
                writeln!(f, "             {example}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_origin_and_keeps_few_examples() {
        let mut report = Report::new(2);
        for i in 0..100 {
            report.add("a", None, || format!("example {i}"));
        }
        report.add("b", Some(Reason::Script), || "dropped".to_owned());
        assert_eq!(
            (report.total(None), report.count("b", Some(Reason::Script))),
            (100, 1)
        );
        assert_eq!(report.count("b", None), 0);
        let text = report.to_string();
        assert_eq!(text.matches("example ").count(), 2);
        assert!(
            text.contains("        1  script\n             dropped"),
            "{text}"
        );
    }
}
