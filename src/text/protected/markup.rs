//! Code between backticks, tags, comments, and the placeholders of message formats.

use std::collections::HashMap;
use std::ops::Range;

/// Finds code between runs of equally many backticks, as in Markdown.
#[derive(Default)]
pub struct CodeSpans {
    /// Where the runs of each length begin, last first; filled at the first backtick.
    runs: Option<HashMap<usize, Vec<usize>>>,
    /// Everything up to here has been decided.
    read: usize,
}

impl CodeSpans {
    /// The code that begins with the backticks at `at`.
    pub fn at(&mut self, bytes: &[u8], at: usize) -> Option<Range<usize>> {
        if at < self.read {
            return None;
        }
        let width = run_length(bytes, at);
        let start = at + width;
        self.read = start;
        let runs = self.runs.get_or_insert_with(|| collect_runs(bytes, at));
        let places = runs.get_mut(&width)?;
        while places.last().is_some_and(|&place| place <= at) {
            places.pop();
        }
        let close = *places.last()?;
        let code = &bytes[start..close];
        // A lone backtick may be an accent, a quotation mark or a unit: only what looks like code counts.
        let is_code = if width >= 3 {
            true
        } else {
            let word_before = at > 0 && bytes[at - 1].is_ascii_alphanumeric();
            let padded = width == 1 && (code[0] == b' ' || code[code.len() - 1] == b' ');
            !word_before && !padded && !code.contains(&b'\n')
        };
        is_code.then_some(at..close + width)
    }
}

fn run_length(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().take_while(|&&b| b == b'`').count()
}

fn collect_runs(bytes: &[u8], from: usize) -> HashMap<usize, Vec<usize>> {
    let mut runs: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut at = from;
    while at < bytes.len() {
        let width = run_length(bytes, at);
        if width > 0 {
            runs.entry(width).or_default().push(at);
        }
        at += width.max(1);
    }
    for places in runs.values_mut() {
        places.reverse();
    }
    runs
}

/// Finds comments; looks for the end of one that has none only once.
#[derive(Default)]
pub struct Comments {
    unclosed: bool,
}

impl Comments {
    /// The comment that begins at `at`.
    pub fn at(&mut self, text: &str, at: usize) -> Option<Range<usize>> {
        let body = text[at..].strip_prefix("<!--").filter(|_| !self.unclosed)?;
        let close = body.find("-->");
        self.unclosed = close.is_none();
        Some(at..at + 4 + close? + 3)
    }
}

/// Attributes that need no value; others without one are more likely words between a "less" and a "greater".
const BOOLEAN_ATTRIBUTES: &[&[u8]] = &[
    b"async",
    b"autofocus",
    b"autoplay",
    b"checked",
    b"controls",
    b"defer",
    b"disabled",
    b"download",
    b"hidden",
    b"loop",
    b"multiple",
    b"muted",
    b"open",
    b"readonly",
    b"required",
    b"selected",
];

/// The tag that begins at `at`: `</?name( name="value")* ?/?>`, where the name may also be a number.
pub fn tag(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let take = |from: usize, accepted: fn(u8) -> bool| {
        from + bytes[from..].iter().take_while(|&&b| accepted(b)).count()
    };
    let is_space: fn(u8) -> bool = |b| b.is_ascii_whitespace();
    let is_name: fn(u8) -> bool = |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':');
    let is_attribute: fn(u8) -> bool =
        |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'.' | b'@');
    let name = at + 1 + usize::from(bytes.get(at + 1) == Some(&b'/'));
    let mut end = match bytes.get(name)? {
        // Behind a digit it is "less than".
        b'0'..=b'9' if at == 0 || !bytes[at - 1].is_ascii_digit() => {
            take(name, |b| b.is_ascii_digit())
        }
        b'a'..=b'z' | b'A'..=b'Z' => take(name, is_name),
        _ => return None,
    };
    loop {
        let next = take(end, is_space);
        match bytes.get(next)? {
            b'>' => return Some(at..next + 1),
            b'/' => return (bytes.get(next + 1) == Some(&b'>')).then_some(at..next + 2),
            _ if next == end => return None,
            _ => {}
        }
        end = take(next, is_attribute);
        if end == next {
            return None;
        }
        if bytes.get(end) != Some(&b'=') {
            if !BOOLEAN_ATTRIBUTES.contains(&&bytes[next..end]) {
                return None;
            }
            continue;
        }
        end = match bytes.get(end + 1)? {
            &quote @ (b'"' | b'\'') => {
                let value = end + 2;
                value + bytes[value..].iter().position(|&b| b == quote)? + 1
            }
            _ => take(end + 1, |b| {
                !b.is_ascii_whitespace() && !b"<>\"'`".contains(&b)
            }),
        };
    }
}

