//! What is copied and what is translated of a sentence, or of a piece of a long one.

use std::ops::Range;

use super::frame::frame;
use super::reader::Reader;
use super::{case, clauses, numbers};
use crate::text::characters::{is_han, is_wide_mark};
use crate::text::edited::Edited;
use crate::text::language::has_words;
use crate::text::placeholders::PLACEHOLDERS;
use crate::text::protected::{Kind, Span};
use crate::text::sentences::Cutter;
use crate::text::typography::tidy;

/// A sentence, or a piece of a long one, cut into what is copied and what is translated.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its bytes in the text.
    pub source: Range<usize>,
    /// Everything in `source`, in order.
    pub parts: Vec<Part>,
    /// What the parts were before numbers were repaired.
    pub first: Option<Vec<Part>>,
}

/// A part of a [`Piece`].
#[derive(Clone, Debug)]
pub enum Part {
    /// Bytes of the text that are copied.
    Copy(Range<usize>),
    /// Copied from between parts of a sentence that are translated one by one.
    Inner(Range<usize>),
    /// Bytes that the model translates.
    Translate(Stretch),
}

/// A part that the model translates.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// Its bytes in the text.
    pub source: Range<usize>,
    /// Protected parts for which placeholders stand.
    pub holes: Vec<Hole>,
    /// What the model reads instead of the text.
    pub input: Edited,
    /// Its tokens, see [`Reader::ids`].
    pub ids: Vec<u32>,
    /// The protected parts themselves, where the model reads them because it knows no placeholders.
    pub verbatim: Vec<String>,
    /// What this is a second attempt at.
    pub instead_of: Option<Box<Stretch>>,
}

/// A protected part for which a placeholder stands, or several with little between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// What it is; [`Kind::Placeholder`] where there are several kinds.
    pub kind: Kind,
    /// Whether it is markup that ends what it is about.
    pub closes: bool,
    /// Whether it touches the characters before it.
    pub tight_before: bool,
    /// Whether it touches the characters behind it.
    pub tight_behind: bool,
}

impl Hole {
    /// `open`: whether markup like it has been opened and not closed before.
    fn new(text: &str, range: Range<usize>, kind: Kind, open: bool) -> Self {
        let part = &text[range.clone()];
        let closes = kind == Kind::Markup
            && (part.starts_with("</") || part.ends_with(']') || part.starts_with(']') || open);
        // Chinese characters touch everything, but a tag only belongs to those that it encloses.
        let tight = |encloses: bool| {
            let encloses = encloses && kind == Kind::Markup;
            move |c: char| !c.is_whitespace() && (encloses || !(is_han(c) || is_wide_mark(c)))
        };
        Self {
            kind,
            closes,
            tight_before: text[..range.start].ends_with(tight(closes)),
            tight_behind: text[range.end..].starts_with(tight(!closes)),
            range,
        }
    }
}

impl Piece {
    /// Cuts up `source`, in which `spans` are protected.
    pub fn new(text: &str, reader: Reader<'_>, source: Range<usize>, spans: &[Span]) -> Self {
        let core = frame(text, &source, spans);
        let core = clauses::without_last(text, reader.language, core, spans);
        // Words of another script tell whether the text is in the language.
        let inner: Vec<Span> = spans
            .iter()
            .filter(|span| core.start <= span.range.start && span.range.end <= core.end)
            .filter(|span| span.kind != Kind::Foreign)
            .cloned()
            .collect();
        let mut parts = Vec::new();
        let copy = |range: Range<usize>| (!range.is_empty()).then_some(Part::Copy(range));
        if has_words(&masked(text, &core, &inner, ' ').text, reader.language) {
            parts.extend(copy(source.start..core.start));
            let holes = holes(text, spans, &core);
            if holes.len() <= PLACEHOLDERS.len() {
                parts.push(Part::Translate(Stretch::new(
                    text,
                    reader,
                    core.clone(),
                    holes,
                )));
            } else {
                parts.extend(around(text, reader, &core, &holes));
            }
            parts.extend(copy(core.end..source.end));
        } else {
            parts.extend(copy(source.clone()));
        }
        Self {
            source,
            parts,
            first: None,
        }
    }

    /// What the model has to translate.
    pub fn stretches(&self) -> impl Iterator<Item = &Stretch> {
        self.parts.iter().filter_map(|part| match part {
            Part::Translate(stretch) => Some(stretch),
            Part::Copy(_) | Part::Inner(_) => None,
        })
    }

    /// Replaces the stretches for which `by` has something else.
    pub fn replace(&mut self, mut by: impl FnMut(&Stretch) -> Option<Vec<Part>>) {
        self.parts = std::mem::take(&mut self.parts)
            .into_iter()
            .flat_map(|part| {
                let other = match &part {
                    Part::Translate(stretch) => by(stretch),
                    Part::Copy(_) | Part::Inner(_) => None,
                };
                other.unwrap_or_else(|| vec![part])
            })
            .collect();
    }
}

