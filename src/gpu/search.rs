//! Greedy search on the device.
//!
//! Every submission holds [`CHUNK`] steps, each of which picks the next token and looks up its embedding on the device. The next
//! one is submitted before the last one is read, so the device does not wait for the CPU. What comes back, a token and its
//! log-probability for every step and sentence, is replayed by the search of `decode/beam.rs`: lengths, scores and alignments
//! are computed there, once for both engines.

use std::sync::Arc;

use super::kernels::PARAMS_BYTES;
use super::memory::{Bucket, CHUNK, Memory};
use super::readback::{Pending, Staging};
use super::recording::{Dispatch, LONGEST_SENTENCE, Programs, Recorder, Sizes};
use super::weights::{DeviceWeights, bytes};
use super::{Engine, Fault};
use crate::cpu::Candidate;
use crate::decode::beam::{Beam, History, Limits, Step};
use crate::decode::{DecodeOptions, END, Hypothesis};
use crate::model::{Batch, Model};

/// Most rows of a dispatch, which is what every device has.
const MOST_ROWS: usize = 65_535;

/// A model on a device.
#[derive(Clone, Debug)]
pub struct DeviceModel {
    engine: Arc<Engine>,
    weights: Arc<DeviceWeights>,
    programs: Arc<Programs>,
}

/// A model on a device, and the memory to run it.
#[derive(Debug)]
pub struct Session {
    model: DeviceModel,
    beam: Beam,
    memory: Option<Memory>,
    staging: [Option<Staging>; 2],
}

impl DeviceModel {
    /// Copies a model to a device.
    ///
    /// # Errors
    /// [`Fault::Unsupported`] or [`Fault::TooSmall`].
    pub fn new(engine: &Arc<Engine>, model: &Model) -> Result<Self, Fault> {
        if model.has_shortlist() {
            return Err(Fault::Unsupported("it has a shortlist".into()));
        }
        Ok(Self {
            engine: Arc::clone(engine),
            weights: Arc::new(DeviceWeights::new(engine, model)?),
            programs: Arc::new(Programs::new(model.plan())?),
        })
    }

    /// The device.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Number of dispatches of the encoder, and of each step.
    #[must_use]
    pub fn dispatches(&self) -> [usize; 2] {
        self.programs.lengths()
    }
}

impl Clone for Session {
    /// The same model with memory of its own.
    fn clone(&self) -> Self {
        Self::new(self.model.clone())
    }
}

impl Session {
    /// A session without memory yet.
    #[must_use]
    pub fn new(model: DeviceModel) -> Self {
        Self {
            model,
            beam: Beam::default(),
            memory: None,
            staging: [None, None],
        }
    }

    /// The model on its device.
    #[must_use]
    pub fn model(&self) -> &DeviceModel {
        &self.model
    }

    /// Translates sentences as `decode::Decoder` does, but greedily and without the second attempt at those that loop.
    ///
    /// `model` must be the one that the session was made for.
    ///
    /// # Errors
    /// Any [`Fault`]; the device may be used again unless [`Engine::fault`] says otherwise.
    pub async fn search(
        &mut self,
        model: &Model,
        sources: &[&[u32]],
        options: &DecodeOptions,
    ) -> Result<Vec<Hypothesis>, Fault> {
        let engine = Arc::clone(&self.model.engine);
        engine.check()?;
        let mut hypotheses = vec![Hypothesis::default(); sources.len()];
        let present: Vec<usize> = (0..sources.len())
            .filter(|&i| !sources[i].is_empty())
            .collect();
        if present.is_empty() {
            return Ok(hypotheses);
        }
        let batch = Batch::new(&present.iter().map(|&i| sources[i]).collect::<Vec<_>>());
        let limits: Vec<Limits> = (0..batch.sentences())
            .map(|sentence| options.limits(batch.length(sentence)))
            .collect();
        self.beam.start(limits.iter().copied(), options.beam());
        self.run(model, &batch, &limits, options.alignment).await?;
        engine.check()?;
        for sentence in 0..batch.sentences() {
            hypotheses[present[batch.origin(sentence)]] = self.beam.best(sentence);
        }
        Ok(hypotheses)
    }

