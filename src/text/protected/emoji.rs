//! Emoji sequences (Unicode Technical Standard 51, section 1.4.9), on ranges of code points rather than on tables.

use std::ops::Range;

/// Several emoji in a row that begin at `at`.
pub fn run(text: &str, at: usize) -> Option<Range<usize>> {
    let mut end = at;
    while let Some(length) = sequence(&text[end..]) {
        end += length;
    }
    (end > at).then_some(at..end)
}

/// Bytes of the emoji that the text starts with: elements with zero-width joiners between them.
fn sequence(text: &str) -> Option<usize> {
    let mut end = element(text)?;
    while let Some(next) = text[end..].strip_prefix('\u{200d}').and_then(element) {
        end += '\u{200d}'.len_utf8() + next;
    }
    Some(end)
}

/// Bytes of one character with its modifiers, if it is shown as an emoji.
fn element(text: &str) -> Option<usize> {
    let mut chars = text.chars();
    let base = chars.next()?;
    let modifiers = chars.as_str();
    let length = modifiers.len()
        - modifiers
            .trim_start_matches(|c: char| {
                matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{20e3}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
            })
            .len();
    let modified = &modifiers[..length];
    let shown = match base {
        '0'..='9' | '#' | '*' => modified.contains('\u{20e3}'),
        '\u{1f000}'..='\u{1faff}'
        | '\u{231a}'
        | '\u{231b}'
        | '\u{23e9}'..='\u{23fa}'
        | '\u{2600}'..='\u{27bf}'
        | '\u{2b50}'
        | '\u{2b55}' => true,
        '©' | '®' | '‼' | '⁉' | '™' | 'ℹ' | '〰' | '〽' | '㊗' | '㊙' | '\u{2190}'..='\u{2bff}' => {
            modified.contains('\u{fe0f}')
        }
        _ => false,
    };
    shown.then_some(base.len_utf8() + length)
}
