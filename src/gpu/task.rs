//! What a batch begins with on the device: its tokens, its limits and the parameters of all dispatches.

use super::memory::{Bucket, Memory};
use super::recording::{Dispatch, LONGEST_SENTENCE, Sizes};
use super::weights::{DeviceWeights, bytes};
use super::{Engine, Fault};
use crate::decode::beam::{BeamOptions, Limits};
use crate::decode::{DecodeOptions, END};
use crate::gpu::kernels::PARAMS_BYTES;
use crate::model::{Batch, Candidates, Model};

/// Most rows of a dispatch, which is what every device has.
const MOST_ROWS: usize = 65_535;

/// A batch to search translations for.
#[derive(Clone, Debug)]
pub struct Task {
    pub batch: Batch,
    pub limits: Vec<Limits>,
    pub options: BeamOptions,
    pub sizes: Sizes,
    candidates: Option<Candidates>,
}

impl Task {
    pub fn new(model: &Model, batch: Batch, options: &DecodeOptions) -> Self {
        let limits: Vec<Limits> = (0..batch.sentences())
            .map(|sentence| options.limits(batch.length(sentence)))
            .collect();
        let options = options.beam();
        let candidates = model.candidates(&batch);
        let lists = candidates.as_ref().map(|candidates| {
            let lists = (0..candidates.sentences()).map(|sentence| candidates.of(sentence));
            lists.map(<[u32]>::len).max().unwrap_or(0)
        });
        let sizes = Sizes {
            tokens: batch.tokens().len() as u32,
            sentences: batch.sentences() as u32,
            width: options.width as u32,
            count: options.candidates() as u32,
            longest: batch.longest() as u32,
            longest_list: lists.map(|longest| longest as u32),
            length_penalty: options.length_penalty,
            alignment: options.alignment,
        };
        Self {
            batch,
            limits,
            options,
            sizes,
            candidates,
        }
    }

    /// Checks that the kernels can take so much.
    pub fn check(&self, weights: &DeviceWeights) -> Result<(), Fault> {
        let sizes = &self.sizes;
        let rows = sizes.tokens.max(sizes.rows()) as usize;
        let too_small = |what: &str| Err(Fault::TooSmall(what.into()));
        if self.batch.longest() > LONGEST_SENTENCE || rows > MOST_ROWS {
            return too_small("the batch has too many tokens");
        }
        let target = self.limits.iter().map(|limits| limits.target).max();
        let longest = self.batch.longest().max(target.unwrap_or(0));
        if weights.positions().is_some_and(|most| longest >= most) {
            return too_small("a sentence is too long");
        }
        Ok(())
    }

    /// Tokens of all shortlists, if there are any.
    pub fn listed(&self) -> Option<usize> {
        let candidates = self.candidates.as_ref()?;
        let lists = (0..candidates.sentences()).map(|sentence| candidates.of(sentence).len());
        Some(lists.sum())
    }

    /// Room that this takes.
    pub fn bucket(&self) -> Bucket {
        Bucket {
            tokens: self.sizes.tokens as usize,
            hypotheses: self.sizes.rows() as usize,
            longest: self.batch.longest(),
            found: self.sizes.found() as usize,
            listed: self.listed().unwrap_or(0),
        }
        .rounded()
    }

    /// Writes everything to the device.
    pub fn upload<'a>(
        &self,
        engine: &Engine,
        memory: &Memory,
        dispatches: impl Iterator<Item = &'a Dispatch>,
    ) {
        let words = bytes(&self.words(memory));
        engine.queue.write_buffer(&memory.words, 0, &words);
        let mut params = Vec::new();
        for dispatch in dispatches {
            params.extend(bytes(&dispatch.params));
            let gap = memory.params_stride as usize - PARAMS_BYTES as usize;
            params.resize(params.len() + gap, 0);
        }
        engine.queue.write_buffer(&memory.params, 0, &params);
    }

    fn words(&self, memory: &Memory) -> Vec<u32> {
        let (layout, batch, sizes) = (&memory.layout, &self.batch, &self.sizes);
        let mut words = vec![0; layout.results as usize];
        let mut put = |place: u32, values: &mut dyn Iterator<Item = u32>| {
            for (word, value) in words[place as usize..].iter_mut().zip(values) {
                *word = value;
            }
        };
        let sentences = 0..batch.sentences();
        put(layout.tokens, &mut batch.tokens().iter().copied());
        let places = (0..batch.longest()).flat_map(|time| {
            (0..batch.step(time).len()).map(move |sentence| (time << 16 | sentence) as u32)
        });
        put(layout.places, &mut places.into_iter());
        let starts = (0..batch.longest()).map(|time| batch.step(time).start as u32);
        put(layout.starts, &mut starts.into_iter());
        let lengths = sentences.clone().map(|s| batch.length(s) as u32);
        put(layout.lengths, &mut lengths.into_iter());
        put(
            layout.limits,
            &mut self.limits.iter().map(|l| l.target as u32),
        );
        put(layout.previous, &mut (0..sizes.rows()).map(|_| END));
        // At first every sentence has one hypothesis, which is empty.
        let done = (0..sizes.rows()).map(|row| u32::from(row >= sizes.sentences));
        put(layout.done, &mut done.into_iter());
        if let Some(candidates) = &self.candidates {
            let lists = || sentences.clone().map(|sentence| candidates.of(sentence));
            let ends = lists().scan(0, |end, list| {
                *end += list.len() as u32;
                Some(*end)
            });
            put(layout.lists, &mut std::iter::once(0).chain(ends));
            put(layout.candidates, &mut lists().flatten().copied());
        }
        words
    }
}
