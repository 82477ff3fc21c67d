//! Where the sentences and the protected parts of a text are.

use std::ops::Range;

use super::clauses;
use super::columns;
use super::oddities::Oddities;
use super::reader::Reader;
use super::view;
use crate::text::characters::is_line_break;
use crate::text::protected::{self, Kind, Span};

/// This much white space within a line separates columns, which are translated one by one.
const COLUMN_GAP: usize = 3;

/// The sentences and the protected parts of a text.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// Sentences in order; between them is nothing but white space. None ends inside a protected part.
    pub sentences: Vec<Range<usize>>,
    /// Protected parts, in order and without overlaps.
    pub spans: Vec<Span>,
}

impl Layout {
    /// Of a text that a model is to read.
    pub fn of(text: &str, reader: Reader<'_>) -> Self {
        Self::with_knowledge(text, reader.language, &|c| reader.knows(c))
    }

    /// Of a text in a language (a BCP 47 tag), for a model that knows all letters.
    #[cfg(test)]
    pub fn new(text: &str, language: &str) -> Self {
        Self::with_knowledge(text, language, &|_| true)
    }

    fn with_knowledge(text: &str, language: &str, knows: &dyn Fn(char) -> bool) -> Self {
        let spans = with_elements(text, &protected::find(text));
        let bars = columns::bars(text, &spans);
        let spans = Oddities::new(language, knows).add(text, &spans, &bars);
        let mut layout = Self {
            sentences: Vec::new(),
            spans,
        };
        for sentence in layout.joined(view::split(text, &layout.spans, language)) {
            layout.split_columns(text, language, sentence, &bars);
        }
        layout
    }

    /// Whether an emoji begins at a place.
    pub fn has_emoji_at(&self, place: usize) -> bool {
        self.spans
            .binary_search_by_key(&place, |span| span.range.start)
            .is_ok_and(|n| self.spans[n].kind == Kind::Emoji)
    }

    /// The protected parts that lie in a range.
    pub fn spans_in(&self, range: &Range<usize>) -> &[Span] {
        let from = self
            .spans
            .partition_point(|span| span.range.start < range.start);
        let to = self
            .spans
            .partition_point(|span| span.range.end <= range.end);
        &self.spans[from..to.max(from)]
    }

    /// Sentences, where those that a protected part holds together are one.
    fn joined(&self, sentences: Vec<Range<usize>>) -> Vec<Range<usize>> {
        let mut spans = self.spans.iter().peekable();
        let mut joined: Vec<Range<usize>> = Vec::with_capacity(sentences.len());
        for sentence in sentences {
            while spans
                .next_if(|span| span.range.end <= sentence.start)
                .is_some()
            {}
            let held = spans
                .peek()
                .is_some_and(|span| span.range.start < sentence.start);
            match joined.last_mut() {
                Some(last) if held => last.end = sentence.end,
                _ => joined.push(sentence),
            }
        }
        joined
    }

    /// Adds a sentence, or its parts if it is a line with columns.
    fn split_columns(
        &mut self,
        text: &str,
        language: &str,
        sentence: Range<usize>,
        bars: &[usize],
    ) {
        let mut start = sentence.start;
        let mut at = sentence.start;
        while let Some(gap) = next_gap(text, at..sentence.end) {
            at = gap.end;
            let space = &text[gap.clone()];
            let separates = space.contains('\t') || space.chars().count() >= COLUMN_GAP;
            let within = self
                .spans
                .get(
                    self.spans
                        .partition_point(|span| span.range.end <= gap.start),
                )
                .is_some_and(|span| span.range.start < gap.start);
            if separates && !within {
                self.push(text, language, start..gap.start, bars);
                start = gap.end;
            }
        }
        self.push(text, language, start..sentence.end, bars);
    }

    /// Adds the columns between bars, each in the parts that emoji end.
    fn push(&mut self, text: &str, language: &str, part: Range<usize>, bars: &[usize]) {
        for column in columns::split(text, part, bars) {
            let clauses = clauses::split(text, language, column.clone(), self.spans_in(&column));
            self.sentences.extend(clauses);
        }
    }
}

/// The first run of white space in a range.
fn next_gap(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let rest = &text[range.clone()];
    let start = rest.find(char::is_whitespace)?;
    let length = rest[start..]
        .find(|c: char| !c.is_whitespace())
        .unwrap_or(rest.len() - start);
    Some(range.start + start..range.start + start + length)
}

