//! Character references of HTML, `&rsquo;` and `&#39;`: a model that is to understand "don&rsquo;t" must read the character.

use std::ops::Range;

use super::edited::Edited;

/// Names of the letters from U+00E0 on; with a capital first, they are 32 places before.
const LETTERS: &str = "agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml \
    eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

/// What the references of Windows-1252 stand for in HTML, from `&#145;` on.
const WINDOWS: &str = "‘’“”•–—";

/// The bytes of the character reference that begins at `at`: `&name;`, `&#39;`, `&#x27;`.
#[must_use]
pub fn at(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let window = &bytes[at + 1..bytes.len().min(at + 12)];
    let body = &window[..window.iter().position(|&b| b == b';')?];
    let valid = match body {
        [b'#', b'x' | b'X', digits @ ..] => {
            !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit)
        }
        [b'#', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        [first, second, ..] => {
            // `AT&T;` and the like are words: a reference has two letters at least.
            first.is_ascii_alphabetic()
                && second.is_ascii_alphanumeric()
                && body.iter().all(u8::is_ascii_alphanumeric)
        }
        _ => false,
    };
    valid.then_some(at..at + body.len() + 2)
}

/// The character that a model reads for a whole reference: letters, quotes, dashes, spaces and other marks of ordinary text.
///
/// What would be markup, such as `&lt;`, and symbols that are copied have none.
#[must_use]
pub fn character(reference: &str) -> Option<char> {
    let body = reference.strip_prefix('&')?.strip_suffix(';')?;
    let Some(number) = body.strip_prefix('#') else {
        return named(body);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    let c = match code.ok()? {
        133 => '…',
        code @ 145..=151 => WINDOWS.chars().nth(code as usize - 145)?,
        code => char::from_u32(code)?,
    };
    is_read(c).then_some(c)
}

fn named(name: &str) -> Option<char> {
    Some(match name {
        "quot" => '"',
        "apos" => '\'',
        "lsquo" => '‘',
        "rsquo" => '’',
        "sbquo" => '‚',
        "ldquo" => '“',
        "rdquo" => '”',
        "bdquo" => '„',
        "lsaquo" => '‹',
        "rsaquo" => '›',
        "laquo" => '«',
        "raquo" => '»',
        "prime" => '′',
        "Prime" => '″',
        "ndash" => '–',
        "mdash" => '—',
        "minus" => '−',
        "shy" => '\u{ad}',
        "nbsp" => '\u{a0}',
        "ensp" => '\u{2002}',
        "emsp" => '\u{2003}',
        "thinsp" => '\u{2009}',
        "hellip" => '…',
        "middot" => '·',
        "iexcl" => '¡',
        "iquest" => '¿',
        "deg" => '°',
        "szlig" => 'ß',
        "oelig" => 'œ',
        "OElig" => 'Œ',
        "scaron" => 'š',
        "Scaron" => 'Š',
        _ => {
            let place = LETTERS
                .split(' ')
                .position(|letter| letter.eq_ignore_ascii_case(name))?;
            let small = !name.starts_with(|c: char| c.is_ascii_uppercase());
            let code = if small { 0xe0 } else { 0xc0 } + u32::try_from(place).ok()?;
            return char::from_u32(code).filter(|c| c.is_alphabetic());
        }
    })
}

/// Whether a character is ordinary text: none of those that markup, code and addresses are made of.
fn is_read(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, ' ' | '!' | '"' | '\'' | '(' | ')' | ',' | '-' | '.' | ':' | ';' | '?' | '\u{a0}' | '¡' | '«' | '\u{ad}' | '°' | '·' | '»' | '¿' | '\u{2002}'..='\u{200b}' | '\u{2010}'..='\u{2015}'
            | '\u{2018}'..='\u{201f}' | '…' | '′' | '″' | '‹' | '›' | '−' | '\u{3000}'..='\u{3003}'
            | '\u{3008}'..='\u{3011}' | '！' | '（' | '）' | '，' | '：' | '；' | '？')
}

/// A text in which the references outside of `kept`, which are ordered ranges, have become the characters that a model reads;
/// `None` where there are none.
#[must_use]
pub fn read(text: &str, kept: impl IntoIterator<Item = Range<usize>>) -> Option<Edited> {
    let mut edited = Edited::default();
    let mut kept = kept.into_iter().peekable();
    let mut copied = 0;
    for (place, _) in text.match_indices('&') {
        while kept.next_if(|range| range.end <= place).is_some() {}
        if place < copied || kept.peek().is_some_and(|range| range.start <= place) {
            continue;
        }
        let found = at(text.as_bytes(), place)
            .and_then(|range| Some((character(&text[range.clone()])?, range.end)));
        if let Some((c, end)) = found {
            edited.copy(&text[copied..place]);
            edited.replace(end - place, c.encode_utf8(&mut [0; 4]));
            copied = end;
        }
    }
    (copied > 0).then(|| {
        edited.copy(&text[copied..]);
        edited.finish()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_of_ordinary_text_are_read() {
        for (text, expected) in [
            ("Don&rsquo;t", "Don’t"),
            ("a&#39;b&#x27;c&apos;d", "a'b'c'd"),
            ("&quot;Hi&quot;&nbsp;&mdash; &hellip;", "\"Hi\"\u{a0}— …"),
            (
                "caf&eacute; &Eacute;t&eacute; &AElig; &yuml; &szlig;",
                "café Été Æ ÿ ß",
            ),
            ("&#20320;&#x597d;&#65292;", "你好，"),
            ("&#146;&#151;&#133;", "’—…"),
            ("20&deg;", "20°"),
        ] {
            assert_eq!(read(text, []).unwrap().text, expected);
        }
    }

    #[test]
    fn markup_and_symbols_stay() {
        for text in [
            "",
            "R&D; &; & &# &#; &#x; &no such;",
            "&lt;b&gt; &amp;rsquo; &#60;&#x3e;&#38; &divide; &times; &copy; &pound;5 &#8364;",
            "&#42;&#96;&#91;&#123;&#9;&#10;&#0;&#57344;&#128512;",
            "&#55296; &#1114112; &#x7fffffff; &#99999999999;",
        ] {
            assert_eq!(read(text, []), None, "{text}");
        }
    }

    #[test]
    fn kept_ranges_and_offsets() {
        let text = "&quot;a&quot; `&quot;` b&#39;s";
        let code = text.find('`').unwrap();
        let edited = read(text, std::iter::once(code..code + 8)).unwrap();
        assert_eq!(edited.text, "\"a\" `&quot;` b's");
        assert_eq!(edited.backward(&(0..3)), 0..13);
        let at = edited.text.len() - 3;
        assert_eq!(&text[edited.backward(&(at..at + 3))], "b&#39;s");
    }

    #[test]
    fn long_texts_take_linear_time() {
        for pattern in ["&", "&#", "&quot;", "&a"] {
            let text = pattern.repeat(500_000);
            let _ = read(&text, []);
        }
    }
}
