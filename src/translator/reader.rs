//! What a model reads of a text: its normal form, and the tokens of that.

use super::{numerals, readings};
use crate::decode::END;
use crate::format::Normalisation;
use crate::text::diacritics;
use crate::text::edited::Edited;
use crate::text::language::{is_chinese, is_english, is_latin_script};
use crate::text::respelling::Respelling;
use crate::text::subwords::Vocabulary;

/// What turns text into tokens.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The language (a BCP 47 tag).
    pub language: &'a str,
    /// Its vocabulary.
    pub vocabulary: &'a Vocabulary,
    /// What is done to text before it is cut into subwords.
    pub normalisation: Normalisation,
    /// How other spellings of it are read.
    pub respelling: Option<&'a Respelling>,
    /// The token before every sentence that names the target language, if the model needs one.
    pub target_token: Option<u32>,
}

impl Reader<'_> {
    /// What the model reads instead of a text.
    pub fn normalise(self, text: &str) -> Edited {
        let normal = self.in_normal_form(text);
        if normal.text.is_ascii() || !is_latin_script(self.language) {
            return normal;
        }
        let simple = diacritics::simplify(&normal.text, |c| self.has(c));
        normal.then(simple)
    }

    fn in_normal_form(self, text: &str) -> Edited {
        let spelt = self.respelling.map(|respelling| respelling.apply(text));
        let text = spelt.as_deref().unwrap_or(text);
        if self.normalisation == Normalisation::Dragoman1 && is_chinese(self.language) {
            let counted = numerals::in_digits(text);
            let normal = self.normalisation.apply(&counted.text, self.language);
            return counted.then(normal);
        }
        if self.normalisation == Normalisation::Dragoman1 && is_english(self.language) {
            let plain = readings::plain(text);
            let normal = self.normalisation.apply(&plain.text, self.language);
            return plain.then(normal);
        }
        self.normalisation.apply(text, self.language)
    }

    /// Whether the vocabulary has a character, or its normal form.
    pub fn knows(self, c: char) -> bool {
        let normal = self.in_normal_form(c.encode_utf8(&mut [0; 4]));
        self.vocabulary.spells(&normal.text)
    }

    fn has(self, c: char) -> bool {
        self.vocabulary.spells(c.encode_utf8(&mut [0; 4]))
    }

    /// What the model reads of a text that is normalised: its tokens, between a target token, if there is one, and `</s>`.
    pub fn ids(self, text: &str) -> Vec<u32> {
        let mut ids: Vec<u32> = self.target_token.into_iter().collect();
        ids.extend(self.vocabulary.encode(text));
        ids.push(END);
        ids
    }
}
