//! Where translated sentences meet that have markup at their ends.

use super::view::is_block_tag;
use crate::text::characters::{is_han, is_wide_mark};

/// Longest reference to a footnote that is looked at.
const LONGEST_FOOTNOTE: usize = 40;
/// Longest tag that is looked at.
const LONGEST_TAG: usize = 512;

/// Whether Chinese goes without the space between two sentences that are translated.
pub fn is_seamless(before: &str, next: &str) -> bool {
    let wide = |c: Option<char>| c.is_some_and(|c| is_han(c) || is_wide_mark(c) || c == '…');
    wide(without_closing(before).chars().next_back()) && wide(without_opening(next).chars().next())
}

/// Whether a tag that begins or ends a line is where two sentences meet.
pub fn is_between_blocks(before: &str, next: &str) -> bool {
    last_tag(before).is_some_and(is_block_tag) || first_tag(next).is_some_and(is_block_tag)
}

/// A text without the inline markup at its end.
fn without_closing(mut text: &str) -> &str {
    loop {
        let shorter = text.trim_end_matches(['*', '_', '~']);
        let shorter = without_footnote(shorter);
        let shorter = match last_tag(shorter) {
            Some(tag) if tag.starts_with("</") && !is_block_tag(tag) => {
                &shorter[..shorter.len() - tag.len()]
            }
            _ => shorter,
        };
        if shorter.len() == text.len() {
            return text;
        }
        text = shorter;
    }
}

/// A text without the inline markup at its beginning.
fn without_opening(mut text: &str) -> &str {
    loop {
        let shorter = text.trim_start_matches(['*', '_', '~']);
        let shorter = match first_tag(shorter) {
            Some(tag) if !is_block_tag(tag) => &shorter[tag.len()..],
            _ => shorter,
        };
        if shorter.len() == text.len() {
            return text;
        }
        text = shorter;
    }
}

fn without_footnote(text: &str) -> &str {
    let end = text.ceil_char_boundary(text.len().saturating_sub(LONGEST_FOOTNOTE));
    match text[end..].rfind('[') {
        Some(open) if text.ends_with(']') => &text[..end + open],
        _ => text,
    }
}

fn last_tag(text: &str) -> Option<&str> {
    let end = text
        .ends_with('>')
        .then(|| &text[text.ceil_char_boundary(text.len().saturating_sub(LONGEST_TAG))..])?;
    Some(&end[end.rfind('<')?..])
}

fn first_tag(text: &str) -> Option<&str> {
    let start = text
        .starts_with('<')
        .then(|| &text[..text.floor_char_boundary(LONGEST_TAG)])?;
    Some(&start[..=start.find('>')?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_sentences_meet_without_a_space() {
        for (before, next, expected) in [
            ("好。", "你", true),
            ("<b>好。</b>", "请", true),
            ("**好。**", "*请*", true),
            ("好。", "<a href=\"x > y\">请</a>", false),
            ("好。", "<a href=\"x\">请</a>", true),
            ("<p>好。</p>", "<p>请</p>", false),
            ("好。[1][note 2]", "请", true),
            ("OK</b>", "请", false),
            ("好。", "OK", false),
            (">", "<", false),
            ("", "", false),
        ] {
            assert_eq!(is_seamless(before, next), expected, "{before} {next}");
        }
    }

    #[test]
    fn blocks() {
        for (before, next, expected) in [
            ("one</p>", "<p>two", true),
            ("one<br/>", "two", true),
            ("one", "<LI class=\"x\">two", true),
            ("one</b>", "<b>two", false),
            ("a > b", "c < d", false),
            (">", "<", false),
        ] {
            assert_eq!(is_between_blocks(before, next), expected, "{before} {next}");
        }
    }
}
