//! Which engine translates a batch: the faster one, and the CPU whenever the GPU cannot.

use std::sync::Arc;

use serde::Serialize;

use super::memory::Capacity;
use super::record::{Calibration, Record, Timing};
use super::search::DeviceModel;
use super::traffic::{self, Work};
use super::{Capabilities, Engine, Fault, Session, Settings, clock};
use crate::decode::{DecodeOptions, Decoder, Hypothesis};
use crate::model::Model;
use crate::model::random::Random;

/// Sizes of the batches that a calibration measures, in sentences.
const SIZES: [usize; 3] = [1, 8, 32];
/// Source tokens of a sentence of a calibration.
const TOKENS: usize = 16;
/// Most hypotheses of a batch, and most source tokens if it has several sentences, on a device that has room for them: that many
/// take 50 to 150 MB of intermediate results.
const MOST: Capacity = Capacity {
    tokens: 4_096,
    hypotheses: 256,
};
/// A GPU that is so many times slower than the CPU is not measured further.
const HOPELESS: f64 = 4.0;

/// The engine to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The faster one for the size of a batch, as measured.
    #[default]
    Auto,
    /// The GPU wherever it can.
    Gpu,
    /// The CPU.
    Cpu,
}

impl Backend {
    /// The backend of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "gpu" => Some(Self::Gpu),
            "cpu" => Some(Self::Cpu),
            _ => None,
        }
    }
}

/// A GPU beside the CPU engine. Clones share the device and have memory of their own.
#[derive(Clone, Debug)]
pub struct Accelerator {
    backend: Backend,
    session: Option<Session>,
    capabilities: Option<Capabilities>,
    calibration: Option<Calibration>,
    fault: Option<Fault>,
    batches: Batches,
}

/// Batches translated by each engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Batches {
    /// On the CPU.
    pub cpu: u64,
    /// On the GPU.
    pub gpu: u64,
}

/// What became of the GPU, for people.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was asked for.
    pub backend: Backend,
    /// Whether the GPU can be used.
    pub active: bool,
    /// The device, if there is one.
    pub adapter: Option<Capabilities>,
    /// How long both engines took.
    pub calibration: Option<Calibration>,
    /// Why the GPU is not used, if something went wrong.
    pub fault: Option<String>,
    /// Batches translated so far.
    pub batches: Batches,
}

impl Accelerator {
    /// Finds a device, copies the model to it and, if the choice is to be made, measures both engines. Never fails: without a
    /// GPU everything is translated on the CPU.
    ///
    /// `record` is what was remembered; call [`Record::begin`] and keep it before this, and keep it again after this.
    pub async fn new(
        backend: Backend,
        settings: &Settings,
        model: &Model,
        record: &mut Record,
    ) -> Self {
        let mut accelerator = Self {
            backend,
            session: None,
            capabilities: None,
            calibration: None,
            fault: None,
            batches: Batches::default(),
        };
        if backend != Backend::Cpu
            && let Err(fault) = accelerator.start(settings, model, record).await
        {
            accelerator.give_up(fault);
        }
        if !matches!(
            accelerator.fault,
            Some(Fault::Lost(_) | Fault::Memory(_) | Fault::Compilation(_))
        ) {
            record.succeed();
        }
        accelerator
    }

    async fn start(
        &mut self,
        settings: &Settings,
        model: &Model,
        record: &mut Record,
    ) -> Result<(), Fault> {
        let engine = Arc::new(Engine::new(settings).await?);
        let capabilities = engine.capabilities().clone();
        let mut session = Session::new(DeviceModel::new(&engine, model)?);
        if self.backend == Backend::Auto {
            let of = format!(
                "{}; {}; {}",
                capabilities.name,
                size_of(model),
                model.beam()
            );
            let known = record.calibration.take().filter(|known| known.of == of);
            let calibration = match known {
                Some(known) => known,
                None => calibrate(of, model, &mut session).await?,
            };
            record.calibration = Some(calibration.clone());
            self.calibration = Some(calibration);
        }
        self.capabilities = Some(capabilities);
        self.session = Some(session);
        Ok(())
    }

    /// Translates sentences on the engine that suits so many. What is too much for the memory of most devices is cut.
    pub async fn translate(
        &mut self,
        decoder: &mut Decoder,
        model: &Model,
        sources: &[&[u32]],
        options: &DecodeOptions,
    ) -> Vec<Hypothesis> {
        let mut hypotheses = Vec::with_capacity(sources.len());
        let session = self.session.as_ref();
        let most = session.map_or(MOST, |session| session.model().capacity(model, MOST));
        let mut rest = sources;
        while !rest.is_empty() {
            let (batch, others) = rest.split_at(first_batch(rest, options, most));
            hypotheses.extend(self.batch(decoder, model, batch, options).await);
            rest = others;
        }
        hypotheses
    }

    async fn batch(
        &mut self,
        decoder: &mut Decoder,
        model: &Model,
        sources: &[&[u32]],
        options: &DecodeOptions,
    ) -> Vec<Hypothesis> {
        if self.suits(sources.len())
            && let Some(session) = &mut self.session
        {
            match session.search(model, sources, options).await {
                Ok(mut hypotheses) => {
                    self.batches.gpu += 1;
                    // Nothing else can be wrong with a device that is in use than an earlier batch that was too large.
                    self.fault = None;
                    decoder.retry_loops(model, sources, options, &mut hypotheses);
                    return hypotheses;
                }
                // A batch that is too large says nothing of the next one.
                Err(Fault::TooSmall(reason)) => self.fault = Some(Fault::TooSmall(reason)),
                Err(fault) => self.give_up(fault),
            }
        }
        self.batches.cpu += 1;
        decoder.translate(model, sources, options)
    }

