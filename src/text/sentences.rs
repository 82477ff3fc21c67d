//! Text into sentences, and sentences that are too long for the model into pieces.

use std::ops::Range;

use super::{
    abbreviations::{self, LONGEST, Stop},
    characters::{is_han, is_line_break},
    language::is_chinese,
};

pub use super::pieces::{Cutter, pieces};

/// Byte ranges of the sentences of a text in a language (a BCP 47 tag), in order.
///
/// A range begins and ends with something other than white space and never spans a line break; between two ranges, and
/// before the first and after the last, there is nothing but white space.
#[must_use]
pub fn split(text: &str, language: &str) -> Vec<Range<usize>> {
    let chinese = is_chinese(language);
    let mut sentences = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive(is_line_break) {
        Line::new(line, start, chinese).split(&mut sentences);
        start += line.len();
    }
    sentences
}

/// A line that is being split.
struct Line<'a> {
    text: &'a str,
    /// Where the line stands in the whole text.
    offset: usize,
    /// Whether Chinese marks that only separate clauses elsewhere end sentences.
    chinese: bool,
    /// Where the sentence under way begins: not at white space.
    start: usize,
    /// An odd number of straight double quotes has gone by: the next one closes.
    quoted: bool,
}

impl<'a> Line<'a> {
    fn new(text: &'a str, offset: usize, chinese: bool) -> Self {
        Self {
            text,
            offset,
            chinese,
            start: 0,
            quoted: false,
        }
    }

    fn split(mut self, sentences: &mut Vec<Range<usize>>) {
        self.start = self.run(0, char::is_whitespace);
        let mut at = self.start;
        while let Some(c) = self.text[at..].chars().next() {
            if !self.is_terminator(c) {
                self.quoted ^= c == '"';
                at += c.len_utf8();
                continue;
            }
            let marks = at..at + self.run(at, |c| self.is_terminator(c));
            at = marks.end + self.closers(marks.end);
            if self.is_boundary(&marks, at) {
                self.push(at, sentences);
                at += self.run(at, char::is_whitespace);
                self.start = at;
            }
        }
        self.push(self.text.len(), sentences);
    }

    /// The sentence under way ends at `end`.
    fn push(&self, end: usize, sentences: &mut Vec<Range<usize>>) {
        let length = self.text[self.start..end].trim_end().len();
        if length > 0 {
            let start = self.offset + self.start;
            sentences.push(start..start + length);
        }
    }

    fn is_terminator(&self, c: char) -> bool {
        matches!(c, '.' | '!' | '?' | '…' | '‽') || is_wide_terminator(c, self.chinese)
    }

    /// Bytes from `at` on whose characters are all in a class.
    fn run(&self, at: usize, class: impl Fn(char) -> bool) -> usize {
        let rest = &self.text[at..];
        rest.len() - rest.trim_start_matches(class).len()
    }

    /// Bytes of the quotes and brackets that close at `at`.
    fn closers(&mut self, at: usize) -> usize {
        let mut length = 0;
        for c in self.text[at..].chars() {
            let closes = match c {
                '"' => self.quoted,
                '\'' | ')' | ']' | '}' | '”' | '’' | '»' | '」' | '』' | '）' | '】' | '》'
                | '〉' | '］' | '｣' | '〟' => true,
                _ => false,
            };
            if !closes {
                break;
            }
            self.quoted ^= c == '"';
            length += c.len_utf8();
        }
        length
    }

    /// Whether a sentence ends with the terminators at `marks` and the closing quotes and brackets up to `end`.
    fn is_boundary(&self, marks: &Range<usize>, end: usize) -> bool {
        let rest = &self.text[end..];
        let next = rest.chars().next();
        if next.is_none_or(char::is_whitespace) {
            return self.is_spaced_boundary(marks, end);
        }
        let continues = matches!(
            next,
            Some('，' | '、' | '；' | '：' | ',' | ';' | ':' | '。')
        );
        let run = &self.text[marks.clone()];
        let before = self.text[..marks.start].chars().next_back();
        let next_han = next.is_some_and(is_han);
        let ends = if run.chars().any(|c| is_wide_terminator(c, self.chinese)) {
            run != "．" || !self.is_list_marker(self.word_before(marks.start), marks.start)
        } else if run.contains('…') {
            self.chinese && run.chars().count() > 1
        } else if run.contains('!') {
            next_han
        } else {
            // Between Latin letters a full stop or a question mark belongs to an address or a number.
            next_han && before.is_some_and(is_han)
        };
        ends && !continues && !self.is_aside(end)
    }

