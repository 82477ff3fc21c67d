//! What the model hardly knows, and would make words up for: identifiers, paths, blanks to fill in, words of other scripts. They
//! are copied.

use std::collections::HashMap;
use std::ops::Range;

use crate::text::characters::{is_han, is_latin, is_mark, is_wide_mark};
use crate::text::diacritics;
use crate::text::language::{is_chinese, is_latin_script};
use crate::text::placeholders::is_placeholder;
use crate::text::protected::{Kind, Span};

/// A run of this many ASCII letters and digits is no word: keys, hashes and encoded data are copied, and cannot slow
/// anything down. (The longest word in English dictionaries has 45 letters.)
const LONGEST_WORD: usize = 48;
/// Most words that a folder's name may have behind its first one.
const LONGEST_FOLDER: usize = 4;

/// Finds oddities in texts of a language.
pub struct Oddities<'a> {
    chinese: bool,
    latin: bool,
    /// Whether the vocabulary has a character.
    knows: &'a dyn Fn(char) -> bool,
    /// What it said.
    known: HashMap<char, bool>,
}

impl<'a> Oddities<'a> {
    pub fn new(language: &str, knows: &'a dyn Fn(char) -> bool) -> Self {
        Self {
            chinese: is_chinese(language),
            latin: is_latin_script(language),
            knows,
            known: HashMap::new(),
        }
    }

    /// Adds the oddities between `spans`. Words end at `bars`, which separate columns.
    pub fn add(&mut self, text: &str, spans: &[Span], bars: &[usize]) -> Vec<Span> {
        let mut all = Vec::with_capacity(spans.len());
        let mut bars = bars.iter().copied().peekable();
        let mut from = 0;
        let end = text.len()..text.len();
        let ends = spans.iter().map(|span| span.range.clone());
        let mut spans = spans.iter();
        for next in ends.chain(std::iter::once(end)) {
            while let Some(bar) = bars.next_if(|&bar| bar < next.start) {
                if from <= bar {
                    self.find(text, from..bar, &mut all);
                    from = text.ceil_char_boundary(bar + 1);
                }
            }
            self.find(text, from..next.start, &mut all);
            from = next.end;
            all.extend(spans.next().cloned());
        }
        all
    }

    fn find(&mut self, text: &str, range: Range<usize>, found: &mut Vec<Span>) {
        let mut at = range.start;
        for span in unreadable(text, range.clone()) {
            self.find_words(text, at..span.range.start, found);
            at = span.range.end;
            found.push(span);
        }
        self.find_words(text, at..range.end, found);
    }

    fn find_words(&mut self, text: &str, range: Range<usize>, found: &mut Vec<Span>) {
        let first = found.len();
        let mut at = range.start;
        while let Some(word) = self.next_word(text, at..range.end) {
            at = word.end;
            let core = trimmed(text, &word);
            let Some(kind) = self.kind(&text[core.clone()]) else {
                find_signs(text, word, found);
                continue;
            };
            let core = core.start..self.path_end(text, &core, range.end);
            find_signs(text, word.start..core.start, found);
            match found[first..].last_mut() {
                Some(last)
                    if (last.kind, kind) == (Kind::Foreign, Kind::Foreign)
                        && text[last.range.end..core.start]
                            .chars()
                            .all(|c| " ,，、·-'".contains(c)) =>
                {
                    last.range.end = core.end;
                }
                _ => found.push(Span {
                    range: core.clone(),
                    kind,
                }),
            }
            if core.end < at {
                find_signs(text, core.end..at, found);
            }
            at = at.max(core.end);
        }
    }

    /// The next run of characters without white space, which is all in Chinese characters or kana, or without them.
    fn next_word(&self, text: &str, range: Range<usize>) -> Option<Range<usize>> {
        let ends = |c: char| {
            c.is_whitespace() || is_wide_mark(c) || (self.chinese && is_han(c)) || is_placeholder(c)
        };
        let rest = &text[range.clone()];
        let start = rest.find(|c| !ends(c))?;
        let rest = &rest[start..];
        let joined = rest.chars().next().is_some_and(is_joined_script);
        let end = rest
            .find(|c: char| ends(c) || (!is_mark(c) && is_joined_script(c) != joined))
            .unwrap_or(rest.len());
        Some(range.start + start..range.start + start + end)
    }

    /// What a word is, if it is to be copied.
    fn kind(&mut self, word: &str) -> Option<Kind> {
        if is_code(word) {
            return Some(Kind::Code);
        }
        if word.is_ascii() {
            return None;
        }
        let foreign = |c: char| {
            let own = is_latin(c) || is_wide_form(c) || (self.chinese && is_han(c));
            c.is_alphabetic() && !own
        };
        if (self.latin || self.chinese) && word.chars().any(foreign) {
            return Some(Kind::Foreign);
        }
        let known = &mut self.known;
        let mut knows = |c: char| *known.entry(c).or_insert_with(|| (self.knows)(c));
        let mut odd = |c: char| !c.is_ascii() && c.is_alphanumeric() && !knows(c);
        let odd = word.chars().any(&mut odd) && word.chars().any(char::is_alphabetic);
        // What is read in plain letters is a word.
        let plain = |part: &str| part.is_ascii() || diacritics::is_plain(part, &mut knows);
        let read = self.latin && odd && word.split(|c: char| !c.is_alphanumeric()).all(plain);
        (odd && !read).then_some(Kind::Code)
    }

