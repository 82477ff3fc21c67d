//! Seeded nasty texts for property tests.

use std::ops::Range;

/// Strings that have broken text tools before.
const PARTS: &[&str] = &[
    " ",
    "  ",
    "\n",
    "\r\n",
    "\u{2028}",
    "\u{85}",
    "\u{3000}",
    "\u{a0}",
    "\t",
    "\0",
    "\u{7}",
    "\u{1b}[0m",
    "\u{feff}",
    "\u{200b}",
    "\u{200d}",
    "\u{fffd}",
    "\u{10ffff}",
    "a",
    "B",
    "é",
    "e\u{301}\u{323}",
    "ß",
    "word",
    "iPhone",
    "I",
    "The",
    "Mr.",
    "e.g.",
    "U.S.",
    "No. 5",
    "J.",
    "etc.",
    "1.",
    "3.14",
    "1,000",
    "12:30",
    ".",
    "..",
    "...",
    "…",
    "……",
    "!",
    "?",
    "?!",
    ",",
    ";",
    ":",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "{{",
    "}}",
    "<",
    ">",
    "\"",
    "'",
    "`",
    "```",
    "“",
    "”",
    "‘",
    "’",
    "「",
    "」",
    "（",
    "）",
    "。",
    "！",
    "？",
    "，",
    "；",
    "：",
    "、",
    "》",
    "你",
    "好",
    "世界",
    "𠮷",
    "々",
    "ひら",
    "한글",
    "привет",
    "שלום",
    "ไทย",
    "https://a.b/c?d=e,f",
    "www.x.org",
    "a.b@c.de",
    "@",
    "://",
    "http",
    "{name}",
    "{{x}}",
    "${x}",
    "%s",
    "%1$d",
    "%",
    "$",
    "<b>",
    "</a>",
    "<a href=\"x\">",
    "<br/>",
    "`x = 1`",
    "**",
    "[a](",
    "](b)",
    "<code>",
    "</code>",
    "😀",
    "👩\u{200d}🚀",
    "👍🏽",
    "🇩🇪",
    "🇩",
    "1️⃣",
    "❤️",
    "\u{fe0f}",
    "\u{20e3}",
    "-",
    "—",
    "/",
    "\\",
    "&amp;",
    "&rsquo;",
    "&#39;",
    "&nbsp;",
    "_",
    "a_b",
    "C:\\x",
    "|",
    " | ",
    ":)",
    "@你",
];

/// An xorshift generator of texts.
pub struct Fuzz(u64);

impl Fuzz {
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// A number in a range.
    pub fn number(&mut self, range: Range<usize>) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        range.start + (self.0 % range.len() as u64) as usize
    }

    /// A text of up to `parts` nasty parts.
    pub fn text(&mut self, parts: usize) -> String {
        let parts = self.number(0..parts + 1);
        (0..parts)
            .map(|_| PARTS[self.number(0..PARTS.len())])
            .collect()
    }
}

/// Asserts that ranges are ordered, not empty, without overlap and on character boundaries of `text`.
pub fn assert_ordered<'a>(text: &str, ranges: impl IntoIterator<Item = &'a Range<usize>>) {
    let mut at = 0;
    for range in ranges {
        assert!(
            at <= range.start && range.start < range.end,
            "{range:?} of {text:?}"
        );
        assert!(text.get(range.clone()).is_some(), "{range:?} of {text:?}");
        at = range.end;
    }
}

/// Asserts that ranges leave out nothing but white space, and neither begin nor end with it.
pub fn assert_covers(text: &str, ranges: &[Range<usize>]) {
    assert_ordered(text, ranges);
    let mut at = 0;
    for range in ranges {
        assert!(text[at..range.start].trim().is_empty(), "gap in {text:?}");
        assert_eq!(text[range.clone()].trim().len(), range.len(), "{text:?}");
        at = range.end;
    }
    assert!(text[at..].trim().is_empty(), "the end of {text:?} is lost");
}
