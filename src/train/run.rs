//! The training loop.

use std::path::PathBuf;
use std::time::Instant;

use candle_core::{Device, Tensor, Var};

use super::average::Average;
use super::checkpoint::{self, State};
use super::config::TrainConfig;
use super::curve;
use super::dataset::{self, Batches, Dataset, Encoder, Position, Vocabularies};
use super::export::{self, Direction};
use super::fused::{AdamW, Precision};
use super::network::{LossOptions, Network};
use super::origin::Origin;
use super::parallel::Workers;
use super::progress::{self, Log, Record, duration};
use super::validate::{Scores, Validation};
use crate::files::replace;
use crate::format::Card;
use crate::{Error, Result, Translator};

/// Where a run reads and writes, and what it runs on.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Folder of the run: checkpoint, log, weights, curve. A run that was stopped goes on from what is there.
    pub folder: PathBuf,
    /// Weights that a new run starts from, with their vocabularies: those of an earlier run, best before quantisation, or any
    /// of the same architecture and dimensions. A run that goes on has no need of them.
    pub from: Option<PathBuf>,
    /// Folder of prepared data, which runs share.
    pub cache: PathBuf,
    /// Threads on a CPU, 0 for one per core.
    pub threads: usize,
    /// Where the network lives.
    pub device: Device,
    /// Seconds between checkpoints.
    pub save_every: f64,
    /// Writes the initial weights and the tokenised pairs into the folder of the run, and stops: for a trainer elsewhere.
    pub prepare: bool,
}

/// What a run left.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The weights with the lowest loss on the first development set.
    pub weights: PathBuf,
    /// Steps taken.
    pub step: u64,
    /// What the last validation found.
    pub scores: Vec<Scores>,
}

/// Steps between two lines of the log.
const LOG_EVERY: u64 = 50;

/// Trains a model, or goes on where an earlier run in the same folder was stopped, telling `say` how it goes.
///
/// # Errors
/// When a file cannot be read or written, the configuration does not fit the data, or the checkpoint is of another run.
pub fn run(
    config: &TrainConfig,
    options: &RunOptions,
    say: &mut dyn FnMut(&str),
) -> Result<Outcome> {
    let folder = &options.folder;
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let origin = match &options.from {
        Some(path) => Some(Origin::open(path, config)?),
        None => None,
    };
    let mut card = config.card();
    let mut vocabularies = Vocabularies::named(&config.data)?;
    if let Some(origin) = &origin {
        let seen = std::mem::replace(&mut card.data, origin.data.clone());
        let new = seen.into_iter().filter(|name| !origin.data.contains(name));
        card.data.extend(new);
        vocabularies = Vocabularies {
            source: Some(origin.file.source_vocabulary.clone()),
            target: Some(origin.file.target_vocabulary.clone()),
        };
    }
    card.save(&folder.join(Card::FILE))?;
    let prepared = dataset::prepare(&config.data, vocabularies, &options.cache)?;
    let encoder = Encoder::new(&prepared.source_vocabulary, &prepared.target_vocabulary)?;
    let (dataset, sets) = validations(config, prepared.dataset, &encoder)?;
    say(&format!(
        "{} pairs; see {}",
        dataset.len(),
        prepared.folder.join("report.txt").display()
    ));
    if options.prepare {
        let pairs = folder.join("pairs.bin");
        std::fs::copy(prepared.folder.join("pairs.bin"), &pairs).map_err(Error::io(&pairs))?;
    }
    let data = prepared
        .folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let direction = Direction {
        source_language: config.data.source_language.clone(),
        target_language: config.data.target_language.clone(),
        source_vocabulary: prepared.source_vocabulary,
        target_vocabulary: prepared.target_vocabulary,
    };
    let mut trainer = Trainer::new(config, options, encoder.sizes(), direction, data)?;
    if let (0, Some(origin)) = (trainer.state.step, &origin) {
        trainer.start_from(origin)?;
    }
    let parameters: usize = trainer.variables.iter().map(|v| v.elem_count()).sum();
    let precision = trainer.network.precision().name();
    say(&format!(
        "{parameters} parameters, multiplied in {precision}"
    ));
    if trainer.state.step > 0 {
        say(&format!("going on after step {}", trainer.state.step));
    }
    if options.prepare {
        let weights = folder.join(INITIAL);
        replace(&weights, &trainer.weights_file(&trainer.network, true)?)?;
        return Ok(Outcome {
            weights,
            step: trainer.state.step,
            scores: Vec::new(),
        });
    }
    trainer.train(&dataset, &sets, say)
}

