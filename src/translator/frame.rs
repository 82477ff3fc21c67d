//! What stands around a sentence and is copied: list markers, ornaments, emoji and markup at its ends.

use std::ops::Range;

use super::layout::is_block;
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

/// Bytes of the list marker or the ornament that a text begins with: `- `, `* `, `## `, `1. `, `(a) `, `**`.
fn marker(text: &str) -> usize {
    let rest = text.trim_start_matches(|c| {
        matches!(
            c,
            '-' | '–'
                | '—'
                | '+'
                | '#'
                | '*'
                | '='
                | '~'
                | '|'
                | '｜'
                | '│'
                | '>'
                | '•'
                | '·'
                | '●'
                | '○'
                | '■'
                | '□'
                | '▪'
                | '◦'
                | '►'
                | '▶'
                | '→'
                | '☐'
                | '☑'
                | '✓'
                | '✔'
        )
    });
    let length = text.len() - rest.len();
    if length > 0 {
        // +1, -x, --option and #tag are words.
        let tight = text[..length].contains(['-', '–', '—', '+', '#']);
        let accepted = match rest.chars().next() {
            None => true,
            Some(c) if c.is_whitespace() => true,
            Some(c) => !tight && !c.is_numeric(),
        };
        return if accepted { length } else { 0 };
    }
    let open = usize::from(text.starts_with('('));
    let body = &text[open..];
    let item = body
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .map_or(body, |end| &body[..end]);
    let closed = body[item.len()..].starts_with(')');
    let name = item.trim_end_matches('.');
    let all = |class: fn(char) -> bool| !name.is_empty() && name.chars().all(class);
    let counts = (name.len() <= 8
        && all(|c| c.is_ascii_digit() || c == '.')
        && name.split('.').all(|number| number.len() <= 3))
        || (name.len() == 1 && (closed || all(|c| c.is_ascii_lowercase())))
        || (name.len() > 1 && name.len() <= 5 && all(|c| matches!(c, 'I' | 'V' | 'X')));
    let ends = closed || (open == 0 && item.len() == name.len() + 1);
    let length = open + item.len() + usize::from(closed);
    if counts && ends && text[length..].starts_with(char::is_whitespace) {
        length
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::protected::find;

    #[test]
    fn markers_and_ornaments() {
        for (text, expected) in [
            ("- item", "-"),
            ("* item", "*"),
            ("**bold** text", "**"),
            ("## Title", "##"),
            ("• item", "•"),
            ("> quoted", ">"),
            ("1. item", "1."),
            ("1.2.3. item", "1.2.3."),
            ("12) item", "12)"),
            ("(a) item", "(a)"),
            ("b) item", "b)"),
            ("IV. item", "IV."),
            ("-5 degrees", ""),
            ("--flag", ""),
            ("#tag", ""),
            ("+1 from me", ""),
            ("1.5 litres", ""),
            ("2024. A year", ""),
            ("A. Smith", ""),
            ("I am", ""),
            ("a word", ""),
            ("(really) good", ""),
            ("5 apples", ""),
            ("1.", ""),
        ] {
            assert_eq!(&text[..marker(text)], expected, "{text}");
        }
    }

    #[test]
    fn frames() {
        for (text, expected) in [
            ("Hello", "Hello"),
            ("😀 Hello 😀😀", "Hello"),
            ("<p><b>Hi</b> you</p>", "Hi</b> you"),
            ("- [x] **Do** it **", "[x] **Do** it"),
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