    /// Whether the text before `end` closes a bracket that opened within the sentence: the sentence goes on behind it.
    fn is_aside(&self, end: usize) -> bool {
        let open = match self.text[..end].chars().next_back() {
            Some(')') => '(',
            Some('）') => '（',
            _ => return false,
        };
        !self.text[self.start..end].starts_with(open)
    }

    /// [`Self::is_boundary`] before white space or the end of the line.
    fn is_spaced_boundary(&self, marks: &Range<usize>, end: usize) -> bool {
        let run = &self.text[marks.clone()];
        if run.chars().any(|c| is_wide_terminator(c, self.chinese)) {
            return true;
        }
        let opens = |c: char| {
            c.is_whitespace()
                || matches!(
                    c,
                    '"' | '\'' | '“' | '‘' | '«' | '(' | '[' | '-' | '–' | '—' | '¿' | '¡'
                )
        };
        let rest = self.text[end..].trim_start_matches(opens);
        let mut chars = rest.chars();
        let Some(first) = chars.next() else {
            return true;
        };
        // Names such as iPhone and .NET begin sentences too.
        let named = chars.next().is_some_and(char::is_uppercase);
        let small = first.is_lowercase() && !named;
        let goes_on = match first {
            '.' => !named,
            ',' | ';' | ':' | '!' | '?' | '…' | ')' | ']' | '”' => true,
            _ => false,
        };
        if small || goes_on {
            return false;
        }
        if run != "." {
            return true;
        }
        let word = self.word_before(marks.start);
        if self.is_list_marker(word, marks.start) {
            return false;
        }
        match abbreviations::stop(word) {
            Stop::Sentence => true,
            Stop::Always => false,
            Stop::BeforeNumber => !first.is_numeric(),
            Stop::Perhaps => abbreviations::is_starter(first_word(rest)),
        }
    }

    /// The word that ends at `end`, or the end of it where it is too long for an abbreviation.
    fn word_before(&self, end: usize) -> &str {
        let longest = 4 * LONGEST;
        let start = self.text[..end]
            .char_indices()
            .rev()
            .take(longest)
            .take_while(|&(_, c)| c.is_alphanumeric() || c == '.')
            .last()
            .map_or(end, |(at, _)| at);
        &self.text[start..end]
    }

    /// Whether a full stop at `end` belongs to the number of a list item or a heading: `1. `, `b. `, `IV. `.
    fn is_list_marker(&self, word: &str, end: usize) -> bool {
        let all = |class: fn(char) -> bool| word.chars().all(class);
        let counts = all(|c| c.is_ascii_digit() || c == '.')
            || all(|c| matches!(c, 'I' | 'V' | 'X' | 'L' | 'C'))
            || (word.len() == 1 && all(|c| c.is_ascii_alphabetic()));
        let before = self.text.get(self.start..end - word.len());
        let first = before.is_some_and(|text| text.chars().all(|c| c == '‘'));
        !word.is_empty() && word.len() <= 8 && counts && first
    }
}

/// Marks that end a sentence whatever follows.
fn is_wide_terminator(c: char, chinese: bool) -> bool {
    matches!(c, '。' | '！' | '？' | '｡' | '．' | '︒') || (chinese && c == '；')
}

