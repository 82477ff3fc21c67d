//! Mentions of people: `@name`.

use std::ops::Range;

use crate::text::characters::{is_han, is_wide_mark};

/// Longest name in Chinese characters, and longest one that is thought to end before a particle.
const LONGEST: [usize; 2] = [6, 4];
/// What may go on behind a Chinese name.
const PARTICLES: &str = "的和与请你您说在是看帮给来去把能";

/// The mention whose `@` is at `at`.
pub fn at(text: &str, at: usize, free: usize) -> Option<Range<usize>> {
    let apart =
        |c: char| c.is_whitespace() || is_han(c) || is_wide_mark(c) || "([{\"'“‘,.!?:;".contains(c);
    let before = text[free..at].chars().next_back();
    if before.is_some_and(|c| !apart(c)) {
        return None;
    }
    let rest = &text[at + 1..];
    let length = if rest.starts_with(is_han) {
        let window = rest.chars().take(LONGEST[0] + 1);
        let name: Vec<char> = window.take_while(|c| c.is_alphanumeric()).collect();
        let particle = name.iter().skip(2).position(|&c| PARTICLES.contains(c));
        let (count, most) = match particle {
            Some(at) => (2 + at, LONGEST[1]),
            None => (name.len(), LONGEST[0]),
        };
        if count > most {
            return None;
        }
        name[..count].iter().map(|c| c.len_utf8()).sum()
    } else {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let name = rest.len() - rest.trim_start_matches(is_name).len();
        rest[..name].trim_end_matches(['.', '-']).len()
    };
    rest[..length]
        .contains(char::is_alphabetic)
        .then_some(at..at + 1 + length)
}
