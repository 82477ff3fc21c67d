//! Punctuation and spaces of languages in Latin letters: ASCII marks, no space before them and one behind, straight double quotes
//! (as everywhere in the vocabulary), a capital to start with.

use super::quotes::attach;
use crate::text::edited::Edited;

/// Sets a tidied sentence.
pub fn set(text: &str) -> Edited {
    let mut marks = narrow(text);
    // A single quote may become a double one, which then is attached too.
    for step in [space, attach, quote, attach] {
        let next = step(&marks.text);
        marks = marks.then(next);
    }
    let capital = capitalise(&marks.text);
    marks.then(capital)
}

/// Full-width marks become ASCII, with a space behind those that bring one along.
#[must_use]
pub fn narrow(text: &str) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    let mut buffer = [0; 4];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let before_word = chars.peek().is_some_and(|c| c.is_alphanumeric());
        let new = match c {
            '，' | '、' if before_word => ", ",
            '。' if before_word => ". ",
            '！' if before_word => "! ",
            '？' if before_word => "? ",
            '：' if before_word => ": ",
            '；' if before_word => "; ",
            '）' if before_word => ") ",
            '，' | '、' => ",",
            '。' | '｡' => ".",
            '！' => "!",
            '？' => "?",
            '：' => ":",
            '；' => ";",
            '（' => "(",
            '）' => ")",
            '…' => "...",
            '“' | '”' | '「' | '」' | '『' | '』' | '《' | '》' => "\"",
            '‘' | '’' => "'",
            _ => c.encode_utf8(&mut buffer),
        };
        edited.replace(c.len_utf8(), new);
    }
    edited.finish()
}

/// No space behind an opening bracket, nor before a mark that closes something, if a word is before the space.
fn space(text: &str) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    let mut buffer = [0; 4];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let after_word = edited.text.ends_with(char::is_alphanumeric);
        let stray = c == ' ' && after_word && {
            let mut ahead = chars.clone();
            match ahead.next() {
                Some(')') => true,
                Some(',' | '.' | '!' | '?' | ';' | ':') => ahead.next().is_none_or(|c| c == ' '),
                _ => false,
            }
        };
        let inside = c == ' ' && edited.text.ends_with('(');
        edited.replace(
            c.len_utf8(),
            if stray || inside {
                ""
            } else {
                c.encode_utf8(&mut buffer)
            },
        );
    }
    edited.finish()
}

/// Speech has double quotes, also where it begins with a single and ends in a double one; within double quotes, single ones stay.
fn quote(text: &str) -> Edited {
    // Where a quote has been opened and not closed, and single quotes that become double ones.
    let (mut single, mut double) = (None, false);
    let mut changed = Vec::new();
    let mut before = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(' ', |&(_, c)| c);
        if c == '"' {
            match single.take().filter(|_| !double && before != ' ') {
                Some(open) => changed.push(open),
                None => double = !double,
            }
        } else if c == '\'' && matches!(before, ' ' | '(') && next.is_alphanumeric() {
            single = Some(at);
        } else if c == '\''
            && before != ' '
            && matches!(next, ' ' | ',' | '.' | '!' | '?' | ';' | ':' | ')')
        {
            match single.take() {
                Some(open) if !double => changed.extend([open, at]),
                None if double && matches!(before, ',' | '.' | '!' | '?') => {
                    changed.push(at);
                    double = false;
                }
                _ => {}
            }
        }
        before = c;
    }
    let mut edited = Edited::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let c = if changed.contains(&at) { '"' } else { c };
        edited.copy(c.encode_utf8(&mut [0; 4]));
    }
    edited.finish()
}

/// The first letter becomes a capital, if the sentence begins with a word in small letters.
fn capitalise(text: &str) -> Edited {
    let start = text.len() - text.trim_start_matches(['"', '\'', '(', '[']).len();
    let word = text[start..]
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    let small = !word.is_empty() && word.chars().all(char::is_lowercase);
    let mut edited = Edited::with_capacity(text.len());
    let mut buffer = [0; 4];
    for (at, c) in text.char_indices() {
        if at == start && small {
            edited.replace(c.len_utf8(), &c.to_uppercase().collect::<String>());
        } else {
            edited.copy(c.encode_utf8(&mut buffer));
        }
    }
    edited.finish()
}

#[cfg(test)]
mod tests {
    use crate::text::typography::set;

    #[test]
    fn tables() {
        for (text, expected) in [
            ("hello，world。", "Hello, world."),
            ("Hello , world !", "Hello, world!"),
            ("“well…” he said", "\"Well...\" he said"),
            (
                "She said “ thank you ， ” and left",
                "She said \"thank you,\" and left",
            ),
            ("《 Three 》", "\"Three\""),
            ("iPhone sales rose", "iPhone sales rose"),
            ("It is 3.14 at 12:30.", "It is 3.14 at 12:30."),
            ("use .NET", "Use .NET"),
            ("Yes（maybe）。", "Yes(maybe)."),
            ("Apples ( red ), pears", "Apples (red), pears"),
            ("'Really?' I asked.", "\"Really?\" I asked."),
            ("'Go?\" I asked.", "\"Go?\" I asked."),
            ("\"Go!' she said.", "\"Go!\" she said."),
            ("He said, 'I don't know.'", "He said, \"I don't know.\""),
            ("\"He said 'no.' Then\"", "\"He said 'no.' Then\""),
            (
                "The dogs' bowls, in the '90s",
                "The dogs' bowls, in the '90s",
            ),
            ("It's John's", "It's John's"),
            ("\u{e000} is good", "\u{e000} is good"),
            ("", ""),
        ] {
            assert_eq!(set(text, "en").text, expected, "{text}");
        }
    }
}