    /// Where a path ends that begins with a word: names of folders and files may have spaces, or be Chinese.
    fn path_end(&self, text: &str, word: &Range<usize>, limit: usize) -> usize {
        if !is_drive(&text[word.clone()]) {
            return word.end;
        }
        let mut end = word.end;
        while text[..end].ends_with('\\') {
            let rest = &text[end..limit];
            let behind = rest.trim_start_matches(is_han);
            if behind.len() == rest.len() || !behind.starts_with(['.', '\\']) {
                break;
            }
            let next = behind
                .find(|c: char| c.is_whitespace() || is_wide_mark(c) || is_han(c))
                .unwrap_or(behind.len());
            let grown = word.start..limit - behind.len() + next;
            end = trimmed(text, &grown).end;
        }
        let mut words = 0;
        let mut at = end;
        while let Some(next) = self.next_word(text, at..limit) {
            let part = &text[next.clone()];
            let follows = &text[at..next.start] == " "
                && part.starts_with(|c: char| c.is_uppercase() || c.is_numeric() || c == '(');
            if !follows || is_drive(part) || words == LONGEST_FOLDER {
                break;
            }
            words += 1;
            at = next.end;
            if part.contains('\\') {
                end = trimmed(text, &(word.start..at)).end;
                words = 0;
            }
            if part.ends_with([',', '.', ';', ':', '!', '?']) {
                break;
            }
        }
        end
    }
}

/// Characters that would be taken for placeholders, and runs of letters that are no words.
fn unreadable(text: &str, range: Range<usize>) -> Vec<Span> {
    let mut found = Vec::new();
    let mut run = range.start;
    let within = text[range.clone()]
        .char_indices()
        .map(|(at, c)| (range.start + at, Some(c)));
    for (at, c) in within.chain([(range.end, None)]) {
        if c.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_')) {
            continue;
        }
        if at - run >= LONGEST_WORD {
            found.push(Span {
                range: run..at,
                kind: Kind::Code,
            });
        }
        let Some(c) = c else {
            break;
        };
        run = at + c.len_utf8();
        if is_placeholder(c) {
            found.push(Span {
                range: at..run,
                kind: Kind::Placeholder,
            });
        }
    }
    found
}

/// Scripts that are written without spaces, so that a word of theirs may touch others.
fn is_joined_script(c: char) -> bool {
    is_han(c)
        || matches!(c, '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9f}')
}

/// Full-width forms of ASCII.
fn is_wide_form(c: char) -> bool {
    matches!(c, '\u{ff01}'..='\u{ff5e}')
}

/// Whether a word is an identifier, a formula, a path or a blank to fill in. A `_` at its ends may be emphasis.
fn is_code(word: &str) -> bool {
    let inner = word.trim_matches('_');
    let blank = inner.is_empty() && !word.is_empty();
    blank
        || is_drive(word)
        || word.contains("__")
        || inner.contains(['_', '|', '^'])
        || has_backslash(inner)
}

/// Whether a word has a backslash that begins a name rather than an escape, or is one.
fn has_backslash(word: &str) -> bool {
    let mut rest = word;
    while let Some(at) = rest.find('\\') {
        let length = escape(&rest[at..]);
        if length == 0 && (rest.len() > at + 1 || word.len() == 1) {
            return true;
        }
        rest = &rest[at + length.max(1)..];
    }
    false
}

/// Bytes of the escape that a text with a backslash begins with: `\"`, `\*`, `\n` before a new word.
fn escape(text: &str) -> usize {
    let mut chars = text.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('n' | 't' | 'r'), next) if !next.is_some_and(char::is_lowercase) => 2,
        (Some(c), _) if c.is_ascii_punctuation() => 2,
        _ => 0,
    }
}

/// Braces and escapes, of which the model makes words as well.
fn find_signs(text: &str, range: Range<usize>, found: &mut Vec<Span>) {
    let mut at = range.start;
    while let Some(sign) = text[at..range.end].find(['{', '}', '\\']) {
        let start = at + sign;
        let rest = &text[start..range.end];
        let length = if rest.starts_with('\\') {
            escape(rest)
        } else {
            1
        };
        at = start + length.max(1);
        if length > 0 {
            // Quotes enclose what they are about, as tags do, and lines end.
            let kind = if matches!(rest.get(..2), Some("\\\"" | "\\'" | "\\n" | "\\r" | "\\t")) {
                Kind::Markup
            } else {
                Kind::Code
            };
            found.push(Span {
                range: start..at,
                kind,
            });
        }
    }
}

