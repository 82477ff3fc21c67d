//! From the tokens that the model wrote to the text that stands for a stretch of the source.

use std::ops::Range;

use super::Alignment;
use super::piece::{Hole, Stretch};
use super::{amounts, currencies, marker, numbers, signs};
use crate::decode::Hypothesis;
use crate::text::characters::is_han;
use crate::text::edited::Edited;
use crate::text::language::is_latin_script;
use crate::text::placeholders::{PLACEHOLDERS, is_placeholder};
use crate::text::protected::Kind;
use crate::text::subwords::Vocabulary;
use crate::text::typography::{self, final_mark, ordinals, pronoun, quotes};

/// What turns tokens into text.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    /// The source vocabulary, for alignments.
    pub source: &'a Vocabulary,
    /// The target vocabulary.
    pub target: &'a Vocabulary,
    /// The source language (a BCP 47 tag).
    pub from: &'a str,
    /// The target language (a BCP 47 tag).
    pub language: &'a str,
}

/// The translation of a stretch.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Its text.
    pub text: String,
    /// Ranges of source tokens in the source text, those of target tokens in `text`.
    pub alignment: Option<Alignment>,
}

impl Writer<'_> {
    /// Whether a translation holds each placeholder of its source once, and something between one tag and the next.
    pub fn keeps_placeholders(&self, stretch: &Stretch, hypothesis: &Hypothesis) -> bool {
        let text = self.target.decode(&hypothesis.tokens);
        let text = with_placeholders(&text, &stretch.verbatim).text;
        let place = |placeholder| {
            let mut places = text.match_indices(placeholder).map(|(at, _)| at);
            places.next().filter(|_| places.next().is_none())
        };
        let places: Option<Vec<usize>> = PLACEHOLDERS[..stretch.holes.len()]
            .iter()
            .map(|&placeholder| place(placeholder))
            .collect();
        let Some(places) = places else {
            return false;
        };
        let is_tag = |n: usize| stretch.holes[n].kind == Kind::Markup;
        let words = |text: &str| text.contains(char::is_alphanumeric);
        // What opens it was copied from before the sentence.
        let lost = stretch.holes.first().is_some_and(|hole| hole.closes)
            && words(&stretch.input.text[..stretch.input.text.find(PLACEHOLDERS[0]).unwrap_or(0)])
            && !words(&text[..places[0]]);
        !lost
            && (1..places.len()).all(|n| {
                let between = text.get(places[n - 1]..places[n]);
                !(is_tag(n - 1) && is_tag(n)) || between.is_some_and(words)
            })
    }

    /// The text of the translation of a part of `source`; `None` where there is not a word in it.
    pub fn render(
        &self,
        source: &str,
        stretch: &Stretch,
        hypothesis: &Hypothesis,
    ) -> Option<Rendered> {
        let (raw, tokens) = self.target.decode_with_ranges(&hypothesis.tokens);
        let marked = with_placeholders(&raw, &stretch.verbatim);
        let strays = without_strays(&marked.text, stretch.holes.len());
        let known = marked.then(strays);
        let counted = amounts::correct(&stretch.input.text, self.from, &known.text, self.language);
        let known = known.then(counted);
        let priced =
            currencies::correct(&stretch.input.text, self.from, &known.text, self.language);
        let known = known.then(priced);
        let signed = signs::correct(&stretch.input.text, self.from, &known.text, self.language);
        let known = known.then(signed);
        let set = typography::set(&known.text, self.language);
        let input = &stretch.input.text;
        let agreed = final_mark::agree(input, &set.text, self.language);
        let pronouns = pronoun::agree(input, &agreed.text, self.language);
        let agreed = agreed.then(pronouns);
        let counted = ordinals::agree(&agreed.text, self.language);
        let agreed = agreed.then(counted);
        let quoted = quotes::agree(input, &agreed.text, self.language);
        let agreed = agreed.then(quoted);
        let labelled = marker::agree(input, &agreed.text);
        let agreed = agreed.then(labelled);
        if !agreed.text.contains(char::is_alphanumeric) {
            return None;
        }
        let spaced = is_latin_script(self.language);
        let restored = restore(&agreed.text, source, &stretch.holes, spaced);
        let edited = known.then(set).then(agreed).then(restored);
        let alignment = hypothesis.alignment.as_ref().map(|weights| {
            let source = self.source_ranges(stretch);
            Alignment {
                target: tokens
                    .iter()
                    .map(|token| trimmed(&edited.text, edited.forward(token)))
                    .collect(),
                weights: of_text(weights, stretch.ids.len(), source.len()),
                source,
            }
        });
        Some(Rendered {
            text: edited.text,
            alignment,
        })
    }

    /// Where the tokens that the model read stand in the source text.
    fn source_ranges(&self, stretch: &Stretch) -> Vec<Range<usize>> {
        self.source
            .encode_with_ranges(&stretch.input.text)
            .into_iter()
            .map(|(_, range)| {
                let range = stretch.input.backward(&range);
                stretch.source.start + range.start..stretch.source.start + range.end
            })
            .collect()
    }
}

