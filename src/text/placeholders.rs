//! Characters that stand for protected parts of a sentence while the model translates the rest.
//!
//! They are from Unicode's private use area, are pieces of their own in every vocabulary, and the model has learnt to copy
//! each of them once: a pair with a word that both sides spell alike is also seen with a placeholder in its place.

/// The placeholders, in the order in which a sentence uses them.
pub const PLACEHOLDERS: [char; 4] = ['\u{e000}', '\u{e001}', '\u{e002}', '\u{e003}'];

/// Whether a character is one of [`PLACEHOLDERS`].
#[must_use]
pub fn is_placeholder(c: char) -> bool {
    PLACEHOLDERS.contains(&c)
}
