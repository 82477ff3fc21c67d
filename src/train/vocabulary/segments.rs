//! Where no piece may reach across: spaces, changes of script, punctuation, digits.

use crate::train::corpus::script::{is_han, is_latin};

/// U+2581, the mark that stands for a space in pieces.
pub const SPACE: char = '▁';

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Han,
    Latin,
    OtherLetter,
    /// Each digit alone, so that numbers are copied digit by digit.
    Digit,
    /// A run of one mark ("...", "——") may be a piece, two different marks may not.
    Mark(char),
}

fn class(c: char) -> Class {
    if is_han(c) {
        Class::Han
    } else if is_latin(c) {
        Class::Latin
    } else if c.is_numeric() {
        Class::Digit
    } else if c.is_alphabetic() {
        Class::OtherLetter
    } else {
        Class::Mark(c)
    }
}

/// Longest segment in characters: keeps products of probabilities away from underflow.
const LONGEST: usize = 32;

/// Calls `each` with the segments of a sentence, spaces written as a leading [`SPACE`].
///
/// An apostrophe between letters belongs to the word, so that "n't" and "'s" can be pieces.
pub fn for_each(sentence: &str, mut each: impl FnMut(&str)) {
    let mut segment = String::new();
    for word in sentence.split_whitespace() {
        segment.push(SPACE);
        let mut length = 0;
        let mut last: Option<Class> = None;
        let mut chars = word.chars().peekable();
        while let Some(c) = chars.next() {
            let mut class = class(c);
            let letters = last == Some(Class::Latin) && chars.peek().is_some_and(|&c| is_latin(c));
            if c == '\'' && letters {
                class = Class::Latin;
            }
            let cut =
                last.is_some_and(|last| last != class) || class == Class::Digit && last.is_some();
            if cut || length == LONGEST {
                each(&segment);
                segment.clear();
                length = 0;
            }
            segment.push(c);
            length += 1;
            last = Some(class);
        }
        each(&segment);
        segment.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts() {
        for (text, expected) in [
            ("I don't know.", vec!["▁I", "▁don't", "▁know", "."]),
            (
                "in 2024, \"ok\"",
                vec!["▁in", "▁2", "0", "2", "4", ",", "▁\"", "ok", "\""],
            ),
            ("我们用iPhone。", vec!["▁我们用", "iPhone", "。"]),
            ("嗯……好！？", vec!["▁嗯", "……", "好", "！", "？"]),
            ("well-known  'tis", vec!["▁well", "-", "known", "▁'", "tis"]),
            ("", vec![]),
        ] {
            let mut segments = Vec::new();
            for_each(text, |s| segments.push(s.to_owned()));
            assert_eq!(segments, expected, "{text}");
        }
    }

    #[test]
    fn long_runs_are_bounded() {
        let mut longest = 0;
        for_each(&"长".repeat(1000), |s| {
            longest = longest.max(s.chars().count());
        });
        assert!(longest <= LONGEST + 1);
    }
}
