//! Repairs that make a usable pair out of a nearly usable one, before the filters judge it.

use crate::text::language::is_chinese;
use crate::text::normalise::normalise;
use crate::text::simplified::as_read;
use crate::translator::numerals::in_digits;

use super::config::OriginConfig;
use super::read::RawPair;
use super::script::{is_han, is_latin};

/// Cleans both sides of a pair in place.
pub fn clean(
    pair: &mut RawPair,
    source_language: &str,
    target_language: &str,
    options: &OriginConfig,
) {
    let read = as_read(&pair.source, source_language);
    pair.source = if is_chinese(source_language) {
        side(&in_digits(&read).text, source_language)
    } else {
        side(&read, source_language)
    };
    pair.target = side(&pair.target, target_language);
    strip_markers(&mut pair.source, &mut pair.target);
    if target_language == "zh" {
        pair.target = pair_quotes(&pair.target);
    }
    if options.first_sense {
        pair.source = first_sense(&pair.source);
        pair.target = first_sense(&pair.target);
    }
}

/// Heading and list markers say nothing about the language. Chinese writers often leave out the space
/// behind them, so one side with it is enough.
fn strip_markers(source: &mut String, target: &mut String) {
    for side in [&mut *source, &mut *target] {
        *side = side.trim_start_matches('#').trim_start().to_owned();
    }
    for marker in ["*", "-", "•", ">"] {
        let marked = |side: &str| {
            side.strip_prefix(marker)
                .is_some_and(|rest| rest.starts_with(' '))
        };
        if marked(source) || marked(target) {
            for side in [&mut *source, &mut *target] {
                *side = side
                    .strip_prefix(marker)
                    .unwrap_or(side)
                    .trim_start()
                    .to_owned();
            }
        }
    }
}

/// Normalises one side the way the translator normalises its input, and joins what is only
/// spaced out by a tokeniser.
fn side(text: &str, language: &str) -> String {
    if language == "zh" {
        // Spaces first: normalisation widens a comma only right behind a Han character.
        join_chinese(&normalise(&join_chinese(text), language))
    } else {
        join_english(&normalise(text, language))
    }
}

/// Collapses runs of spaces and trims.
fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// "duty - free", "NATO . " and "do n't" as tokenisers leave them become ordinary English.
fn join_english(text: &str) -> String {
    let mut text = squeeze(text);
    for (spaced, joined) in [
        (" n't", "n't"),
        (" 's ", "'s "),
        (" 'm ", "'m "),
        (" 're ", "'re "),
        (" 'll ", "'ll "),
        (" 've ", "'ve "),
        (" 'd ", "'d "),
        (" ,", ","),
        (" ?", "?"),
        (" !", "!"),
        (" ;", ";"),
        (" %", "%"),
        ("( ", "("),
        (" )", ")"),
    ] {
        if text.contains(spaced) {
            text = text.replace(spaced, joined);
        }
    }
    if let Some(start) = text.strip_suffix(" .") {
        text = format!("{start}.");
    }
    join_hyphens(&text)
}

/// "duty - free" -> "duty-free", where both neighbours are lower-case words.
fn join_hyphens(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let lower = |w: &str| w.len() > 1 && w.bytes().all(|b| b.is_ascii_lowercase());
    let mut out = String::with_capacity(text.len());
    let mut glue = true;
    for (i, word) in words.iter().enumerate() {
        let hyphen = *word == "-"
            && i > 0
            && i + 1 < words.len()
            && lower(words[i - 1])
            && lower(words[i + 1]);
        if !glue && !hyphen {
            out.push(' ');
        }
        out.push_str(word);
        glue = hyphen;
    }
    out
}

/// Removes spaces next to Han characters and full-width punctuation; keeps those between words of
/// another script.
fn join_chinese(text: &str) -> String {
    let wide = |c: char| {
        is_han(c)
            || matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' | '“' | '”' | '‘' | '’' | '…' | '—')
    };
    let text = squeeze(text);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let beside =
            out.chars().next_back().is_some_and(wide) || chars.peek().is_some_and(|&c| wide(c));
        if c != ' ' || !beside {
            out.push(c);
        }
    }
    out
}

/// Straight double quotes become “ and ” in turn when their number is even, so that the model learns
/// one spelling.
fn pair_quotes(text: &str) -> String {
    if !text.matches('"').count().is_multiple_of(2) {
        return text.to_owned();
    }
    let mut open = false;
    let quote = |c| {
        if c != '"' {
            return c;
        }
        open = !open;
        if open { '“' } else { '”' }
    };
    text.chars().map(quote).collect()
}

/// "注册，选课；报名参加" -> "注册", "sensible (of a person)" -> "sensible".
fn first_sense(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '(' | '（' | '[' | '【' | '〈' | '<' => depth += 1,
            ')' | '）' | ']' | '】' | '〉' | '>' => depth = depth.saturating_sub(1),
            ';' | '；' | ',' | '，' | '、' | '/' | '。' | '|'
                if depth == 0 && out.chars().any(|c| is_han(c) || is_latin(c)) =>
            {
                break;
            }
            ';' | '；' | ',' | '，' | '、' | '/' | '。' | '|' => {}
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    squeeze(out.trim_matches(['…', '.', '~', ' ', '-', '—']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokenised_text_is_joined() {
        for (language, text, expected) in [
            (
                "en",
                "some duty - free items ,  please .",
                "some duty-free items, please.",
            ),
            (
                "en",
                "I do n't know who 's there ?",
                "I don't know who's there?",
            ),
            ("en", "1990 - 1995", "1990 - 1995"),
            ("zh", "营造 良好 的 环境 , 好", "营造良好的环境，好"),
            ("zh", "使用 Visual Studio 的项目", "使用Visual Studio的项目"),
        ] {
            assert_eq!(side(text, language), expected, "{text}");
        }
    }

    #[test]
    fn straight_quotes_are_paired() {
        for (text, expected) in [
            ("他说\"好\"。", "他说“好”。"),
            ("5\"的", "5\"的"),
            ("好", "好"),
        ] {
            assert_eq!(pair_quotes(text), expected);
        }
    }

    #[test]
    fn dictionary_entries_keep_one_sense() {
        for (text, expected) in [
            ("可感觉的；明智的", "可感觉的"),
            ("（船舶）失事，破坏", "失事"),
            ("wreck", "wreck"),
            ("……的", "的"),
        ] {
            assert_eq!(first_sense(text), expected, "{text}");
        }
    }

    #[test]
    fn list_and_heading_markers_go() {
        for (source, target, expected) in [
            (
                "## What is it?",
                "##这是什么？",
                ("What is it?", "这是什么？"),
            ),
            (
                "- What is it?",
                "-这是什么？",
                ("What is it?", "这是什么？"),
            ),
            ("-5 degrees", "-5度", ("-5 degrees", "-5度")),
        ] {
            let mut pair = RawPair {
                origin: String::new(),
                score: None,
                source: source.into(),
                target: target.into(),
            };
            clean(&mut pair, "en", "zh", &OriginConfig::default());
            assert_eq!((pair.source.as_str(), pair.target.as_str()), expected);
        }
    }
}
