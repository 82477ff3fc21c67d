//! The tokenisers of sacreBLEU, on which BLEU scores depend.

use crate::text::language;

/// How text is cut into the words that BLEU counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokeniser {
    /// `13a`: the rules of mteval-v13a, for languages with spaces between words.
    Mteval13a,
    /// `zh`: each Chinese character is a word, the rest follows the rules of mteval.
    Chinese,
}

impl Tokeniser {
    /// sacreBLEU's choice for a target language, given as a BCP 47 tag.
    #[must_use]
    pub fn for_language(tag: &str) -> Self {
        if language::is_chinese(tag) {
            Self::Chinese
        } else {
            Self::Mteval13a
        }
    }

    /// sacreBLEU's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mteval13a => "13a",
            Self::Chinese => "zh",
        }
    }

    /// The tokeniser that sacreBLEU calls by this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Mteval13a, Self::Chinese]
            .into_iter()
            .find(|tokeniser| tokeniser.name() == name)
    }

    /// The words of a segment.
    #[must_use]
    pub fn tokenise(self, segment: &str) -> Vec<String> {
        let segment = segment.trim_end_matches(is_python_space);
        let prepared: Vec<char> = match self {
            Self::Mteval13a => {
                let mut text = segment
                    .replace("<skipped>", "")
                    .replace("-\n", "")
                    .replace('\n', " ");
                for (entity, character) in [
                    ("&quot;", "\""),
                    ("&amp;", "&"),
                    ("&lt;", "<"),
                    ("&gt;", ">"),
                ] {
                    text = text.replace(entity, character);
                }
                std::iter::once(' ')
                    .chain(text.chars())
                    .chain([' '])
                    .collect()
            }
            Self::Chinese => segment
                .trim_start_matches(is_python_space)
                .chars()
                .flat_map(|c| {
                    let space = is_chinese(c).then_some(' ');
                    space.into_iter().chain([c]).chain(space)
                })
                .collect(),
        };
        split_words(&separate_punctuation(&prepared))
    }
}

/// What Python's `str.split` and `str.strip` take for white space: Unicode's, and four ASCII separators.
pub(super) fn is_python_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

fn split_words(text: &[char]) -> Vec<String> {
    text.split(|&c| is_python_space(c))
        .filter(|word| !word.is_empty())
        .map(|word| word.iter().collect())
        .collect()
}

/// The four substitutions of mteval, each over the result of the one before, without overlapping matches.
fn separate_punctuation(text: &[char]) -> Vec<char> {
    let point = |c: char| matches!(c, '.' | ',');
    let digit = |c: char| c.is_ascii_digit();
    // All ASCII punctuation but ' , - . which need to be seen together with their neighbours.
    let text: Vec<char> = text
        .iter()
        .flat_map(|&c| match c {
            ' '..='&' | '('..='+' | '/' | ':'..='@' | '['..='`' | '{'..='~' => vec![' ', c, ' '],
            _ => vec![c],
        })
        .collect();
    // Period and comma unless preceded by a digit, then unless followed by one, then a dash preceded by a digit.
    let text = replace_pairs(
        &text,
        |a, b| !digit(a) && point(b),
        |a, b| [a, ' ', b, ' '].to_vec(),
    );
    let text = replace_pairs(
        &text,
        |a, b| point(a) && !digit(b),
        |a, b| [' ', a, ' ', b].to_vec(),
    );
    replace_pairs(
        &text,
        |a, b| digit(a) && b == '-',
        |a, b| [a, ' ', b, ' '].to_vec(),
    )
}

/// Replaces adjacent characters from left to right; a replaced pair is not looked at again.
fn replace_pairs(
    text: &[char],
    matches: impl Fn(char, char) -> bool,
    replacement: impl Fn(char, char) -> Vec<char>,
) -> Vec<char> {
    let mut result = Vec::with_capacity(text.len() * 2);
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        match tail {
            [second, after @ ..] if matches(*first, *second) => {
                result.extend(replacement(*first, *second));
                rest = after;
            }
            _ => {
                result.push(*first);
                rest = tail;
            }
        }
    }
    result
}

/// What sacreBLEU 2 takes for a Chinese character.
///
/// Its table names CJK extension B as `'\u20000'..'\u2a6d6'`, which Python reads as two characters each; compared as
/// strings, that range is U+2001..=U+2A6D, so that dashes, curly quotes, arrows and symbols are split off, and extension
/// B is not. Scores are only comparable if the same is done here.
fn is_chinese(c: char) -> bool {
    matches!(c,
        '\u{2001}'..='\u{2a6d}'
        | '\u{2e80}'..='\u{2eff}'
        | '\u{2f00}'..='\u{2fdf}'
        | '\u{2ff0}'..='\u{303f}'
        | '\u{3100}'..='\u{312f}'
        | '\u{31a0}'..='\u{31bf}'
        | '\u{31c0}'..='\u{31ef}'
        | '\u{3200}'..='\u{33ff}'
        | '\u{3400}'..='\u{4db5}'
        | '\u{4e00}'..='\u{9fbb}'
        | '\u{f900}'..='\u{fa2d}'
        | '\u{fa30}'..='\u{fa6a}'
        | '\u{fa70}'..='\u{fad9}'
        | '\u{fe10}'..='\u{fe1f}'
        | '\u{fe30}'..='\u{fe4f}'
        | '\u{ff00}'..='\u{ffef}')
}
