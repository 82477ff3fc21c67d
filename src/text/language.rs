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

/// Languages that are written in other letters than Latin ones, where no subtag says otherwise. Models of OPUS are often named with
/// three letters.
const NOT_LATIN: &str = "ab abk am amh ar ara arb ary arz as asm av awa azb ba bak be bel ben bg bho bn bo bod bul ce che chr \
    chv ckb cv div doi dv dz dzo el ell fa fas gom grc gu guj he heb hi hin hy hye iu iw ka kan kat kaz khm kir kk km kn kok \
    ks ky lao lez lo mai mal mar mhr mk mkd ml mn mni mon mr my mya myv ne nep new npi nqo or ory os pa pan pes pnb prs ps \
    pus ru rus sa sah san sat sd shn si sin skr sr srp ta tam tat te tel tg tgk th tha ti tir tt tyv udm ug uig uk ukr ur urd \
    xal yi yid zgh";

/// Languages with Chinese characters among their own.
const WITH_HAN: &str = "chi cmn hak ja jpn ko kor lzh nan wuu yue zh zho";

/// Languages that are written in Latin letters as well as in others.
const EITHER: &str = "ku kur sr srp uz uzb";

/// Whether a language (a BCP 47 tag) is written in Latin letters: those that are not are listed, for they are few.
#[must_use]
pub fn is_latin_script(language: &str) -> bool {
    match script(language) {
        Some(script) => script.eq_ignore_ascii_case("Latn"),
        None => !lists(NOT_LATIN, language) && !lists(WITH_HAN, language),
    }
}

fn primary(language: &str) -> &str {
    language.split(['-', '_']).next().unwrap_or_default()
}

/// The script that a tag names, as `sr-Latn-RS` does.
fn script(language: &str) -> Option<&str> {
    let mut subtags = language.split(['-', '_']).skip(1);
    subtags.find(|tag| tag.len() == 4 && tag.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

fn lists(languages: &str, language: &str) -> bool {
    let primary = primary(language);
    languages
        .split(' ')
        .any(|listed| listed.eq_ignore_ascii_case(primary))
}

/// Whether a text has words in the script of `language`, and not many more in other scripts.
///
/// Numbers, punctuation and words with digits in them (`A4`, `v1.2`) are the same in every language. Four Chinese characters
/// count as much as an English word: a Chinese sentence that names an English product is still Chinese. In a Chinese text
/// Latin words are ordinary, so that a third of Chinese characters is enough; so they are in Japanese and Korean, whose own
/// characters may be Chinese ones as well.
#[must_use]
pub fn has_words(text: &str, language: &str) -> bool {
    let Words { han, latin, others } = Words::of(text);
    let (own, foreign) = if is_chinese(language) {
        (3 * han, latin + others)
    } else if script(language).is_none() && lists(EITHER, language) {
        (4 * (latin + others), han)
    } else if is_latin_script(language) {
        (4 * latin, han + 4 * others)
    } else if lists(WITH_HAN, language) {
        (3 * han + 4 * others, latin)
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
            ("sl", "Hiša je majhna.", true),
            ("sl", "привет, мир", false),
            ("sw", "Nyumba ni ndogo.", true),
            ("az", "əla əsər", true),
            ("az", "Только по-русски", false),
            ("sr", "Кућа је мала.", true),
            ("sr", "Kuća je mala.", true),
            ("sr-Latn", "Kuća je mala.", true),
            ("sr-Latn", "Кућа је мала.", false),
            ("sr-Cyrl-RS", "Kuća je mala.", false),
            ("sr-Cyrl-RS", "Кућа је мала.", true),
            ("uz", "Uy kichik.", true),
            ("uz", "Уй кичик.", true),
            ("uz_Cyrl", "Уй кичик.", true),
            ("uz_Cyrl", "Uy kichik.", false),
            ("ja", "東京都知事選挙", true),
            ("ja", "小さな家です", true),
            ("ja", "iPhone", false),
            ("ja", "Only the word 好 and a great many others", false),
            ("ko", "大韓民國", true),
            ("ko", "집이 작아요", true),
            ("ko", "삼성 Galaxy Note Ultra", true),
            ("yue", "我哋去飲茶", true),
        ] {
            assert_eq!(has_words(text, language), expected, "{language} {text}");
        }
    }

    #[test]
    fn scripts_of_languages() {
        for (languages, expected) in [
            (
                "af az bs ca cy de en en-GB eo eu gl hr mt nn SL sq sw uz und",
                true,
            ),
            ("sr-Latn sr_Latn sr-latn-RS uz-Latn zh-Latn ja-Latn", true),
            ("ar be bg el fa he hi ka kk mk ru RU sr ta th uk ur", false),
            ("ja ko yue zh zh-Hant sr-Cyrl uz-Cyrl az-Arab", false),
        ] {
            for language in languages.split(' ') {
                assert_eq!(is_latin_script(language), expected, "{language}");
            }
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
