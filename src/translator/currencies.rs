//! Yuan and dollars, between Chinese and English: films translate 块 as dollars and dollars as 块, and a model that learnt from them
//! turns a price in one currency into the same number of the other.

use crate::text::edited::Edited;
use crate::text::language::{is_chinese, is_english};
use crate::text::placeholders::is_placeholder;

const YUAN: [&str; 2] = ["元", "块"];
/// Where a text in Chinese names one of these, dollars may be right.
const CHINESE_DOLLARS: [&str; 12] = [
    "美元", "美金", "美分", "美刀", "$", "＄", "港元", "港币", "澳元", "加元", "新元", "台币",
];
/// Where a text in English names one of these, yuan may be right.
const ENGLISH_YUAN: [&str; 6] = ["yuan", "rmb", "renminbi", "¥", "￥", "kuai"];
const DOLLARS: [&str; 4] = [" dollars", " dollar", " bucks", " buck"];
/// Other countries' dollars, as they stand before the word or the sign.
const OTHER_DOLLARS: [&str; 11] = [
    "Australian",
    "Canadian",
    "Hong Kong",
    "Singapore",
    "Taiwan",
    "Zealand",
    "A",
    "C",
    "HK",
    "S",
    "NT",
];
/// What may stand between the digits of an amount and its currency.
const SCALES: [&str; 8] = [
    " thousand",
    " million",
    " billion",
    " trillion",
    "bn",
    "k",
    "m",
    "b",
];

/// A translation with yuan for the dollars that its Chinese source does not name, or dollars for the yuan that its English one does
/// not.
///
/// Both texts are as the model reads and writes them.
pub fn correct(source: &str, from: &str, translation: &str, to: &str) -> Edited {
    if is_chinese(from) && is_english(to) && counts_yuan(source) {
        return with_yuan(translation);
    }
    if is_english(from) && is_chinese(to) && counts_dollars(source) {
        return with_dollars(translation);
    }
    unchanged(translation)
}

fn unchanged(text: &str) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    edited.copy(text);
    edited.finish()
}

/// Whether a Chinese text counts yuan and no kind of dollars.
fn counts_yuan(text: &str) -> bool {
    CHINESE_DOLLARS.iter().all(|word| !text.contains(word))
        && YUAN.iter().any(|unit| {
            let mut places = text.match_indices(unit);
            places.any(|(at, _)| text[..at].ends_with(counts))
        })
}

/// Whether an English text counts dollars, those of the United States, and no yuan.
fn counts_dollars(text: &str) -> bool {
    let small = text.to_lowercase();
    let sign = text.contains('$');
    let named = DOLLARS.iter().any(|word| small.contains(word));
    let others = || {
        let marks = text.match_indices('$').chain(text.match_indices(" dollar"));
        let mut before = marks.map(|(at, _)| &text[..at]);
        before.any(|before| {
            OTHER_DOLLARS
                .iter()
                .any(|country| before.ends_with(country))
        })
    };
    (sign || named) && ENGLISH_YUAN.iter().all(|word| !small.contains(word)) && !others()
}

/// Whether a character may end a Chinese number.
fn counts(c: char) -> bool {
    c.is_ascii_digit()
        || "零〇一二两三四五六七八九十百千万亿几多余".contains(c)
        || is_placeholder(c)
}

/// "$3.6 million" as "3.6 million yuan", "fifty dollars" as "fifty yuan".
fn with_yuan(text: &str) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    let mut rest = text;
    let mut before: Option<char> = None;
    while let Some(c) = rest.chars().next() {
        let amount = rest
            .strip_prefix('$')
            .and_then(|behind| amount(behind, before));
        let word = DOLLARS.iter().find(|word| {
            rest.starts_with(**word) && !rest[word.len()..].starts_with(char::is_alphanumeric)
        });
        let length = if let Some(length) = amount {
            edited.replace(1, "");
            edited.copy(&rest[1..=length]);
            edited.replace(0, " yuan");
            1 + length
        } else if let Some(word) = word {
            edited.replace(word.len(), " yuan");
            word.len()
        } else {
            edited.copy(&rest[..c.len_utf8()]);
            c.len_utf8()
        };
        before = rest[..length].chars().next_back();
        rest = &rest[length..];
    }
    edited.finish()
}