/// The training pairs and the development sets.
fn validations(
    config: &TrainConfig,
    dataset: Dataset,
    encoder: &Encoder,
) -> Result<(Dataset, Vec<Validation>)> {
    if config.validation.sets.is_empty() {
        let (dataset, held_out) = dataset.split(config.validation.hold_out, config.data.seed)?;
        return Ok((dataset, vec![Validation::held_out(held_out)?]));
    }
    let languages = [
        config.data.source_language.as_str(),
        config.data.target_language.as_str(),
    ];
    let sets = config
        .validation
        .sets
        .iter()
        .map(|set| {
            Validation::open(
                set,
                &config.data.root,
                languages,
                encoder,
                &config.validation,
            )
        })
        .collect::<Result<_>>()?;
    Ok((dataset, sets))
}

struct Trainer<'a> {
    config: &'a TrainConfig,
    options: &'a RunOptions,
    direction: Direction,
    network: Network,
    variables: Vec<Var>,
    optimiser: AdamW,
    average: Average,
    workers: Workers,
    state: State,
    log: Log,
    scores: Vec<Scores>,
}

/// Sums since the last line of the log.
#[derive(Default)]
struct Window {
    steps: u64,
    loss: f64,
    norm: f64,
    tokens: u64,
    seconds: f64,
}

impl<'a> Trainer<'a> {
    fn new(
        config: &'a TrainConfig,
        options: &'a RunOptions,
        (source, target): (usize, usize),
        direction: Direction,
        data: String,
    ) -> Result<Self> {
        let dimensions = config.network(source, target)?;
        let network = Network::new(dimensions.clone(), config.model.seed, &options.device)?
            .with_precision(config.compute.precision.where_it_pays());
        let variables: Vec<Var> = network.parameters().values().cloned().collect();
        let mut optimiser = AdamW::new(variables.clone(), config.optimiser.options())?;
        let mut average = Average::new(&variables, config.optimiser.average)?;
        let path = options.folder.join(CHECKPOINT);
        let state = if path.exists() {
            checkpoint::load(&path, &network, &mut optimiser, &mut average, &data)?
        } else {
            State {
                network: dimensions,
                data,
                step: 0,
                position: Position::default(),
                tokens: 0,
                seconds: 0.0,
                best_loss: None,
                waiting: 0,
            }
        };
        let threads = match (options.device.is_cpu(), options.threads) {
            (false, _) => 1,
            (true, 0) => std::thread::available_parallelism().map_or(1, Into::into),
            (true, threads) => threads,
        };
        Ok(Self {
            config,
            options,
            direction,
            variables,
            network,
            optimiser,
            average,
            workers: Workers::new(threads)?,
            log: Log::open(&options.folder.join(LOG), state.step)?,
            state,
            scores: Vec::new(),
        })
    }

    /// Starts from weights instead of random numbers.
    fn start_from(&mut self, origin: &Origin) -> Result<()> {
        origin.copy_to(&self.network)?;
        self.average = Average::new(&self.variables, self.config.optimiser.average)?;
        Ok(())
    }

    fn train(
        &mut self,
        dataset: &Dataset,
        sets: &[Validation],
        say: &mut dyn FnMut(&str),
    ) -> Result<Outcome> {
        let mut batches = Batches::new(dataset, self.config.batches.clone(), self.state.position);
        let mut window = Window::default();
        let mut saved = Instant::now();
        let mut validated = self.state.step;
        while self.state.step < self.config.schedule.steps && !self.has_lost_patience() {
            self.step(&mut batches, &mut window)?;
            if self.state.step.is_multiple_of(LOG_EVERY) {
                self.report(&std::mem::take(&mut window), batches.epoch_len(), say)?;
            }
            if self.state.step.is_multiple_of(self.config.validation.every) {
                validated = self.state.step;
                self.validate(sets, say)?;
                self.save()?;
                saved = Instant::now();
            } else if saved.elapsed().as_secs_f64() >= self.options.save_every {
                self.save()?;
                saved = Instant::now();
            }
        }
        if validated != self.state.step || self.scores.is_empty() {
            self.validate(sets, say)?;
            self.save()?;
        }
        let float = self.averaged()?;
        let float = self.weights_file(&float, true)?;
        replace(&self.options.folder.join(FLOAT), &float)?;
        let curve = self.options.folder.join("curve.svg");
        curve::draw(&progress::read(&self.options.folder.join(LOG))?, &curve)?;
        Ok(Outcome {
            weights: self.options.folder.join(BEST),
            step: self.state.step,
            scores: self.scores.clone(),
        })
    }