impl Stretch {
    fn new(text: &str, reader: Reader<'_>, source: Range<usize>, holes: Vec<Hole>) -> Self {
        let verbatim: Vec<String> = if reader.normalisation.has_placeholders() {
            Vec::new()
        } else {
            holes
                .iter()
                .map(|hole| text[hole.range.clone()].to_owned())
                .collect()
        };
        let shown = if verbatim.is_empty() { &holes[..] } else { &[] };
        let template = template(text, &source, shown);
        let normal = reader.normalise(&template.text);
        let tidy = tidy(&normal.text);
        let calm = case::calm(&tidy.text);
        Self {
            source,
            holes,
            ids: reader.ids(&calm.text),
            input: template.then(normal).then(tidy).then(calm),
            verbatim,
            instead_of: None,
        }
    }

    /// What is around the protected parts, to be translated bit by bit.
    pub fn around(&self, text: &str, reader: Reader<'_>) -> Vec<Part> {
        around(text, reader, &self.source, &self.holes)
    }

    /// The same with placeholders for long numbers too: for all of them, or, where there are too many, for those that a
    /// translation lacks; `None` where these are too many as well.
    pub fn with_numbers(&self, text: &str, reader: Reader<'_>, translation: &str) -> Option<Self> {
        if !reader.normalisation.has_placeholders() {
            return None;
        }
        let room = PLACEHOLDERS.len().saturating_sub(self.holes.len());
        let mut numbers = self.long_numbers(text);
        if numbers.len() > room {
            numbers.retain(|range| numbers::is_missing(&text[range.clone()], translation));
        }
        if numbers.is_empty() || numbers.len() > room {
            return None;
        }
        let mut holes = self.holes.clone();
        for range in numbers {
            let at = holes.partition_point(|hole| hole.range.start < range.start);
            holes.insert(at, Hole::new(text, range, Kind::Placeholder, false));
        }
        Some(Self {
            instead_of: Some(Box::new(self.clone())),
            ..Self::new(text, reader, self.source.clone(), holes)
        })
    }

    /// The same in pieces with no more long numbers than there are placeholders, each with placeholders for them.
    pub fn in_pieces(&self, text: &str, reader: Reader<'_>) -> Option<Vec<Part>> {
        if !reader.normalisation.has_placeholders() {
            return None;
        }
        let marked = template(text, &self.source, &self.holes);
        let count = |part: &str| {
            let holes = part.matches(PLACEHOLDERS).count();
            holes + numbers::long(part).count()
        };
        let mut cutter = Cutter::new(PLACEHOLDERS.len());
        let mut parts = Vec::new();
        let mut at = self.source.start;
        while let Some(piece) = cutter.next(&marked.text, count) {
            let range = marked.backward(&piece);
            let range = self.source.start + range.start..self.source.start + range.end;
            if at < range.start && !parts.is_empty() {
                parts.push(Part::Inner(at..range.start));
            }
            at = range.end;
            let within =
                |hole: &&Hole| range.start <= hole.range.start && hole.range.end <= range.end;
            let holes = self.holes.iter().filter(within).cloned().collect();
            let plain = Self::new(text, reader, range, holes);
            let part = plain.with_numbers(text, reader, "").unwrap_or(plain);
            parts.push(Part::Translate(part));
        }
        (parts.len() > 1).then_some(parts)
    }

    /// Where the long numbers are, outside of protected parts.
    fn long_numbers(&self, text: &str) -> Vec<Range<usize>> {
        let outside = |range: &Range<usize>| {
            let apart =
                |hole: &Hole| hole.range.end <= range.start || range.end <= hole.range.start;
            self.holes.iter().all(apart)
        };
        numbers::long(&text[self.source.clone()])
            .map(|range| self.source.start + range.start..self.source.start + range.end)
            .filter(outside)
            .collect()
    }
}

/// A range of a text in which each hole has become a placeholder, a word of its own.
fn template(text: &str, range: &Range<usize>, holes: &[Hole]) -> Edited {
    let mut edited = Edited::with_capacity(range.len());
    let mut at = range.start;
    for (hole, placeholder) in holes.iter().zip(PLACEHOLDERS) {
        edited.copy(&text[at..hole.range.start]);
        at = hole.range.end;
        let space = |glued| if glued { " " } else { "" };
        let before = space(edited.text.ends_with(char::is_alphanumeric));
        let behind = space(text[at..range.end].starts_with(char::is_alphanumeric));
        edited.replace(hole.range.len(), &format!("{before}{placeholder}{behind}"));
    }
    edited.copy(&text[at..range.end]);
    edited.finish()
}

/// A range of a text in which each protected part has become `character`.
pub fn masked(text: &str, range: &Range<usize>, spans: &[Span], character: char) -> Edited {
    let mut edited = Edited::with_capacity(range.len());
    let mut at = range.start;
    for span in spans {
        edited.copy(&text[at..span.range.start]);
        edited.replace(span.range.len(), character.encode_utf8(&mut [0; 4]));
        at = span.range.end;
    }
    edited.copy(&text[at..range.end]);
    edited.finish()
}

