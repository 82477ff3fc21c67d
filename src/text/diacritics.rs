//! Words with letters that a vocabulary does not have, in plain ones: café is read as cafe, naïve as naive.
//!
//! Names, which begin with a capital, are left alone: nobody wants José without his accent in a translation.

use super::edited::Edited;

/// What is written for the letters from U+00C0 on without their marks; `-` where there is nothing like it.
const PLAIN: &str = "AAAAAA-CEEEEIIIIDNOOOOO-OUUUUY-saaaaaa-ceeeeiiiidnooooo-ouuuuy-y\
    AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi--JjKkkLlLlLlLlLlNnNnNnnNnOoOoOo--RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";

/// A Latin letter without its marks.
fn plain(c: char) -> Option<&'static str> {
    match c {
        'ß' => Some("ss"),
        'æ' => Some("ae"),
        'œ' => Some("oe"),
        _ => {
            let at = (c as usize).checked_sub(0xc0)?;
            PLAIN.get(at..=at).filter(|letter| *letter != "-")
        }
    }
}

/// Whether a word is read in plain letters, where `knows` says which ones the vocabulary has.
pub fn is_plain(word: &str, mut knows: impl FnMut(char) -> bool) -> bool {
    word.starts_with(char::is_lowercase)
        && word
            .chars()
            .all(|c| c.is_ascii() || plain(c).is_some() || knows(c))
}

/// A text in which such words are plain.
pub fn simplify(text: &str, mut knows: impl FnMut(char) -> bool) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    for part in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let word = part.trim_end_matches(|c: char| !c.is_alphanumeric());
        let simple = word.is_ascii() || !is_plain(word, &mut knows);
        if simple {
            edited.copy(part);
            continue;
        }
        for c in part.chars() {
            match plain(c).filter(|_| !knows(c)) {
                Some(letter) => edited.replace(c.len_utf8(), letter),
                None => edited.copy(c.encode_utf8(&mut [0; 4])),
            }
        }
    }
    edited.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_plain_and_names_are_not() {
        assert_eq!(PLAIN.len(), 0x180 - 0xc0);
        let knows = |c| c == 'ü';
        for (text, expected) in [
            ("a naïve café, José!", "a naive cafe, José!"),
            ("über œuvre ſtraße ž", "über oeuvre strasse z"),
            ("×3 5÷2 wordя éя 你é", "×3 5÷2 wordя éя 你é"),
            ("", ""),
        ] {
            let edited = simplify(text, knows);
            assert_eq!(edited.text, expected);
            assert_eq!(edited.map.len(), text.len() + 1);
        }
        let edited = simplify("œ né", knows);
        assert_eq!(edited.backward(&(3..5)), 3..6);
    }
}
