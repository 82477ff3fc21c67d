//! URLs and e-mail addresses.

use std::ops::Range;

use crate::text::references;

/// Top-level domains that make a host name without a scheme a URL. File extensions (`.md`, `.rs`, `.sh`) and words that
/// may begin a sentence behind a forgotten space are left out.
const TOP_LEVEL: &[&str] = &[
    "ai", "app", "au", "br", "ca", "ch", "cn", "co", "com", "cz", "de", "dev", "edu", "es", "eu",
    "fi", "fr", "gov", "hk", "info", "int", "io", "it", "jp", "kr", "mil", "net", "nl", "nz",
    "org", "pl", "pt", "ru", "se", "sg", "tv", "tw", "ua", "uk", "us", "wiki",
];

/// The URL whose scheme ends at the colon `at`.
pub fn with_scheme(text: &str, at: usize, free: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let start = back_over(bytes, at, free, 16, |b| {
        b.is_ascii_alphanumeric() || b == b'+'
    });
    let start = start + bytes[start..at].iter().position(u8::is_ascii_alphabetic)?;
    let body = if bytes[at..].starts_with(b"://") {
        at + 3
    } else if matches!(&text[start..at], "mailto" | "tel") {
        at + 1
    } else {
        return None;
    };
    let end = tail(text, body);
    (end > body).then_some(start..end)
}

/// Finds host names without a scheme; remembers how far it has looked, so that no host is read twice.
#[derive(Default)]
pub struct Hosts {
    read: usize,
}

impl Hosts {
    /// The URL that begins with the host name whose first dot is at `at`.
    pub fn bare(&mut self, text: &str, at: usize, free: usize) -> Option<Range<usize>> {
        if at < self.read {
            return None;
        }
        let bytes = text.as_bytes();
        let start = back_over(bytes, at, free, 63, is_host_byte);
        let before = text[free..start].chars().next_back();
        let inside_word = before.is_some_and(|c| {
            matches!(c, '_' | '@' | '/' | '\\' | '.' | '-')
                || c.is_ascii_alphanumeric()
                || (c.is_alphabetic() && !is_east_asian(c))
        });
        let end = host(bytes, start);
        self.read = end;
        if start == at || end <= at || inside_word {
            return None;
        }
        let (_, last) = text[start..end].rsplit_once('.')?;
        let known = text[start..].starts_with("www.") || TOP_LEVEL.binary_search(&last).is_ok();
        let after = bytes.get(end).copied().unwrap_or(b' ');
        if !known || matches!(after, b'@' | b'_' | b'(') {
            return None;
        }
        let port = bytes[end..]
            .iter()
            .skip(1)
            .take_while(|b| b.is_ascii_digit())
            .count();
        let end = if after == b':' && port > 0 {
            end + 1 + port
        } else {
            end
        };
        let goes_on = matches!(bytes.get(end), Some(b'/' | b'?' | b'#'));
        Some(
            start..if goes_on {
                tail(text, end).max(end)
            } else {
                end
            },
        )
    }
}

/// The e-mail address around the `@` at `at`.
pub fn email(bytes: &[u8], at: usize, free: usize) -> Option<Range<usize>> {
    let start = back_over(bytes, at, free, 64, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'')
    });
    let name = bytes[start..at]
        .iter()
        .position(|b| b.is_ascii_alphanumeric() || *b == b'_')?;
    let end = host(bytes, at + 1);
    let dot = bytes[at + 1..end].iter().rposition(|&b| b == b'.')?;
    let last = &bytes[at + 2 + dot..end];
    (last.len() >= 2 && last[0].is_ascii_alphabetic()).then_some(start + name..end)
}

/// The end of the host name that begins at `from`: labels with single dots between them.
fn host(bytes: &[u8], from: usize) -> usize {
    let is_host = |at: usize| bytes.get(at).copied().is_some_and(is_host_byte);
    let mut end = from;
    while is_host(end) || (end > from && bytes[end..].starts_with(b".") && is_host(end + 1)) {
        end += 1;
    }
    end
}

fn is_host_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'-'
}

/// The first of at most `most` bytes before `at` that all satisfy `accepted`.
fn back_over(bytes: &[u8], at: usize, free: usize, most: usize, accepted: fn(u8) -> bool) -> usize {
    let window = &bytes[free.max(at.saturating_sub(most))..at];
    at - window.iter().rev().take_while(|&&b| accepted(b)).count()
}

/// The end of the URL that goes on at `from`. Brackets belong to it in pairs only, and marks that end a clause do not
/// belong to its end.
fn tail(text: &str, from: usize) -> usize {
    let mut end = from;
    let mut open: [u32; 3] = [0; 3];
    let mut previous = ' ';
    let mut chars = text[from..].chars().peekable();
    while let Some(c) = chars.next() {
        let belongs = match c {
            '(' | '[' | '{' => {
                open[bracket(c)] += 1;
                true
            }
            ')' | ']' | '}' => {
                let pair = &mut open[bracket(c)];
                let closes = *pair > 0;
                *pair = pair.saturating_sub(1);
                closes
            }
            '\'' => chars.peek().is_some_and(char::is_ascii_alphanumeric),
            // A quotation mark or a space behind the address.
            '&' => references::at(text.as_bytes(), end)
                .is_none_or(|range| references::character(&text[range]).is_none()),
            '<' | '>' | '"' | '`' | '\\' | '^' | '|' => false,
            // Chinese often goes on right behind an address, but a path may hold Chinese, too. Right behind the host it is
            // more likely to be text.
            c if is_east_asian(c) => {
                let path = || text[from..end - 1].contains('/');
                c.is_alphanumeric()
                    && match previous {
                        '/' => path(),
                        '=' | '_' | '-' => true,
                        _ => is_east_asian(previous),
                    }
            }
            c => c.is_ascii_graphic() || (!c.is_ascii() && c.is_alphanumeric()),
        };
        if !belongs {
            break;
        }
        end += c.len_utf8();
        previous = c;
    }
    from + text[from..end]
        .trim_end_matches(|c: char| ".,;:!?'*_~([{".contains(c))
        .len()
}

fn bracket(c: char) -> usize {
    match c {
        '(' | ')' => 0,
        '[' | ']' => 1,
        _ => 2,
    }
}

/// Scripts that are written without spaces between words, or with a Latin word right beside theirs.
fn is_east_asian(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    #[test]
    fn domains_are_sorted() {
        assert!(super::TOP_LEVEL.is_sorted());
    }
}