/// The parts of a range around its holes, each to be translated on its own if there is anything to translate.
fn around(text: &str, reader: Reader<'_>, range: &Range<usize>, holes: &[Hole]) -> Vec<Part> {
    let mut parts = Vec::new();
    // Where what is copied next begins.
    let mut from = range.start;
    let mut at = range.start;
    let ends = holes.iter().map(|hole| hole.range.clone());
    for hole in ends.chain(std::iter::once(range.end..range.end)) {
        let between = &text[at..hole.start];
        if has_words(between, reader.language) {
            let start = at + between.len() - between.trim_start().len();
            let end = start + between.trim().len();
            if from < start {
                parts.push(Part::Inner(from..start));
            }
            parts.push(Part::Translate(Stretch::new(
                text,
                reader,
                start..end,
                Vec::new(),
            )));
            from = end;
        }
        at = hole.end;
    }
    if from < range.end {
        parts.push(Part::Inner(from..range.end));
    }
    parts
}

/// The holes that the protected parts within a range make: those with little between them make one.
fn holes(text: &str, spans: &[Span], range: &Range<usize>) -> Vec<Hole> {
    let mut holes: Vec<Hole> = Vec::with_capacity(spans.len());
    for (n, span) in spans.iter().enumerate() {
        if span.range.start < range.start || range.end < span.range.end {
            continue;
        }
        let part = &text[span.range.clone()];
        let same = |other: &&Span| text[other.range.clone()] == *part;
        let open = part.starts_with(['*', '_', '~', '\\'])
            && spans[..n].iter().filter(same).count() % 2 == 1;
        let hole = Hole::new(text, span.range.clone(), span.kind, open);
        match holes.last_mut() {
            Some(last) if is_slight(&text[last.range.end..hole.range.start]) => {
                if last.kind != hole.kind {
                    last.kind = Kind::Placeholder;
                }
                last.range.end = hole.range.end;
                last.tight_behind = hole.tight_behind;
            }
            _ => holes.push(hole),
        }
    }
    holes
}

fn is_slight(between: &str) -> bool {
    between.len() <= 3 && between.chars().all(|c| matches!(c, ' ' | '/' | ':' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Normalisation;
    use crate::text::protected::find;
    use crate::text::subwords::Vocabulary;

    fn vocabulary() -> Vocabulary {
        let pieces = ["▁", "\u{e000}", "\u{e001}"].into_iter();
        Vocabulary::from_bytes(&super::super::vocabularies::spm(pieces)).unwrap()
    }

    fn reader(vocabulary: &Vocabulary) -> Reader<'_> {
        Reader {
            language: "en",
            vocabulary,
            normalisation: Normalisation::Dragoman1,
            respelling: None,
            target_token: None,
        }
    }

    #[test]
    fn long_numbers_become_holes() {
        let vocabulary = vocabulary();
        let reader = reader(&vocabulary);
        let input = |text: &str| {
            let piece = Piece::new(text, reader, 0..text.len(), &find(text));
            let stretch = piece
                .stretches()
                .next()?
                .with_numbers(text, reader, "444, 5555")?;
            assert!(stretch.instead_of.is_some());
            Some(stretch.input.text)
        };
        for (text, expected) in [
            ("At 12:30 on 3 May", Some("At \u{e000} on 3 May")),
            (
                "Call {x}, on 555-0123.",
                Some("Call \u{e000}, on \u{e001}."),
            ),
            ("See a.com/2024/x now", None),
            ("See 12 now", None),
            (
                "See 111, 222, 333, 444, 555",
                Some("See \u{e000}, \u{e001}, \u{e002}, 444, \u{e003}"),
            ),
            ("See 111, 222, 333, 555, 666", None),
        ] {
            assert_eq!(input(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn many_long_numbers_are_cut_apart() {
        let vocabulary = vocabulary();
        let reader = reader(&vocabulary);
        let text = "See {x} and 111, 222, 333, but not 444, 555, or 12.";
        let piece = Piece::new(text, reader, 0..text.len(), &find(text));
        let stretch = piece.stretches().next().unwrap();
        let parts = stretch.in_pieces(text, reader).unwrap();
        let mut at = 0;
        for part in &parts {
            let range = match part {
                Part::Copy(_) => unreachable!("nothing stands around it"),
                Part::Inner(range) => range,
                Part::Translate(stretch) => {
                    assert!(stretch.instead_of.is_some());
                    assert!(numbers::long(&stretch.input.text).next().is_none());
                    &stretch.source
                }
            };
            assert_eq!(range.start, at);
            at = range.end;
        }
        assert_eq!((at, parts.len()), (text.len(), 3));
        let few = "See 111 now";
        let piece = Piece::new(few, reader, 0..few.len(), &[]);
        let stretch = piece.stretches().next().unwrap();
        assert!(stretch.in_pieces(few, reader).is_none());
    }

    #[test]
    fn neighbours_are_one_hole() {
        let text = "{a} <b>{c}</b>: %d/%d and 😀";
        let holes = holes(text, &find(text), &(0..text.len()));
        let found: Vec<&str> = holes.iter().map(|hole| &text[hole.range.clone()]).collect();
        assert_eq!(found, ["{a} <b>{c}</b>: %d/%d", "😀"]);
    }
}
