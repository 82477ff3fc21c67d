//! A translation in progress: which pieces come next, and the text so far.

use std::collections::HashMap;
use std::ops::Range;

use super::columns::is_bar;
use super::layout::Layout;
use super::patchwork::{Patchwork, without_article};
use super::piece::{Part, Piece, Stretch, masked};
use super::reader::Reader;
use super::render::Writer;
use super::seams::{is_between_blocks, is_seamless};
use super::spacing::{behind_sentence, goes_on, is_missing, joined, narrowed};
use super::speech::tells_who;
use super::typed::Typed;
use super::{Alignment, Options, Sentence, Translation, marker};
use crate::decode::Hypothesis;
use crate::text::edited::Edited;
use crate::text::language::{count_words, is_chinese, is_latin_script};
use crate::text::placeholders::{PLACEHOLDERS, is_placeholder};
use crate::text::sentences::Cutter;

/// Pieces to translate at once: few at first, so that something can be shown soon.
const BATCHES: [usize; 3] = [2, 8, 24];
/// Tokens that are enough for a batch.
const BATCH_TOKENS: usize = 1_200;
/// Bytes of source that are enough for a batch, when there is little in them to translate.
const BATCH_BYTES: usize = 32_768;
/// Most translations that are remembered in case the same sentence comes again.
const MEMORY: usize = 2_048;
/// Fewest tokens that a piece may be limited to.
const SHORTEST_PIECE: usize = 8;

/// A translation in progress. To stop it, drop it.
#[derive(Debug)]
pub struct Job {
    /// The text as it is read.
    text: String,
    typed: Typed,
    options: Options,
    layout: Layout,
    /// Sentences that have been cut into pieces.
    cut: usize,
    /// The sentence that is being cut, if it is a long one.
    cutting: Option<Cutting>,
    batches: usize,
    /// Translations by the tokens of the source.
    memory: HashMap<Vec<u32>, Hypothesis>,
    /// Sentences that are in `ready`.
    done: usize,
    ready: Translation,
    /// How much of the text as it is read `ready` covers, in bytes.
    covered: usize,
}

/// A long sentence and how far it has been cut into pieces.
#[derive(Debug)]
struct Cutting {
    /// The sentence with a placeholder for each protected part.
    marked: Edited,
    cutter: Cutter,
}

/// The next pieces of a text.
#[derive(Debug, Default)]
pub struct Batch {
    pub pieces: Vec<Piece>,
    /// Sentences that are complete with them.
    sentences: usize,
}

impl Job {
    pub(super) fn new(text: &str, reader: Reader<'_>, options: &Options) -> Self {
        let (text, typed) = Typed::read(text);
        Self {
            layout: Layout::of(&text, reader),
            text,
            typed,
            options: options.clone(),
            cut: 0,
            cutting: None,
            batches: 0,
            memory: HashMap::new(),
            done: 0,
            ready: Translation::default(),
            covered: 0,
        }
    }

