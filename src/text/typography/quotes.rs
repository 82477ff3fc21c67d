//! Double quotes: in Latin letters they touch what they enclose, and those around a whole sentence come with its translation.

use crate::text::edited::Edited;
use crate::text::language::{is_chinese, is_latin_script};

/// Marks that open a quotation in the languages that are known here, and those that close one.
const OPENING: [char; 4] = ['"', '“', '「', '『'];
const CLOSING: [char; 4] = ['"', '”', '」', '』'];

/// Moves the spaces within straight double quotes out of them: `said " yes " and` becomes `said "yes" and`.
///
/// An even number of quotes open and close in turn. Of an odd number only those at the ends of the text are known. A quote
/// behind a digit may stand for inches, and then nothing is known.
pub fn attach(text: &str) -> Edited {
    let places: Vec<usize> = text.match_indices('"').map(|(at, _)| at).collect();
    let even = places.len().is_multiple_of(2);
    let inches = places
        .iter()
        .step_by(2)
        .any(|&at| text[..at].ends_with(|c: char| c.is_ascii_digit()));
    let mut edited = Edited::with_capacity(text.len());
    let mut from = 0;
    if even && is_shifted(text, &places) {
        edited.copy(text);
        return edited.finish();
    }
    for (n, &at) in places.iter().enumerate() {
        let opens = if even { n % 2 == 0 } else { at == 0 };
        let (before, behind) = (&text[from..at], &text[at + 1..]);
        if even && inches {
            break;
        }
        if opens && behind.starts_with(' ') {
            edited.copy(before);
            let word = edited.text.trim_end_matches([',', '.', ':', ';', '!', '?']);
            if word.ends_with(char::is_alphanumeric) {
                edited.replace(0, " ");
            }
            edited.copy("\"");
            edited.replace(1, "");
            from = at + 2;
        } else if (even || behind.is_empty()) && !opens && before.ends_with(' ') {
            edited.copy(&before[..before.len() - 1]);
            edited.replace(1, "");
            edited.copy("\"");
            if behind.starts_with(char::is_alphanumeric) {
                edited.replace(0, " ");
            }
            from = at + 1;
        }
    }
    edited.copy(&text[from..]);
    edited.finish()
}

/// Whether quotes that would close and open by their number open and close by what is beside them: one before them lacks its mate.
fn is_shifted(text: &str, places: &[usize]) -> bool {
    let touches = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace());
    let sides = |at: usize| {
        let before = text[..at].chars().next_back();
        (touches(before), touches(text[at + 1..].chars().next()))
    };
    let inner = places.get(1..).unwrap_or_default();
    let mut pairs = inner.as_chunks().0.iter();
    pairs.any(|&[one, other]| sides(one) == (false, true) && sides(other) == (true, false))
}

/// Puts the quotes that open or close a source around its translation in a language (a BCP 47 tag) that has none at all.
#[must_use]
pub fn agree(source: &str, translation: &str, language: &str) -> Edited {
    let chinese = is_chinese(language);
    let (opens, closes) = around(source);
    let quotes = |c: char| OPENING.contains(&c) || CLOSING.contains(&c) || "《‘".contains(c);
    let known = chinese || is_latin_script(language);
    let has = translation.contains(quotes) || translation.starts_with('\'');
    let (opens, closes) = (opens && known && !has, closes && known && !has);
    let mut edited = Edited::with_capacity(translation.len());
    if opens {
        edited.replace(0, if chinese { "“" } else { "\"" });
    }
    edited.copy(translation);
    if closes {
        edited.replace(0, if chinese { "”" } else { "\"" });
    }
    edited.finish()
}

/// Whether the only quotes of a text open at its start, and close at its end or before its final mark.
fn around(text: &str) -> (bool, bool) {
    let body = text.trim_end_matches([
        '。', '.', '，', ',', '！', '!', '？', '?', '：', ':', '；', ';',
    ]);
    let opens = text.starts_with(OPENING);
    let closes = body.strip_suffix(CLOSING).is_some_and(|inside| {
        !inside.is_empty() && !inside.ends_with(|c: char| c.is_ascii_digit() && body.ends_with('"'))
    });
    let count = text
        .matches(|c| OPENING.contains(&c) || CLOSING.contains(&c))
        .count();
    let all = count == usize::from(opens) + usize::from(closes);
    (opens && all, closes && all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_touch_what_they_enclose() {
        for (text, expected) in [
            (
                "She said \" thank you, \" and left",
                "She said \"thank you,\" and left",
            ),
            ("a \" tiger. \"", "a \"tiger.\""),
            ("\" yes \" or \"no\"", "\"yes\" or \"no\""),
            ("said\" yes \"and", "said \"yes\" and"),
            ("He said,\" yes\"", "He said, \"yes\""),
            ("(\" yes \")", "(\"yes\")"),
            ("\" Hello.", "\"Hello."),
            ("Hello. \"", "Hello.\""),
            ("a \" b", "a \" b"),
            ("\" a \" b \" c", "\"a \" b \" c"),
            ("a 5\" or a 6\" pipe", "a 5\" or a 6\" pipe"),
            ("a\" b, \"C d\" e \"f", "a\" b, \"C d\" e \"f"),
            ("\" \"", "\"\""),
            ("no quotes", "no quotes"),
            ("", ""),
        ] {
            let edited = attach(text);
            assert_eq!(edited.text, expected, "{text}");
            assert_eq!(edited.map.len(), text.len() + 1);
        }
    }

    #[test]
    fn quotes_around_a_sentence_come_back() {
        for (source, translation, language, expected) in [
            ("“我不知道。”", "I don't know.", "en", "\"I don't know.\""),
            ("“我不知道”。", "I don't know.", "en", "\"I don't know.\""),
            ("「我不知道。」", "I don't know.", "en", "\"I don't know.\""),
            ("“你好。", "Hello.", "en", "\"Hello."),
            ("我来了。”", "I'm here.", "en", "I'm here.\""),
            ("\"Save\"", "保存", "zh", "“保存”"),
            ("\"Save\"", "“保存”", "zh", "“保存”"),
            ("\"Titanic\"", "《泰坦尼克号》", "zh", "《泰坦尼克号》"),
            ("“好”", "'Good'", "en", "'Good'"),
            // Quotes around parts, and inches.
            ("“好”和“坏”", "good and bad", "en", "good and bad"),
            ("他说“好”", "He said yes", "en", "He said yes"),
            ("A 5\"", "5英寸", "zh", "5英寸"),
            ("\"", "引号", "zh", "“引号"),
            ("\"Save\"", "Сохранить", "ru", "Сохранить"),
            ("", "", "en", ""),
        ] {
            let edited = agree(source, translation, language);
            assert_eq!(edited.text, expected, "{source} {translation}");
            assert_eq!(edited.map.len(), translation.len() + 1);
        }
    }
}
