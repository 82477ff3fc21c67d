//! Whether a translation has the numbers of its source.

use super::piece::Stretch;
use super::render::Writer;
use super::{amounts, numbers};
use crate::decode::Hypothesis;
use crate::text::language::{is_chinese, is_english};

impl Writer<'_> {
    /// Whether a translation has other numbers than its source.
    pub fn garbles_numbers(&self, stretch: &Stretch, hypothesis: &Hypothesis) -> bool {
        let (source, translation) = (&stretch.input.text, self.target.decode(&hypothesis.tokens));
        numbers::garbled(source, &translation) || self.loses_minutes(source, &translation)
    }

    fn loses_minutes(&self, source: &str, translation: &str) -> bool {
        // How other languages tell the time is not known here.
        let knows_times = is_chinese(self.language) || is_english(self.language);
        knows_times && numbers::loses_minutes(source, translation)
    }

    /// How many numbers of a source its translation has not, or has of its own.
    pub fn wrong_numbers(&self, source: &str, translation: &str) -> usize {
        numbers::differences(source, translation)
            + amounts::missing(source, self.from, translation, self.language)
            + usize::from(self.loses_minutes(source, translation))
    }
}
