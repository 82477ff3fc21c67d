//! Sentences that are too long for the model, cut where it hurts least.

use std::ops::Range;

use super::characters::{is_han, is_mark};

/// Byte ranges of the parts of a sentence, each of at most `max_tokens` tokens by `count`: cut behind clause punctuation
/// where possible, else at white space or between Chinese characters, else anywhere but inside a character.
///
/// The ranges are in order, neither begin nor end with white space, and leave out nothing but white space. Only a single
/// character that is more than `max_tokens` tokens on its own makes a longer piece.
pub fn pieces(
    sentence: &str,
    max_tokens: usize,
    count: impl Fn(&str) -> usize,
) -> Vec<Range<usize>> {
    let mut cutter = Cutter::new(max_tokens);
    std::iter::from_fn(|| cutter.next(sentence, &count)).collect()
}

/// Cuts a sentence piece by piece, for those who need not have all of them at once: see [`pieces`].
#[derive(Clone, Debug)]
pub struct Cutter {
    max_tokens: usize,
    /// How much is likely to fit, in bytes.
    guess: usize,
    /// Where the rest begins.
    at: usize,
}

impl Cutter {
    /// At the start of a sentence.
    #[must_use]
    pub fn new(max_tokens: usize) -> Self {
        Self {
            max_tokens,
            // The length of English subwords, for a start.
            guess: max_tokens.saturating_mul(4).max(16),
            at: 0,
        }
    }

    /// The next piece of `sentence`, which must be the same every time.
    ///
    /// `count` is asked about stretches not much longer than a piece, a few times for each, so that the time stays
    /// proportional to the length of the sentence.
    pub fn next(&mut self, sentence: &str, count: impl Fn(&str) -> usize) -> Option<Range<usize>> {
        let fits = |text: &str| count(text) <= self.max_tokens;
        let rest = sentence[self.at..].trim_start();
        if rest.is_empty() {
            return None;
        }
        let fitting = fitting_prefix(rest, self.guess, fits);
        let mut end = if fitting == rest.len() {
            fitting
        } else {
            cut(rest, fitting)
        };
        // More text is nearly always more tokens, but a word cut in two may count more than the whole.
        while end > first_character(rest) && !fits(rest[..end].trim_end()) {
            end = cut(rest, end / 2);
        }
        let start = sentence.len() - rest.len();
        self.guess = fitting.max(16);
        self.at = start + end;
        Some(start..start + rest[..end].trim_end().len())
    }
}

/// Bytes of a prefix that fits and is at least seven eighths of the longest one, at least one character.
fn fitting_prefix(text: &str, guess: usize, fits: impl Fn(&str) -> bool) -> usize {
    let mut low = first_character(text);
    let mut high = None;
    let mut probe = guess;
    while high.is_none_or(|high| high - low > low / 8) {
        let end = text.floor_char_boundary(probe);
        if end <= low {
            break;
        }
        if !fits(&text[..end]) {
            high = Some(end);
        } else if end == text.len() {
            return end;
        } else {
            low = end;
        }
        probe = high.map_or(low.saturating_mul(2), |high| low.midpoint(high));
    }
    low
}

fn first_character(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// The best place to cut within the first `limit` bytes: the last one of the best kind, not too near the start.
fn cut(text: &str, limit: usize) -> usize {
    // The last two pieces of a sentence should be of a size, not a long one and a crumb.
    let [far, near] = [text.len() / 4 * 3, text.len().div_ceil(2)]
        .map(|most| text.floor_char_boundary(limit.min(most)));
    let places = |limit: usize| {
        let ends = text[..limit].char_indices().rev();
        ends.map(|(at, c)| (at + c.len_utf8(), c))
            .take_while(move |&(end, _)| end > limit / 4)
            .filter(|&(end, _)| !sticks(text, end))
    };
    let next = |end: usize| text[end..].chars().next().unwrap_or(' ');
    let clause = || places(far).find(|&(end, c)| ends_clause(c, next(end)));
    let word = || {
        places(near).find(|&(end, c)| {
            let next = next(end);
            c.is_whitespace() || next.is_whitespace() || (is_han(c) && is_han(next))
        })
    };
    clause()
        .or_else(word)
        .or_else(|| places(near).next())
        .map_or(near, |(end, _)| end)
        .max(first_character(text))
}

/// Whether a clause ends between two characters.
fn ends_clause(c: char, next: char) -> bool {
    match c {
        '，' | '；' | '：' | '、' | '。' | '！' | '？' | '…' => {
            !matches!(next, '”' | '’' | '」' | '』' | '）' | '…')
        }
        ',' | ';' | ':' | ')' | '.' | '!' | '?' | '–' | '—' => next.is_whitespace(),
        '”' | '」' | '』' | '）' => true,
        _ => false,
    }
}

/// Whether the characters on both sides of an offset make one visible character, such as a letter and its accent.
fn sticks(text: &str, at: usize) -> bool {
    text[at..].chars().next().is_some_and(is_mark) || text[..at].ends_with('\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fuzz::{Fuzz, assert_covers};
    use std::cell::Cell;

    /// One token for each word and each Chinese character, and one for every five further letters of a word.
    fn count(text: &str) -> usize {
        let han = text.chars().filter(|&c| is_han(c)).count();
        let words = text.split(|c: char| c.is_whitespace() || is_han(c));
        han + words
            .map(|word| word.chars().count().div_ceil(5))
            .sum::<usize>()
    }

    fn cut_up(text: &str, max_tokens: usize) -> Vec<&str> {
        let ranges = pieces(text, max_tokens, count);
        ranges.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn tables() {
        for (text, max_tokens, expected) in [
            ("", 4, vec![]),
            ("  ", 4, vec![]),
            ("one two", 4, vec!["one two"]),
            (
                "one two, three four five",
                4,
                vec!["one two,", "three four five"],
            ),
            ("one two three four", 2, vec!["one two", "three four"]),
            ("春天来了，花开了", 5, vec!["春天来了，", "花开了"]),
            ("春天来了花开了", 4, vec!["春天来", "了花开了"]),
            ("abcdefghijkl", 2, vec!["abcdef", "ghijkl"]),
            ("e\u{301}e\u{301}", 0, vec!["e", "\u{301}", "e", "\u{301}"]),
        ] {
            assert_eq!(cut_up(text, max_tokens), expected, "{text}");
        }
    }

    #[test]
    fn nasty_texts_are_covered() {
        let mut fuzz = Fuzz::new(11);
        for _ in 0..3000 {
            let text = fuzz.text(40);
            let max_tokens = fuzz.number(0..12);
            let ranges = pieces(&text, max_tokens, count);
            assert_covers(&text, &ranges);
            for range in ranges {
                let piece = &text[range];
                assert!(
                    count(piece) <= max_tokens || piece.chars().count() == 1,
                    "{piece:?} of {text:?}"
                );
            }
        }
    }

    #[test]
    fn work_is_proportional_to_length() {
        let word = "x".repeat(20_000);
        let chinese = "汉".repeat(300_000);
        let english = "some words, ".repeat(90_000);
        let accents = format!("a{}", "\u{301}".repeat(100_000));
        let spaces = format!("a{}b", " ".repeat(1_000_000));
        for text in [&word, &chinese, &english, &accents, &spaces] {
            let counted = Cell::new(0);
            let ranges = pieces(text, 100, |part| {
                counted.set(counted.get() + part.len());
                count(part)
            });
            assert_covers(text, &ranges);
            assert!(counted.get() < 20 * text.len(), "{}", counted.get());
        }
    }
}
