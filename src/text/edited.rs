//! Text that was changed, with a record of where each part of it came from.

use std::ops::Range;

/// A changed text and a map from the byte offsets of the original to those of the change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edited {
    /// The changed text.
    pub text: String,
    /// New offset of each old byte offset, the end included: never falling, as long as the original plus one.
    pub map: Vec<usize>,
}

impl Edited {
    /// An empty edit that is ready to take `bytes` bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            map: Vec::with_capacity(bytes + 1),
        }
    }

    /// The next `old_bytes` bytes of the original become `new`.
    pub fn replace(&mut self, old_bytes: usize, new: &str) {
        self.map
            .extend(std::iter::repeat_n(self.text.len(), old_bytes));
        self.text.push_str(new);
    }

    /// The next bytes of the original are `text` and stay as they are.
    pub fn copy(&mut self, text: &str) {
        for (at, c) in text.char_indices() {
            let at = self.text.len() + at;
            self.map.extend(std::iter::repeat_n(at, c.len_utf8()));
        }
        self.text.push_str(text);
    }

    /// Closes the map when everything of the original has been taken.
    #[must_use]
    pub fn finish(mut self) -> Self {
        self.map.push(self.text.len());
        self
    }

    /// Where a range of the original ends up.
    #[must_use]
    pub fn forward(&self, old: &Range<usize>) -> Range<usize> {
        let at = |offset: usize| self.map.get(offset).copied().unwrap_or(self.text.len());
        at(old.start)..at(old.end)
    }

    /// The smallest range of the original that covers a range of the change.
    #[must_use]
    pub fn backward(&self, new: &Range<usize>) -> Range<usize> {
        let last = self.map.len().saturating_sub(1);
        let start = self
            .map
            .partition_point(|&offset| offset <= new.start)
            .saturating_sub(1);
        // Several old characters may have become one new place: the first of them counts as the start.
        let start =
            self.map[..=start.min(last)].partition_point(|&offset| offset < self.map[start]);
        let end = self.map.partition_point(|&offset| offset < new.end);
        start..end.min(last).max(start)
    }

    /// This edit followed by another of its text.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let map = self.map.iter().map(|&offset| next.map[offset]).collect();
        Self {
            text: next.text,
            map,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "a—b" with the dash spelt out and the space behind it gone.
    fn sample() -> Edited {
        let mut edited = Edited::with_capacity(8);
        edited.replace(1, "a");
        edited.replace(3, "--");
        edited.replace(1, "");
        edited.replace(1, "b");
        edited.finish()
    }

    #[test]
    fn ranges_go_both_ways() {
        let edited = sample();
        assert_eq!((edited.text.as_str(), edited.map.len()), ("a--b", 7));
        assert_eq!(edited.forward(&(1..4)), 1..3);
        assert_eq!(edited.forward(&(0..6)), 0..4);
        assert_eq!(edited.backward(&(0..1)), 0..1);
        assert_eq!(edited.backward(&(1..3)), 1..4);
        assert_eq!(edited.backward(&(3..4)), 4..6);
        assert_eq!(edited.backward(&(0..4)), 0..6);
    }

    #[test]
    fn edits_can_follow_each_other() {
        let mut second = Edited::with_capacity(4);
        second.replace(1, "A");
        second.replace(2, "");
        second.replace(1, "B");
        let both = sample().then(second.finish());
        assert_eq!(both.text, "AB");
        assert_eq!(both.forward(&(0..1)), 0..1);
        assert_eq!(both.forward(&(5..6)), 1..2);
    }
}