    /// One batch: loss, gradients, update.
    fn step(&mut self, batches: &mut Batches, window: &mut Window) -> Result<()> {
        let start = Instant::now();
        let batch = batches.next_batch().ok_or_else(|| {
            Error::Training("no pairs are left to train on; see the report".into())
        })?;
        self.state.step += 1;
        let optimiser = &self.config.optimiser;
        let options = LossOptions {
            smoothing: optimiser.label_smoothing,
            dropout: optimiser.dropout,
            seed: self.config.model.seed ^ (self.state.step << 8),
            scale: 1.0 / batch.target_tokens() as f32,
            training: true,
        };
        let (loss, gradients) = self
            .workers
            .gradients(&self.network, &batch.pairs(), options)?;
        let rate = self.config.schedule.rate(self.state.step);
        let norm = self.optimiser.step(&gradients, rate)?;
        if norm.is_finite() {
            self.average.update(&self.variables)?;
            window.norm += norm;
        }
        self.state.position = batches.position();
        self.state.tokens += batch.target_tokens() as u64;
        self.state.seconds += start.elapsed().as_secs_f64();
        window.steps += 1;
        window.loss += loss;
        window.tokens += batch.target_tokens() as u64;
        window.seconds += start.elapsed().as_secs_f64();
        Ok(())
    }

    fn report(&mut self, window: &Window, epoch: usize, say: &mut dyn FnMut(&str)) -> Result<()> {
        let state = &self.state;
        let loss = window.loss / window.steps as f64;
        let speed = window.tokens as f64 / window.seconds.max(1e-9);
        let rate = self.config.schedule.rate(state.step);
        let left =
            (self.config.schedule.steps - state.step) as f64 * window.seconds / window.steps as f64;
        say(&format!(
            "step {} of {}, epoch {:.2}: loss {loss:.3}, {speed:.0} tokens/s, rate {rate:.2e}, {} left",
            state.step,
            self.config.schedule.steps,
            state.position.epoch as f64 + state.position.batch as f64 / epoch.max(1) as f64,
            duration(left),
        ));
        if !loss.is_finite() {
            return Err(Error::Training(
                "the loss is no longer a number; lower the learning rate and go on from the checkpoint".into(),
            ));
        }
        self.log.add(&Record::Train {
            step: state.step,
            loss,
            norm: window.norm / window.steps as f64,
            rate,
            speed,
        })
    }

    /// Writes the averaged weights, scores them, and keeps them if they are the best so far.
    fn validate(&mut self, sets: &[Validation], say: &mut dyn FnMut(&str)) -> Result<()> {
        let network = self.averaged()?;
        let bytes = self.weights_file(&network, false)?;
        let mut translator = Translator::new(&bytes)?;
        self.scores = sets
            .iter()
            .map(|set| {
                set.run(
                    &network,
                    &self.workers,
                    &mut translator,
                    &self.direction.target_language,
                )
            })
            .collect::<Result<_>>()?;
        for score in &self.scores {
            let quality = match (score.bleu, score.chrf) {
                (Some(bleu), Some(chrf)) => format!(", BLEU {bleu:.2}, chrF {chrf:.2}"),
                _ => String::new(),
            };
            say(&format!(
                "  {} after step {}: loss {:.3}{quality}",
                score.set, self.state.step, score.loss
            ));
        }
        replace(&self.options.folder.join(LATEST), &bytes)?;
        let loss = self.scores[0].loss;
        if self.state.best_loss.is_none_or(|best| loss < best) {
            self.state.best_loss = Some(loss);
            self.state.waiting = 0;
            replace(&self.options.folder.join(BEST), &bytes)?;
        } else {
            self.state.waiting += 1;
        }
        self.log.add(&Record::Validate {
            step: self.state.step,
            scores: self.scores.clone(),
        })
    }

    /// The network with the averaged weights, which are looked at in full precision.
    fn averaged(&mut self) -> Result<Network> {
        let values: Vec<Tensor> = self.average.values(&self.variables)?.to_vec();
        let network = self.network.with_values(&values)?;
        Ok(network.with_precision(Precision::F32))
    }

    fn weights_file(&self, network: &Network, float: bool) -> Result<Vec<u8>> {
        let names = network.parameters().iter();
        let parameters = names.map(|(name, variable)| (name.as_str(), variable.as_tensor()));
        export::model_file(network.config(), parameters, &self.direction, float)?.write()
    }

    fn has_lost_patience(&self) -> bool {
        let patience = self.config.validation.patience;
        patience > 0 && self.state.waiting >= patience
    }

    fn save(&mut self) -> Result<()> {
        checkpoint::save(
            &self.options.folder.join(CHECKPOINT),
            &self.network,
            &self.optimiser,
            &mut self.average,
            &self.state,
        )
    }
}

const CHECKPOINT: &str = "checkpoint.safetensors";
const LOG: &str = "log.jsonl";
/// Weights with the lowest loss on the first development set.
const BEST: &str = "best.safetensors";
/// Weights of the last validation.
const LATEST: &str = "latest.safetensors";
/// The same before quantisation, written at the end: to find out what quantisation costs.
const FLOAT: &str = "latest.float.safetensors";
/// What training would begin with.
const INITIAL: &str = "initial.float.safetensors";