/// HTML elements whose content is no text, and what they are.
const ELEMENTS: [(&str, Kind); 5] = [
    ("code", Kind::Code),
    ("kbd", Kind::Code),
    ("pre", Kind::Markup),
    ("script", Kind::Markup),
    ("style", Kind::Markup),
];

/// Makes one span of everything from the opening to the closing tag of [`ELEMENTS`].
pub(super) fn with_elements(text: &str, spans: &[Span]) -> Vec<Span> {
    // Where to look for each closing tag: never before that again, so that the time stays linear.
    let mut closing = [0; ELEMENTS.len()];
    let mut all = Vec::with_capacity(spans.len());
    let mut at = 0;
    while let Some(span) = spans.get(at) {
        at += 1;
        let element = ELEMENTS
            .iter()
            .position(|(name, _)| is_tag(&text[span.range.clone()], "<", name));
        if let Some(n) = element {
            let (name, kind) = ELEMENTS[n];
            let from = at.max(closing[n]).min(spans.len());
            let close = spans[from..]
                .iter()
                .position(|other| is_tag(&text[other.range.clone()], "</", name));
            closing[n] = close.map_or(spans.len(), |close| from + close);
            if let Some(close) = spans.get(closing[n]) {
                at = closing[n] + 1;
                all.push(Span {
                    range: span.range.start..close.range.end,
                    kind,
                });
                continue;
            }
        }
        all.push(span.clone());
    }
    all
}

/// Whether a tag begins with `open` and is of an element.
fn is_tag(tag: &str, open: &str, name: &str) -> bool {
    let Some(rest) = tag.strip_prefix(open) else {
        return false;
    };
    let named = rest
        .get(..name.len())
        .is_some_and(|n| n.eq_ignore_ascii_case(name));
    let whole = |c: char| c == '>' || c.is_whitespace();
    named && rest[name.len()..].starts_with(whole) && !tag.ends_with("/>")
}

/// Whether a protected part is a block of its own rather than a word of the sentence around it.
pub fn is_block(text: &str, span: &Span) -> bool {
    matches!(span.kind, Kind::Emoji | Kind::Markup)
        || text[span.range.clone()].contains(is_line_break)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_keep_protected_parts_whole() {
        for (text, expected) in [
            ("", vec![]),
            ("One. Two.", vec!["One.", "Two."]),
            (
                "<a title=\"Hi. There\">x</a> Yes. Zoe",
                vec!["<a title=\"Hi. There\">x</a> Yes.", "Zoe"],
            ),
            (
                "See ```\na. B\n``` now. Ok",
                vec!["See ```\na. B\n``` now.", "Ok"],
            ),
            (
                "Name\tAge   City of birth  x",
                vec!["Name", "Age", "City of birth  x"],
            ),
            ("`a   b` c", vec!["`a   b` c"]),
            (
                "Home | About us, a_b|c | `x | y` | Contact",
                vec!["Home", "| About us, a_b|c", "| `x | y`", "| Contact"],
            ),
            (
                "|No. 1|A b. C\t|\n|:-|-:|\n| |x|",
                vec!["|No. 1", "|A b.", "C", "|", "|:-", "|-:|", "| |x|"],
            ),
        ] {
            let layout = Layout::new(text, "en");
            let found: Vec<&str> = layout.sentences.iter().map(|s| &text[s.clone()]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn elements_without_text_are_protected() {
        for (text, expected) in [
            (
                "<p>a</p> <SCRIPT src=x>if (a <b > c) {d}</script> e",
                vec!["<p>", "</p>", "<SCRIPT src=x>if (a <b > c) {d}</script>"],
            ),
            (
                "<code>x</code> y <codex>z</codex>",
                vec!["<code>x</code>", "<codex>", "</codex>"],
            ),
            ("<pre>a <pre/> b", vec!["<pre>", "<pre/>"]),
            ("</style> <style>", vec!["</style>", "<style>"]),
        ] {
            let layout = Layout::new(text, "en");
            let found: Vec<&str> = layout
                .spans
                .iter()
                .map(|s| &text[s.range.clone()])
                .collect();
            assert_eq!(found, expected, "{text}");
        }
        let many = Layout::new(&"<pre><code>".repeat(50_000), "en");
        assert_eq!(many.spans.len(), 100_000);
    }
}
