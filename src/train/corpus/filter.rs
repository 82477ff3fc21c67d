//! Filters: each looks at one cleaned pair and says whether it would teach something wrong.
//!
//! The language-specific ones know English and Chinese; any other language passes them.

use super::config::{FilterConfig, OriginConfig};
use super::numbers::numbers_agree;
use super::script::{Census, census, is_han, is_latin, is_traditional, units};
use crate::format::manifest::same_language;
use crate::text::language::{is_chinese, is_english};

/// Why a pair was left out. The order is the order in which the filters run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The line does not have the configured columns.
    Malformed,
    /// The alignment score is below the origin's limit.
    Score,
    /// A side has no text.
    Empty,
    /// A side has more bytes, words or subwords than wanted, or fewer words.
    Length,
    /// Both sides are the same.
    Identical,
    /// Control, replacement or private-use characters, or doubly encoded UTF-8.
    Mojibake,
    /// A side is not in the script of its language.
    Script,
    /// Traditional instead of Simplified Chinese.
    Traditional,
    /// Whole English phrases stand in the Chinese side.
    Untranslated,
    /// Addresses, markup, placeholders or program text.
    Markup,
    /// The same character or word over and over.
    Repetition,
    /// Brackets or quotation marks that only one side opens or closes.
    Unbalanced,
    /// A speaker's name that only one side has.
    Speaker,
    /// The sides differ too much in length.
    Ratio,
    /// Numbers that only one side has.
    Numbers,
    /// No sentence, in an origin that should hold sentences.
    Fragment,
    /// A description of a word rather than a translation of it.
    Gloss,
    /// The same pair, or enough pairs with the same source or target side, came before.
    Duplicate,
    /// The origin's quota is used up.
    Quota,
}

/// One side of a pair with what several filters need to know about it.
struct Side<'a> {
    text: &'a str,
    language: &'a str,
    census: Census,
    units: usize,
}

impl<'a> Side<'a> {
    fn new(text: &'a str, language: &'a str) -> Self {
        Self {
            text,
            language,
            census: census(text),
            units: units(text),
        }
    }
}

/// Judges a cleaned pair: `None` keeps it.
#[must_use]
pub fn judge(
    source: (&str, &str),
    target: (&str, &str),
    score: Option<f32>,
    options: &OriginConfig,
    limits: &FilterConfig,
) -> Option<Reason> {
    if let (Some(score), Some(lowest)) = (score, options.min_score)
        && score < lowest
    {
        return Some(Reason::Score);
    }
    if source.0.is_empty() || target.0.is_empty() {
        return Some(Reason::Empty);
    }
    if source.0.len().max(target.0.len()) > limits.max_bytes {
        return Some(Reason::Length);
    }
    let sides = [Side::new(source.0, source.1), Side::new(target.0, target.1)];
    let [a, b] = &sides;
    let longest = a.units.max(b.units);
    let too_long = options.max_words.is_some_and(|most| longest > most);
    if too_long || a.units.min(b.units) < options.min_words {
        return Some(Reason::Length);
    }
    if a.text == b.text {
        return Some(Reason::Identical);
    }
    let either = |test: fn(&Side) -> bool| sides.iter().any(test);
    let (english, chinese) = if is_chinese(a.language) {
        (b, a)
    } else {
        (a, b)
    };
    let tests: [(Reason, &dyn Fn() -> bool); 12] = [
        (Reason::Mojibake, &|| either(is_mojibake)),
        (Reason::Script, &|| either(is_wrong_script)),
        (Reason::Traditional, &|| {
            either(|s| same_language(s.language, "zh") && is_traditional(s.text))
        }),
        (Reason::Untranslated, &|| {
            either(|s| is_chinese(s.language) && is_untranslated(s.text))
        }),
        (Reason::Markup, &|| either(|s| is_markup(s.text))),
        (Reason::Repetition, &|| either(|s| is_repetitive(s.text))),
        (Reason::Unbalanced, &|| balance(a.text) != balance(b.text)),
        (Reason::Speaker, &|| one_has_speaker(a.text, b.text)),
        (Reason::Ratio, &|| {
            !ratio_fits(english, chinese, limits.length_ratio)
        }),
        (Reason::Numbers, &|| {
            !numbers_agree(english.text, chinese.text)
        }),
        (Reason::Fragment, &|| {
            options.sentences_only && is_fragment(english)
        }),
        (Reason::Gloss, &|| {
            options.first_sense && is_gloss(english.text, chinese.text)
        }),
    ];
    tests
        .iter()
        .find(|(_, test)| test())
        .map(|(reason, _)| *reason)
}

