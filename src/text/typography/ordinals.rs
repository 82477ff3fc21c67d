//! English ordinals in digits: 23rd, 112th. A model that copies the digits may add any ending.

use crate::text::edited::Edited;
use crate::text::language::is_english;

const ENDINGS: [&str; 4] = ["th", "st", "nd", "rd"];

/// Gives the ordinals of a translation in a language (a BCP 47 tag) their endings, if it is English.
#[must_use]
pub fn agree(translation: &str, language: &str) -> Edited {
    let mut edited = Edited::with_capacity(translation.len());
    let mut rest = translation;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let digits = rest[start..]
            .find(|c: char| !(c.is_ascii_digit() || c == ','))
            .map_or(rest.len(), |length| start + length);
        let number = &rest[start..digits];
        let glued = edited
            .text
            .ends_with(|c: char| c.is_alphanumeric() || c == '_')
            && start == 0
            || rest[..start].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.'));
        edited.copy(&rest[..digits]);
        rest = &rest[digits..];
        let found = ENDINGS.iter().find(|ending| rest.starts_with(**ending));
        let word = found
            .is_some_and(|found| !rest[found.len()..].starts_with(|c: char| c.is_alphanumeric()));
        if let Some(found) = found.filter(|_| word && !glued && is_english(language)) {
            edited.replace(found.len(), ending(number));
            rest = &rest[found.len()..];
        }
    }
    edited.copy(rest);
    edited.finish()
}

/// The ending of an ordinal.
fn ending(number: &str) -> &'static str {
    let digits: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).collect();
    match digits[..] {
        [.., b'1', _] => ENDINGS[0],
        [.., last @ b'1'..=b'3'] => ENDINGS[usize::from(last - b'0')],
        _ => ENDINGS[0],
    }
}

#[cfg(test)]
mod tests {
    use super::agree;

    #[test]
    fn tables() {
        for (text, expected) in [
            ("the 73th session", "the 73rd session"),
            ("1th, 2th, 3st and 4nd.", "1st, 2nd, 3rd and 4th."),
            ("11st 12nd 13rd 111st", "11th 12th 13th 111th"),
            ("the 1,001th night", "the 1,001st night"),
            (
                "23thing, x23th, 2.23th, 5 the",
                "23thing, x23th, 2.23th, 5 the",
            ),
            ("", ""),
        ] {
            let edited = agree(text, "en-GB");
            assert_eq!(edited.text, expected, "{text}");
            assert_eq!(edited.map.len(), text.len() + 1);
        }
        assert_eq!(agree("73th", "de").text, "73th");
    }
}
