//! Formulas of LaTeX, `$x_1 + y^2$`, and lists of numbers in brackets, `[1, 2, 3]`.

use std::ops::Range;

/// Longest formula, in bytes: no search for its end goes further.
const LONGEST: usize = 400;
/// Fewest numbers of a list: `[1, 2]` may be anything.
const FEWEST: usize = 3;

/// The formula whose first `$` is at `at`. What has nothing of LaTeX in it may be prices.
pub fn formula(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let marks = 1 + usize::from(bytes.get(at + 1) == Some(&b'$'));
    let start = at + marks;
    let most = bytes.len().min(start + LONGEST);
    let length = bytes[start..most].iter().position(|&b| b == b'$')?;
    let (inside, behind) = (&bytes[start..start + length], &bytes[start + length..]);
    let blank = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_whitespace);
    let closes = behind.starts_with(&b"$$"[..marks]);
    let price = behind.get(marks).is_some_and(u8::is_ascii_digit);
    let placeholder = inside.first() == Some(&b'{');
    let latex = inside.iter().any(|b| matches!(b, b'\\' | b'_' | b'^'));
    // Displayed formulas may begin on a line of their own.
    let spaced = marks == 1 && (blank(inside.first()) || blank(inside.last()));
    (closes && latex && !price && !placeholder && !spaced).then(|| at..start + length + marks)
}

/// The list of numbers whose bracket is at `at`.
pub fn list(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let inside = bytes[at + 1..]
        .iter()
        .position(|b| !b.is_ascii_digit() && !b", .-".contains(b))?;
    let end = at + 1 + inside;
    let is_number = |part: &[u8]| {
        let part = part.trim_ascii();
        part.first()
            .is_some_and(|b| b.is_ascii_digit() || *b == b'-')
            && part.last().is_some_and(u8::is_ascii_digit)
            && !part.contains(&b' ')
    };
    let mut parts = bytes[at + 1..end].split(|&b| b == b',');
    let closes = bytes[end] == b']' && parts.clone().count() >= FEWEST;
    (closes && parts.all(is_number)).then_some(at..end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas() {
        for (text, expected) in [
            ("$x_1 + y^2$ is", "$x_1 + y^2$"),
            ("$\\log L$.", "$\\log L$"),
            ("$$ x^2 $$", "$$ x^2 $$"),
            ("$5 and a_b $6", ""),
            ("$a_b$5", ""),
            ("${a_b}$", ""),
            ("$x$", ""),
            ("$$x^2$", ""),
            ("$x^2", ""),
            ("$", ""),
        ] {
            let found = formula(text.as_bytes(), 0).unwrap_or_default();
            assert_eq!(&text[found], expected, "{text}");
        }
    }

    #[test]
    fn lists() {
        for (text, expected) in [
            ("[1, 2, 3] is", "[1, 2, 3]"),
            ("[1,1,2.5,-2]", "[1,1,2.5,-2]"),
            ("[1, 2]", ""),
            ("[1, 2, ]", ""),
            ("[1, 2 3, 4]", ""),
            ("[1,,2]", ""),
            ("[1,2,3", ""),
            ("[1,2,a]", ""),
            ("[", ""),
        ] {
            let found = list(text.as_bytes(), 0).unwrap_or_default();
            assert_eq!(&text[found], expected, "{text}");
        }
    }
}
