//! Sentences that emoji end: people write them instead of marks, and the model loses text around one in the middle of a sentence.

use std::ops::Range;

use crate::text::characters::is_han;
use crate::text::language::{is_chinese, is_english};
use crate::text::protected::{Kind, Span};

/// English words behind which an emoji is a word of the sentence: "the 🍎", "with 🧀".
const BEFORE: &str = "a an the my your our their his its of in at with for from and or but like love eat eating drink want \
    need have has had get got buy make";
/// English words before which it is one, or belongs to the noun before it: "my dog 🐶 is sick", "a slice 🍕 of it".
const BEHIND: &str = "is are was were isn't has of";
/// Chinese characters behind which, and before which, an emoji is a word of the sentence.
const HAN_BEFORE: &str = "吃喝爱买和与或在是";
const HAN_BEHIND: &str = "吗呢吧了的地是很和与或";

/// Splits a sentence behind those of its emoji that end something. `spans` are what is protected in it.
pub fn split(
    text: &str,
    language: &str,
    sentence: Range<usize>,
    spans: &[Span],
) -> Vec<Range<usize>> {
    let mut emoji = spans
        .iter()
        .filter(|span| span.kind == Kind::Emoji || is_line_end(&text[span.range.clone()]))
        .map(|span| span.range.clone())
        .peekable();
    if emoji.peek().is_none() {
        return vec![sentence];
    }
    let last_word = text[sentence.clone()]
        .rfind(char::is_alphanumeric)
        .map_or(sentence.start, |at| sentence.start + at);
    let mut clauses = Vec::new();
    let mut start = sentence.start;
    // Up to where has been read, whether there are words in this clause, and how many brackets are open.
    let mut read = start;
    let mut worded = false;
    let mut open = 0_usize;
    // What Markdown is about ends before the sentence does.
    let mut marks = spans
        .iter()
        .filter(|span| span.kind == Kind::Markup)
        .peekable();
    let mut marked = false;
    while let Some(found) = emoji.next_if(|found| found.end <= last_word) {
        while let Some(mark) = marks.next_if(|mark| mark.range.end <= found.start) {
            marked = match text[mark.range.clone()].chars().next() {
                Some('[' | '!') => true,
                Some(']') => false,
                Some('*' | '~' | '_') => !marked,
                _ => marked,
            };
        }
        for c in text[read..found.start].chars() {
            match c {
                '(' | '[' | '（' | '【' | '“' | '「' | '《' => open += 1,
                ')' | ']' | '）' | '】' | '”' | '」' | '》' => open = open.saturating_sub(1),
                _ => worded |= c.is_alphanumeric(),
            }
        }
        read = found.end;
        let behind = &text[found.end..sentence.end];
        let next = behind.trim_start();
        let goes_on = sentence.end - next.len();
        let following = emoji.peek().map(|following| following.start);
        // Of several emoji only the last one ends a clause, and marks behind it are for others to judge.
        let ends = following != Some(goes_on)
            && next.starts_with(|c: char| c.is_alphanumeric() || "\"“‘「《【<`{@#".contains(c));
        let between = following.map(|following| text[found.end..following].trim());
        let before = &text[start..found.start];
        let line = is_line_end(&text[found.clone()]);
        if line
            || (worded
                && open == 0
                && !marked
                && ends
                && !is_word(language, before, behind, between))
        {
            clauses.push(start..found.end);
            start = goes_on;
            worded = false;
        }
    }
    clauses.push(start..sentence.end);
    clauses
}

/// Whether a protected part is a line break that is written as an escape.
fn is_line_end(part: &str) -> bool {
    matches!(part, "\\n" | "\\r")
}

/// A sentence without the emoji before its last mark, which end it as the mark does.
pub fn without_last(
    text: &str,
    language: &str,
    sentence: Range<usize>,
    spans: &[Span],
) -> Range<usize> {
    let whole = &text[sentence.clone()];
    let unmarked = whole.trim_end_matches(['.', '!', '?', '…', '~', '。', '！', '？', '～']);
    if unmarked.len() == whole.len() {
        return sentence;
    }
    let mut end = sentence.start + unmarked.len();
    let mut last = spans.partition_point(|span| span.range.end <= end);
    let mut any = false;
    while let Some(span) = last.checked_sub(1).map(|n| &spans[n])
        && span.kind == Kind::Emoji
        && span.range.end == end
        && span.range.start > sentence.start
        && !is_word(language, &text[sentence.start..span.range.start], "", None)
    {
        end = sentence.start + text[sentence.start..span.range.start].trim_end().len();
        last -= 1;
        any = true;
    }
    if any { sentence.start..end } else { sentence }
}