    async fn run(
        &mut self,
        model: &Model,
        batch: &Batch,
        limits: &[Limits],
        alignment: bool,
    ) -> Result<(), Fault> {
        let sizes = Sizes::of(batch, alignment);
        self.prepare(model, batch).await?;
        let Self {
            model: on_device,
            beam,
            memory: Some(memory),
            staging,
        } = self
        else {
            unreachable!("memory has been prepared");
        };
        let engine = &*on_device.engine;
        let [encode, step] = on_device.programs.record(&Recorder {
            plan: model.plan(),
            weights: &on_device.weights,
            layout: &memory.layout,
            sizes,
        });
        upload(engine, memory, batch, limits, encode.iter().chain(&step));

        let results = CHUNK as u64 * u64::from(sizes.sentences) * 8;
        let weights = if alignment {
            CHUNK as u64 * u64::from(sizes.sentences * sizes.longest) * 4
        } else {
            0
        };
        for staging in staging.iter_mut() {
            if !staging.as_ref().is_some_and(|s| s.holds(results + weights)) {
                *staging = Some(Staging::new(engine, results + weights));
            }
        }
        let [Some(even), Some(odd)] = &*staging else {
            unreachable!("both have just been made");
        };
        let chunks = limits
            .iter()
            .map(|limits| limits.target.max(1).div_ceil(CHUNK));
        let chunks = chunks.max().unwrap_or(0);
        let submit = |chunk: usize| -> Pending<'_> {
            let staging = if chunk.is_multiple_of(2) { even } else { odd };
            let mut encoder = engine
                .device
                .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let first = if chunk == 0 { &encode[..] } else { &[] };
            record(
                engine,
                memory,
                &mut encoder,
                [first, &step],
                encode.len(),
                CHUNK,
            );
            let copies = [
                (&memory.words, memory.layout.results, results, 0),
                (&memory.arena, memory.layout.alignment, weights, results),
            ];
            for (from, place, bytes, to) in copies.into_iter().filter(|copy| copy.2 > 0) {
                let place = u64::from(place) * 4;
                encoder.copy_buffer_to_buffer(from, place, staging.buffer(), to, bytes);
            }
            engine.submit(encoder.finish());
            staging.read(results + weights)
        };
        let mut pending = submit(0);
        for chunk in 0..chunks {
            let next = (chunk + 1 < chunks).then(|| submit(chunk + 1));
            let words = pending.words(engine).await?;
            for time in 0..CHUNK {
                if beam.is_done() {
                    return Ok(());
                }
                let sentences = beam.sentences().to_vec();
                beam.advance(&mut Replay {
                    words: &words,
                    sizes,
                    time,
                    sentences: &sentences,
                    alignment: (weights > 0).then(|| floats(&words[results as usize / 4..])),
                });
            }
            match next {
                Some(next) => pending = next,
                None => break,
            }
        }
        if beam.is_done() {
            Ok(())
        } else {
            Err(Fault::Lost("it left a sentence unfinished".into()))
        }
    }

    /// Runs the encoder and one step and returns the first rows of the view that the plan calls its logits: for tests, whose
    /// plans leave there what they want to see.
    ///
    /// # Errors
    /// Any [`Fault`].
    #[doc(hidden)]
    pub async fn outputs(
        &mut self,
        model: &Model,
        batch: &Batch,
        rows: usize,
    ) -> Result<Vec<Vec<f32>>, Fault> {
        let sizes = Sizes::of(batch, false);
        let engine = Arc::clone(&self.model.engine);
        self.prepare(model, batch).await?;
        let memory = self.memory.as_ref().expect("memory has been prepared");
        let [encode, step] = self.model.programs.record(&Recorder {
            plan: model.plan(),
            weights: &self.model.weights,
            layout: &memory.layout,
            sizes,
        });
        // Without the last dispatch, which picks a token.
        let step = &step[..step.len() - 1];
        let limits = vec![
            Limits {
                source: 1,
                target: 1
            };
            batch.sentences()
        ];
        upload(&engine, memory, batch, &limits, encode.iter().chain(step));
        let view = model.plan().logits;
        let (offset, stride) = memory.layout.view(view);
        let first = u64::from(offset) - view.column as u64;
        let bytes = rows as u64 * u64::from(stride) * 4;
        let staging = Staging::new(&engine, bytes);
        let mut encoder = engine
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        record(
            &engine,
            memory,
            &mut encoder,
            [&encode, step],
            encode.len(),
            1,
        );
        encoder.copy_buffer_to_buffer(&memory.arena, first * 4, staging.buffer(), 0, bytes);
        engine.submit(encoder.finish());
        let words = staging.read(bytes).words(&engine).await?;
        let row = |row: &[u32]| floats(&row[view.column..][..view.width]);
        Ok(words.chunks_exact(stride as usize).map(row).collect())
    }

    /// Makes room for a batch.
    async fn prepare(&mut self, model: &Model, batch: &Batch) -> Result<(), Fault> {
        let (tokens, sentences) = (batch.tokens().len(), batch.sentences());
        if batch.longest() > LONGEST_SENTENCE || tokens.max(sentences) > MOST_ROWS {
            return Err(Fault::TooSmall("the batch has too many tokens".into()));
        }
        let bucket = Bucket::of(tokens, sentences, batch.longest());
        if !self.memory.as_ref().is_some_and(|m| m.holds(bucket)) {
            let DeviceModel {
                engine,
                weights,
                programs,
            } = &self.model;
            let dispatches = programs.lengths().iter().sum();
            let before = self.memory.take();
            let memory = Memory::new(
                engine,
                model.plan(),
                weights,
                dispatches,
                bucket,
                before.as_ref(),
            );
            self.memory = Some(memory.await?);
        }
        Ok(())
    }
}

