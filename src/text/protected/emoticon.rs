//! Emoticons: `:)`, `;-)`, `:D`, `<3`, `^_^`.

use std::ops::Range;

use crate::text::characters::{is_han, is_wide_mark};

/// Those that are not eyes, perhaps a nose, and a mouth.
const OTHERS: &[&str] = &[
    "</3", "<3", "^_^", "^-^", "^^", "-_-", "T_T", "T-T", ">_<", ";_;", "o_O", "O_o", "xD",
];

/// How far before an emoticon a bracket is looked for, in bytes.
const ASIDE: usize = 100;

/// The emoticon that begins at `at`, if it stands on its own.
pub fn at(text: &str, at: usize, free: usize) -> Option<Range<usize>> {
    let apart = |c: char| c.is_whitespace() || is_han(c) || is_wide_mark(c);
    let before = text[free..at].chars().next_back();
    if before.is_some_and(|c| !apart(c) && !matches!(c, '.' | ',' | '!' | '?' | '…' | '~')) {
        return None;
    }
    let rest = &text[at..];
    let length = face(rest).or_else(|| {
        let found = OTHERS.iter().find(|other| rest.starts_with(**other));
        found.map(|found| found.len())
    })?;
    // The mouth may close a bracket: "(see below :)".
    let near = &text[text.floor_char_boundary(at.saturating_sub(ASIDE)).max(free)..at];
    if rest[..length].ends_with(')') && near.rfind('(') > near.rfind(')') {
        return None;
    }
    let behind = rest[length..].chars().next();
    behind
        .is_none_or(|c| apart(c) || matches!(c, '.' | ',' | '!' | '?' | '…' | '~'))
        .then_some(at..at + length)
}

/// Bytes of eyes, perhaps a nose, and a mouth.
fn face(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mouths: &[u8] = match bytes.first()? {
        b':' => b")(DPpO/*|][",
        b';' => b")(DPp*]",
        b'=' => b")(DP]",
        _ => return None,
    };
    let tear = usize::from(bytes.get(1) == Some(&b'\''));
    let nose = 1 + tear + usize::from(bytes.get(1 + tear) == Some(&b'-'));
    let mouth = *bytes.get(nose).filter(|mouth| mouths.contains(mouth))?;
    // A mouth may be drawn out: `:)))`.
    let drawn = |b: &&u8| **b == mouth && b"()D".contains(b);
    Some(nose + 1 + bytes[nose + 1..].iter().take_while(drawn).count())
}