/// The text up to the first white space or punctuation mark, the full stop of an abbreviation left on.
fn first_word(text: &str) -> &str {
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '!' | '?' | '’');
    text.split(ends).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::split;
    use crate::text::fuzz::{Fuzz, assert_covers};

    /// Sentences are separated by `|` in the tables; white space around it belongs to no sentence.
    fn check(language: &str, marked: &str) {
        let text = marked.replace('|', "");
        let found: Vec<_> = split(&text, language)
            .into_iter()
            .map(|range| &text[range])
            .collect();
        let expected: Vec<_> = marked
            .split('|')
            .map(str::trim)
            .filter(|sentence| !sentence.is_empty())
            .collect();
        assert_eq!(found, expected, "{marked}");
    }

    #[test]
    fn numbers_of_lists_belong_to_their_items() {
        for marked in ["2．插上电源。|3．按下", "好．|走", "1.打开。"] {
            check("zh", marked);
        }
    }

    #[test]
    fn english() {
        for marked in [
            "",
            " \r\n\t",
            "Hello.",
            "Hello. |How are you? |Fine!",
            "Mr. Smith met Dr. Jones at 5 p.m. on Main St. near the U.S. Embassy. |He left.",
            "He lives in the U.S. |She does not.",
            "J. R. R. Tolkien wrote it. |So did I. |He knew.",
            "See Fig. 3 and No. 5 on p. 12. |No. |I mean it.",
            "Use tools, e.g. Rust, i.e. a language, etc. |The end.",
            "It costs $3.14, or 1,000.50 in all. |Really?! |Yes...",
            "Wait... what? |He left... |Then he came back.",
            "\"Why?\" he asked. |\"Because.\" |She went.",
            "“Stop!” he said. |“Go.” |(See above.) |Then [it ends.] |Done.",
            "He (really!) came. |It is done (at last). |Good.",
            "Visit https://a.b/c?d=e.f! |Or mail a.b@c.de. |Bye.",
            "Apple Inc. announced it on Jan. 5 at 10 a.m. |It sold.",
            "Acme Corp. CEO Jane Doe Jr. spoke.",
            "1. Open the box. |2. Close it. |IV. The end.",
            "First line\n|second line.|\r\n|third\u{2028}|fourth\u{85}|fifth",
            "I like it. |iPhone sales rose. |5 people came.",
            "Node.js and file.txt are fine. |.NET too.",
            "Great! |😀 👩\u{200d}🚀 Wow. |1️⃣ Next.",
            "e\u{301}. |E\u{301}t\u{301}. |Ok.",
            "He said 你好。|Then left.",
            "What ? |Yes ! |No .",
            "...",
            "\0. |\u{7}",
        ] {
            check("en", marked);
        }
    }

    #[test]
    fn chinese() {
        for marked in [
            "你好。|你好吗？|好！",
            "他说：“你好。”|然后走了。",
            "“真的吗？！”|她问。",
            "「走吧。」|他（真的！）来了。|（完。）|好",
            "“好！”，他说。|好；|行",
            "价格是3.14元。|时间12:30。",
            "等等……|好吧。|嗯…好",
            "见https://a.b/c?d=e。|好",
            "他说\"好。\"|然后\"走。\"|完",
            "你好!|世界.|再见?|好",
            "第一行\n|第二行",
            "我用Node.js。|OK!|行",
        ] {
            check("zh", marked);
            check("zh-Hans", marked);
            check("ZH", marked);
        }
    }

    #[test]
    fn nasty_texts_are_covered() {
        let mut fuzz = Fuzz::new(7);
        for _ in 0..3000 {
            let text = fuzz.text(40);
            for language in ["en", "zh"] {
                let ranges = split(&text, language);
                assert_covers(&text, &ranges);
                for range in ranges {
                    assert!(!text[range].contains(['\n', '\r', '\u{2028}']), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn long_texts_are_covered() {
        let spaces = " ".repeat(500_000) + &"Mr. A ".repeat(50_000);
        for text in [
            spaces,
            "x".repeat(1_000_000),
            ".".repeat(1_000_000),
            ". ".repeat(500_000),
            "\".".repeat(300_000),
            "It is. ".repeat(150_000),
            "好。".repeat(150_000),
            "\n".repeat(1_000_000),
        ] {
            assert_covers(&text, &split(&text, "en"));
        }
    }
}