/// Whether a word begins a path on a drive of Windows, or a shared one.
fn is_drive(word: &str) -> bool {
    let bytes = word.as_bytes();
    word.starts_with("\\\\")
        || (bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes[1..].starts_with(b":\\"))
}

/// A word without the quotes and brackets around it and the marks behind it.
fn trimmed(text: &str, word: &Range<usize>) -> Range<usize> {
    let whole = &text[word.clone()];
    let rest =
        whole.trim_start_matches(['"', '\'', '(', '[', '{', '“', '‘', '«', '*', '<', ',', ';']);
    let start = word.end - rest.len();
    let opens = ['(', '[', '{'].map(|opener| rest.contains(opener));
    let mut core = rest;
    while let Some(last) = core.chars().next_back() {
        let belongs = match last {
            ')' => opens[0],
            ']' => opens[1],
            '}' => opens[2],
            _ => !".,;:!?\"'”’»*…{([>".contains(last),
        };
        if belongs {
            break;
        }
        core = &core[..core.len() - last.len_utf8()];
    }
    start..start + core.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::protected;

    fn found(text: &str, language: &str) -> Vec<(Kind, String)> {
        let knows = |c| !"ïéÉ²".contains(c);
        let spans = protected::find(text);
        let all = Oddities::new(language, &knows).add(text, &spans, &[]);
        all.into_iter()
            .filter(|span| !spans.contains(span))
            .map(|span| (span.kind, text[span.range].to_owned()))
            .collect()
    }

    fn check(kind: Kind, cases: &[(&str, &str, &[&str])]) {
        for (language, text, expected) in cases {
            let expected: Vec<_> = expected
                .iter()
                .map(|part| (kind, part.to_string()))
                .collect();
            assert_eq!(found(text, language), expected, "{text}");
        }
    }

    #[test]
    fn identifiers_and_formulas() {
        check(
            Kind::Code,
            &[
                (
                    "en",
                    "Set user_name, (x^2) or \"a|b\".",
                    &["user_name", "x^2", "a|b"],
                ),
                ("en", "I ____ you: __init__", &["____", "__init__"]),
                ("en", "I _really_ like _very big_ dogs.", &[]),
                ("en", "call foo_bar(x). [a_b]", &["foo_bar(x)", "a_b"]),
                ("en", "if (x) { return y; }", &["{", "}"]),
                (
                    "en",
                    "naïve 5 m² café-bar ½ cup José's A4",
                    &["m²", "José's"],
                ),
                ("zh", "在café见", &["café"]),
                ("zh", "请输入密码：____。选择A|B|C。", &["____", "A|B|C"]),
                ("zh", "将变量user_name设为{x", &["user_name", "{"]),
                ("ru", "поле user_name и слово", &["user_name"]),
            ],
        );
    }

    #[test]
    fn paths() {
        check(
            Kind::Code,
            &[
                (
                    "en",
                    "open C:\\Users\\John\\report.txt.",
                    &["C:\\Users\\John\\report.txt"],
                ),
                (
                    "en",
                    "In C:\\Program Files (x86)\\My App\\a.exe, or D:\\ and E:\\x",
                    &["C:\\Program Files (x86)\\My App\\a.exe", "D:\\", "E:\\x"],
                ),
                ("en", "on \\\\server\\share now", &["\\\\server\\share"]),
                ("en", "in C:\\temp. The dog", &["C:\\temp"]),
                ("en", "the \\alpha and \\ sign", &["\\alpha", "\\"]),
                (
                    "zh",
                    "打开C:\\用户\\报告.txt并保存到D:\\文件夹",
                    &["C:\\用户\\报告.txt", "D:\\"],
                ),
            ],
        );
    }

    #[test]
    fn escapes() {
        check(
            Kind::Markup,
            &[(
                "en",
                "Say \\\"hello\\\" twice\\nGo",
                &["\\\"", "\\\"", "\\n"],
            )],
        );
    }

    #[test]
    fn words_of_other_scripts() {
        check(
            Kind::Foreign,
            &[
                ("en", "Hello世界!", &["世界"]),
                (
                    "en",
                    "“Привет, мир” means αx + π",
                    &["Привет, мир", "αx", "π"],
                ),
                ("en", "ＡＢＣ is ありがとう世界", &["ありがとう世界"]),
                ("zh", "俄语的привет和α粒子，ＡＢ", &["привет", "α"]),
                ("ru", "слово 世界", &[]),
            ],
        );
    }

    #[test]
    fn keys_and_placeholders() {
        let key = "k/".repeat(30);
        let text = format!("a\u{e001} {key}, `x` {key}é");
        let expected = [
            (Kind::Placeholder, "\u{e001}"),
            (Kind::Code, &key),
            (Kind::Code, &key),
        ];
        assert_eq!(
            found(&text, "en"),
            expected.map(|(kind, part)| (kind, part.to_owned()))
        );
    }
}
