//! Numbers that English abbreviates or spells in a way that models misread: "No. 7" as a refusal, "half a million" as five of them.

use crate::text::edited::Edited;
use crate::text::placeholders::is_placeholder;

const SCALES: [&str; 4] = ["thousand", "million", "billion", "trillion"];
const NUMBERS: [&str; 10] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
];
/// Words behind which "no." ends a sentence.
const SAYING: [&str; 6] = ["say", "says", "said", "answer", "answers", "answered"];

/// An English text as models understand it.
pub fn plain(text: &str) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    let mut from = 0;
    let mut before = "";
    for (at, word) in words(text) {
        if at >= from {
            let rest = &text[at..];
            let found = number(rest, word, before)
                .or_else(|| amount(rest, word))
                .or_else(|| below_zero(rest, before));
            if let Some((length, new)) = found {
                edited.copy(&text[from..at]);
                edited.replace(length, &new);
                from = at + length;
            }
        }
        before = word;
    }
    edited.copy(&text[from..]);
    edited.finish()
}

/// The words and numbers of a text and where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive(|c: char| !c.is_alphanumeric())
        .filter_map(move |part| {
            let start = at;
            at += part.len();
            let word = part.trim_end_matches(|c: char| !c.is_alphanumeric());
            (!word.is_empty()).then_some((start, word))
        })
}

/// "No. 7" is number 7, where it cannot be an answer.
fn number(rest: &str, word: &str, before: &str) -> Option<(usize, String)> {
    let new = match word {
        "No" => "Number ",
        "no" => "number ",
        "Nos" => "Numbers ",
        "nos" => "numbers ",
        _ => return None,
    };
    let behind = rest[word.len()..].strip_prefix('.')?;
    let digits = behind.trim_start_matches(' ');
    let counts = digits.starts_with(|c: char| c.is_ascii_digit() || is_placeholder(c));
    let length = rest.len() - digits.len();
    (counts && behind.len() - digits.len() <= 1 && !SAYING.contains(&before))
        .then(|| (length, new.to_owned()))
}

/// "half a million" is 500,000, "two and a half million" 2.5 million.
fn amount(rest: &str, word: &str) -> Option<(usize, String)> {
    let word = word.to_ascii_lowercase();
    let behind = &rest[word.len()..];
    let scale = |rest: &str| {
        SCALES.iter().copied().find(|scale| {
            rest.strip_prefix(*scale)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-'))
        })
    };
    if word == "half" {
        let behind = behind.strip_prefix(" a ")?;
        let scale = scale(behind)?;
        let new = match SCALES.iter().position(|other| *other == scale)? {
            0 => "500".to_owned(),
            1 => "500,000".to_owned(),
            n => format!("500 {}", SCALES[n - 1]),
        };
        return Some((rest.len() - behind.len() + scale.len(), new));
    }
    let spelt = NUMBERS.iter().position(|number| *number == word);
    let digits = word.len() < 4 && word.bytes().all(|b| b.is_ascii_digit());
    let whole = spelt
        .map(|at| (at + 1).to_string())
        .or_else(|| digits.then(|| word.clone()))?;
    let behind = behind.strip_prefix(" and a half ")?;
    let scale = scale(behind)?;
    Some((
        rest.len() - behind.len() + scale.len(),
        format!("{whole}.5 {scale}"),
    ))
}

/// "minus 8 degrees" and "8 degrees below zero" are -8 degrees.
fn below_zero(rest: &str, before: &str) -> Option<(usize, String)> {
    let word = ["minus ", "Minus "]
        .iter()
        .find_map(|word| rest.strip_prefix(*word));
    let number = word.unwrap_or(rest);
    if before.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let digits = number.find(|c: char| !c.is_ascii_digit())?;
    let behind = number[digits..]
        .strip_prefix(" degrees")
        .filter(|_| digits > 0)?;
    let unit = [" Celsius", " Fahrenheit"]
        .into_iter()
        .find(|unit| behind.starts_with(unit))
        .unwrap_or_default();
    let end = behind[unit.len()..].strip_prefix(" below zero");
    let length = rest.len() - end.unwrap_or(&behind[unit.len()..]).len();
    (word.is_some() || end.is_some())
        .then(|| (length, format!("-{} degrees{unit}", &number[..digits])))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn tables() {
        for (text, expected) in [
            ("No. 7", "Number 7"),
            ("It is No. 7 on the list", "It is Number 7 on the list"),
            ("(no. 2024-117)", "(number 2024-117)"),
            ("Nos. 3 and 4", "Numbers 3 and 4"),
            ("no.5", "number 5"),
            ("No. \u{e000}", "Number \u{e000}"),
            ("No. I don't", "No. I don't"),
            ("He said no. 7 people came", "He said no. 7 people came"),
            ("No, 7", "No, 7"),
            ("Piano. 7", "Piano. 7"),
            ("Half a million people", "500,000 people"),
            ("half a billion", "500 million"),
            ("half a million-dollar house", "half a million-dollar house"),
            ("half a day", "half a day"),
            ("Two and a half million", "2.5 million"),
            ("10 and a half billion", "10.5 billion"),
            ("one and a half hours", "one and a half hours"),
            ("It is minus 8 degrees.", "It is -8 degrees."),
            ("8 degrees Celsius below zero", "-8 degrees Celsius"),
            ("8 degrees", "8 degrees"),
            ("9 minus 8 degrees", "9 minus 8 degrees"),
            ("1.8 degrees below zero", "1.8 degrees below zero"),
            ("é 中 1.5", "é 中 1.5"),
            ("İstanbul ẞ Ⱥ İ", "İstanbul ẞ Ⱥ İ"),
            ("", ""),
        ] {
            let edited = plain(text);
            assert_eq!(edited.text, expected, "{text}");
            assert_eq!(edited.map.len(), text.len() + 1);
        }
    }
}
