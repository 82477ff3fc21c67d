//! Large amounts, which English counts in thousands and Chinese in ten thousands: models copy the digits and lose the scale.

use std::ops::Range;

use super::numbers;
use crate::text::edited::Edited;
use crate::text::language::{is_chinese, is_english};

/// Values are in units of 1/10,000, so that `1.2345万` is a whole number of them.
const ONE: u64 = 10_000;
/// What is counted as large: languages begin to write such numbers differently.
const LARGE: u64 = 10_000 * ONE;
/// Longest number that is read, in digits.
const MOST_DIGITS: usize = 15;

const ENGLISH: [(&str, u64); 4] = [
    ("trillion", 1_000_000_000_000),
    ("billion", 1_000_000_000),
    ("million", 1_000_000),
    ("thousand", 1_000),
];
const CHINESE: [(&str, u64); 7] = [
    ("万亿", 1_000_000_000_000),
    ("亿", 100_000_000),
    ("千万", 10_000_000),
    ("百万", 1_000_000),
    ("十万", 100_000),
    ("万", 10_000),
    ("千", 1_000),
];

/// A number in digits, with the word behind it that says how much it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Amount {
    range: Range<usize>,
    /// In units of [`ONE`]; `None` where its digits are not in groups of three, such as `2,40`.
    value: Option<u64>,
    /// Whether there is such a word.
    scaled: bool,
}

/// Corrects the amounts of a translation between English and Chinese that are not those of its source: each large amount that is
/// missing takes the place of one with the same digits, and all of them those of large ones, if there are as many.
///
/// Both texts are as the model reads and writes them. Numbers in words are left alone.
pub fn correct(source: &str, from: &str, translation: &str, to: &str) -> Edited {
    let mut edited = Edited::with_capacity(translation.len());
    let mut at = 0;
    if is_chinese(from) != is_chinese(to) && (is_english(from) || is_english(to)) {
        let (read, written) = (amounts(source, from), amounts(translation, to));
        for (right, wrong) in wrong_ones(source, &read, translation, &written) {
            edited.copy(&translation[at..wrong.range.start]);
            let text = match right.value {
                Some(value) if right.scaled => write(value, to),
                _ => source[right.range.clone()].to_owned(),
            };
            edited.replace(wrong.range.len(), &text);
            at = wrong.range.end;
        }
    }
    edited.copy(&translation[at..]);
    edited.finish()
}

/// How many large amounts of a source its translation has not, between English and Chinese.
pub fn missing(source: &str, from: &str, translation: &str, to: &str) -> usize {
    if is_chinese(from) == is_chinese(to) || !(is_english(from) || is_english(to)) {
        return 0;
    }
    let written = amounts(translation, to);
    let lacks = |amount: &&Amount| written.iter().all(|a| a.value != amount.value);
    let read = amounts(source, from);
    read.iter().filter(|a| is_large(a)).filter(lacks).count()
}

fn is_large(amount: &Amount) -> bool {
    amount.value.is_some_and(|value| value >= LARGE)
}

/// Amounts of a source that are missing from its translation, each with the one that takes its place, in the order of the latter.
fn wrong_ones<'a>(
    source: &str,
    read: &'a [Amount],
    translation: &str,
    written: &'a [Amount],
) -> Vec<(&'a Amount, &'a Amount)> {
    let lacks = |amounts: &[Amount], amount: &Amount| {
        amount.value.is_none() || amounts.iter().all(|a| a.value != amount.value)
    };
    let counts = |amount: &&Amount| amount.value.is_some() && (amount.scaled || is_large(amount));
    let mut missing: Vec<&Amount> = read
        .iter()
        .filter(counts)
        .filter(|a| lacks(written, a))
        .collect();
    let mut invented: Vec<&Amount> = written.iter().filter(|a| lacks(read, a)).collect();
    let mut pairs = Vec::new();
    missing.retain(|right| {
        let digits = significant(&source[right.range.clone()]);
        let same = |wrong: &&Amount| significant(&translation[wrong.range.clone()]) == digits;
        let Some(found) = invented.iter().position(same) else {
            return true;
        };
        pairs.push((*right, invented.remove(found)));
        false
    });
    missing.retain(|amount| is_large(amount));
    invented.retain(|amount| amount.value.is_none() || is_large(amount));
    if missing.len() == invented.len() {
        pairs.extend(missing.into_iter().zip(invented));
    }
    pairs.sort_by_key(|(_, wrong)| wrong.range.start);
    pairs
}

