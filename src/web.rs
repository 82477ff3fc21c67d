//! The wasm-bindgen surface that `pkg/worker.js` drives; the only file that mentions `JsValue`.
//!
//! JavaScript counts text in UTF-16 code units, Rust in bytes, so every offset is converted here, by a [`Cursor`] that moves
//! along with the translation. Where a JavaScript string holds half a surrogate pair, the encoder that brings it here puts one
//! U+FFFD: one code unit for one, so offsets still fit the string that was given.

use js_sys::{Float32Array, Uint8Array};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

use crate::format::{MarianFiles, Source};
use crate::{Error, Job, Sentence, Translator};

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
    pub fn new(weights: &Uint8Array) -> Result<Engine, JsValue> {
        let translator =
            Translator::new(Source::Script(weights)).map_err(|error| exception(&error))?;
        Ok(Self { translator })
    }

    /// Reads a model of Marian, such as Firefox has, from its decompressed files; see [`MarianFiles`].
    ///
    /// # Errors
    /// As for a weights file.
    #[wasm_bindgen(js_name = fromMarian)]
    #[allow(clippy::needless_pass_by_value)] // bindings own what they receive
    pub fn from_marian(
        model: &Uint8Array,
        source_vocabulary: Vec<u8>,
        target_vocabulary: Option<Vec<u8>>,
        shortlist: Option<Vec<u8>>,
        source_language: &str,
        target_language: &str,
    ) -> Result<Engine, JsValue> {
        let files = MarianFiles {
            model: Source::Script(model),
            source_vocabulary: &source_vocabulary,
            target_vocabulary: target_vocabulary.as_deref(),
            shortlist: shortlist.as_deref(),
        };
        let file = files.read(source_language, target_language);
        // Before the weights are prepared: the memory that they need then is never given back.
        drop(shortlist);
        let translator = file
            .and_then(Translator::from_file)
            .map_err(|error| exception(&error))?;
        Ok(Self { translator })
    }

    /// Splits texts, to be translated together; nothing is translated yet. Without `beam` the width is what suits the model.
    #[must_use]
    pub fn start(&self, texts: Vec<String>, beam: Option<u32>, alignment: bool) -> Task {
        let mut options = self.translator.options();
        options.decode.alignment = alignment;
        if let Some(beam) = beam {
            options.decode.beam = beam as usize;
        }
        let start = |text: &String| self.translator.start(text, &options);
        Task {
            jobs: texts.iter().map(start).collect(),
            taken: texts.into_iter().map(Taken::nothing).collect(),
        }
    }

    /// Translates the next batch of sentences; false when there was nothing left.
    pub fn advance(&mut self, task: &mut Task) -> bool {
        self.translator.advance_all(&mut task.jobs)
    }
}

/// A GPU that was found, for [`Engine::use_gpu`].
#[cfg(feature = "gpu")]
#[wasm_bindgen]
#[derive(Debug)]
pub struct Gpu {
    accelerator: crate::gpu::Accelerator,
    record: String,
}

/// The GPU; only in the builds whose names say so.
#[cfg(feature = "gpu")]
#[wasm_bindgen]
impl Engine {
    /// Looks for a GPU and, for `auto`, measures both engines; the engine can be used meanwhile. `record` is what was kept of the
    /// last time, with one more failure counted.
    #[wasm_bindgen(js_name = findGpu, unchecked_return_type = "Promise<Gpu>")]
    #[allow(clippy::needless_pass_by_value)] // bindings own what they receive
    pub fn find_gpu(&self, backend: String, record: String) -> js_sys::Promise {
        use crate::gpu::{Backend, Settings, record::Record};

        let backend = Backend::parse(&backend).unwrap_or_default();
        let record = Record::read(&record);
        let found = self
            .translator
            .find_accelerator(backend, Settings::default(), record);
        wasm_bindgen_futures::future_to_promise(async move {
            let (accelerator, record) = found.await;
            Ok(Gpu {
                accelerator,
                record: record.write(),
            }
            .into())
        })
    }

    /// Uses a GPU that was found for this engine from now on. Returns the record to keep.
    #[wasm_bindgen(js_name = useGpu)]
    #[must_use]
    pub fn use_gpu(&mut self, gpu: Gpu) -> String {
        self.translator.set_accelerator(gpu.accelerator);
        gpu.record
    }