fn is_mojibake(side: &Side) -> bool {
    side.text
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{fffd}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}'))
        || ["Ã©", "Ã¨", "â€", "Â ", "锟斤拷", "烫烫烫", "ï¼"]
            .iter()
            .any(|m| side.text.contains(m))
}

/// English needs a Latin letter, no Han and no third script; Chinese needs Han characters, and no more English among them
/// than [`is_mostly_english`] allows.
fn is_wrong_script(side: &Side) -> bool {
    let Census {
        han, latin, other, ..
    } = side.census;
    if is_english(side.language) {
        latin == 0 || han > 0 || other > 0
    } else if is_chinese(side.language) {
        han == 0 || other > 0 || is_mostly_english(side)
    } else {
        false
    }
}

/// Words that few names and terms contain: among Han characters they show English that was left as it was.
const FUNCTION_WORDS: [&str; 40] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "can", "do", "for", "from", "has",
    "have", "he", "her", "his", "in", "is", "it", "its", "my", "not", "of", "on", "or", "our",
    "she", "that", "the", "their", "they", "this", "to", "was", "we", "with", "you", "your",
];

/// Whether a Chinese side has too many Latin letters for its Han characters. Names and terms may be long ("我是Carrie
/// Anne"), lower-case words less so, and with an English function word among them hardly at all.
fn is_mostly_english(side: &Side) -> bool {
    let Census { han, latin, .. } = side.census;
    let words = || {
        side.text
            .split(|c: char| !is_latin(c))
            .filter(|word| word.starts_with(char::is_lowercase))
    };
    let lower_case: usize = words().map(|word| word.chars().count()).sum();
    let most = if words().any(|word| FUNCTION_WORDS.contains(&word)) {
        2
    } else {
        12
    };
    latin > most * han || lower_case > 4 * han
}

/// Five words of Latin letters in a row.
fn is_untranslated(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphabetic() || matches!(c, ' ' | '\'' | ',' | '.');
    text.split(|c| !plain(c))
        .any(|run| run.split_whitespace().count() >= 5)
}

