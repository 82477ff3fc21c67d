//! Repairs that make a usable pair out of a nearly usable one, before the filters judge it.

use crate::text::language::{is_chinese, is_english};
use crate::text::normalise::normalise;
use crate::text::simplified::as_read;
use crate::text::typography::{final_mark, pronoun};
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
    if is_chinese(target_language) {
        pair.target = pair_quotes(&pair.target);
    }
    if options.first_sense {
        pair.source = first_sense(&pair.source);
        pair.target = first_sense(&pair.target);
        return;
    }
    let without_credit = |text: &str, other: &str| {
        text[..length_without_credit(text, other).unwrap_or(text.len())].to_owned()
    };
    pair.source = without_credit(&pair.source, &pair.target);
    pair.target = without_credit(&pair.target, &pair.source);
    pair.target = as_set(&pair.source, &pair.target, target_language);
}

/// "Job growth remains brisk(LATIMES)": how long a headline is without the newspaper that the other side does not name.
fn length_without_credit(text: &str, other: &str) -> Option<usize> {
    let (headline, credit) = text.strip_suffix(')')?.rsplit_once('(')?;
    let is_name = credit.starts_with(|c: char| c.is_ascii_uppercase())
        && credit
            .chars()
            .all(|c| c.is_ascii_alphabetic() || " .&".contains(c));
    let is_glued = headline.ends_with(|c: char| c.is_alphanumeric() || "?!.'\"".contains(c));
    let is_text = headline.split(' ').count() > 2;
    (is_name && is_glued && is_text && !other.contains(['(', '（'])).then_some(headline.len())
}

/// The target as the translator sets what the model writes: with the final mark of the source, "I", and a capital where a sentence begins.
fn as_set(source: &str, target: &str, language: &str) -> String {
    let target = final_mark::agree(source, target, language).text;
    let target = pronoun::agree(source, &target, language).text;
    let word = target.split([' ', ',', '\'']).next().unwrap_or_default();
    let is_sentence = is_english(language)
        && source.ends_with(['。', '？', '！'])
        && !word.is_empty()
        && word.bytes().all(|b| b.is_ascii_lowercase())
        && !source.contains(word);
    if is_sentence {
        return target[..1].to_ascii_uppercase() + &target[1..];
    }
    target
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
    if is_chinese(language) {
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
            ("zh-Hans", "营造 良好 的 环境 , 好", "营造良好的环境，好"),
        ] {
            assert_eq!(side(text, language), expected, "{text}");
        }
    }

    fn cleaned(source: &str, target: &str, languages: (&str, &str)) -> (String, String) {
        let mut pair = RawPair {
            origin: String::new(),
            score: None,
            source: source.into(),
            target: target.into(),
        };
        clean(
            &mut pair,
            languages.0,
            languages.1,
            &OriginConfig::default(),
        );
        (pair.source, pair.target)
    }

    #[test]
    fn newspapers_behind_headlines_go() {
        for (english, chinese, expected) in [
            (
                "Job growth remains brisk(LATIMES)",
                "就业增长",
                "Job growth remains brisk",
            ),
            (
                "Would he be moderate?(Wa Post)",
                "他会温和吗",
                "Would he be moderate?",
            ),
            (
                "Job growth remains brisk(AP)",
                "就业增长（美联社）",
                "Job growth remains brisk(AP)",
            ),
            ("Use the word Sqrt(x)", "用平方根", "Use the word Sqrt(x)"),
            ("The European Union (EU)", "欧盟", "The European Union (EU)"),
            ("Modifier(S)", "修饰符", "Modifier(S)"),
        ] {
            assert_eq!(cleaned(english, chinese, ("en", "zh")).0, expected);
        }
    }

    #[test]
    fn targets_are_set_and_sources_left_as_they_are_typed() {
        for (source, target, expected) in [
            ("多少钱？", "how much is it", "How much is it?"),
            ("我能坐这儿吗？", "can i sit here?", "Can I sit here?"),
            ("一支爵士乐队", "a jazz band", "a jazz band"),
            (
                "fuzziness很好。",
                "fuzziness is good.",
                "fuzziness is good.",
            ),
            (
                "我有iPhone。",
                "iPhone is what I have.",
                "iPhone is what I have.",
            ),
        ] {
            assert_eq!(cleaned(source, target, ("zh", "en")).1, expected);
        }
        let typed = cleaned("how much is it?", "多少钱", ("en", "zh"));
        assert_eq!(typed, ("how much is it?".into(), "多少钱？".into()));
    }

    #[test]
    fn chinese_numerals_are_read_as_the_translator_reads_them() {
        let (source, target) = cleaned("一百二十块", "120 yuan", ("zh", "en"));
        assert_eq!((source.as_str(), target.as_str()), ("120块", "120 yuan"));
        assert_eq!(
            cleaned("120 yuan", "一百二十块", ("en", "zh")).1,
            "一百二十块"
        );
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
