//! The English pronoun "I" is a capital.
//!
//! Not where the source has an i in Latin letters, which is a name for something then, and not where an i numbers a list.

use crate::text::edited::Edited;
use crate::text::language::is_english;

/// Writes the pronoun of a translation in a language (a BCP 47 tag) as a capital.
#[must_use]
pub fn agree(source: &str, translation: &str, language: &str) -> Edited {
    let is_wanted = is_english(language) && !has_letter_i(source);
    let mut edited = Edited::with_capacity(translation.len());
    for (at, c) in translation.char_indices() {
        if c == 'i' && is_wanted && is_pronoun(&translation[..at], &translation[at + 1..]) {
            edited.replace(1, "I");
        } else {
            edited.copy(c.encode_utf8(&mut [0; 4]));
        }
    }
    edited.finish()
}

fn has_letter_i(source: &str) -> bool {
    source
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word == "i")
}

/// Whether an i between these is a word of a sentence: not a part of a name, an abbreviation (`i.e.`) or a formula.
fn is_pronoun(before: &str, after: &str) -> bool {
    const CONTRACTIONS: [&str; 4] = ["'m", "'ll", "'ve", "'d"];
    let opens = before.is_empty() || before.ends_with([' ', '"', '(']);
    let contracted = CONTRACTIONS
        .iter()
        .filter_map(|ending| after.strip_prefix(ending))
        .any(|after| !after.starts_with(char::is_alphanumeric));
    let closes = after.is_empty()
        || after.starts_with([' ', ',', '?', '!', '"'])
        || (after.starts_with('.') && !after[1..].starts_with(char::is_alphanumeric));
    opens && (contracted || closes)
}

#[cfg(test)]
mod tests {
    use super::agree;

    #[test]
    fn the_pronoun_is_a_capital() {
        for (translation, expected) in [
            ("When should i be back?", "When should I be back?"),
            ("i'm late, i'll run", "I'm late, I'll run"),
            ("\"i?\" It was i.", "\"I?\" It was I."),
            ("See (i) and (ii), i.e. both", "See (i) and (ii), i.e. both"),
            ("An iPhone in Wi-Fi i-mode", "An iPhone in Wi-Fi i-mode"),
            ("naïve i", "naïve I"),
            ("", ""),
        ] {
            let edited = agree("我什么时候回来？", translation, "en-GB");
            assert_eq!(edited.text, expected);
            assert!(edited.map.into_iter().eq(0..=translation.len()) || !translation.is_ascii());
        }
    }

    #[test]
    fn names_and_other_languages_stay() {
        for (source, translation, language) in [
            ("变量 i 是多少？", "What is i now?", "en"),
            ("i等于几", "What is i?", "en"),
            ("我和他", "i on oraz i ona", "pl"),
        ] {
            assert_eq!(agree(source, translation, language).text, translation);
        }
    }
}