/// Whether an emoji is a word of a sentence. `between`: what stands before the next one.
fn is_word(language: &str, before: &str, behind: &str, between: Option<&str>) -> bool {
    if is_chinese(language) {
        // 我❤️你
        let short = before.chars().filter(|&c| is_han(c)).take(2).count() < 2;
        return (short && !behind.is_empty())
            || before.ends_with(|c| HAN_BEFORE.contains(c))
            || before.ends_with("喜欢")
            || behind.starts_with(|c| HAN_BEHIND.contains(c));
    }
    if matches!(between, Some("and" | "or" | "&" | "+" | "vs")) {
        return true;
    }
    let listed = |list: &str, word: &str| {
        list.split_whitespace()
            .any(|other| word.eq_ignore_ascii_case(other))
    };
    let last = before.strip_suffix(' ').and_then(|b| b.rsplit(' ').next());
    let first = behind.strip_prefix(' ').and_then(|b| b.split(' ').next());
    is_english(language)
        && (last.is_some_and(|word| listed(BEFORE, word))
            || first.is_some_and(|word| listed(BEHIND, word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::protected::find;

    #[test]
    fn emoji_end_sentences() {
        for (language, text, expected) in [
            ("en", "", vec![""]),
            (
                "en",
                "Great job 👍 see you at 5 🎉🎉",
                vec!["Great job 👍", "see you at 5 🎉🎉"],
            ),
            (
                "en",
                "😀 Happy day 🎂 🎉 hope it is great! 🎉",
                vec!["😀 Happy day 🎂 🎉", "hope it is great! 🎉"],
            ),
            ("en", "I ❤️ you", vec!["I ❤️", "you"]),
            ("en", "The 🍎 is red", vec!["The 🍎 is red"]),
            ("en", "My dog 🐶 is sick", vec!["My dog 🐶 is sick"]),
            (
                "en",
                "We sell 🍕 and 🍔 here",
                vec!["We sell 🍕 and 🍔 here"],
            ),
            ("en", "Great 👍, see you 👍.", vec!["Great 👍, see you 👍."]),
            (
                "en",
                "A day (sunny ☀️ all day) off",
                vec!["A day (sunny ☀️ all day) off"],
            ),
            (
                "en",
                "Hello, <b>you 😀</b>",
                vec!["Hello, <b>you 😀", "</b>"],
            ),
            (
                "en",
                "**Great 👍 job** to you",
                vec!["**Great 👍 job** to you"],
            ),
            (
                "en",
                "**Great** job 👍 to you",
                vec!["**Great** job 👍", "to you"],
            ),
            ("de", "Das 🍎 hier", vec!["Das 🍎", "hier"]),
            ("zh", "好的👌明天见😊", vec!["好的👌", "明天见😊"]),
            ("zh", "今天吃🍕吗", vec!["今天吃🍕吗"]),
            ("zh", "我❤️你", vec!["我❤️你"]),
            ("zh", "我喜欢🍕和🍔", vec!["我喜欢🍕和🍔"]),
        ] {
            let found = split(text, language, 0..text.len(), &find(text));
            let found: Vec<&str> = found.into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn emoji_stand_before_marks() {
        for (language, text, expected) in [
            ("en", "A nice day 😊 🎉!!", "A nice day"),
            ("en", "See you :).", "See you"),
            ("en", "We like 🍕 and 🍔.", "We like 🍕 and 🍔."),
            ("en", "A nice day 😊", "A nice day 😊"),
            ("en", "A day!", "A day!"),
            ("en", "😊!", "😊!"),
            ("zh", "太棒了👍！", "太棒了"),
            ("zh", "今天吃🍕？", "今天吃🍕？"),
        ] {
            let found = without_last(text, language, 0..text.len(), &find(text));
            assert_eq!(&text[found], expected);
        }
    }
}