/// Puts the protected parts back: as close to what is around them as they were, but with the spaces that keep words and
/// addresses apart. `spaced`: whether the language has spaces between all words.
fn restore(text: &str, source: &str, holes: &[Hole], spaced: bool) -> Edited {
    let hole_of = |c: Option<char>| {
        PLACEHOLDERS
            .iter()
            .position(|&placeholder| Some(placeholder) == c)
            .and_then(|n| holes.get(n))
    };
    let mut edited = Edited::with_capacity(text.len());
    let mut before = None;
    // What Chinese puts behind an hour, and not behind minutes: 3:30点钟.
    let mut hour_mark = "".chars();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        if let Some(hole) = hole_of(Some(c)) {
            let part = &source[hole.range.clone()];
            let mark = if numbers::is_time(part) { "点钟" } else { "" };
            hour_mark = mark.chars();
            // A placeholder or a space that is next sees to the gap itself.
            let next = if hole.tight_behind {
                chars.clone().find(|&c| c != ' ')
            } else {
                next
            };
            let next = next.filter(|&c| !is_placeholder(c));
            let left = space(
                edited.text.chars().next_back(),
                part.chars().next(),
                hole.kind,
                spaced && !hole.tight_before,
            );
            let right = space(
                next,
                part.chars().next_back(),
                hole.kind,
                spaced && !hole.tight_behind,
            );
            edited.replace(c.len_utf8(), &format!("{left}{part}{right}"));
        } else {
            let stray = c == ' '
                && (hole_of(before).is_some_and(|hole| hole.tight_behind)
                    || hole_of(next).is_some_and(|hole| hole.tight_before));
            // Not 点击, to click.
            let ends = c == '钟' || !next.is_some_and(|c| is_han(c) && c != '钟');
            if stray || (hour_mark.next() == Some(c) && ends) {
                edited.replace(c.len_utf8(), "");
            } else {
                hour_mark = "".chars();
                edited.copy(c.encode_utf8(&mut [0; 4]));
            }
        }
        before = Some(c);
    }
    edited.finish()
}

/// The space that must stand between a character and the near end of a protected part: words would run together, or an address
/// would go on into Chinese. A part that is `loose` stands on its own in languages with spaces.
pub(super) fn space(
    neighbour: Option<char>,
    end: Option<char>,
    kind: Kind,
    loose: bool,
) -> &'static str {
    let (Some(neighbour), Some(end)) = (neighbour, end) else {
        return "";
    };
    let address = matches!(kind, Kind::Url | Kind::Email | Kind::Mention);
    let word = |c: char| c.is_alphanumeric() && !is_han(c);
    let missing =
        (address && neighbour.is_alphanumeric()) || (word(neighbour) && (loose || word(end)));
    if missing { " " } else { "" }
}

/// Puts the placeholders of protected parts that the model has copied in their places: each part where it comes first.
fn with_placeholders(text: &str, parts: &[String]) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    let mut open: Vec<(&str, char)> = parts.iter().map(String::as_str).zip(PLACEHOLDERS).collect();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let part = open
            .iter()
            .position(|(part, _)| text[at..].starts_with(part));
        if let Some(part) = part {
            let (part, placeholder) = open.remove(part);
            edited.replace(part.len(), placeholder.encode_utf8(&mut [0; 4]));
            at += part.len();
        } else {
            edited.copy(c.encode_utf8(&mut [0; 4]));
            at += c.len_utf8();
        }
    }
    edited.finish()
}

/// Removes placeholders other than the first `expected`.
fn without_strays(text: &str, expected: usize) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    for c in text.chars() {
        if PLACEHOLDERS[expected..].contains(&c) {
            edited.replace(c.len_utf8(), "");
        } else {
            edited.copy(c.encode_utf8(&mut [0; 4]));
        }
    }
    edited.finish()
}

