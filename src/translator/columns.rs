//! Columns with bars between them, as in tables of Markdown: `| Apple | $3 |`, `Home | About us`.

use std::ops::Range;

use crate::text::characters::is_line_break;
use crate::text::protected::Span;

/// The bars of a text that separate columns, outside its protected parts.
pub fn bars(text: &str, spans: &[Span]) -> Vec<usize> {
    let mut bars = Vec::new();
    let mut spans = spans.iter().peekable();
    let mut start = 0;
    for line in text.split_inclusive(is_line_break) {
        let table = is_row(line.trim());
        let mut depth = 0_usize;
        for (at, c) in line.char_indices() {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if !is_bar(c) {
                continue;
            }
            let place = start + at;
            while spans.next_if(|span| span.range.end <= place).is_some() {}
            if spans.peek().is_some_and(|span| span.range.start <= place) {
                continue;
            }
            let (before, behind) = (&line[..at], &line[at + c.len_utf8()..]);
            let apart = |c: Option<char>| c.is_none_or(char::is_whitespace);
            let separates = if table || c != '|' {
                !before.ends_with('\\')
            } else {
                depth == 0 && apart(before.chars().next_back()) && apart(behind.chars().next())
            };
            if separates {
                bars.push(place);
            }
        }
        start += line.len();
    }
    bars
}

/// The characters that are drawn between columns.
pub fn is_bar(c: char) -> bool {
    matches!(c, '|' | '｜' | '│')
}

/// Whether a line is a row of a table of Markdown with bars at its ends; `|x| < 1` is none.
fn is_row(line: &str) -> bool {
    line.strip_prefix('|')
        .is_some_and(|rest| rest.ends_with('|') || rest.starts_with(char::is_whitespace))
}

/// The columns of a part of a line: each begins with the bars before it, and the last one ends with those behind it.
pub fn split(text: &str, range: Range<usize>, bars: &[usize]) -> Vec<Range<usize>> {
    let from = bars.partition_point(|&bar| bar < range.start);
    let mut columns = Vec::new();
    let mut start = range.start;
    // Where something other than bars begins that is in no column yet.
    let mut at = range.start;
    let mut filled = false;
    let end = text[range.clone()].trim_end_matches(|c: char| c.is_whitespace() || is_bar(c));
    let end = range.start + end.len();
    for &bar in bars[from..].iter().take_while(|&&bar| bar < range.end) {
        filled |= !text[at..bar].trim().is_empty();
        at = text.ceil_char_boundary(bar + 1);
        if filled && at < end {
            columns.push(start..start + text[start..bar].trim_end().len());
            start = bar;
            filled = false;
        }
    }
    columns.push(start..range.end);
    columns
}
