//! Beam search on the device; greedy search is the beam of width 1.
//!
//! Every submission holds [`CHUNK`] steps, each of which picks the hypotheses that go on, moves their states and looks up their
//! last tokens on the device. The next one is submitted before the last one is read, so the device does not wait for the CPU.
//! What comes back, the candidates of every step and hypothesis, is replayed by the search of `decode/beam.rs`: lengths, scores
//! and alignments are computed there, once for both engines. It picks as `shaders/beam.wgsl` does, from the same floats.

use std::sync::Arc;

use super::memory::{CHUNK, Capacity, Memory};
use super::readback::{Pending, Staging, read};
use super::recording::{Dispatch, MOST_DISPATCHES, NONE, Programs, Sizes};
use super::task::Task;
use super::traffic::{Traffic, Work};
use super::weights::DeviceWeights;
use super::{Engine, Fault};
use crate::cpu::Candidate;
use crate::decode::beam::{Beam, History, Step};
use crate::decode::{DecodeOptions, Hypothesis};
use crate::model::plan::View;
use crate::model::{Batch, Model};

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
    work: Work,
}

impl DeviceModel {
    /// Copies a model to a device.
    ///
    /// # Errors
    /// [`Fault::Unsupported`] or [`Fault::TooSmall`].
    pub fn new(engine: &Arc<Engine>, model: &Model) -> Result<Self, Fault> {
        Self::with_dispatches(engine, model, MOST_DISPATCHES)
    }

    /// The same with at most so many dispatches for a step, where it can be done with so few: for tests.
    ///
    /// # Errors
    /// As for [`Self::new`].
    #[doc(hidden)]
    pub fn with_dispatches(
        engine: &Arc<Engine>,
        model: &Model,
        most: usize,
    ) -> Result<Self, Fault> {
        Ok(Self {
            engine: Arc::clone(engine),
            weights: Arc::new(DeviceWeights::new(engine, model)?),
            programs: Arc::new(Programs::new(model.plan(), most)?),
        })
    }