/// Writes what a batch begins with: its tokens, its limits and the parameters of all dispatches.
fn upload<'a>(
    engine: &Engine,
    memory: &Memory,
    batch: &Batch,
    limits: &[Limits],
    dispatches: impl Iterator<Item = &'a Dispatch>,
) {
    let layout = &memory.layout;
    let mut words = vec![0; layout.results as usize];
    let mut put = |place: u32, values: &mut dyn Iterator<Item = u32>| {
        for (word, value) in words[place as usize..].iter_mut().zip(values) {
            *word = value;
        }
    };
    let sentences = 0..batch.sentences();
    put(layout.tokens, &mut batch.tokens().iter().copied());
    let starts = (0..batch.longest()).map(|time| batch.step(time).start as u32);
    put(layout.starts, &mut starts.into_iter());
    let lengths = sentences.clone().map(|s| batch.length(s) as u32);
    put(layout.lengths, &mut lengths.into_iter());
    put(layout.previous, &mut sentences.clone().map(|_| END));
    put(layout.limits, &mut limits.iter().map(|l| l.target as u32));
    engine.queue.write_buffer(&memory.words, 0, &bytes(&words));

    let mut params = Vec::new();
    for dispatch in dispatches {
        params.extend(bytes(&dispatch.params));
        let gap = memory.params_stride as usize - PARAMS_BYTES as usize;
        params.resize(params.len() + gap, 0);
    }
    engine.queue.write_buffer(&memory.params, 0, &params);
}

/// Records the encoder, if it is not empty, and some steps, whose parameters come after those of `before` dispatches.
fn record(
    engine: &Engine,
    memory: &Memory,
    encoder: &mut wgpu::CommandEncoder,
    [encode, step]: [&[Dispatch]; 2],
    before: usize,
    steps: usize,
) {
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
    let mut dispatch = |(index, dispatch): (usize, &Dispatch)| {
        let [x, y] = dispatch.workgroups;
        pass.set_pipeline(engine.kernels.pipeline(dispatch.kernel));
        pass.set_bind_group(0, &memory.bindings, &[index as u32 * memory.params_stride]);
        pass.dispatch_workgroups(x, y, 1);
    };
    encode.iter().enumerate().for_each(&mut dispatch);
    for _ in 0..steps {
        (before..).zip(step).for_each(&mut dispatch);
    }
}

fn floats(words: &[u32]) -> Vec<f32> {
    words.iter().map(|&word| f32::from_bits(word)).collect()
}

/// A step of the device as the search sees it.
struct Replay<'a> {
    words: &'a [u32],
    sizes: Sizes,
    time: usize,
    /// The sentence of every live hypothesis.
    sentences: &'a [usize],
    alignment: Option<Vec<f32>>,
}

impl Replay<'_> {
    fn row(&self, hypothesis: usize) -> usize {
        self.time * self.sizes.sentences as usize + self.sentences[hypothesis]
    }
}

impl Step for Replay<'_> {
    fn select(&mut self, hypothesis: usize, _: History<'_>, best: &mut [Candidate]) -> usize {
        let result = &self.words[2 * self.row(hypothesis)..][..2];
        best[0] = Candidate {
            token: result[0],
            log_probability: f32::from_bits(result[1]),
        };
        1
    }

    fn alignment(&self, hypothesis: usize, length: usize) -> &[f32] {
        let row = self.row(hypothesis) * self.sizes.longest as usize;
        self.alignment
            .as_ref()
            .map_or(&[], |weights| &weights[row..][..length])
    }
}
