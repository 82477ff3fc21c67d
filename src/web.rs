//! The wasm-bindgen surface that `pkg/worker.js` drives; the only file that mentions `JsValue`.
//!
//! JavaScript counts text in UTF-16 code units, Rust in bytes, so every offset is converted here, by a [`Cursor`] that moves
//! along with the translation. Where a JavaScript string holds half a surrogate pair, the encoder that brings it here puts one
//! U+FFFD: one code unit for one, so offsets still fit the string that was given.

use js_sys::Float32Array;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

use crate::{Error, Job, Options, Sentence, Translation, Translator};

/// Name of the vector instructions of this build, such as `relaxed-simd`.
#[wasm_bindgen]
#[must_use]
pub fn instructions() -> String {
    crate::cpu::Isa::detect().name().to_owned()
}

/// A model that is ready to translate.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Engine {
    translator: Translator,
}

#[wasm_bindgen]
impl Engine {
    /// Reads a weights file.
    ///
    /// # Errors
    /// A JavaScript `Error` named like the `DOMException` it is to become: `NotSupportedError` when this version is too old for
    /// the file, else `DataError`.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::needless_pass_by_value)] // bindings own what they receive
    pub fn new(weights: Vec<u8>) -> Result<Engine, JsValue> {
        let translator = Translator::new(&weights).map_err(|error| {
            let exception = js_sys::Error::new(&error.to_string());
            exception.set_name(match error {
                Error::Unsupported(_) => "NotSupportedError",
                _ => "DataError",
            });
            exception
        })?;
        Ok(Self { translator })
    }

    /// Splits a text; nothing is translated yet. Without `beam` the width is what suits the model.
    #[must_use]
    #[allow(clippy::needless_pass_by_value)] // bindings own what they receive
    pub fn start(&self, text: String, beam: Option<u32>, alignment: bool) -> Task {
        let mut options = Options::default();
        options.decode.alignment = alignment;
        if let Some(beam) = beam {
            options.decode.beam = beam as usize;
        }
        Task {
            job: self.translator.start(&text, &options),
            text,
            taken_bytes: 0,
            taken_sentences: 0,
            source: Cursor::default(),
            target: Cursor::default(),
        }
    }

    /// Translates the next batch of sentences; false when there was nothing left.
    pub fn advance(&mut self, task: &mut Task) -> bool {
        self.translator.advance(&mut task.job)
    }
}

/// A translation in progress, handed out piece by piece.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Task {
    job: Job,
    text: String,
    taken_bytes: usize,
    taken_sentences: usize,
    source: Cursor,
    target: Cursor,
}

#[wasm_bindgen]
impl Task {
    /// Sentences translated so far.
    #[must_use]
    pub fn done(&self) -> usize {
        self.job.progress().0
    }

    /// Sentences in all.
    #[must_use]
    pub fn total(&self) -> usize {
        self.job.progress().1
    }

    /// What has been added to the translation since the last call.
    #[wasm_bindgen(js_name = takeText)]
    #[must_use]
    pub fn take_text(&mut self) -> String {
        let text = &self.job.ready().text[self.taken_bytes..];
        self.taken_bytes += text.len();
        text.to_owned()
    }

    /// The sentences that have been added to the translation since the last call.
    #[wasm_bindgen(
        js_name = takeSentences,
        unchecked_return_type = "import('../index.js').TranslatedSentence[]"
    )]
    #[must_use]
    pub fn take_sentences(&mut self) -> JsValue {
        let ready = self.job.ready();
        let new = &ready.sentences[self.taken_sentences..];
        self.taken_sentences = ready.sentences.len();
        let views: Vec<SentenceView> = new
            .iter()
            .map(|sentence| {
                view(
                    sentence,
                    &self.text,
                    ready,
                    &mut self.source,
                    &mut self.target,
                )
            })
            .collect();
        to_js(&views)
    }

    /// Ends the task. Sentences that were not reached stay as they are.
    #[wasm_bindgen(unchecked_return_type = "{ text: string, words: number }")]
    #[must_use]
    pub fn finish(self) -> JsValue {
        let translation = self.job.finish();
        to_js(&RestView {
            text: &translation.text[self.taken_bytes..],
            words: translation.words,
        })
    }
}

