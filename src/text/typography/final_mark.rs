//! A translation ends as its source does.
//!
//! | source ends in | translation |
//! |---|---|
//! | no mark (headings, buttons, single words) | loses a final 。 ！ ， or ；; keeps ？, without which a question may read as a statement |
//! | `.` `!` `?` | gets its mark if it has none at all, or ， or ；: a question may well become a statement |
//! | `...` `:`, and `;` `,` behind pieces of long sentences | gets its mark, in the place of a 。 if there is one |
//!
//! Quotes and brackets that close behind the mark are looked past. A full stop that belongs to an abbreviation (`etc.`) asks
//! for nothing.

use crate::text::abbreviations::{self, Stop};
use crate::text::edited::Edited;
use crate::text::language::{is_chinese, is_latin_script};

/// What a sentence ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Stop,
    Exclamation,
    Question,
    Ellipsis,
    Colon,
    Semicolon,
    Comma,
}

impl Mark {
    fn of(text: &str) -> Option<Self> {
        Some(match text.chars().next_back()? {
            '.' if text.ends_with("...") => Self::Ellipsis,
            '.' | '。' => Self::Stop,
            '!' | '！' => Self::Exclamation,
            '?' | '？' => Self::Question,
            '…' => Self::Ellipsis,
            ':' | '：' => Self::Colon,
            ';' | '；' => Self::Semicolon,
            ',' | '，' | '、' => Self::Comma,
            _ => return None,
        })
    }

    fn spelling(self, chinese: bool) -> &'static str {
        let (wide, ascii) = match self {
            Self::Stop => ("。", "."),
            Self::Exclamation => ("！", "!"),
            Self::Question => ("？", "?"),
            Self::Ellipsis => ("……", "..."),
            Self::Colon => ("：", ":"),
            Self::Semicolon => ("；", ";"),
            Self::Comma => ("，", ","),
        };
        if chinese { wide } else { ascii }
    }
}

/// Changes the final mark of a translation in a language (a BCP 47 tag) to agree with its source.
#[must_use]
pub fn agree(source: &str, translation: &str, language: &str) -> Edited {
    let wanted = Mark::of(without_closers(source));
    let body = without_closers(translation);
    let found = Mark::of(body);
    let chinese = is_chinese(language);
    let stem = match found {
        Some(Mark::Ellipsis) => body.trim_end_matches(['.', '…']),
        Some(_) => &body[..body.len() - body.chars().next_back().map_or(0, char::len_utf8)],
        None => body,
    };
    let new = match (wanted, found) {
        (None, Some(Mark::Stop | Mark::Exclamation | Mark::Semicolon | Mark::Comma)) => "",
        (Some(Mark::Stop), None) if !is_abbreviated(source) => Mark::Stop.spelling(chinese),
        (Some(mark), None) if mark != Mark::Stop => mark.spelling(chinese),
        (
            Some(mark @ (Mark::Ellipsis | Mark::Colon | Mark::Semicolon | Mark::Comma)),
            Some(Mark::Stop),
        )
        | (
            Some(mark @ (Mark::Stop | Mark::Exclamation | Mark::Question)),
            Some(Mark::Semicolon | Mark::Comma),
        ) => mark.spelling(chinese),
        _ => &body[stem.len()..],
    };
    // A mark alone, or a mark in a script that has its own, is left as it is.
    let known = chinese || is_latin_script(language);
    let new = if known && !stem.is_empty() {
        new
    } else {
        &body[stem.len()..]
    };
    let mut edited = Edited::with_capacity(translation.len());
    edited.copy(stem);
    edited.replace(body.len() - stem.len(), new);
    edited.copy(&translation[body.len()..]);
    edited.finish()
}

/// A text up to the quotes and brackets that close at its end.
fn without_closers(text: &str) -> &str {
    text.trim_end_matches([
        ' ', '"', '\'', '”', '’', '»', ')', '）', ']', '】', '》', '」', '』', '*', '_',
    ])
}

/// Whether the final full stop belongs to an abbreviation.
fn is_abbreviated(source: &str) -> bool {
    let Some(rest) = source.strip_suffix('.') else {
        return false;
    };
    let word = rest
        .rsplit(|c: char| !c.is_alphanumeric() && c != '.')
        .next()
        .unwrap_or_default();
    matches!(abbreviations::stop(word), Stop::Always | Stop::Perhaps)
}

#[cfg(test)]
mod tests {
    use super::agree;

    #[test]
    fn tables() {
        for (source, translation, expected) in [
            ("Settings", "设置。", "设置"),
            ("hello", "你好！", "你好"),
            ("how are you", "你好吗？", "你好吗？"),
            ("Settings", "设置", "设置"),
            ("No", "不，", "不"),
            ("However", "然而，", "然而"),
            ("However,", "然而，", "然而，"),
            ("I see.", "我明白了，", "我明白了。"),
            ("Go!", "走；", "走！"),
            ("Really?", "真的、", "真的？"),
            ("I see.", "我明白了", "我明白了。"),
            ("I see.", "我明白了！", "我明白了！"),
            ("I see...", "我明白了。", "我明白了……"),
            ("I see…", "我明白了……", "我明白了……"),
            ("Well...", "好吧", "好吧……"),
            ("Really?", "真的", "真的？"),
            ("Can't we go?", "我们走吧。", "我们走吧。"),
            ("Really?!", "真的？！", "真的？！"),
            ("Stop!", "停", "停！"),
            ("Note:", "注意。", "注意："),
            ("one two,", "一二。", "一二，"),
            ("\"Yes.\"", "“是的”", "“是的。”"),
            ("\"Yes\"", "“是的。”", "“是的”"),
            ("Apple Inc.", "苹果公司", "苹果公司"),
            ("apples, etc.", "苹果等。", "苹果等。"),
            ("A", "。", "。"),
            ("A.", "", ""),
        ] {
            let edited = agree(source, translation, "zh");
            assert_eq!(edited.text, expected, "{source} {translation}");
            assert_eq!(edited.map.len(), translation.len() + 1);
        }
        assert_eq!(agree("好。", "Good", "en").text, "Good.");
        assert_eq!(agree("好", "Good.", "en").text, "Good");
        assert_eq!(agree("Settings", "настройки.", "ru").text, "настройки.");
    }
}
