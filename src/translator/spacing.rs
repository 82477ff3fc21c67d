//! What English needs where the parts of a Chinese sentence meet that were translated one by one: spaces, and small letters.

use super::job::Languages;
use crate::text::characters::{is_wide_mark, wide_form};
use crate::text::typography::narrow;

/// What stands between the parts of a Chinese sentence that are translated one by one, with ASCII marks at its ends.
pub fn narrowed(between: &str) -> String {
    let inner = between.trim_start_matches(is_wide_mark);
    let (before, inner) = between.split_at(between.len() - inner.len());
    let (inner, behind) = inner.split_at(inner.trim_end_matches(is_wide_mark).len());
    [&narrow(before).text, inner, &narrow(behind).text].concat()
}

/// Whether a space must stand between a text and what comes next, either of them as they stand in the source or translated.
pub fn is_missing(text: &str, next: &str) -> bool {
    let (Some(last), Some(first)) = (text.chars().next_back(), next.chars().next()) else {
        return false;
    };
    let closes = match last {
        '>' => text
            .rfind('<')
            .is_some_and(|tag| text[tag..].starts_with("</")),
        _ => {
            last.is_alphanumeric()
                || "`}]),.!?;:%/，。！？：；、）”》」』】•●○■□▪◦►▶→".contains(last)
                || is_emoji(last)
        }
    };
    let opens = match first {
        '<' => !next.starts_with("</"),
        _ => first.is_alphanumeric() || "`{[($%@（“《「『【".contains(first) || is_emoji(first),
    };
    closes && opens
}

/// Emoji that are copied from behind a sentence, with the white space before them and the marks behind them, as they stand in
/// the translation.
pub fn behind_sentence(translated: &str, emoji: &str, languages: Languages<'_>) -> String {
    if languages.is_from_chinese_to_latin() {
        let space = if is_missing(translated, "😀") && !emoji.starts_with(char::is_whitespace) {
            " "
        } else {
            ""
        };
        return format!("{space}{}", narrowed(emoji));
    }
    if !languages.is_to_chinese() {
        return emoji.to_owned();
    }
    let apart = translated.ends_with(is_wide_mark);
    let emoji = emoji.strip_prefix(' ').filter(|_| apart).unwrap_or(emoji);
    let rest = emoji.trim_end_matches(['.', '!', '?']);
    let marks: String = match &emoji[rest.len()..] {
        // Emoticons may end with a mark, but not with one of these.
        marks if marks.contains("..") => marks.to_owned(),
        marks => marks.chars().filter_map(wide_form).collect(),
    };
    format!("{rest}{marks}")
}

/// The characters that emoji end with, or begin with.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b50}' | '\u{2b55}' | '\u{fe0f}'
        | '\u{e007f}')
}

/// English words that begin with a capital only where a sentence begins.
const SMALL: &str = "The A An This That These Those There It He She We They You His Her Its Our Their My Your But And Or So If When \
    While Let Please As In On At By For To Of From With After Before Because Although Even Then Also Not No Some Many All Every \
    Finally Lastly Next Otherwise Meanwhile Therefore However Thus Instead Yet Now \
    Only Both Each Until Since Unless Through During Without Within Under Over How What Why Where Who Which";

/// The first word of a text in small letters, where a sentence goes on with it.
pub fn joined(mut text: String) -> String {
    let word = text.split([' ', ',', '\'']).next().unwrap_or_default();
    if SMALL.split(' ').any(|small| small == word) {
        text[..1].make_ascii_lowercase();
    }
    text
}

/// Whether a sentence goes on behind this text: it was cut there because it is long, or at a mark that ends no English sentence.
pub fn goes_on(chinese: &str) -> bool {
    chinese.trim_end_matches(' ').ends_with(['，', '；', '、'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_ascii() {
        for (between, expected) in [
            ("，https://a.b/c。", ",https://a.b/c."),
            ("{a}、{b}", "{a}、{b}"),
            ("”（", "\"("),
            ("。", "."),
            ("", ""),
            (" `x` ", " `x` "),
        ] {
            assert_eq!(narrowed(between), expected);
        }
    }

    #[test]
    fn sentences_go_on_in_small_letters() {
        for (text, expected) in [
            ("The end.", "the end."),
            ("But no.", "but no."),
            ("Let's go.", "let's go."),
            ("Finally, press it.", "finally, press it."),
            ("Since then", "since then"),
            ("A", "a"),
            ("Theo came.", "Theo came."),
            ("Beijing is big.", "Beijing is big."),
            ("", ""),
            ("é", "é"),
        ] {
            assert_eq!(joined(text.into()), expected);
        }
        for (chinese, expected) in [
            ("好，", true),
            ("好； ", true),
            ("好。", false),
            ("好；\n", false),
            ("", false),
        ] {
            assert_eq!(goes_on(chinese), expected, "{chinese:?}");
        }
    }

    #[test]
    fn emoji_behind_sentences() {
        for (languages, translated, emoji, expected) in [
            (("zh", "en"), "Great", "👍！", " 👍!"),
            (("zh", "en"), "Great", " 👍", " 👍"),
            (("en", "zh"), "好", " 😊.", " 😊。"),
            (("en", "zh"), "好", " :)!?", " :)！？"),
            (("en", "zh"), "好", "😊...", "😊..."),
            (("en", "zh"), "好，", " 👌", "👌"),
            (("en", "de"), "Gut", " 😊.", " 😊."),
        ] {
            let languages = Languages {
                source: languages.0,
                target: languages.1,
            };
            assert_eq!(behind_sentence(translated, emoji, languages), expected);
        }
    }

    #[test]
    fn spaces() {
        for (text, next, expected) in [
            ("See", "https://a.b", true),
            ("https://a.b/", "for more", true),
            ("Run", "`x`", true),
            ("`x`", "and", true),
            ("`x`", ",", false),
            ("first,", "then", true),
            ("Dear", "{name}", true),
            ("{name}", "hello", true),
            ("the", "<b>", true),
            ("<b>", "word", false),
            ("<b>word", "</b>", false),
            ("<b>word</b>", "is", true),
            ("see ", "this", false),
            ("(", "this", false),
            ("this", ")", false),
            ("this", ".", false),
            ("word", "“{x}", true),
            ("word", "”{x}", false),
            ("{x}”", "word", true),
            ("“", "word", false),
            ("😭", "The", true),
            ("❤️", "you", true),
            ("word", "😊", true),
            ("word.", "👌", true),
            ("“", "😊", false),
            ("😊", ".", false),
            ("●", "Focus", true),
            ("→", "Next", true),
            ("", "this", false),
            ("this", "", false),
        ] {
            assert_eq!(is_missing(text, next), expected, "{text} {next}");
        }
    }
}
