//! One spelling for characters that mean the same, before text is cut into subwords. The trainer and the translator use
//! the same function, so the model never meets a spelling it was not trained on.
//!
//! This replaces SentencePiece's `nmt_nfkc`, which folds the Chinese ，！？：；（） to ASCII: a model trained on that
//! can only ever write ASCII punctuation.

/// Normalises text in a language (a BCP 47 tag; `zh` keeps and restores full-width punctuation).
#[must_use]
pub fn normalise(text: &str, language: &str) -> String {
    let chinese = language.split('-').next() == Some("zh");
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push(' '),
            // A zero-width joiner holds an emoji together; elsewhere it is noise.
            '\u{200d}'
                if out.chars().next_back().is_some_and(is_emoji)
                    && chars.peek().is_some_and(|&n| is_emoji(n)) =>
            {
                out.push(c);
            }
            _ if is_invisible(c) => {}
            _ if c.is_whitespace() => out.push(' '),
            // Full-width letters, digits and signs; Chinese keeps its punctuation marks.
            '\u{ff01}'..='\u{ff5e}' => {
                let ascii = char::from_u32(c as u32 - 0xfee0).unwrap_or(c);
                out.push(
                    if chinese && matches!(c, '！' | '（' | '）' | '，' | '：' | '；' | '？')
                    {
                        c
                    } else {
                        ascii
                    },
                );
            }
            _ if chinese => out.push(match c {
                '﹐' => '，',
                '﹒' | '｡' => '。',
                '﹔' => '；',
                '﹕' => '：',
                '﹖' => '？',
                '﹗' => '！',
                '〝' | '„' | '‟' => '“',
                '〞' => '”',
                _ => c,
            }),
            '‘' | '’' | '‚' | '‛' | '′' => out.push('\''),
            '“' | '”' | '„' | '‟' | '″' | '«' | '»' => out.push('"'),
            '…' => out.push_str("..."),
            '‐' | '‑' | '‒' | '−' => out.push('-'),
            '。' => out.push('.'),
            'ﬀ' => out.push_str("ff"),
            'ﬁ' => out.push_str("fi"),
            'ﬂ' => out.push_str("fl"),
            'ﬃ' => out.push_str("ffi"),
            'ﬄ' => out.push_str("ffl"),
            _ => out.push(c),
        }
    }
    if chinese {
        widen_punctuation(&out)
    } else {
        out
    }
}

/// ASCII marks that stand right behind a Han character and do not lead into a Latin word or a number become full width.
fn widen_punctuation(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let wide = match c {
            ',' => '，',
            '!' => '！',
            '?' => '？',
            ':' => '：',
            ';' => '；',
            '(' => '（',
            ')' => '）',
            '.' => '。',
            _ => {
                out.push(c);
                continue;
            }
        };
        let before = out.chars().next_back();
        let after = chars.peek().copied();
        let behind_han =
            before.is_some_and(|b| is_han(b) || matches!(b, '”' | '》' | '）' | '？' | '！'));
        let before_han = after.is_some_and(is_han);
        let widened = match c {
            '.' => behind_han && after.is_none_or(|a| a == ' ' || is_han(a) || a == '”'),
            '(' | ')' => behind_han || before_han,
            _ => behind_han || (before_han && before != Some(' ')),
        };
        if widened {
            out.push(wide);
            while chars.next_if_eq(&' ').is_some() {}
        } else {
            out.push(c);
        }
    }
    out
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

/// Han characters of the common blocks.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn tables() {
        for (language, text, expected) in [
            ("en", "It’s “fine”…\u{a0}ok\u{200b}", "It's \"fine\"... ok"),
            ("en", "ＡＢＣ，１２", "ABC,12"),
            ("en", "👩\u{200d}🚀 a\u{200d}b", "👩\u{200d}🚀 ab"),
            ("zh", "你好, 世界!", "你好，世界！"),
            ("zh", "价格是3.14元(约).", "价格是3.14元（约）。"),
            ("zh", "ＡＢ，“好”", "AB，“好”"),
            ("zh", "用 Rust, Go 写", "用 Rust, Go 写"),
            ("zh", "时间 12:30", "时间 12:30"),
        ] {
            assert_eq!(normalise(text, language), expected, "{text}");
        }
    }
}
