//! A text as it was typed, where the pipeline reads characters in the place of their references.

use std::ops::Range;

use super::layout::with_elements;
use crate::text::edited::Edited;
use crate::text::protected::{self, Kind};
use crate::text::references;

/// The text as it was typed; nothing where it is read as it is.
#[derive(Debug, Default)]
pub struct Typed(Option<Differing>);

#[derive(Debug)]
struct Differing {
    text: String,
    /// Leads from it to the text that is read.
    edited: Edited,
}

impl Typed {
    /// The text that is read in the place of `text`, and this record of it.
    pub fn read(text: &str) -> (String, Self) {
        // Most texts have no references.
        if !text.contains('&') {
            return (text.to_owned(), Self(None));
        }
        let spans = with_elements(text, &protected::find(text));
        let copied = |kind| matches!(kind, Kind::Markup | Kind::Code | Kind::Placeholder);
        let kept = spans.into_iter().filter(|span| copied(span.kind));
        match references::read(text, kept.map(|span| span.range)) {
            None => (text.to_owned(), Self(None)),
            Some(mut edited) => {
                let read = std::mem::take(&mut edited.text);
                let text = text.to_owned();
                (read, Self(Some(Differing { text, edited })))
            }
        }
    }

    /// Where a range of what is read was typed.
    pub fn place(&self, range: &Range<usize>) -> Range<usize> {
        match &self.0 {
            None => range.clone(),
            Some(differing) => differing.edited.backward(range),
        }
    }

    /// What was typed for a range of `read`, the text that is read.
    pub fn text<'a>(&'a self, read: &'a str, range: &Range<usize>) -> &'a str {
        match &self.0 {
            None => &read[range.clone()],
            Some(differing) => &differing.text[differing.edited.backward(range)],
        }
    }

    /// The part of a range of what is read that was typed as something other than white space.
    pub fn inked(&self, range: Range<usize>) -> Option<Range<usize>> {
        let Differing { text, edited } = self.0.as_ref()?;
        let place = edited.backward(&range);
        let typed = &text[place.clone()];
        let start = place.start + typed.len() - typed.trim_start().len();
        let end = place.start + typed.trim_end().len();
        (start < end).then(|| edited.forward(&(start..end)))
    }
}
