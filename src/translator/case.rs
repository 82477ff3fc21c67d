//! TEXT IN CAPITALS, which cuts into many rare subwords, is translated as if it were written as a sentence.

use crate::text::characters::is_latin;
use crate::text::edited::Edited;

/// Share of capitals among letters, in percent, from which a text is in capitals.
const CAPITALS: usize = 90;
/// Letters of a word that is unlikely to be an acronym, if there are two such words.
const LONG_WORD: usize = 4;
/// Letters of a word that is unlikely to be an acronym on its own.
const LONGER_WORD: usize = 7;

/// A text in capitals becomes small letters, but for the first letter and the word I; others stay as they are.
pub fn calm(text: &str) -> Edited {
    let shouting = is_shouting(text);
    let mut edited = Edited::with_capacity(text.len());
    if !shouting {
        edited.copy(text);
        return edited.finish();
    }
    let mut first = true;
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let in_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let keeps = first || (c == 'I' && !in_word(before) && !in_word(chars.peek().copied()));
        if is_latin(c) && !keeps {
            edited.replace(c.len_utf8(), &c.to_lowercase().collect::<String>());
        } else {
            edited.copy(c.encode_utf8(&mut [0; 4]));
        }
        first &= !is_latin(c);
        before = Some(c);
    }
    edited.finish()
}

fn is_shouting(text: &str) -> bool {
    let letters = text.chars().filter(|&c| is_latin(c)).count();
    let capitals = text
        .chars()
        .filter(|&c| is_latin(c) && c.is_uppercase())
        .count();
    if capitals == 0 || capitals * 100 < letters * CAPITALS {
        return false;
    }
    let words = || {
        text.split(|c| !is_latin(c))
            .map(|word| word.chars().count())
    };
    words().filter(|&letters| letters >= LONG_WORD).count() > 1
        || words().any(|letters| letters >= LONGER_WORD)
}

#[cfg(test)]
mod tests {
    use super::calm;

    #[test]
    fn tables() {
        for (text, expected) in [
            ("EMERGENCY EXIT", "Emergency exit"),
            ("WARNING", "Warning"),
            ("I THINK I'M LATE, AREN'T I?", "I think I'm late, aren't I?"),
            ("\"CAFÉ ÉTÉ GROẞES\"", "\"Café été großes\""),
            ("NASA", "NASA"),
            ("NASA AND ESA", "NASA AND ESA"),
            ("USB-C HDMI", "USB-C HDMI"),
            ("The FBI and the CIA", "The FBI and the CIA"),
            ("Hello", "Hello"),
            ("", ""),
        ] {
            let edited = calm(text);
            assert_eq!(edited.text, expected, "{text}");
            assert_eq!(edited.map.len(), text.len() + 1);
        }
    }
}