fn to_js(value: &impl Serialize) -> JsValue {
    // Only maps whose keys are no strings can fail.
    value
        .serialize(&Serializer::new().serialize_missing_as_null(true))
        .unwrap_or(JsValue::NULL)
}

/// What comes after the text taken so far, and the number of words in the input.
#[derive(Serialize)]
struct RestView<'a> {
    text: &'a str,
    words: usize,
}

/// `TranslatedSentence` of `pkg/index.d.ts`.
#[derive(Serialize)]
struct SentenceView {
    source: RangeView,
    target: RangeView,
    score: f32,
    translated: bool,
    alignment: Option<AlignmentView>,
}

#[derive(Serialize)]
struct AlignmentView {
    source: Vec<RangeView>,
    target: Vec<RangeView>,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    weights: Float32Array,
}

#[derive(Debug, PartialEq, Serialize)]
struct RangeView {
    start: usize,
    end: usize,
}

fn view(
    sentence: &Sentence,
    text: &str,
    translation: &Translation,
    source: &mut Cursor,
    target: &mut Cursor,
) -> SentenceView {
    let mut in_source = |range| source.range(text, range);
    let mut in_target = |range| target.range(&translation.text, range);
    SentenceView {
        source: in_source(&sentence.source),
        target: in_target(&sentence.target),
        score: sentence.score,
        translated: sentence.translated,
        alignment: sentence.alignment.as_ref().map(|alignment| AlignmentView {
            source: alignment.source.iter().map(in_source).collect(),
            target: alignment.target.iter().map(in_target).collect(),
            weights: Float32Array::from(&alignment.weights[..]),
        }),
    }
}

/// A place in a text, in bytes and in UTF-16 code units.
///
/// Moving costs what lies between the old place and the new one, so offsets that come roughly in order take linear time.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    byte: usize,
    unit: usize,
}

impl Cursor {
    /// The code units of a range of bytes.
    fn range(&mut self, text: &str, bytes: &std::ops::Range<usize>) -> RangeView {
        let start = self.seek(text, bytes.start);
        let end = self.seek(text, bytes.end.max(bytes.start));
        RangeView { start, end }
    }

    /// Moves to a byte; a place inside a character counts as its end, one beyond the text as the end of the text.
    fn seek(&mut self, text: &str, byte: usize) -> usize {
        let bytes = text.as_bytes();
        let byte = byte.min(bytes.len());
        if byte >= self.byte {
            self.unit += units(&bytes[self.byte..byte]);
        } else {
            self.unit -= units(&bytes[byte..self.byte]);
        }
        self.byte = byte;
        self.unit
    }
}

/// UTF-16 code units of the characters that begin in some bytes of UTF-8: one, or two if the character has four bytes.
fn units(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .map(|&byte| usize::from(byte & 0xc0 != 0x80) + usize::from(byte >= 0xf0))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_units_are_those_of_the_standard_library() {
        let text = "a\u{e9}\u{4e2d}\u{1f600}b\u{10ffff}\u{fffd}\n";
        let boundaries: Vec<usize> = (0..=text.len())
            .filter(|&byte| text.is_char_boundary(byte))
            .collect();
        for &from in &boundaries {
            for &to in &boundaries {
                let mut cursor = Cursor::default();
                cursor.seek(text, from);
                let expected = text[..to].encode_utf16().count();
                assert_eq!(cursor.seek(text, to), expected, "{from} to {to}");
            }
        }
    }

    #[test]
    fn ranges_stay_inside_the_text() {
        let text = "\u{1f600}\u{4e2d}";
        let mut cursor = Cursor::default();
        for (bytes, start, end) in [(0..4, 0, 2), (4..99, 2, 3), (1..2, 2, 2), (0..0, 0, 0)] {
            assert_eq!(cursor.range(text, &bytes), RangeView { start, end });
        }
    }
}