/// The digits of a number without the zeros at its ends.
fn significant(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

/// The amounts of a text, in order.
fn amounts(text: &str, language: &str) -> Vec<Amount> {
    let mut found: Vec<Amount> = Vec::new();
    for range in numbers::find(text) {
        let mut range = range;
        let scale = scale_behind(&text[range.end..], language);
        // 3 500万 may be 35 million, and 图3 500万 is 5 million.
        if let Some(last) = found.last()
            && scale.is_some()
            && range.len() == 3
            && last.range.len() <= 3
            && text[last.range.end..range.start] == *" "
        {
            found.pop();
            continue;
        }
        // Models break numbers that they have seldom seen: 2.3 0亿.
        if let Some(last) = found.last()
            && is_chinese(language)
            && scale.is_some()
            && !last.scaled
            && text[last.range.end..range.start] == *" "
            && parse(&text[last.range.start..range.end]).is_some()
        {
            range.start = last.range.start;
            found.pop();
        }
        let (length, factor) = scale.unwrap_or((0, 1));
        let number = &text[range.clone()];
        let value = parse(number).and_then(|value| value.checked_mul(factor));
        let end = range.end + length;
        let amount = Amount {
            range: range.start..end,
            value,
            scaled: scale.is_some(),
        };
        match found.last_mut() {
            // 3亿5000万 is one amount.
            Some(last) if last.scaled && scale.is_some() && last.range.end == range.start => {
                last.value = last
                    .value
                    .zip(value)
                    .map(|(last, value)| last.saturating_add(value));
                last.range.end = end;
            }
            _ if value.is_some() || is_misgrouped(number) => found.push(amount),
            _ => {}
        }
    }
    found
}

/// Whether a number is written with commas, but not before every three digits.
fn is_misgrouped(number: &str) -> bool {
    let whole = number.split('.').next().unwrap_or_default();
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let all_digits = number
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b',' | b'.'));
    let groups: Vec<&str> = groups.collect();
    all_digits
        && !groups.is_empty()
        && (first.is_empty() || first.len() > 3 || groups.iter().any(|group| group.len() != 3))
}

/// `1,234.5` in units of 1/10,000.
fn parse(number: &str) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = whole.replace(',', "");
    let fraction = fraction.replace(' ', "");
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if is_misgrouped(number)
        || digits.len() > MOST_DIGITS
        || fraction.len() > 4
        || !all_digits(&digits)
        || !all_digits(&fraction)
    {
        return None;
    }
    let fraction: u64 = format!("{fraction:0<4}").parse().ok()?;
    Some(digits.parse::<u64>().ok()? * ONE + fraction)
}

/// The word of scale that a text begins with, if any: its length in bytes with the space before it, and what it stands for.
fn scale_behind(text: &str, language: &str) -> Option<(usize, u64)> {
    let word = text.trim_start_matches([' ', '-']);
    let skipped = text.len() - word.len();
    // 3000多万 is more than 30 million.
    let word = word.strip_prefix(['多', '余', '来', '几']).unwrap_or(word);
    let before = text.len() - word.len();
    let scales = if is_chinese(language) {
        &CHINESE[..]
    } else {
        &ENGLISH[..]
    };
    let (name, scale) = scales.iter().find(|(name, _)| {
        word.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    })?;
    let behind = &word[name.len()..];
    if is_chinese(language) {
        // 5千克 are five kilograms.
        let unit =
            *name == "千" && behind.starts_with(['克', '米', '瓦', '卡', '赫', '伏', '帕', '字']);
        return (skipped <= 1 && !unit).then_some((before + name.len(), *scale));
    }
    let behind = behind.strip_prefix('s').unwrap_or(behind);
    let length = word.len() - behind.len();
    let ends = !behind.starts_with(|c: char| c.is_alphabetic());
    (skipped <= 1 && ends).then_some((before + length, *scale))
}

/// A whole number as Chinese writes it: `2400万`, `128`.
pub fn chinese(value: u64) -> String {
    if value * ONE < LARGE {
        return value.to_string();
    }
    write(value * ONE, "zh")
}

/// An amount as a language writes it: `2.3亿`, `230 million`, `50,000`.
fn write(value: u64, language: &str) -> String {
    let (scales, space) = if is_chinese(language) {
        (&[CHINESE[0], CHINESE[1], CHINESE[5]][..], "")
    } else {
        (&ENGLISH[..3], " ")
    };
    if let Some((name, scale)) = scales.iter().find(|(_, scale)| value >= scale * ONE) {
        return format!("{}{space}{name}", decimal(value, scale * ONE));
    }
    if value < 1000 * ONE || is_chinese(language) || !value.is_multiple_of(ONE) {
        return decimal(value, ONE);
    }
    format!("{},{:03}", value / ONE / 1000, value / ONE % 1000)
}