    /// Whether a batch is to be tried on the GPU.
    fn suits(&self, sentences: usize) -> bool {
        match self.backend {
            Backend::Cpu => false,
            Backend::Gpu => sentences > 0,
            Backend::Auto => {
                let least = self.calibration.as_ref().and_then(|c| c.least);
                least.is_some_and(|least| sentences >= least)
            }
        }
    }

    /// Overrides the choice, among the engines there are.
    pub fn set_backend(&mut self, backend: Backend) {
        self.backend = backend;
    }

    /// What became of the GPU.
    #[must_use]
    pub fn report(&self) -> Report {
        Report {
            backend: self.backend,
            active: self.session.is_some(),
            adapter: self.capabilities.clone(),
            calibration: self.calibration.clone(),
            fault: self.fault.as_ref().map(Fault::to_string),
            batches: self.batches,
        }
    }

    /// Why the GPU is not used, if something went wrong.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// What the device was given to do so far, if there is one.
    #[must_use]
    pub fn work(&self) -> Option<Work> {
        self.session.as_ref().map(Session::work)
    }

    /// Bytes that the device reads and writes in a second at most, if there is one: measured by copying.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn bandwidth(&self) -> Result<Option<f64>, Fault> {
        match &self.session {
            Some(session) => traffic::bandwidth(session.model().engine()).await.map(Some),
            None => Ok(None),
        }
    }

    /// Number of dispatches of the encoder and of each step, if there is a GPU.
    #[must_use]
    pub fn dispatches(&self) -> Option<[usize; 2]> {
        self.session.as_ref().map(|s| s.model().dispatches())
    }

    fn give_up(&mut self, fault: Fault) {
        self.session = None;
        self.fault = Some(fault);
    }
}

/// How many sentences, one at least, make a batch.
fn first_batch(sources: &[&[u32]], options: &DecodeOptions, most: Capacity) -> usize {
    let mut tokens = 0;
    let fits = |source: &&&[u32]| {
        tokens += source.len();
        tokens <= most.tokens
    };
    let sentences = most.hypotheses / options.beam().width;
    let count = sources.iter().take(sentences).take_while(fits).count();
    count.max(1)
}

fn size_of(model: &Model) -> usize {
    let matrices = model.plan().matrices.iter();
    matrices.map(|m| m.shape.iter().product::<usize>()).sum()
}

/// Translates the same batches with both engines: random sentences, whose translations are the same on both.
async fn calibrate(of: String, model: &Model, session: &mut Session) -> Result<Calibration, Fault> {
    let mut random = Random(1);
    // Ordinary tokens of a large vocabulary. Those that a small one lacks are read as `<unk>`, by both engines.
    let mut sentence = || -> Vec<u32> {
        let words = (0..TOKENS - 1).map(|_| 300 + random.below(700) as u32);
        words.chain([crate::decode::END]).collect()
    };
    let sentences: Vec<Vec<u32>> = (0..SIZES[SIZES.len() - 1]).map(|_| sentence()).collect();
    let options = DecodeOptions {
        beam: model.beam(),
        max_length_factor: 1.0,
        ..DecodeOptions::default()
    };
    let mut decoder = Decoder::new(model);
    let mut timings = Vec::new();
    for size in SIZES {
        let sources: Vec<&[u32]> = sentences[..size].iter().map(Vec::as_slice).collect();
        let mut timing = Timing {
            sentences: size,
            cpu: f64::INFINITY,
            gpu: f64::INFINITY,
        };
        // The first time of each takes the memory that is needed; of several the best counts.
        for _ in 0..3 {
            let start = clock::milliseconds();
            let _ = decoder.search(model, &sources, &options);
            let middle = clock::milliseconds();
            session.search(model, &sources, &options).await?;
            let end = clock::milliseconds();
            timing.cpu = timing.cpu.min(middle - start);
            timing.gpu = timing.gpu.min(end - middle);
            if timing.gpu > 16.0 * HOPELESS * timing.cpu {
                break;
            }
        }
        timings.push(timing);
        if timing.gpu > HOPELESS * timing.cpu && size > 1 {
            break;
        }
    }
    Ok(Calibration::new(of, timings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_cut_into_batches() {
        let short: &[u32] = &[0; 10];
        let long: &[u32] = &[0; 3_000];
        let huge = vec![0; 9_000];
        let huge = huge.as_slice();
        for (sources, beam, expected) in [
            (vec![short; 3], 1, 3),
            (vec![short; 300], 1, MOST.hypotheses),
            (vec![short; 300], 3, 85),
            (vec![short; 300], 999, 8),
            (vec![long, long], 1, 1),
            (vec![long, short, long], 1, 2),
            (vec![huge, short], 1, 1),
        ] {
            let options = DecodeOptions {
                beam,
                ..DecodeOptions::default()
            };
            let found = first_batch(&sources, &options, MOST);
            assert_eq!(found, expected, "{} sentences, {beam}", sources.len());
        }
    }
}
