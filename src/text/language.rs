//! What the pipeline asks about a language: its script, and whether a text has anything to translate.

use super::characters::{is_han, is_latin};

/// Whether a language (a BCP 47 tag) is written in Chinese characters and full-width punctuation.
#[must_use]
pub fn is_chinese(language: &str) -> bool {
    primary(language).eq_ignore_ascii_case("zh")
}

/// Whether a language (a BCP 47 tag) is English.
#[must_use]
pub fn is_english(language: &str) -> bool {
    primary(language).eq_ignore_ascii_case("en")
}

/// Whether a language (a BCP 47 tag) is written in Latin letters.
#[must_use]
pub fn is_latin_script(language: &str) -> bool {
    const LATIN: [&str; 28] = [
        "af", "ca", "cs", "da", "de", "en", "es", "et", "fi", "fr", "hr", "hu", "id", "is", "it",
        "lt", "lv", "ms", "nb", "nl", "no", "pl", "pt", "ro", "sk", "sv", "tr", "vi",
    ];
    LATIN.contains(&primary(language).to_ascii_lowercase().as_str())
}

fn primary(language: &str) -> &str {
    language.split('-').next().unwrap_or_default()
}

/// Whether a text has words in the script of `language`, and not many more in other scripts.
///
/// Numbers, punctuation and words with digits in them (`A4`, `v1.2`) are the same in every language. Four Chinese characters
/// count as much as an English word: a Chinese sentence that names an English product is still Chinese. In a Chinese text
/// Latin words are ordinary, so that a third of Chinese characters is enough.
#[must_use]
pub fn has_words(text: &str, language: &str) -> bool {
    let Words { han, latin, others } = Words::of(text);
    let (own, foreign) = if is_chinese(language) {
        (3 * han, latin + others)
    } else if is_latin_script(language) {
        (4 * latin, han + 4 * others)
    } else {
        (4 * others, han)
    };
    own > 0 && foreign <= own
}

/// Number of words: runs without white space that hold a letter or a digit, where each Chinese character counts as one.
#[must_use]
pub fn count_words(text: &str) -> usize {
    let mut words = 0;
    let mut within = false;
    for c in text.chars() {
        if is_han(c) {
            words += 1;
            within = false;
        } else if c.is_whitespace() {
            within = false;
        } else if c.is_alphanumeric() && !within {
            words += 1;
            within = true;
        }
    }
    words
}

/// Words by script.
#[derive(Default)]
struct Words {
    /// Chinese characters.
    han: usize,
    /// Runs of Latin letters without digits beside them.
    latin: usize,
    /// Runs of letters of any other script.
    others: usize,
}

impl Words {
    fn of(text: &str) -> Self {
        let mut words = Self {
            han: text.chars().filter(|&c| is_han(c)).count(),
            ..Self::default()
        };
        for word in text.split(|c: char| !c.is_alphanumeric() || is_han(c)) {
            match word.chars().next() {
                None => {}
                Some(_) if word.contains(|c: char| c.is_numeric()) => {}
                Some(c) if is_latin(c) => words.latin += 1,
                Some(_) => words.others += 1,
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_and_without_words() {
        for (language, text, expected) in [
            ("en", "Hello", true),
            ("en", "I", true),
            ("en", "café 12", true),
            ("en", "COVID-19", true),
            ("en", "", false),
            ("en", "12:30 - 3.14 %", false),
            ("en", "😀😀", false),
            ("en", "A4 v1 MP3", false),
            ("en", "你好，世界", false),
            ("en", "我喜欢用Rust编程", false),
            ("en", "The word 你好 means hello", true),
            ("en", "I ♥ 北京", true),
            ("en", "привет, мир", false),
            ("en", "купить iPhone сегодня дёшево", false),
            ("en-GB", "colour", true),
            ("zh", "你好", true),
            ("zh-Hans", "我用Visual Studio Code和Docker", true),
            ("zh", "Only the word 好 and a great many others", false),
            ("zh", "hello", false),
            ("ru", "привет", true),
            ("ru", "hello 12", false),
        ] {
            assert_eq!(has_words(text, language), expected, "{language} {text}");
        }
    }

    #[test]
    fn words_are_counted() {
        for (text, expected) in [
            ("", 0),
            (" - ", 0),
            ("Hello, world!", 2),
            ("don't stop 12:30", 3),
            ("我用Rust写 2 行", 6),
        ] {
            assert_eq!(count_words(text), expected, "{text}");
        }
    }
}