/// `value / unit` in digits, with all that there are behind the point.
fn decimal(value: u64, mut unit: u64) -> String {
    let mut text = (value / unit).to_string();
    let mut rest = value % unit;
    if rest > 0 {
        text.push('.');
    }
    while rest > 0 {
        unit /= 10;
        text.push(char::from(b'0' + (rest / unit) as u8));
        rest %= unit;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_scales_are_corrected() {
        for (source, translation, expected) in [
            (
                "a fortune of $2.3 billion",
                "估计为2.3亿美元",
                "估计为23亿美元",
            ),
            ("a fortune of $2.3 billion", "估计为2.3 0亿", "估计为23亿"),
            ("1.2 million signatures", "1.200万个签名", "120万个签名"),
            ("1.5 Million people", "1.50万人", "150万人"),
            ("340 million to 500 million", "3.4亿到5000万", "3.4亿到5亿"),
            ("a £27-million fee", "270万英镑", "2700万英镑"),
            ("55,000 barrels", "5,500万桶", "55,000桶"),
            ("1.2 trillion", "1.2亿", "1.2万亿"),
            (
                "1,234,567 of 8.25 million",
                "123万的8.2亿",
                "1,234,567的825万",
            ),
            ("10 thousand people", "1000人", "1万人"),
            ("10 thousand people in 10 days", "10天1000人", "10天1万人"),
            ("1.5 thousand", "1.5000", "1500"),
            ("2,400,000 dollars", "2,40万美元", "2,400,000美元"),
            ("2020 and 3.5 million", "2020 3500万", "2020 350万"),
            // Right as they are.
            ("2 thousand", "2千", "2千"),
            ("2 thousand", "两千", "两千"),
            ("rooms 3,4 and 10", "3,4和10号房", "3,4和10号房"),
            ("2.3 billion", "23亿", "23亿"),
            ("2 million", "200万", "200万"),
            ("more than 30 million", "3000多万", "3000多万"),
            ("more than $3 billion", "30多亿美元", "30多亿美元"),
            ("2 million", "2,000,000", "2,000,000"),
            ("100 thousand", "10万", "10万"),
            ("55,000 barrels", "5.5万桶", "5.5万桶"),
            // In words, or not to be told apart.
            ("2 million", "两百万", "两百万"),
            ("1 million or 2 million", "300万", "300万"),
            ("in 2017", "2018年", "2018年"),
            ("no million", "没有", "没有"),
        ] {
            let corrected = correct(source, "en", translation, "zh");
            assert_eq!(corrected.text, expected, "{source}");
        }
    }

    #[test]
    fn from_chinese() {
        for (source, translation, expected) in [
            ("23亿美元", "$23 billion", "$2.3 billion"),
            ("5万人", "5 million people", "50,000 people"),
            ("3亿5000万人", "35 million people", "350 million people"),
            ("3000万", "30 millions", "30 millions"),
            ("2千克", "2 kilograms", "2 kilograms"),
            ("3000多万人", "more than 3 million", "more than 30 million"),
            ("2 530万人", "25.3 million", "25.3 million"),
            ("图3 500万人", "Figure 3, 5 million", "Figure 3, 5 million"),
            ("5千人", "5 people", "5,000 people"),
            ("3000万", "3,000 million", "30 million"),
            ("1.2万亿", "1.2 billion", "1.2 trillion"),
            ("两百万", "2 million", "2 million"),
            ("1.2045万", "12 million", "12,045"),
            ("12345", "12,345", "12,345"),
        ] {
            let corrected = correct(source, "zh", translation, "en");
            assert_eq!(corrected.text, expected, "{source}");
        }
    }

    #[test]
    fn missing_amounts_are_counted() {
        for (source, translation, expected) in [
            ("12.34 million and 5,000", "1234万和5000", 0),
            ("12.34 million and 50,000", "1234和5万", 1),
            ("2 million", "两百万", 1),
            ("", "", 0),
        ] {
            assert_eq!(missing(source, "en", translation, "zh"), expected);
        }
        assert_eq!(missing("2 million", "en", "2", "de"), 0);
    }

    #[test]
    fn other_languages_are_left_alone() {
        for (from, to) in [("en", "de"), ("zh", "ja"), ("zh", "zh-Hant"), ("de", "en")] {
            let corrected = correct("2.3 billion 23亿", from, "2.3 million 23万", to);
            assert_eq!(corrected.text, "2.3 million 23万");
        }
    }

    #[test]
    fn numbers_too_long_to_be_amounts() {
        let long = "1".repeat(40) + " million 0.12345 million 1:2:3 万";
        for (from, to) in [("en", "zh"), ("zh", "en")] {
            let corrected = correct(&long, from, "5万 5 million", to);
            assert_eq!(corrected.text, "5万 5 million");
            assert_eq!(correct("9亿9 billion", from, &long, to).text, long);
        }
        let huge = "999999999999999";
        let [english, chinese] = [format!("{huge} trillion"), format!("{huge}万亿{huge}亿")];
        assert_eq!(correct(&english, "en", "5万", "zh").text, "5万");
        let corrected = correct(&chinese, "zh", "5 million", "en");
        assert_eq!(corrected.text, "5 million");
    }
}