    /// Sentences translated and sentences in all.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.done, self.layout.sentences.len())
    }

    /// The translation as far as it is certain: it only grows at its end, and [`Self::finish`] begins with it.
    #[must_use]
    pub fn ready(&self) -> &Translation {
        &self.ready
    }

    /// The translation; sentences that were not reached stay as they are.
    #[must_use]
    pub fn finish(mut self) -> Translation {
        self.ready.words = count_words(&self.text[..self.covered]);
        let rest = self.covered..self.text.len();
        // White space that is none where it was typed.
        if self.done == self.layout.sentences.len()
            && let Some(source) = self.typed.inked(rest.clone())
        {
            let copy = self.typed.text(&self.text, &source).to_owned();
            let sentence = Sentence {
                source,
                ..Sentence::default()
            };
            self.push(sentence, &copy, Languages::default());
        }
        let rest = self.covered..self.text.len();
        self.ready.text.push_str(self.typed.text(&self.text, &rest));
        self.ready
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// Takes the next pieces; none when the text is at its end.
    pub(super) fn next_batch(&mut self, reader: Reader<'_>) -> Batch {
        let most = BATCHES[self.batches.min(BATCHES.len() - 1)];
        self.batches += 1;
        let mut batch = Batch::default();
        let (mut translated, mut tokens, mut bytes) = (0, 0, 0);
        while translated < most && tokens < BATCH_TOKENS && bytes < BATCH_BYTES {
            let Some(range) = self.next_range(reader) else {
                break;
            };
            bytes += range.len();
            let spans = self.layout.spans_in(&range);
            let piece = Piece::new(&self.text, reader, range, spans);
            translated += usize::from(piece.stretches().next().is_some());
            tokens += piece.stretches().map(|s| s.ids.len()).sum::<usize>();
            batch.pieces.push(piece);
        }
        batch.sentences = self.cut;
        batch
    }

    /// The bytes of the next piece.
    fn next_range(&mut self, reader: Reader<'_>) -> Option<Range<usize>> {
        let max_tokens = self.options.piece_tokens.max(SHORTEST_PIECE)
            - usize::from(reader.target_token.is_some());
        loop {
            let sentence = self.layout.sentences.get(self.cut)?.clone();
            // A token is a byte at least.
            if self.cutting.is_none() && sentence.len() <= max_tokens {
                self.cut += 1;
                return Some(sentence);
            }
            let mut cutting = self.cutting.take().unwrap_or_else(|| {
                let spans = self.layout.spans_in(&sentence);
                Cutting {
                    marked: masked(&self.text, &sentence, spans, PLACEHOLDERS[0]),
                    cutter: Cutter::new(max_tokens),
                }
            });
            let count = |part: &str| {
                if holes(part) > PLACEHOLDERS.len() {
                    return usize::MAX;
                }
                let normal = reader.normalise(part);
                reader.vocabulary.encode(&normal.text).len()
            };
            let Some(piece) = cutting.cutter.next(&cutting.marked.text, count) else {
                self.cut += 1;
                continue;
            };
            let range = cutting.marked.backward(&piece);
            if piece.end < cutting.marked.text.len() {
                self.cutting = Some(cutting);
            } else {
                self.cut += 1;
            }
            return Some(sentence.start + range.start..sentence.start + range.end);
        }
    }

    /// The tokens of those stretches of a batch, each once, whose translations are not known.
    pub(super) fn unknown(&self, batch: &Batch) -> Vec<Vec<u32>> {
        let mut unknown: Vec<Vec<u32>> = Vec::new();
        for stretch in batch.pieces.iter().flat_map(Piece::stretches) {
            if !self.memory.contains_key(&stretch.ids) && !unknown.contains(&stretch.ids) {
                unknown.push(stretch.ids.clone());
            }
        }
        unknown
    }

    /// Forgets translations when there are many.
    pub(super) fn trim_memory(&mut self) {
        if self.memory.len() > MEMORY {
            self.memory.clear();
        }
    }

    pub(super) fn remember(
        &mut self,
        translations: impl IntoIterator<Item = (Vec<u32>, Hypothesis)>,
    ) {
        self.memory.extend(translations);
    }

    /// Finds another way for stretches whose translation has lost a placeholder or garbled a number; returns whether there
    /// were any.
    pub(super) fn repair(&self, batch: &mut Batch, reader: Reader<'_>, writer: Writer<'_>) -> bool {
        let mut any = false;
        for piece in &mut batch.pieces {
            piece.replace(|stretch| {
                let known = self.memory.get(&stretch.ids)?;
                let lost = !writer.keeps_placeholders(stretch, known);
                any |= lost;
                lost.then(|| stretch.around(&self.text, reader))
            });
            let first = piece.parts.clone();
            let mut garbled = false;
            piece.replace(|stretch| {
                let known = self.memory.get(&stretch.ids)?;
                if !writer.garbles_numbers(stretch, known) {
                    return None;
                }
                let translation = writer.target.decode(&known.tokens);
                let other = match stretch.with_numbers(&self.text, reader, &translation) {
                    Some(stretch) => vec![Part::Translate(stretch)],
                    None => stretch.in_pieces(&self.text, reader)?,
                };
                garbled = true;
                Some(other)
            });
            piece.first = garbled.then_some(first);
            any |= garbled;
        }
        any
    }

    /// Goes back to the first translation where the repaired one has lost a placeholder.
    pub(super) fn settle(&self, batch: &mut Batch, writer: Writer<'_>) {
        for piece in &mut batch.pieces {
            piece.replace(|stretch| {
                let known = self.memory.get(&stretch.ids)?;
                let first = stretch.instead_of.as_ref()?;
                (!writer.keeps_placeholders(stretch, known))
                    .then(|| vec![Part::Translate(Stretch::clone(first))])
            });
        }
    }

    /// Goes back to the first translation of those pieces whose repaired one has no fewer wrong numbers.
    pub(super) fn choose(&self, batch: &mut Batch, languages: Languages<'_>, writer: Writer<'_>) {
        for piece in &mut batch.pieces {
            let Some(parts) = piece.first.take() else {
                continue;
            };
            let source = &self.text[piece.source.clone()];
            let faults = |piece: &Piece| {
                let (_, translation) = self.assemble(piece, languages, writer);
                writer.wrong_numbers(source, &translation)
            };
            let first = Piece {
                parts,
                ..Piece::clone(piece)
            };
            if faults(&first) <= faults(piece) {
                *piece = first;
            }
        }
    }

    /// Takes the translations of a batch into the text.
    pub(super) fn take(&mut self, batch: &Batch, languages: Languages<'_>, writer: Writer<'_>) {
        for piece in &batch.pieces {
            let (sentence, mut text) = self.assemble(piece, languages, writer);
            let before = &self.text[..sentence.source.start];
            let continued =
                || goes_on(before) || tells_who(before, &self.text[sentence.source.clone()]);
            if languages.is_from_chinese_to_latin() && sentence.translated && continued() {
                text = joined(text);
            }
            self.push(sentence, &text, languages);
        }
        self.done = batch.sentences;
    }

    /// A piece with its translation; target ranges count from the start of the translation.
    fn assemble(
        &self,
        piece: &Piece,
        languages: Languages<'_>,
        writer: Writer<'_>,
    ) -> (Sentence, String) {
        let in_parts = piece.parts.iter().any(|p| matches!(p, Part::Inner(_)));
        if in_parts && languages.is_to_chinese() {
            return self.patched(piece, writer);
        }
        let mut text = String::with_capacity(piece.source.len());
        let mut sentence = Sentence {
            source: piece.source.clone(),
            ..Sentence::default()
        };
        let mut alignments = Vec::new();
        let spaced = languages.is_from_chinese_to_latin();
        // What was copied last, as it stands in the source.
        let mut copied_last = None;
        for part in &piece.parts {
            let stretch = match part {
                Part::Copy(range) => {
                    let copied = self.typed.text(&self.text, range);
                    let space = copied.len() - copied.trim_start().len();
                    if sentence.translated && self.layout.has_emoji_at(range.start + space) {
                        text.push_str(&behind_sentence(&text, copied, languages));
                    } else {
                        text.push_str(copied);
                    }
                    continue;
                }
                Part::Inner(range) => {
                    let copied = &self.text[range.clone()];
                    if spaced {
                        if is_missing(&text, copied) {
                            text.push(' ');
                        }
                        text.push_str(&narrowed(copied));
                        copied_last = Some(copied);
                        continue;
                    }
                    text.push_str(copied);
                    continue;
                }
                Part::Translate(stretch) => stretch,
            };
            let known = self.memory.get(&stretch.ids);
            let rendered =
                known.and_then(|known| Some((known, writer.render(&self.text, stretch, known)?)));
            let Some((hypothesis, mut rendered)) = rendered else {
                text.push_str(&self.text[stretch.source.clone()]);
                continue;
            };
            if let (true, false, Some(Part::Copy(range))) =
                (spaced, sentence.translated, piece.parts.first())
                && self.text[range.clone()] == text
            {
                text = marker::latin(&text);
            }
            if copied_last.is_some() {
                rendered.text = joined(rendered.text);
            }
            if spaced && is_missing(copied_last.take().unwrap_or(&text), &rendered.text) {
                text.push(' ');
            }
            sentence.add(hypothesis);
            if let Some(mut alignment) = rendered.alignment {
                alignment.shift(text.len());
                alignments.push(alignment);
            }
            text.push_str(&rendered.text);
        }
        sentence.alignment = Alignment::joined(alignments);
        if !sentence.translated {
            self.typed
                .text(&self.text, &piece.source)
                .clone_into(&mut text);
        }
        (sentence, text)
    }

    /// A piece whose parts were translated one by one, into Chinese; as [`Self::assemble`].
    fn patched(&self, piece: &Piece, writer: Writer<'_>) -> (Sentence, String) {
        let mut sentence = Sentence {
            source: piece.source.clone(),
            ..Sentence::default()
        };
        let mut body = Patchwork::default();
        let (mut head, mut tail) = (String::new(), String::new());
        let mut alignments = Vec::new();
        for part in &piece.parts {
            let stretch = match part {
                Part::Copy(range) => {
                    let end = if body.len() == 0 {
                        &mut head
                    } else {
                        &mut tail
                    };
                    end.push_str(self.typed.text(&self.text, range));
                    continue;
                }
                Part::Inner(range) => {
                    let spans = self.layout.spans_in(range);
                    body.push_between(&self.text, range.clone(), spans);
                    continue;
                }
                Part::Translate(stretch) => stretch,
            };
            let source = &self.text[stretch.source.clone()];
            if let Some(rest) = without_article(source) {
                body.push(&rest);
                continue;
            }
            let known = self.memory.get(&stretch.ids);
            let rendered =
                known.and_then(|known| Some((known, writer.render(&self.text, stretch, known)?)));
            let Some((hypothesis, rendered)) = rendered else {
                body.push(source);
                continue;
            };
            sentence.add(hypothesis);
            if let Some(mut alignment) = rendered.alignment {
                alignment.shift(body.len());
                alignments.push(alignment);
            }
            body.push(&rendered.text);
        }
        if !sentence.translated {
            let copy = self.typed.text(&self.text, &piece.source);
            return (sentence, copy.to_owned());
        }
        let body = body.finish();
        for range in alignments.iter_mut().flat_map(|a| &mut a.target) {
            *range = body.forward(range);
        }
        sentence.alignment = Alignment::joined(alignments);
        if let Some(alignment) = &mut sentence.alignment {
            alignment.shift(head.len());
        }
        (sentence, head + &body.text + &tail)
    }

    /// Appends a piece and the white space before it.
    fn push(&mut self, mut sentence: Sentence, text: &str, languages: Languages<'_>) {
        let mut gap = self.covered..sentence.source.start;
        let emoji = self.layout.has_emoji_at(sentence.source.start);
        // References of white space belong to the sentence behind them.
        let mut lead = "";
        if let Some(inked) = self.typed.inked(gap.clone()) {
            lead = self.typed.text(&self.text, &(inked.start..gap.end));
            gap.end = inked.start;
            sentence.source.start = inked.start;
        }
        let gap = self.typed.text(&self.text, &gap);
        let last = self.ready.sentences.last().is_some_and(|s| s.translated);
        let both = sentence.translated && last;
        let before = &self.ready.text;
        let gap = if both && languages.is_to_chinese() && gap == " " && is_seamless(before, text) {
            ""
        } else if (both || last && emoji)
            && languages.is_from_chinese_to_latin()
            && gap.is_empty()
            && lead.is_empty()
            && !is_between_blocks(before, text)
            && !text.starts_with(is_bar)
        {
            // Latin sentences need the space that Chinese does without.
            " "
        } else {
            gap
        };
        self.ready.text.push_str(gap);
        let start = self.ready.text.len();
        self.ready.text.push_str(lead);
        self.ready.text.push_str(text);
        self.covered = sentence.source.end;
        sentence.source = self.typed.place(&sentence.source);
        sentence.target = start..self.ready.text.len();
        if let Some(alignment) = &mut sentence.alignment {
            alignment.shift(start + lead.len());
            for range in &mut alignment.source {
                *range = self.typed.place(range);
            }
        }
        self.ready.sentences.push(sentence);
    }
}

impl Sentence {
    /// Takes over what is said of the translation of a part.
    fn add(&mut self, hypothesis: &Hypothesis) {
        self.score = if self.translated {
            self.score.min(hypothesis.score)
        } else {
            hypothesis.score
        };
        self.translated = true;
        self.looped |= hypothesis.looped;
    }
}

/// BCP 47 tags of both sides.
#[derive(Clone, Copy, Debug, Default)]
pub struct Languages<'a> {
    pub source: &'a str,
    pub target: &'a str,
}

impl Languages<'_> {
    pub fn is_to_chinese(self) -> bool {
        is_chinese(self.target)
    }

    pub fn is_from_chinese_to_latin(self) -> bool {
        is_chinese(self.source) && is_latin_script(self.target)
    }
}

/// Placeholders in a text, where neighbours count as one.
fn holes(text: &str) -> usize {
    let mut count = 0;
    let mut within = false;
    for c in text.chars() {
        if is_placeholder(c) {
            count += usize::from(!within);
            within = true;
        } else if c != ' ' {
            within = false;
        }
    }
    count
}
