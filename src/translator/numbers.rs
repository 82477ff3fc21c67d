//! Numbers that a translation got wrong: weak models write other digits than they read.

use std::ops::Range;

/// Digits of a number that a translation would hardly spell out or turn into another one.
const LONG: usize = 3;

/// Byte ranges of the numbers of a text: ASCII digits with single separators between them, such as `1,000.5`, `12:30` and
/// `555-0123`. Digits within a word (`mp3`) are none.
pub fn find(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !digit(at) {
            at += 1;
            continue;
        }
        let start = at;
        while digit(at)
            || (matches!(bytes.get(at), Some(b'.' | b',' | b':' | b'-' | b'/')) && digit(at + 1))
        {
            at += 1;
        }
        let before = text[..start].chars().next_back();
        if !letter(before) && !letter(text[at..].chars().next()) {
            found.push(start..at);
        }
    }
    found
}

/// Those of them that are worth copying by a placeholder rather than by the model.
pub fn long(text: &str) -> impl Iterator<Item = Range<usize>> {
    find(text).into_iter().filter(|range| range.len() >= LONG)
}

/// Whether a translation has not the digits of a number.
pub fn is_missing(number: &str, translation: &str) -> bool {
    !is_made_of(&digits(number), &runs(translation))
}

/// Whether a long number of the source is missing from the translation, which has a long number of its own instead, or none
/// at all.
///
/// Numbers are compared by their digits without the zeros at both ends, so that `1.5 million` may become 150万, and a date
/// may be taken apart.
pub fn garbled(source: &str, translation: &str) -> bool {
    let long =
        |text: &str| -> Vec<String> { long(text).map(|range| digits(&text[range])).collect() };
    let read = long(source);
    if read.is_empty() {
        return false;
    }
    let (read_runs, written_runs) = (runs(source), runs(translation));
    let missing = read.iter().any(|number| !is_made_of(number, &written_runs));
    let invented = || {
        long(translation)
            .iter()
            .any(|number| !is_made_of(number, &read_runs))
    };
    let dropped = || written_runs.is_empty() && !translation.contains(is_numeral);
    missing && (invented() || dropped())
}

/// Long numbers of each text that the other has not, and those that a translation repeats more often than its source.
pub fn differences(source: &str, translation: &str) -> usize {
    let lacking = |text: &str, other: &str| {
        long(text)
            .filter(|range| is_missing(&text[range.clone()], other))
            .count()
    };
    let mut written: Vec<&str> = long(translation).map(|range| &translation[range]).collect();
    written.sort_unstable();
    let repeated: usize = written
        .chunk_by(|one, other| one == other)
        .map(|same| {
            same.len()
                .saturating_sub(source.matches(same[0]).count().max(1))
        })
        .sum();
    lacking(source, translation) + lacking(translation, source) + repeated
}

/// Whether the minutes of a time of the source are missing from a translation into Chinese or English, which has no words for
/// minutes instead. Half past three may become 15:30.
pub fn loses_minutes(source: &str, translation: &str) -> bool {
    let written = runs(translation);
    let kept = |time: &str| {
        let Some((hour, minute)) = time.split_once(':') else {
            return true;
        };
        let hour: usize = hour.parse().unwrap_or(0);
        let hours = [Some(hour), Some(hour + 12), hour.checked_sub(12)];
        let mut hours = hours.into_iter().flatten();
        hours.any(|hour| is_exactly_made_of(&format!("{hour}{minute}"), &written))
    };
    !has_minutes_in_words(translation) && times(source).any(|time| !kept(time))
}

/// Words for minutes, in Chinese and English: 三点半, "half past three".
const MINUTES: [&str; 8] = [
    "半", "刻", "half", "quarter", "past", "fifteen", "thirty", "twenty",
];

/// Whether a text spells the minutes of a time: 三点半, 三点十五分, "half past three".
fn has_minutes_in_words(text: &str) -> bool {
    let numeral_behind =
        |(at, hour): (usize, &str)| text[at + hour.len()..].starts_with(is_numeral);
    MINUTES.iter().any(|word| text.contains(word)) || text.match_indices('点').any(numeral_behind)
}

/// Times of day that are not full hours.
fn times(text: &str) -> impl Iterator<Item = &str> {
    let times = find(text).into_iter().map(|range| &text[range]);
    times.filter(|number| is_time(number) && !number.ends_with("00"))
}

