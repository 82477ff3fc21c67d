//! Temperatures below zero, between English and Chinese: models lose 零下 and "minus".

use std::ops::Range;

use super::numbers;
use crate::text::edited::Edited;
use crate::text::language::{is_chinese, is_english};

/// How far behind a number its sign may stand, in bytes: "8 degrees Celsius below zero".
const FAR: usize = 32;

/// Gives numbers of a translation the minus that they have in the source.
///
/// Both texts are as the model reads and writes them.
pub fn correct(source: &str, from: &str, translation: &str, to: &str) -> Edited {
    let mut edited = Edited::with_capacity(translation.len());
    let mut at = 0;
    if is_chinese(from) && is_english(to) || is_english(from) && is_chinese(to) {
        let read = numbers::find(source);
        let negative = |range: &Range<usize>| is_negative(source, range);
        for range in numbers::find(translation) {
            let number = &translation[range.clone()];
            let mut same = read
                .iter()
                .filter(|range| source[(*range).clone()] == *number);
            let all = same.clone().next().is_some() && same.all(negative);
            if !all || number.contains('-') || is_signed(translation, &range) {
                continue;
            }
            let before = &translation[at..range.start];
            let bare = before.trim_end_matches([' ', '-']);
            let sign = &before[bare.len()..];
            // Of the sign, only the spaces may be wrong: "temperature-25", "- 8".
            let bare = if sign.contains('-') { bare } else { before };
            edited.copy(bare);
            let space =
                bare.ends_with(|c: char| c.is_ascii_alphanumeric()) || sign.starts_with(' ');
            let space = if space && bare.len() < before.len() {
                " "
            } else {
                ""
            };
            let minus = if bare.ends_with('零') { "下" } else { "-" };
            edited.replace(before.len() - bare.len(), &format!("{space}{minus}"));
            at = range.start;
        }
    }
    edited.copy(&translation[at..]);
    edited.finish()
}

/// Whether a number of a source counts degrees below zero.
fn is_negative(text: &str, range: &Range<usize>) -> bool {
    let (before, behind) = (&text[..range.start], &text[range.end..]);
    let behind = behind.trim_start_matches(' ');
    let degrees = ["度", "℃", "°", "摄氏", "华氏", "degree"]
        .iter()
        .any(|unit| behind.starts_with(unit));
    let minus = before
        .strip_suffix(['-', '−'])
        .is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()));
    let word = before.ends_with('负') || before.to_lowercase().ends_with("minus ");
    before.ends_with("零下") || (degrees && (minus || word || says_below(behind)))
}

/// Whether a number of a translation has its sign, and the right spaces around it.
fn is_signed(text: &str, range: &Range<usize>) -> bool {
    let (before, behind) = (&text[..range.start], &text[range.end..]);
    let word = before.trim_end_matches(' ').to_lowercase();
    let words = [
        "minus",
        "negative",
        "below",
        "zero",
        "under",
        "零下",
        "零下方",
        "负",
        "−",
    ];
    let minus = before
        .strip_suffix('-')
        .is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()));
    minus || words.iter().any(|sign| word.ends_with(sign)) || says_below(behind)
}

/// Whether "below zero" or the like follows.
fn says_below(behind: &str) -> bool {
    let near = behind.floor_char_boundary(FAR);
    let near = behind[..near]
        .split([',', '.', '，', '。'])
        .next()
        .unwrap_or_default();
    [
        "below",
        "minus",
        "零下",
        "under zero",
        "sub-zero",
        "subzero",
    ]
    .iter()
    .any(|word| near.contains(word))
}

#[cfg(test)]
mod tests {
    use super::correct;

    #[test]
    fn lost_signs_come_back() {
        for (source, translation, expected) in [
            (
                "最低零下8度。",
                "The low is 8 degrees.",
                "The low is -8 degrees.",
            ),
            (
                "零下25度",
                "temperature-25 degrees",
                "temperature -25 degrees",
            ),
            ("零下25度", "it is - 25 degrees", "it is -25 degrees"),
            ("零下25度", "25 degrees", "-25 degrees"),
            ("-5℃到-8℃", "5 to 8 °C", "-5 to -8 °C"),
            ("零下8度到5度", "8 to 5 degrees", "-8 to 5 degrees"),
            // Signs that are there, and numbers that have none.
            ("零下8度", "minus 8 degrees", "minus 8 degrees"),
            ("零下8度", "Negative 8 degrees", "Negative 8 degrees"),
            ("零下8度", "8 degrees below zero", "8 degrees below zero"),
            ("零下8度", "It is -8°.", "It is -8°."),
            ("零下8度", "nine degrees", "nine degrees"),
            ("长征-5号", "Long March 5", "Long March 5"),
            ("胜5负3", "5 won, 3 lost", "5 won, 3 lost"),
            ("8度，零下8度", "8 and 8 degrees", "8 and 8 degrees"),
        ] {
            let edited = correct(source, "zh", translation, "en");
            assert_eq!(edited.text, expected, "{source} {translation}");
            assert_eq!(edited.map.len(), translation.len() + 1);
        }
        for (source, translation, expected) in [
            ("It is minus 8 degrees.", "8度。", "-8度。"),
            ("It is 8 degrees below zero.", "现在8度。", "现在-8度。"),
            ("It is 8 degrees below zero.", "零下8度。", "零下8度。"),
            ("It is minus 8 degrees.", "降至零8度。", "降至零下8度。"),
            ("Take 5 minus 3.", "5减3。", "5减3。"),
        ] {
            let edited = correct(source, "en", translation, "zh");
            assert_eq!(edited.text, expected, "{source} {translation}");
        }
        assert_eq!(correct("零下8度", "zh", "8 Grad", "de").text, "8 Grad");
    }
}