    /// As [`Engine::advance`], without waiting for the GPU. No other method may be called meanwhile.
    #[wasm_bindgen(js_name = advanceOnGpu)]
    pub async fn advance_on_gpu(&mut self, task: &mut Task) -> bool {
        self.translator.advance_all_async(&mut task.jobs).await
    }

    /// What became of the GPU; null if it was not asked for.
    #[wasm_bindgen(
        js_name = gpuReport,
        unchecked_return_type = "import('../index.js').GpuReport | null"
    )]
    #[must_use]
    pub fn gpu_report(&self) -> JsValue {
        to_js(
            &self
                .translator
                .accelerator()
                .map(crate::gpu::Accelerator::report),
        )
    }

    /// Translates texts on both engines and compares.
    ///
    /// # Errors
    /// Why the GPU did not take part.
    #[wasm_bindgen(js_name = checkGpu, unchecked_return_type = "import('../index.js').GpuCheck")]
    pub async fn check_gpu(&mut self, texts: Vec<String>) -> Result<JsValue, JsValue> {
        let check = self.translator.check_gpu(&texts).await;
        let check = check.map_err(|fault| js_sys::Error::new(&fault.to_string()))?;
        Ok(to_js(&check))
    }
}

fn exception(error: &Error) -> js_sys::Error {
    let exception = js_sys::Error::new(&error.to_string());
    exception.set_name(match error {
        Error::Unsupported(_) => "NotSupportedError",
        _ => "DataError",
    });
    exception
}

/// A translation of some texts in progress, handed out piece by piece.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Task {
    jobs: Vec<Job>,
    taken: Vec<Taken>,
}

/// What of a translation has been handed out.
#[derive(Debug)]
struct Taken {
    input: String,
    bytes: usize,
    sentences: usize,
    source: Cursor,
    target: Cursor,
}

impl Taken {
    fn nothing(input: String) -> Self {
        Self {
            input,
            bytes: 0,
            sentences: 0,
            source: Cursor::default(),
            target: Cursor::default(),
        }
    }
}

#[wasm_bindgen]
impl Task {
    /// Sentences translated so far.
    #[must_use]
    pub fn done(&self) -> usize {
        self.jobs.iter().map(|job| job.progress().0).sum()
    }

    /// Sentences in all.
    #[must_use]
    pub fn total(&self) -> usize {
        self.jobs.iter().map(|job| job.progress().1).sum()
    }

    /// What has been added to the translation of a text since the last call.
    #[wasm_bindgen(js_name = takeText)]
    #[must_use]
    pub fn take_text(&mut self, index: usize) -> String {
        let taken = &mut self.taken[index];
        let text = &self.jobs[index].ready().text[taken.bytes..];
        taken.bytes += text.len();
        text.to_owned()
    }

    /// The sentences that have been added to the translation of a text since the last call.
    #[wasm_bindgen(
        js_name = takeSentences,
        unchecked_return_type = "import('../index.js').TranslatedSentence[]"
    )]
    #[must_use]
    pub fn take_sentences(&mut self, index: usize) -> JsValue {
        let ready = self.jobs[index].ready();
        let taken = &mut self.taken[index];
        let new = &ready.sentences[taken.sentences..];
        taken.sentences = ready.sentences.len();
        let views: Vec<SentenceView> = new
            .iter()
            .map(|sentence| view(sentence, &ready.text, taken))
            .collect();
        to_js(&views)
    }

    /// Ends the task: what is left of each text. Sentences that were not reached stay as they are.
    #[wasm_bindgen(unchecked_return_type = "{ text: string, words: number }[]")]
    #[must_use]
    pub fn finish(self) -> JsValue {
        let rests = self.jobs.into_iter().zip(self.taken).map(|(job, taken)| {
            let mut translation = job.finish();
            translation.text.drain(..taken.bytes);
            RestView {
                text: translation.text,
                words: translation.words,
            }
        });
        to_js(&rests.collect::<Vec<_>>())
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
struct RestView {
    text: String,
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

fn view(sentence: &Sentence, translation: &str, taken: &mut Taken) -> SentenceView {
    let mut in_source = |range| taken.source.range(&taken.input, range);
    let mut in_target = |range| taken.target.range(translation, range);
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