/// Whether a number is an hour and its minutes: `3:30`.
pub fn is_time(number: &str) -> bool {
    let Some((hour, minute)) = number.split_once(':') else {
        return false;
    };
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    (1..=2).contains(&hour.len()) && minute.len() == 2 && all_digits(hour) && all_digits(minute)
}

/// Whether neighbouring runs have the digits of a number, but for zeros before it.
fn is_exactly_made_of(number: &str, runs: &[&str]) -> bool {
    let core = number.trim_start_matches('0');
    (0..runs.len()).any(|first| {
        (first..runs.len().min(first + 2))
            .any(|last| runs[first..=last].concat().trim_start_matches('0') == core)
    })
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// The runs of digits of a text.
fn runs(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|run| !run.is_empty())
        .collect()
}

/// Whether the digits of a number are those of neighbouring runs, but for zeros at the ends.
fn is_made_of(number: &str, runs: &[&str]) -> bool {
    let core = number.trim_matches('0');
    (0..runs.len()).any(|first| {
        let mut digits = String::new();
        for run in &runs[first..] {
            digits.push_str(run);
            if digits.trim_matches('0') == core {
                return true;
            }
            if digits.len() > 2 * number.len() {
                break;
            }
        }
        false
    })
}

fn is_numeral(c: char) -> bool {
    matches!(
        c,
        '一' | '二'
            | '两'
            | '三'
            | '四'
            | '五'
            | '六'
            | '七'
            | '八'
            | '九'
            | '十'
            | '百'
            | '千'
            | '万'
            | '亿'
            | '零'
            | '〇'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found() {
        let text = "At 12:30, 1,000.5 of 3. mp3 v2 555-0123 2024年3月, 5km, 7";
        let found: Vec<&str> = find(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(
            found,
            ["12:30", "1,000.5", "3", "555-0123", "2024", "3", "7"]
        );
    }

    #[test]
    fn garbled_numbers_are_told_from_rewritten_ones() {
        for (source, translation, expected) in [
            ("It is 12:30.", "现在是12:30。", false),
            ("It is 12:30.", "现在是12点30分。", false),
            ("It is 12:30.", "现在是112:300。", true),
            ("It is 12:30.", "现在是十二点半。", false),
            ("It is 12:30.", "是的。", true),
            ("1,000 people", "1000人", false),
            ("10,000 people", "1万人", false),
            ("1.5 million people", "150万人", false),
            ("in 2024/3/5", "2024年3月5日", false),
            ("June 2020", "2020年6月", false),
            ("June 2020", "2002年6月", true),
            ("two thousand", "2000", false),
            ("5 and 12", "512", false),
            ("call 555-0123", "请打555-0123", false),
            ("call 555-0123", "请打555-0213", true),
        ] {
            assert_eq!(
                garbled(source, translation),
                expected,
                "{source} {translation}"
            );
        }
    }

    #[test]
    fn differences_are_counted() {
        for (source, translation, expected) in [
            ("1,000 in 2019, 234", "2019年为1000，234", 0),
            ("1,000 in 2019, 234", "2091年为1000", 3),
            ("1234 or 1235", "1234或1234或1235", 1),
            ("7", "8", 0),
            ("", "", 0),
        ] {
            assert_eq!(differences(source, translation), expected, "{source}");
        }
    }

    #[test]
    fn minutes_are_missed() {
        for (source, translation, expected) in [
            ("It is 3:30 on May 3.", "现在是5月3日3点3点。", true),
            ("It is 3:30 on May 3.", "现在是5月3日3点30分。", false),
            ("It is 3:30 on Friday.", "星期五3点3点。", true),
            ("It is 3:15.", "现在是三点十五分。", false),
            ("It is 3:30.", "现在是3点半。", false),
            ("现在9:15。", "It is a quarter past 9.", false),
            ("现在9:15。", "It is 9.", true),
            ("现在09:05。", "It is 9:05.", false),
            ("It is 3:00.", "现在是3点。", false),
            ("The score was 2:15:30.", "比分是2。", false),
            ("It is 3:30 p.m.", "现在是15:30。", false),
            ("现在15:30。", "It is 3:30 p.m.", false),
            ("It is 0:15.", "现在是12:15。", false),
            ("It is 3:30 p.m.", "现在是13:30。", true),
            ("It is 3.", "现在是4。", false),
        ] {
            assert_eq!(loses_minutes(source, translation), expected, "{source}");
        }
    }
}
