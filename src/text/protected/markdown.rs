//! Markdown that stands within a line: links, images, emphasised, strong and struck-out text.

use std::ops::Range;

use crate::text::characters::is_han;

/// Longest text and longest address of a link, in bytes.
const LONGEST: usize = 400;

/// Finds `[` and `](address)` of links; the text between them is no part of either.
#[derive(Default)]
pub struct Links {
    /// The end of the link that is open.
    end: Option<Range<usize>>,
}

impl Links {
    /// The beginning of a link or an image, whose `[` is at `at`.
    pub fn open(&mut self, bytes: &[u8], at: usize, free: usize) -> Option<Range<usize>> {
        let within = |from: usize, ends: &[u8]| {
            let window = &bytes[from..bytes.len().min(from + LONGEST)];
            let length = window
                .iter()
                .position(|b| ends.contains(b) || *b == b'\n')?;
            Some(from + length)
        };
        let close = within(at + 1, b"[]")?;
        if !bytes[close..].starts_with(b"](") {
            return None;
        }
        let mut end = within(close + 2, b"() ")?;
        if bytes[end] == b'(' {
            // One level of brackets, as in addresses of encyclopaedias.
            end = within(end + 1, b"() ")? + 1;
        } else if bytes[end] == b' ' && bytes.get(end + 1) == Some(&b'"') {
            end = within(end + 2, b"\"")? + 1;
        }
        if bytes.get(end) != Some(&b')') {
            return None;
        }
        self.end = Some(close..end + 1);
        let image = at > free && bytes[at - 1] == b'!';
        Some(at - usize::from(image)..at + 1)
    }

    /// The end of the open link, whose `]` is at `at`.
    pub fn close(&mut self, at: usize) -> Option<Range<usize>> {
        self.end
            .take_if(|end| end.start <= at)
            .filter(|end| end.start == at)
    }
}

/// `**` or `~~` at `at`, unless it stands between two words, as an operator does, or among spaces.
pub fn emphasis(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let mark = bytes[at];
    let length = bytes[at..]
        .iter()
        .take(4)
        .take_while(|&&b| b == mark)
        .count();
    let before = at.checked_sub(1).map_or(b' ', |at| bytes[at]);
    let next = bytes.get(at + length).copied().unwrap_or(b' ');
    let between_words = before.is_ascii_alphanumeric() && next.is_ascii_alphanumeric();
    let among_spaces = before.is_ascii_whitespace() && next.is_ascii_whitespace();
    ((2..4).contains(&length) && before != mark && !between_words && !among_spaces)
        .then_some(at..at + length)
}

/// Finds single `*` and `_` that emphasise, as in `*this*`: one that opens, and the next on its line that closes.
#[derive(Default)]
pub struct Single {
    asterisks: Pairs,
    underscores: Pairs,
}

#[derive(Default)]
struct Pairs {
    /// Where the pair that is open closes.
    close: Option<usize>,
    /// Up to here there is no mark that closes.
    next: usize,
}

impl Single {
    /// The mark at `at`, which has no like beside it.
    pub fn at(&mut self, text: &str, at: usize) -> Option<Range<usize>> {
        let pairs = match text.as_bytes()[at] {
            b'*' => &mut self.asterisks,
            _ => &mut self.underscores,
        };
        pairs.at(text, at).then_some(at..at + 1)
    }
}

impl Pairs {
    fn at(&mut self, text: &str, at: usize) -> bool {
        if let Some(close) = self.close.filter(|&close| at <= close) {
            return at == close;
        }
        self.close = None;
        if !opens(text, at) {
            return false;
        }
        let bytes = text.as_bytes();
        // What has been read once is not read again, so that the time stays linear.
        let mut next = self.next.max(at + 1);
        while next < bytes.len()
            && bytes[next] != b'\n'
            && !(bytes[next] == bytes[at] && closes(text, next))
        {
            next += 1;
        }
        self.next = next;
        let found = bytes.get(next) == Some(&bytes[at]) && next - at <= LONGEST;
        self.close = found.then_some(next);
        found
    }
}

/// The characters before and behind the mark at `at`, spaces at the ends of the text; `None` where the same mark is beside it.
fn neighbours(text: &str, at: usize) -> Option<(char, char)> {
    let mark = char::from(text.as_bytes()[at]);
    let before = text[..at].chars().next_back().unwrap_or(' ');
    let behind = text[at + 1..].chars().next().unwrap_or(' ');
    (before != mark && behind != mark && before != '\\').then_some((before, behind))
}

/// Letters that run on into each other, unlike Chinese characters.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && !is_han(c)
}

fn opens(text: &str, at: usize) -> bool {
    neighbours(text, at).is_some_and(|(before, behind)| {
        !is_letter(before) && (behind.is_alphanumeric() || "\"'“‘「『《（(`[<{$".contains(behind))
    })
}

fn closes(text: &str, at: usize) -> bool {
    neighbours(text, at).is_some_and(|(before, behind)| {
        !is_letter(behind)
            && (before.is_alphanumeric()
                || "\"'”’」』》）)`]>}%.,:;!?…。，：；！？".contains(before))
    })
}
