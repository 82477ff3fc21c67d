//! References to footnotes as encyclopaedias have them: `[12]`, `[a]`, `[note 1]`, `[citation needed]`.

use std::ops::Range;

/// Longest reference in bytes.
const LONGEST: usize = 40;

/// The reference at the `[` at `at`, right behind a sentence or another reference, which ends at `free`. Elsewhere models
/// copy a number or a letter by themselves, and place it better.
pub fn at(text: &str, at: usize, free: usize) -> Option<Range<usize>> {
    let before = text[..at].chars().next_back()?;
    let ends = ".!?…。！？)\"'”’）」』》".contains(before) || (before == ']' && free == at);
    let opens = before.is_whitespace() || "([{<=“‘「『（《/\\_$#".contains(before);
    let window = &text.as_bytes()[at + 1..text.len().min(at + LONGEST)];
    let length = window
        .iter()
        .position(|b| matches!(b, b'[' | b']' | b'\n'))?;
    let end = at + length + 2;
    let body = &text[at + 1..end - 1];
    let refers = (ends && is_mark(body)) || (!opens && is_note(body));
    let runs_on =
        text[end..].starts_with(|c: char| c.is_ascii_alphanumeric() || "_(=:{".contains(c));
    (window[length] == b']' && refers && !runs_on).then_some(at..end)
}

/// A number or a letter.
fn is_mark(body: &str) -> bool {
    is_number(body) || matches!(body.as_bytes(), [letter] if letter.is_ascii_lowercase())
}

fn is_number(body: &str) -> bool {
    (1..=3).contains(&body.len()) && body.bytes().all(|b| b.is_ascii_digit())
}

/// Words that only an encyclopaedia puts into such brackets.
fn is_note(body: &str) -> bool {
    let note = ["note ", "nb ", "n ", "注 ", "註 ", "注", "註"]
        .iter()
        .find_map(|word| body.strip_prefix(word));
    note.is_some_and(is_number)
        || (body.ends_with(" needed") && body.is_ascii())
        || matches!(
            body,
            "who?" | "when?" | "which?" | "by whom?" | "来源请求" | "來源請求"
        )
}
