//! Classes of characters that several stages ask about.

/// Han characters: the unified ideographs of every plane, the compatibility block, 々 and 〇.
#[must_use]
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3005}' | '\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
}

/// Marks that belong to the character before them: combining accents, variation selectors, skin tones, keycaps, tags.
#[must_use]
pub fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{900}'..='\u{903}' | '\u{93a}'..='\u{94f}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{200d}' | '\u{20d0}'..='\u{20ff}' | '\u{302a}'..='\u{302f}'
        | '\u{3099}'..='\u{309a}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}

/// The characters at which a line ends.
#[must_use]
pub fn is_line_break(c: char) -> bool {
    matches!(
        c,
        '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Full-width punctuation, which brings its own white space.
#[must_use]
pub fn is_wide_mark(c: char) -> bool {
    matches!(c, '\u{3001}' | '\u{3002}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}' | '\u{ff01}'..='\u{ff0f}'
        | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}' | '“' | '”')
}

/// What Chinese writes for an ASCII mark.
#[must_use]
pub fn wide_form(c: char) -> Option<&'static str> {
    Some(match c {
        ',' => "，",
        '!' => "！",
        '?' => "？",
        ':' => "：",
        ';' => "；",
        '(' => "（",
        ')' => "）",
        '.' => "。",
        _ => return None,
    })
}

/// Latin letters, with or without diacritics.
#[must_use]
pub fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic()
        || (c.is_alphabetic() && matches!(c, '\u{aa}'..='\u{2af}' | '\u{1e00}'..='\u{1eff}'))
}