/// A range without the white space at its ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.start + part.len() - part.trim_start().len();
    start..start + part.trim().len()
}

/// Drops `</s>`, and a target token before the `tokens` of the text, from attention weights `[target, columns]`.
fn of_text(weights: &[f32], columns: usize, tokens: usize) -> Vec<f32> {
    let end = columns - 1;
    weights
        .chunks_exact(columns)
        .flat_map(|row| &row[end - tokens..end])
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::piece::Piece;
    use super::super::reader::Reader;
    use super::super::vocabularies::spm;
    use super::*;
    use crate::format::Normalisation;
    use crate::text::protected::find;

    const WORDS: [&str; 14] = [
        "▁", "点", "击", "见", "了", "。", "！", "，", ",", ".", "▁Rust", "\u{e000}", "\u{e001}",
        "\u{e002}",
    ];

    /// As [`render`], from Chinese to English.
    fn render_english(source: &str, written: &str) -> Option<String> {
        let words = spm(["▁", "▁see", "▁it", "▁now", ".", ",", "\u{e000}", "\u{e001}"].into_iter());
        let vocabulary = Vocabulary::from_bytes(&words).unwrap();
        let chinese = Vocabulary::from_bytes(&spm(WORDS.into_iter())).unwrap();
        let reader = Reader {
            language: "zh",
            vocabulary: &chinese,
            normalisation: Normalisation::Dragoman1,
            respelling: None,
            target_token: None,
        };
        let writer = Writer {
            source: &chinese,
            target: &vocabulary,
            from: "zh",
            language: "en",
        };
        let piece = Piece::new(source, reader, 0..source.len(), &find(source));
        let stretch = piece.stretches().next()?;
        let hypothesis = Hypothesis {
            tokens: vocabulary.encode(written),
            ..Hypothesis::default()
        };
        Some(writer.render(source, stretch, &hypothesis)?.text)
    }

    #[test]
    fn an_hour_is_not_counted_twice() {
        let hole = |range| Hole {
            range,
            kind: Kind::Placeholder,
            closes: false,
            tight_before: false,
            tight_behind: false,
        };
        let source = "At 3:30 or 5";
        let holes = [hole(3..7), hole(11..12)];
        for (text, expected) in [
            ("下午\u{e000}点。", "下午3:30。"),
            ("下午\u{e000}点钟见", "下午3:30见"),
            ("\u{e000}点", "3:30"),
            ("\u{e000}点击它", "3:30点击它"),
            ("\u{e000}，三点", "3:30，三点"),
            ("\u{e001}点", "5点"),
        ] {
            let edited = restore(text, source, &holes, false);
            assert_eq!(edited.text, expected);
            assert_eq!(edited.map.len(), text.len() + 1);
        }
    }

    #[test]
    fn protected_parts_stand_apart_in_english() {
        for (source, written, expected) in [
            ("点击{x}见", "see \u{e000} now", "See {x} now"),
            ("点击{x}见", "see\u{e000}now", "See {x} now"),
            ("点击`x`，见", "see\u{e000}, now", "See `x`, now"),
            (
                "点击https://a.b/c见",
                "see\u{e000}now",
                "See https://a.b/c now",
            ),
            (
                "见<b>点击</b>了",
                "see \u{e000} it \u{e001} now",
                "See <b>it</b> now",
            ),
            (
                "见<b>点击</b>了",
                "see\u{e000}it\u{e001}now",
                "See <b>it</b> now",
            ),
            (
                "见**点击**了",
                "see \u{e000} it \u{e001} now",
                "See **it** now",
            ),
            ("**点击**，见", "see \u{e000}, now", "See**, now"),
            (
                "见[点击](https://a.b)了",
                "see \u{e000} it \u{e001} now",
                "See [it](https://a.b) now",
            ),
            ("见（{x}）了", "see \u{e000} now", "See {x} now"),
        ] {
            let found = render_english(source, written);
            assert_eq!(found.as_deref(), Some(expected), "{source} {written}");
        }
    }

    /// Renders what a model might have written for a sentence; `None` where it has lost a placeholder.
    fn render(source: &str, written: &str) -> Option<Rendered> {
        render_with(Normalisation::Dragoman1, source, written)
    }

    fn render_with(normalisation: Normalisation, source: &str, written: &str) -> Option<Rendered> {
        let vocabulary = Vocabulary::from_bytes(&spm(WORDS.into_iter())).unwrap();
        let reader = Reader {
            language: "en",
            vocabulary: &vocabulary,
            normalisation,
            respelling: None,
            target_token: None,
        };
        let writer = Writer {
            source: &vocabulary,
            target: &vocabulary,
            from: "en",
            language: "zh",
        };
        let piece = Piece::new(source, reader, 0..source.len(), &find(source));
        let stretch = piece.stretches().next()?;
        let tokens = vocabulary.encode(written);
        let hypothesis = Hypothesis {
            alignment: Some(vec![0.5; tokens.len() * stretch.ids.len()]),
            tokens,
            ..Hypothesis::default()
        };
        writer
            .keeps_placeholders(stretch, &hypothesis)
            .then(|| writer.render(source, stretch, &hypothesis))
            .flatten()
    }

    #[test]
    fn protected_parts_come_back() {
        for (source, written, expected) in [
            ("See {x}.", "见\u{e000}.", Some("见{x}。")),
            (
                "See https://a.b/c now.",
                "见了\u{e000}了。",
                Some("见了 https://a.b/c 了。"),
            ),
            (
                "See https://a.b/c.",
                "见\u{e000}。",
                Some("见 https://a.b/c。"),
            ),
            (
                "See a@b.cd, `x`.",
                "\u{e001},见\u{e000}",
                Some("`x`，见 a@b.cd。"),
            ),
            ("Rust {x}", "Rust\u{e000}", Some("Rust{x}")),
            ("Rust `x`", "Rust \u{e000}", Some("Rust `x`")),
            ("Rust %s", "Rust\u{e000}", Some("Rust%s")),
            ("See %s", "\u{e000}见。", Some("%s见")),
            (
                "See <b>x</b>, y",
                "见 \u{e000} Rust \u{e001} 。",
                Some("见 <b>Rust</b>"),
            ),
            (
                "See [x](https://a.b)y",
                "见\u{e000}Rust\u{e001}了。",
                Some("见[Rust](https://a.b)了"),
            ),
            ("See {x}.", "\u{e000}。", None),
            ("See %s x", "见。", None),
            ("See %s x", "见\u{e000}\u{e000}", None),
            ("See %s x", "见\u{e001}", None),
            ("See <b>x</b>, y", "见\u{e000}\u{e001}了", None),
            ("See <b>x</b>, y", "见\u{e001}了\u{e000}", None),
            ("**See**, x", "见\u{e000}，了", Some("见**，了")),
            ("**See**, x", "\u{e000}，见了", None),
            ("See", "见\u{e001}", Some("见")),
            ("See", "", None),
        ] {
            let found = render(source, written).map(|rendered| rendered.text);
            assert_eq!(found.as_deref(), expected, "{source} {written}");
        }
    }

    #[test]
    fn protected_parts_survive_a_model_without_placeholders() {
        for (source, written, expected) in [
            ("See {x}.", "见{x}.", Some("见{x}。")),
            (
                "See https://a.b/c, x",
                "见https://a.b/c了",
                Some("见 https://a.b/c 了"),
            ),
            ("See {x}{x}.", "见{x}{x}.", Some("见{x}{x}。")),
            ("See %s or {x}.", "{x}见%s.", Some("{x}见%s。")),
            ("See {x}.", "见{y}.", None),
            ("See {x}.", "见.", None),
        ] {
            let found = render_with(Normalisation::Vocabulary, source, written);
            let found = found.map(|rendered| rendered.text);
            assert_eq!(found.as_deref(), expected, "{source} {written}");
        }
    }

    #[test]
    fn alignments_lead_to_the_original() {
        let source = "See  “https://a.b/c”… x";
        let rendered = render(source, "见\u{e000}.").unwrap();
        let alignment = rendered.alignment.unwrap();
        let holes = |text: &str, ranges: &[Range<usize>]| {
            ranges
                .iter()
                .filter(|range| text[(*range).clone()].contains("https://a.b/c"))
                .count()
        };
        assert_eq!(holes(source, &alignment.source), 1);
        assert_eq!(holes(&rendered.text, &alignment.target), 1);
        assert_eq!(
            alignment.weights.len(),
            alignment.source.len() * alignment.target.len()
        );
        assert_eq!(
            alignment.source.last(),
            Some(&(source.len() - 1..source.len()))
        );
        // The first token is the space that begins every text.
        assert_eq!(&rendered.text[alignment.target[1].clone()], "见");
    }
}
