//! How a translation is set: the punctuation and the spaces that a careful writer of the target language would use.
//!
//! | module | what it holds |
//! |---|---|
//! | [`chinese`] | full-width marks, paired quotes, ……, ——, no stray spaces |
//! | [`latin`] | ASCII marks, one space behind them, a capital to start with |
//! | [`final_mark`] | a translation ends as its source does |
//! | [`ordinals`] | 23rd rather than 23th |
//! | [`quotes`] | quotes touch what they enclose, and those around a whole sentence come back |
//! | [`pronoun`] | the English "I" is a capital |
//!
//! Every function takes the text of one sentence in which [placeholders](super::placeholders) stand for protected parts, so
//! that those are never touched, and returns an [`Edited`] that tells where each byte went.

mod chinese;
pub mod final_mark;
mod latin;
pub mod ordinals;
pub mod pronoun;
pub mod quotes;

pub use latin::narrow;

use super::edited::Edited;
use super::language::{is_chinese, is_latin_script};

/// Sets a sentence in a language (a BCP 47 tag); languages that are neither Chinese nor Latin are only tidied.
///
/// Setting twice is the same as setting once.
#[must_use]
pub fn set(text: &str, language: &str) -> Edited {
    let tidy = tidy(text);
    let set = if is_chinese(language) {
        chinese::set(&tidy.text)
    } else if is_latin_script(language) {
        latin::set(&tidy.text)
    } else {
        return tidy;
    };
    tidy.then(set)
}

/// Removes control characters and what stands for broken bytes; all white space becomes single spaces, none at the ends.
#[must_use]
pub fn tidy(text: &str) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    let mut buffer = [0; 4];
    let (mut skipped, mut space) = (0, false);
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() || c == char::REPLACEMENT_CHARACTER {
            skipped += c.len_utf8();
            space |= c.is_whitespace();
            continue;
        }
        let inner = space && !edited.text.is_empty();
        edited.replace(skipped, if inner { " " } else { "" });
        edited.copy(c.encode_utf8(&mut buffer));
        (skipped, space) = (0, false);
    }
    edited.replace(skipped, "");
    edited.finish()
}

#[cfg(test)]
mod tests {
    use super::set;
    use crate::text::fuzz::Fuzz;

    #[test]
    fn text_is_tidied() {
        for (text, expected) in [("", ""), (" \n\t ", ""), (" a \u{fffd} b\n\0c\t", "a b c")] {
            assert_eq!(set(text, "ru").text, expected, "{text:?}");
        }
    }

    #[test]
    fn twice_is_the_same_as_once_and_maps_are_sound() {
        let mut fuzz = Fuzz::new(5);
        for _ in 0..20_000 {
            let text = fuzz.text(16);
            for language in ["zh", "en"] {
                let once = set(&text, language);
                assert_eq!(once.map.len(), text.len() + 1, "{text:?}");
                assert!(once.map.is_sorted(), "{text:?}");
                assert!(
                    once.map.iter().all(|&at| once.text.is_char_boundary(at)),
                    "{text:?}"
                );
                let twice = set(&once.text, language);
                assert_eq!(twice.text, once.text, "{language} {text:?}");
            }
        }
    }

    #[test]
    fn letters_and_digits_are_kept() {
        let mut fuzz = Fuzz::new(6);
        for _ in 0..5000 {
            let text = fuzz.text(16);
            let kept = |text: &str| {
                text.chars()
                    .filter(|c| c.is_alphanumeric())
                    .collect::<String>()
            };
            for language in ["zh", "en"] {
                let found = kept(&set(&text, language).text);
                assert_eq!(found.to_uppercase(), kept(&text).to_uppercase(), "{text:?}");
            }
        }
    }
}