    /// The device.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// How large a batch the device can take, and no larger than `wanted`.
    #[must_use]
    pub(super) fn capacity(&self, model: &Model, wanted: Capacity) -> Capacity {
        wanted.within(self.engine.largest_buffer() / 4, model.plan())
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
            work: Work::default(),
        }
    }

    /// The model on its device.
    #[must_use]
    pub fn model(&self) -> &DeviceModel {
        &self.model
    }

    /// What the device was given to do so far.
    #[must_use]
    pub fn work(&self) -> Work {
        self.work
    }

    /// Translates sentences as `decode::Decoder` does, but without the second attempt at those that loop.
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
        let task = Task::new(model, batch, options);
        self.beam.start(task.limits.iter().copied(), task.options);
        self.run(model, &task).await?;
        engine.check()?;
        for sentence in 0..task.batch.sentences() {
            hypotheses[present[task.batch.origin(sentence)]] = self.beam.best(sentence);
        }
        Ok(hypotheses)
    }

    async fn run(&mut self, model: &Model, task: &Task) -> Result<(), Fault> {
        let [encode, step] = self.prepare(model, task).await?;
        let Self {
            model: on_device,
            beam,
            memory: Some(memory),
            staging,
            work,
        } = self
        else {
            unreachable!("memory has been prepared");
        };
        let (engine, sizes) = (&*on_device.engine, task.sizes);

        let results = CHUNK as u64 * u64::from(sizes.found()) * 8;
        let weights = if sizes.alignment {
            CHUNK as u64 * u64::from(sizes.rows() * sizes.longest) * 4
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
        let limits = task.limits.iter();
        let chunks = limits.map(|limits| limits.target.max(1).div_ceil(CHUNK));
        let chunks = chunks.max().unwrap_or(0);
        let submit = |chunk: usize| -> Pending<'_> {
            let staging = if chunk.is_multiple_of(2) { even } else { odd };
            let first = if chunk == 0 { &encode[..] } else { &[] };
            let mut encoder = record(engine, memory, [first, &step], encode.len(), CHUNK);
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
        let dispatches = |chunks: usize| (encode.len() + chunks * CHUNK * step.len()) as u64;
        let [encoding, stepping] = Traffic::of(model.plan(), task);
        work.bytes += encoding.bytes(task, task.batch.sentences());
        let mut pending = submit(0);
        for chunk in 0..chunks {
            let next = (chunk + 1 < chunks).then(|| submit(chunk + 1));
            let words = pending.words(engine).await?;
            let (found, weights) = words.split_at(results as usize / 4);
            let weights = floats(weights);
            for time in 0..CHUNK {
                if beam.is_done() {
                    work.dispatches += dispatches(chunk + 1 + usize::from(next.is_some()));
                    return Ok(());
                }
                work.bytes += stepping.bytes(task, beam.sentences().len());
                let rows = rows(beam.sentences(), sizes);
                beam.advance(&mut Replay {
                    found,
                    sizes,
                    time,
                    rows: &rows,
                    weights: &weights,
                });
            }
            match next {
                Some(next) => pending = next,
                None => break,
            }
        }
        if beam.is_done() {
            work.dispatches += dispatches(chunks);
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
        let task = Task::new(model, batch.clone(), &DecodeOptions::default());
        let [encode, step] = self.prepare(model, &task).await?;
        // Without the last two dispatches, which pick tokens.
        let step = &step[..step.len() - 2];
        let engine = Arc::clone(&self.model.engine);
        let memory = self.memory.as_ref().expect("memory has been prepared");
        let View { width, .. } = model.plan().logits;
        let (offset, stride) = memory.layout.view(model.plan().logits);
        let words = (rows.saturating_sub(1) * stride as usize + width) as u64;
        let steps = record(&engine, memory, [&encode, step], encode.len(), 1);
        let words = read(&engine, steps, &memory.arena, offset, words).await?;
        let row = |row: &[u32]| floats(&row[..width]);
        Ok(words.chunks(stride as usize).map(row).collect())
    }

    /// Runs the encoder and one step and returns the candidates of the first hypothesis of each sentence: for tests.
    ///
    /// # Errors
    /// Any [`Fault`].
    #[doc(hidden)]
    pub async fn candidates(
        &mut self,
        model: &Model,
        batch: &Batch,
        options: &DecodeOptions,
    ) -> Result<Vec<Vec<Candidate>>, Fault> {
        let task = Task::new(model, batch.clone(), options);
        let [encode, step] = self.prepare(model, &task).await?;
        let engine = Arc::clone(&self.model.engine);
        let memory = self.memory.as_ref().expect("memory has been prepared");
        let (place, words) = (memory.layout.results, u64::from(task.sizes.found()) * 2);
        let steps = record(&engine, memory, [&encode, &step], encode.len(), 1);
        let found = read(&engine, steps, &memory.words, place, words).await?;
        let replay = Replay {
            found: &found,
            sizes: task.sizes,
            time: 0,
            rows: &[],
            weights: &[],
        };
        let first = 0..batch.sentences();
        Ok(first.map(|row| replay.candidates(row).collect()).collect())
    }

    /// Makes room for a batch, writes it to the device and returns its dispatches: those of the encoder and those of a step.
    async fn prepare(&mut self, model: &Model, task: &Task) -> Result<[Vec<Dispatch>; 2], Fault> {
        let DeviceModel {
            engine,
            weights,
            programs,
        } = &self.model;
        task.check(weights)?;
        let bucket = task.bucket();
        if !self.memory.as_ref().is_some_and(|m| m.holds(bucket)) {
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
        let memory = self.memory.as_ref().expect("there is memory now");
        let [encode, step] = programs.record(model.plan(), weights, &memory.layout, task.sizes);
        task.upload(engine, memory, encode.iter().chain(&step));
        Ok([encode, step])
    }
}

/// Records the encoder, if it is not empty, and some steps, whose parameters come after those of `before` dispatches.
fn record(
    engine: &Engine,
    memory: &Memory,
    [encode, step]: [&[Dispatch]; 2],
    before: usize,
    steps: usize,
) -> wgpu::CommandEncoder {
    let mut encoder = engine
        .device
        .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
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
    drop(pass);
    encoder
}

fn floats(words: &[u32]) -> Vec<f32> {
    words.iter().map(|&word| f32::from_bits(word)).collect()
}

/// The row of every live hypothesis on the device: those of a sentence are neighbours here, and a row for each sentence apart
/// there.
fn rows(sentences: &[usize], sizes: Sizes) -> Vec<usize> {
    let groups = sentences.chunk_by(|a, b| a == b);
    let row = |(k, sentence)| k * sizes.sentences as usize + sentence;
    groups
        .flat_map(|group| group.iter().copied().enumerate().map(row))
        .collect()
}

/// A step of the device as the search sees it.
struct Replay<'a> {
    /// `[chunk, rows, count, 2]`.
    found: &'a [u32],
    sizes: Sizes,
    time: usize,
    /// The row of every live hypothesis.
    rows: &'a [usize],
    /// `[chunk, rows, longest]`, if alignments are wanted.
    weights: &'a [f32],
}

impl Replay<'_> {
    /// The candidates of a row, best first.
    fn candidates(&self, row: usize) -> impl Iterator<Item = Candidate> {
        let count = self.sizes.count as usize;
        let first = (self.time * self.sizes.rows() as usize + row) * count * 2;
        let (pairs, _) = self.found[first..][..2 * count].as_chunks::<2>();
        let present = pairs.iter().take_while(|pair| pair[0] != NONE);
        present.map(|pair| Candidate {
            token: pair[0],
            log_probability: f32::from_bits(pair[1]),
        })
    }
}

impl Step for Replay<'_> {
    fn select(&mut self, hypothesis: usize, _: History<'_>, best: &mut [Candidate]) -> usize {
        let candidates = self.candidates(self.rows[hypothesis]);
        let places = best.iter_mut().zip(candidates);
        places.map(|(best, found)| *best = found).count()
    }

    fn alignment(&self, hypothesis: usize, length: usize) -> &[f32] {
        let row = self.time * self.sizes.rows() as usize + self.rows[hypothesis];
        &self.weights[row * self.sizes.longest as usize..][..length]
    }
}