fn is_markup(text: &str) -> bool {
    const MARKS: [&str; 38] = [
        "://", "www.", "```", "`", "{{", "}}", "</", "/>", "&lt;", "&gt;", "&amp;", "&nbsp;",
        "&quot;", "](", "][", "$$", "\\n", "\\u", "\\\\", "==", "=>", "->", "::", "();", "()",
        "!!!!", "| ", " |", "__", "**", "~~", "%s", "%d", "%1", "${", "<br", "<<", ">>",
    ];
    if MARKS.iter().any(|mark| text.contains(mark)) {
        return true;
    }
    let symbols = text
        .chars()
        .filter(|c| {
            matches!(
                c,
                '{' | '}'
                    | '['
                    | ']'
                    | '<'
                    | '>'
                    | '='
                    | '_'
                    | '\\'
                    | '|'
                    | '$'
                    | '#'
                    | '^'
                    | '~'
                    | '@'
                    | '*'
            )
        })
        .count();
    let tag = text
        .match_indices('<')
        .any(|(i, _)| text[i + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/'));
    // One symbol in a sentence ("C#", "$5", "a@b") is language; several are not.
    tag || symbols >= 3
        || (symbols > 0 && symbols * 8 > text.chars().count())
        || text.contains(['_', '\\', '|', '{', '}', '^'])
}

/// A character five times in a row (full stops and dashes more often), or a word four times.
fn is_repetitive(text: &str) -> bool {
    let mut run = 0;
    let mut last = '\0';
    for c in text.chars() {
        run = if c == last { run + 1 } else { 1 };
        last = c;
        let most = if c.is_ascii_digit() || matches!(c, '.' | '…' | '-' | '—') {
            7
        } else {
            4
        };
        if run > most {
            return true;
        }
    }
    let words: Vec<&str> = text
        .split([' ', ',', '，'])
        .filter(|w| !w.is_empty())
        .collect();
    words
        .windows(4)
        .any(|w| w.iter().all(|word| word.eq_ignore_ascii_case(w[0])))
}

/// Whether round brackets and double quotation marks are balanced.
fn balance(text: &str) -> (i32, bool) {
    let mut depth = 0;
    let mut quotes = 0;
    for c in text.chars() {
        match c {
            '(' | '（' => depth += 1,
            ')' | '）' => depth -= 1,
            '"' | '“' | '”' => quotes += 1,
            _ => {}
        }
    }
    (depth, quotes % 2 == 0)
}

/// A speaker's name before one side, and no colon at all on the other.
fn one_has_speaker(a: &str, b: &str) -> bool {
    let colon = |text: &str| text.contains([':', '：']);
    (has_speaker(a) && !colon(b)) || (has_speaker(b) && !colon(a))
}

/// "Guest 1: ..." or "Stan Smith：..." at the start.
fn has_speaker(text: &str) -> bool {
    let Some(colon) = text.find([':', '：']) else {
        return false;
    };
    let name = &text[..colon];
    let words = name.split(' ').count();
    words <= 3
        && name.len() <= 30
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name
            .split(' ')
            .all(|w| w.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit()))
        && !name.chars().any(is_han)
}

fn ratio_fits(english: &Side, chinese: &Side, [low, high]: [f32; 2]) -> bool {
    let ratio = (chinese.units as f32 + 3.0) / (english.units as f32 + 3.0);
    (low..=high).contains(&ratio)
}

/// Words that no English sentence ends with.
const DANGLING: [&str; 44] = [
    "a", "an", "the", "of", "to", "and", "or", "but", "my", "your", "his", "her", "its", "our",
    "their", "is", "are", "was", "were", "be", "been", "with", "from", "for", "at", "by", "as",
    "if", "because", "that", "which", "who", "when", "where", "than", "so", "very", "too", "not",
    "will", "would", "should", "into", "has",
];

fn is_fragment(english: &Side) -> bool {
    let text = english.text;
    let last = text
        .rsplit(' ')
        .next()
        .unwrap_or(text)
        .trim_end_matches(['.', ',', '?', '!']);
    let asks = text.ends_with('?');
    english.units < 4
        || text.starts_with(|c: char| c.is_lowercase())
        || text.ends_with([',', ':', ';', '-'])
        || (!asks && DANGLING.contains(&last.to_ascii_lowercase().as_str()))
}

/// Dictionary entries that explain instead of translating.
fn is_gloss(english: &str, chinese: &str) -> bool {
    const MARKS: [&str; 30] = [
        "variant of",
        "abbr.",
        "surname ",
        "see ",
        "used in",
        "used to",
        "sb",
        "sth",
        "CL:",
        "euphemism",
        "lit.",
        "fig.",
        "idiom",
        "erhua",
        "pr.",
        "e.g.",
        "i.e.",
        "classical",
        "dialect",
        "same as",
        "also written",
        "equivalent",
        "radical",
        "Kangxi",
        "(old)",
        "loanword",
        "county",
        "prefecture",
        "district",
        "...",
    ];
    let lower = english.to_ascii_lowercase();
    MARKS
        .iter()
        .any(|mark| lower.contains(&mark.to_ascii_lowercase()))
        || units(english) > 4
        || chinese.contains(['…', '.', '；', ';', '=', '＝', ':', '：'])
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