/// Bytes of the amount behind a dollar sign.
fn amount(behind: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let digits = behind
        .find(|c: char| !(c.is_ascii_digit() || ".,-".contains(c) || is_placeholder(c)))
        .unwrap_or(behind.len());
    let mut length = behind[..digits].trim_end_matches(['.', ',', '-']).len();
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric());
    let scale = SCALES.iter().find(|scale| {
        behind[length..].starts_with(**scale) && ends(&behind[length + scale.len()..])
    });
    if length == 0 {
        return None;
    }
    length += scale.map_or(0, |scale| scale.len());
    let rest = &behind[length..];
    let compound = rest.strip_prefix('-').is_some_and(|rest| !ends(rest));
    (ends(rest) && !compound).then_some(length)
}

/// 50元 as 50美元, if nothing names a kind of dollars.
fn with_dollars(text: &str) -> Edited {
    if CHINESE_DOLLARS.iter().any(|word| text.contains(word)) {
        return unchanged(text);
    }
    let mut edited = Edited::with_capacity(text.len());
    let mut at = 0;
    for (place, unit) in text.match_indices(YUAN[0]) {
        if text[..place].ends_with(counts) {
            edited.copy(&text[at..place]);
            edited.replace(unit.len(), CHINESE_DOLLARS[0]);
            at = place + unit.len();
        }
    }
    edited.copy(&text[at..]);
    edited.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_do_not_become_dollars() {
        for (source, translation, expected) in [
            (
                "房价涨到了5万元。",
                "The price rose to $50,000.",
                "The price rose to 50,000 yuan.",
            ),
            (
                "利润是3.6亿元。",
                "Profits were $360 million.",
                "Profits were 360 million yuan.",
            ),
            (
                "这本书卖五十块。",
                "The book sells fifty dollars.",
                "The book sells fifty yuan.",
            ),
            ("三百多块钱", "More than 300 bucks", "More than 300 yuan"),
            (
                "门票\u{e000}元",
                "Tickets are $\u{e000}",
                "Tickets are \u{e000} yuan",
            ),
            (
                "5元到10元",
                "$5-$10, or $1.5m",
                "5 yuan-10 yuan, or 1.5m yuan",
            ),
            // Named, of another kind, or no amount.
            ("五十美元和五十元", "$50 and 50 yuan", "$50 and 50 yuan"),
            ("50港元", "$50", "$50"),
            ("100日元", "$100", "$100"),
            ("公元前", "$100", "$100"),
            ("三块蛋糕", "three pieces of cake", "three pieces of cake"),
            (
                "五块",
                "the $ sign, US$5, $5-a-day",
                "the $ sign, US$5, $5-a-day",
            ),
            ("五块", "dollarised", "dollarised"),
        ] {
            assert_eq!(
                correct(source, "zh", translation, "en").text,
                expected,
                "{source}"
            );
        }
    }

    #[test]
    fn dollars_do_not_become_yuan() {
        for (source, translation, expected) in [
            ("It costs $50.", "它要50元。", "它要50美元。"),
            ("ten dollars", "十元", "十美元"),
            ("It costs $50.", "它要50美元。", "它要50美元。"),
            ("HK$50", "50元", "50元"),
            ("50 Australian dollars", "50元", "50元"),
            ("$50 or 300 yuan", "50元或300元", "50元或300元"),
            (
                "Two dollars for a meta-thing",
                "两美元的元东西",
                "两美元的元东西",
            ),
            ("$5 for the element", "元素要5元", "元素要5美元"),
        ] {
            assert_eq!(
                correct(source, "en", translation, "zh").text,
                expected,
                "{source}"
            );
        }
    }

    #[test]
    fn places_are_followed_and_other_languages_left_alone() {
        let edited = correct("5元", "zh", "Pay $5 now", "en");
        assert_eq!(edited.text, "Pay 5 yuan now");
        assert_eq!(edited.forward(&(4..6)), 4..10);
        assert_eq!(edited.forward(&(7..10)), 11..14);
        for (from, to) in [("zh", "de"), ("de", "en"), ("ja", "en"), ("en", "ja")] {
            assert_eq!(correct("5元 $5", from, "$5 5元", to).text, "$5 5元");
        }
    }
}
