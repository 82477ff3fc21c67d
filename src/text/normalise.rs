//! One spelling for characters that mean the same, before text is cut into subwords. The trainer and the translator use
//! the same function, so the model never meets a spelling it was not trained on.
//!
//! This replaces SentencePiece's `nmt_nfkc`, which folds the Chinese ，！？：；（） to ASCII: a model trained on that
//! can only ever write ASCII punctuation.

use super::characters::{is_han, wide_form};
use super::edited::Edited;
use super::language::is_chinese;

/// Normalises text in a language (a BCP 47 tag; `zh` keeps and restores full-width punctuation).
#[must_use]
pub fn normalise(text: &str, language: &str) -> String {
    normalise_mapped(text, language).text
}

/// [`normalise`], with a record of where each character came from.
#[must_use]
pub fn normalise_mapped(text: &str, language: &str) -> Edited {
    if is_chinese(language) {
        let edited = spell(text, chinese_spelling);
        let widened = widen_punctuation(&edited.text);
        edited.then(widened)
    } else {
        spell(text, latin_spelling)
    }
}

/// What a language writes for a character, `None` for the character itself.
type Spelling = fn(char) -> Option<&'static str>;

/// Removes what is invisible, makes every white space a space and full-width ASCII plain, unless `spelling` says otherwise.
fn spell(text: &str, spelling: Spelling) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut before = None;
    let mut buffer = [0; 4];
    while let Some(c) = chars.next() {
        // A full-width mark between full-width digits belongs to the number: １，０００.
        let in_number =
            before.is_some_and(is_wide_digit) && chars.peek().copied().is_some_and(is_wide_digit);
        before = Some(c);
        // A zero-width joiner holds an emoji together; elsewhere it is noise.
        let joins = c == '\u{200d}'
            && edited.text.chars().next_back().is_some_and(is_emoji)
            && chars.peek().is_some_and(|&next| is_emoji(next));
        let new = if let Some(new) = spelling(c)
            && !in_number
        {
            new
        } else if c.is_whitespace() {
            " "
        } else if is_invisible(c) && !joins {
            ""
        } else if let '\u{ff01}'..='\u{ff5e}' = c {
            char::from_u32(c as u32 - 0xfee0)
                .unwrap_or(c)
                .encode_utf8(&mut buffer)
        } else {
            c.encode_utf8(&mut buffer)
        };
        edited.replace(c.len_utf8(), new);
    }
    edited.finish()
}

fn is_wide_digit(c: char) -> bool {
    matches!(c, '０'..='９')
}

fn chinese_spelling(c: char) -> Option<&'static str> {
    Some(match c {
        '（' => "（",
        '）' => "）",
        '，' | '﹐' => "，",
        '：' | '﹕' => "：",
        '；' | '﹔' => "；",
        '？' | '﹖' => "？",
        '！' | '﹗' => "！",
        '﹒' | '｡' => "。",
        '〝' | '„' | '‟' => "“",
        '〞' => "”",
        _ => return None,
    })
}

fn latin_spelling(c: char) -> Option<&'static str> {
    Some(match c {
        '‘' | '’' | '‚' | '‛' | '′' => "'",
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' => "\"",
        '…' => "...",
        '‐' | '‑' | '‒' | '−' => "-",
        '。' => ".",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        _ => return None,
    })
}

/// ASCII marks that stand right behind a Han character and do not lead into a Latin word or a number become full width.
fn widen_punctuation(text: &str) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut buffer = [0; 4];
    while let Some(c) = chars.next() {
        let before = edited.text.chars().next_back();
        let after = chars.peek().copied();
        match wide_form(c).filter(|_| is_widened(c, before, after)) {
            Some(wide) => {
                edited.replace(1, wide);
                while chars.next_if_eq(&' ').is_some() {
                    edited.replace(1, "");
                }
            }
            None => edited.replace(c.len_utf8(), c.encode_utf8(&mut buffer)),
        }
    }
    edited.finish()
}

fn is_widened(mark: char, before: Option<char>, after: Option<char>) -> bool {
    let behind_han =
        before.is_some_and(|b| is_han(b) || matches!(b, '”' | '》' | '）' | '？' | '！'));
    let before_han = after.is_some_and(is_han);
    match mark {
        '.' => behind_han && after.is_none_or(|a| a == ' ' || is_han(a) || a == '”'),
        '(' | ')' => behind_han || before_han,
        _ => behind_han || (before_han && before != Some(' ')),
    }
}

/// Control, format and other characters without a glyph.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Characters that a zero-width joiner joins, and the variation selector between them.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::{normalise, normalise_mapped};

    #[test]
    fn offsets_lead_back() {
        let text = "It’s…\u{200b} ok";
        let edited = normalise_mapped(text, "en");
        assert_eq!(edited.text, "It's... ok");
        let at = edited.text.find("ok").unwrap();
        assert_eq!(&text[edited.backward(&(at..at + 2))], "ok");
        let text = "好, 吧";
        let edited = normalise_mapped(text, "zh");
        assert_eq!(edited.text, "好，吧");
        assert_eq!(edited.backward(&(6..9)).end, text.len());
    }

    #[test]
    fn tables() {
        for (language, text, expected) in [
            ("en", "It’s “fine”…\u{a0}ok\u{200b}", "It's \"fine\"... ok"),
            ("en", "ＡＢＣ，１２", "ABC,12"),
            ("en", "👩\u{200d}🚀 a\u{200d}b", "👩\u{200d}🚀 ab"),
            ("zh", "你好, 世界!", "你好，世界！"),
            ("zh", "价格是3.14元(约).", "价格是3.14元（约）。"),
            ("zh", "ＡＢ，“好”", "AB，“好”"),
            ("zh", "共１，０００元，８：３０开始", "共1,000元，8:30开始"),
            ("zh", "第１，第２", "第1，第2"),
            ("zh", "用 Rust, Go 写", "用 Rust, Go 写"),
            ("zh", "时间 12:30", "时间 12:30"),
            ("ZH-hans", "你好, 世界!", "你好，世界！"),
        ] {
            assert_eq!(normalise(text, language), expected, "{text}");
        }
    }
}