/// Longest message with variants, in bytes.
const LONGEST_MESSAGE: usize = 1024;

/// A message with variants, as ICU has them: `{count, plural, one {# item} other {# items}}`.
fn message(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let window = &bytes[at..bytes.len().min(at + LONGEST_MESSAGE)];
    let mut fields = window[1..window.len().min(80)].splitn(3, |&b| b == b',');
    let name = fields.next()?.trim_ascii();
    let kind = fields.next()?.trim_ascii();
    let named = !name.is_empty()
        && name
            .iter()
            .all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    if !named || ![&b"plural"[..], b"select", b"selectordinal"].contains(&kind) {
        return None;
    }
    let mut depth = 0_usize;
    let end = window.iter().position(|b| {
        match b {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    Some(at..at + end + 1)
}

/// The placeholder in braces that begins at `at`, with the `$`, `#`, `%` or `@` before it.
pub fn braces(text: &str, at: usize, free: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if let Some(message) = message(bytes, at) {
        return Some(message);
    }
    let depth = bytes[at..]
        .iter()
        .take(3)
        .take_while(|&&b| b == b'{')
        .count();
    let open = at + depth;
    // `{name}` holds a name and perhaps a format, `{{ name | filter }}` anything.
    let longest = if depth == 1 { 64 } else { 128 };
    let length = bytes[open..]
        .iter()
        .take(longest)
        .position(|b| matches!(b, b'{' | b'}' | b'\n'))?;
    let body = &text[open..open + length];
    let is_name = |c: char| c.is_alphanumeric() || "_.$-:,/#!%*+?=@^<>[]".contains(c);
    let valid = depth > 1 || body.replace(", ", ",").chars().all(is_name);
    let closes = bytes[open + length..]
        .iter()
        .take(depth)
        .filter(|&&b| b == b'}')
        .count()
        == depth;
    if !valid || !closes {
        return None;
    }
    let sigil = at > free && matches!(bytes[at - 1], b'$' | b'#' | b'%' | b'@');
    Some(at - usize::from(sigil)..open + length + depth)
}

/// The placeholder that begins with the `%` at `at`: a conversion of `printf`, or a name up to another `%`.
pub fn percent(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &bytes[at + 1..];
    let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    let name = |from: usize, close: u8| {
        let length = rest[from..]
            .iter()
            .take(64)
            .take_while(|&&b| is_word(b))
            .count();
        let named = length > 0 && rest[from + length..].first() == Some(&close);
        named.then_some(from + length + 1)
    };
    let digits = |from: usize| {
        from + rest[from..]
            .iter()
            .take(9)
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    if rest.first() == Some(&b'%') {
        return Some(at..at + 2);
    }
    // Behind a number it is a percentage, unless the argument is numbered.
    let after_number = at > 0 && bytes[at - 1].is_ascii_digit();
    let argument = digits(0);
    let numbered = argument > 0 && rest.get(argument) == Some(&b'$');
    if after_number && !numbered {
        return None;
    }
    let mut end = if numbered { argument + 1 } else { 0 };
    if rest.first() == Some(&b'(') {
        end = name(1, b')')?;
    } else if rest.first().is_some_and(u8::is_ascii_alphabetic)
        && let Some(end) = name(0, b'%')
    {
        return Some(at..at + 1 + end);
    }
    end += rest[end..]
        .iter()
        .take(4)
        .take_while(|&&b| matches!(b, b'-' | b'+' | b'#' | b'0' | b'\''))
        .count();
    end = digits(end);
    if rest.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    end += rest[end..]
        .iter()
        .take(2)
        .take_while(|&&b| matches!(b, b'h' | b'l' | b'L' | b'q' | b'j' | b'z' | b't'))
        .count();
    let conversion = rest
        .get(end)
        .is_some_and(|b| b"diouxXeEfFgGaAcsSpn@".contains(b));
    // `%discount` is a word behind a percent sign.
    let whole_word = !rest.get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
    (conversion && whole_word).then_some(at..at + 2 + end)
}
