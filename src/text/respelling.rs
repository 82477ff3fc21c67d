//! Other spellings of a language than the one that a model was trained on, and what it reads instead of them.
//!
//! A weights file may carry such a table for its source language, as SentencePiece models carry a map of characters: Chinese in
//! Traditional characters is read as [Simplified](super::simplified). Each line is a word, a tab, and what is read, in the order of
//! their bytes; the longest word that fits is taken. Characters have as many bytes of UTF-8 on both sides, so that text keeps its
//! places.

use super::placeholders::is_placeholder;
use crate::error::{Error, Result};

/// A table of spellings.
#[derive(Clone, Debug)]
pub struct Respelling {
    /// Word and spelling, one behind the other and equally long, in ascending order.
    entries: Vec<String>,
}

impl Respelling {
    /// Reads and checks a table.
    ///
    /// # Errors
    /// [`Error::Weights`] naming the line that is not sound.
    pub fn parse(table: &[u8]) -> Result<Self> {
        let mut entries: Vec<String> = Vec::new();
        for (number, line) in String::from_utf8_lossy(table).lines().enumerate() {
            let sound = line.split_once('\t').is_some_and(|(word, read)| {
                let lengths = |side: &str| side.chars().map(char::len_utf8).collect::<Vec<_>>();
                lengths(word) == lengths(read)
                    && !read.contains('\t')
                    && !line.contains(|c| is_placeholder(c) || c == char::REPLACEMENT_CHARACTER)
                    && entries.last().map_or("", |last| sides(last).0) < word
            });
            if !sound {
                return Err(Error::Weights(format!(
                    "line {} of its table of spellings is not sound",
                    number + 1
                )));
            }
            entries.push(line.replace('\t', ""));
        }
        Ok(Self { entries })
    }

    /// The text that is read instead of a text. Every byte keeps its place.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        let mut spelt = String::with_capacity(text.len());
        while let Some(first) = text[spelt.len()..].chars().next() {
            let rest = &text[spelt.len()..];
            let end = self.entries.partition_point(|entry| sides(entry).0 <= rest);
            // Of the words that `rest` begins with, the longest comes last.
            let found = self.entries[..end]
                .iter()
                .rev()
                .map(|entry| sides(entry))
                .take_while(|(word, _)| word.starts_with(first))
                .find(|(word, _)| rest.starts_with(word));
            match found {
                Some((_, read)) => spelt.push_str(read),
                None => spelt.push(first),
            }
        }
        spelt
    }
}

/// Word and spelling of an entry.
fn sides(entry: &str) -> (&str, &str) {
    entry.split_at(entry.len() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fuzz::Fuzz;

    #[test]
    fn the_longest_word_is_taken() {
        let table = Respelling::parse("a\tb\nabc\tABC\nad\tXX\n乾\t干\n乾隆\t乾隆\n".as_bytes());
        let table = table.unwrap();
        for (text, expected) in [
            ("", ""),
            ("a", "b"),
            ("ab abc abcd", "bb ABC ABCd"),
            ("adad", "XXXX"),
            ("乾隆擦乾", "乾隆擦干"),
            ("乾", "干"),
            ("é🎉", "é🎉"),
        ] {
            assert_eq!(table.apply(text), expected, "{text}");
        }
        assert_eq!(Respelling::parse(b"").unwrap().apply("a"), "a");
    }

    #[test]
    fn unsound_tables_are_refused() {
        for (table, line) in [
            (&b"a"[..], 1),
            (b"\n", 1),
            (b"\t", 1),
            (b"a\tbc", 1),
            ("乾\tabc".as_bytes(), 1),
            ("aé\téa".as_bytes(), 1),
            (b"a\tb\tc", 1),
            (b"a\0\tb\t", 1),
            (b"b\ta\na\tb", 2),
            (b"a\tb\na\tc", 2),
            ("乾\t\u{e000}".as_bytes(), 1),
            (b"a\tb\nc\t\xff", 2),
        ] {
            let error = Respelling::parse(table).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line} of")), "{error}");
        }
    }

    #[test]
    fn bytes_keep_their_places() {
        let table = Respelling::parse(crate::text::simplified::TABLE.as_bytes()).unwrap();
        let mut fuzz = Fuzz::new(11);
        for _ in 0..2_000 {
            let text = fuzz.text(20);
            let spelt = table.apply(&text);
            let places = |text: &str| text.char_indices().map(|(at, _)| at).collect::<Vec<_>>();
            assert_eq!(places(&spelt), places(&text), "{text:?}");
            assert_eq!(table.apply(&spelt), spelt, "{text:?}");
        }
    }
}
