//! What stands around a sentence and is copied: list markers, ornaments, emoji and markup at its ends.

use std::ops::Range;

use super::layout::is_block;
use super::marker::marker;
use crate::text::protected::Span;

/// A range without the emoji, markup, list markers and rules at its ends, and the white space beside them.
pub fn frame(text: &str, range: &Range<usize>, spans: &[Span]) -> Range<usize> {
    let Range { mut start, mut end } = range.clone();
    let (mut first, mut last) = (0, spans.len());
    loop {
        start += text[start..end].len() - text[start..end].trim_start().len();
        let span = spans.get(first).filter(|span| span.range.start == start);
        if let Some(span) = span.filter(|span| is_block(text, span)) {
            start = span.range.end;
            first += 1;
            continue;
        }
        let length = if span.is_some() {
            0
        } else {
            marker(&text[start..end])
        };
        if length == 0 {
            break;
        }
        start += length;
    }
    loop {
        end = start + text[start..end].trim_end().len();
        let span = spans[first.min(last)..last]
            .last()
            .filter(|span| span.range.end == end);
        if let Some(span) = span.filter(|span| is_block(text, span)) {
            end = span.range.start;
            last -= 1;
            continue;
        }
        let symbols = |c: char| matches!(c, '*' | '=' | '~' | '#' | '|' | '｜' | '│');
        let rest = text[start..end].trim_end_matches(symbols);
        // C# is a name.
        let attached = rest.ends_with(|c: char| c.is_alphanumeric()) && text[..end].ends_with('#');
        if span.is_some() || attached || start + rest.len() == end {
            break;
        }
        end = start + rest.len();
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::protected::find;

    #[test]
    fn frames() {
        for (text, expected) in [
            ("Hello", "Hello"),
            ("😀 Hello 😀😀", "Hello"),
            ("<p><b>Hi</b> you</p>", "Hi</b> you"),
            ("- [x] **Do** it **", "Do** it"),
            ("<li>1、打开</li>", "打开"),
            ("① **背景**", "背景"),
            ("== Title ==", "Title"),
            ("I like C#", "I like C#"),
            ("| a ｜", "a"),
            ("│ a", "a"),
            ("{name} is here", "{name} is here"),
            ("See https://a.b/c", "See https://a.b/c"),
            ("😀😀", ""),
            ("---", ""),
            ("", ""),
        ] {
            let core = frame(text, &(0..text.len()), &find(text));
            assert_eq!(&text[core], expected, "{text}");
        }
    }
}
