//! Batches of pairs of similar length, in an order that seed, epoch and batch number determine.

use std::ops::Range;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::Dataset;
use crate::text::subwords;

/// `</s>`, and what rows are padded with.
const END: u32 = subwords::EOS;

/// How batches are formed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchOptions {
    /// Most tokens of either side of a batch, padding and `</s>` included.
    pub tokens: usize,
    /// Most pairs in a batch.
    pub sentences: usize,
    /// Seed of the order.
    pub seed: u64,
}

/// The batch that comes next. With [`BatchOptions`] it determines everything that follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Passes over the data that are complete.
    pub epoch: u64,
    /// Batches of this pass that are done.
    pub batch: usize,
}

/// Padded token ids. Every row ends with `</s>` (0) and is filled up with 0; lengths include `</s>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Number of pairs.
    pub size: usize,
    /// `[size, source_width]`, row-major.
    pub source: Vec<u32>,
    /// Length of the longest source.
    pub source_width: usize,
    /// Length of each source.
    pub source_lengths: Vec<usize>,
    /// `[size, target_width]`: what the decoder should say.
    pub target: Vec<u32>,
    /// Length of the longest target.
    pub target_width: usize,
    /// Length of each target.
    pub target_lengths: Vec<usize>,
}

impl Batch {
    fn new(dataset: &Dataset, pairs: &[u32]) -> Self {
        let rows = |side: fn(&Dataset, usize) -> &[u16]| {
            let lengths: Vec<usize> = pairs
                .iter()
                .map(|&i| side(dataset, i as usize).len() + 1)
                .collect();
            let width = lengths.iter().copied().max().unwrap_or(0);
            let mut ids = vec![END; pairs.len() * width];
            for (row, &i) in ids.chunks_mut(width.max(1)).zip(pairs) {
                for (cell, &id) in row.iter_mut().zip(side(dataset, i as usize)) {
                    *cell = u32::from(id);
                }
            }
            (ids, width, lengths)
        };
        let (source, source_width, source_lengths) = rows(Dataset::source);
        let (target, target_width, target_lengths) = rows(Dataset::target);
        Self {
            size: pairs.len(),
            source,
            source_width,
            source_lengths,
            target,
            target_width,
            target_lengths,
        }
    }

    /// The pairs without padding, each side ending with `</s>`.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&[u32], &[u32])> {
        let sources = self.source.chunks(self.source_width.max(1));
        let targets = self.target.chunks(self.target_width.max(1));
        let lengths = self.source_lengths.iter().zip(&self.target_lengths);
        sources
            .zip(targets)
            .zip(lengths)
            .map(|((source, target), (&s, &t))| (&source[..s], &target[..t]))
            .collect()
    }

    /// Target tokens that count in the loss, `</s>` included.
    #[must_use]
    pub fn target_tokens(&self) -> usize {
        self.target_lengths.iter().sum()
    }
}

/// An endless, resumable stream of batches.
#[derive(Debug)]
pub struct Batches<'a> {
    dataset: &'a Dataset,
    options: BatchOptions,
    position: Position,
    /// Pair numbers of this epoch, and the part of them that each batch takes.
    order: Vec<u32>,
    plan: Vec<Range<usize>>,
}

impl<'a> Batches<'a> {
    /// A stream that starts at a position (the default one is the beginning).
    #[must_use]
    pub fn new(dataset: &'a Dataset, options: BatchOptions, position: Position) -> Self {
        let mut batches = Self {
            dataset,
            options,
            position,
            order: Vec::new(),
            plan: Vec::new(),
        };
        batches.plan_epoch();
        batches
    }

    /// Every pair once, in batches of similar length: for validation.
    #[must_use]
    pub fn once(dataset: &Dataset, tokens: usize, sentences: usize) -> Vec<Batch> {
        let mut order: Vec<u32> = (0..dataset.len() as u32).collect();
        order.sort_by_key(|&i| lengths(dataset, i));
        let plan = cut(dataset, &order, tokens, sentences);
        plan.into_iter()
            .map(|range| Batch::new(dataset, &order[range]))
            .collect()
    }

    /// The position of the batch that [`Self::next_batch`] will give.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Batches in the current epoch.
    #[must_use]
    pub fn epoch_len(&self) -> usize {
        self.plan.len()
    }

    /// The next batch; after the last of an epoch comes the first of the next. `None` only when there
    /// are no pairs at all.
    pub fn next_batch(&mut self) -> Option<Batch> {
        if self.dataset.is_empty() || self.dataset.weights.iter().all(|w| *w <= 0.0) {
            return None;
        }
        while self.position.batch >= self.plan.len() {
            self.position = Position {
                epoch: self.position.epoch + 1,
                batch: 0,
            };
            self.plan_epoch();
        }
        let range = self.plan[self.position.batch].clone();
        self.position.batch += 1;
        Some(Batch::new(self.dataset, &self.order[range]))
    }

    /// Draws the pairs of the epoch, sorts them by length (equal lengths in random order), cuts them
    /// into batches and shuffles those.
    fn plan_epoch(&mut self) {
        let seed = self.options.seed ^ self.position.epoch.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut rng = StdRng::seed_from_u64(seed);
        let dataset = self.dataset;
        self.order.clear();
        for i in 0..dataset.len() as u32 {
            let weight = dataset.weight(i as usize).max(0.0);
            let times = weight.floor() as usize + usize::from(rng.random::<f32>() < weight.fract());
            self.order.extend(std::iter::repeat_n(i, times));
        }
        self.order.shuffle(&mut rng);
        self.order.sort_by_key(|&i| lengths(dataset, i));
        self.plan = cut(
            dataset,
            &self.order,
            self.options.tokens,
            self.options.sentences,
        );
        self.plan.shuffle(&mut rng);
    }
}

/// Sort key: the length of the target, then that of the source, so that neighbours need little padding.
fn lengths(dataset: &Dataset, i: u32) -> (usize, usize) {
    let (source, target) = (
        dataset.source(i as usize).len(),
        dataset.target(i as usize).len(),
    );
    (target, source)
}

/// Cuts an order into ranges whose padded sides stay within the budget. A single pair that exceeds it
/// is a batch of its own.
fn cut(dataset: &Dataset, order: &[u32], tokens: usize, sentences: usize) -> Vec<Range<usize>> {
    let mut plan = Vec::new();
    let mut start = 0;
    let mut widest = 0;
    for (end, &i) in order.iter().enumerate() {
        let (target, source) = lengths(dataset, i);
        let width = widest.max(target + 1).max(source + 1);
        let size = end - start + 1;
        if size > 1 && (size * width > tokens || size > sentences) {
            plan.push(start..end);
            start = end;
            widest = target.max(source) + 1;
        } else {
            widest = width;
        }
    }
    if start < order.len() {
        plan.push(start..order.len());
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn dataset(pairs: u32) -> Dataset {
        let mut set = Dataset::default();
        for i in 0..pairs {
            let source: Vec<u32> = (0..=i % 7).map(|_| i + 2).collect();
            let target: Vec<u32> = (0..=i % 11).map(|_| i + 2).collect();
            set.push(&source, &target, 1.0).unwrap();
        }
        set
    }

    fn options() -> BatchOptions {
        BatchOptions {
            tokens: 60,
            sentences: 16,
            seed: 3,
        }
    }

    #[test]
    fn rows_end_with_the_end_and_are_padded() {
        let mut set = Dataset::default();
        set.push(&[5, 6], &[7], 1.0).unwrap();
        set.push(&[8], &[9, 10], 1.0).unwrap();
        let batch = &Batches::once(&set, 100, 100)[0];
        assert_eq!(
            (batch.size, batch.source_width, batch.target_width),
            (2, 3, 3)
        );
        assert_eq!(batch.source, [5, 6, 0, 8, 0, 0]);
        assert_eq!(batch.target, [7, 0, 0, 9, 10, 0]);
        assert_eq!(
            (&batch.source_lengths[..], &batch.target_lengths[..]),
            (&[3, 2][..], &[2, 3][..])
        );
        assert_eq!(
            batch.pairs(),
            [(&[5, 6, 0][..], &[7, 0][..]), (&[8, 0], &[9, 10, 0])]
        );
        assert_eq!(batch.target_tokens(), 5);
    }

    #[test]
    fn budgets_hold_and_every_pair_comes_once_per_epoch() {
        let set = dataset(500);
        let mut batches = Batches::new(&set, options(), Position::default());
        let mut seen = HashMap::<u32, usize>::new();
        for _ in 0..batches.epoch_len() {
            let batch = batches.next_batch().unwrap();
            assert!(
                batch.size <= 16 && batch.size * batch.source_width.max(batch.target_width) <= 60
            );
            for row in batch.source.chunks(batch.source_width) {
                *seen.entry(row[0]).or_default() += 1;
            }
        }
        assert_eq!((seen.len(), seen.values().max()), (500, Some(&1)));
        assert_eq!(batches.position().epoch, 0);
        batches.next_batch();
        assert_eq!(batches.position(), Position { epoch: 1, batch: 1 });
    }

    #[test]
    fn resuming_anywhere_gives_the_same_batches() {
        let set = dataset(200);
        let mut whole = Batches::new(&set, options(), Position::default());
        let steps = whole.epoch_len() * 2 + 3;
        for step in 0..steps {
            let position = whole.position();
            let expected = whole.next_batch();
            if step % 5 == 0 {
                assert_eq!(
                    Batches::new(&set, options(), position).next_batch(),
                    expected,
                    "step {step}"
                );
            }
        }
        let other = BatchOptions {
            seed: 4,
            ..options()
        };
        let first = |options| Batches::new(&set, options, Position::default()).next_batch();
        assert_ne!(first(other), first(options()));
    }

    #[test]
    fn weights_set_how_often_pairs_come() {
        let mut set = Dataset::default();
        set.push(&[2], &[2], 2.5).unwrap();
        set.push(&[3], &[3], 0.25).unwrap();
        set.push(&[4], &[4], 0.0).unwrap();
        let mut batches = Batches::new(
            &set,
            BatchOptions {
                tokens: 2,
                sentences: 1,
                seed: 1,
            },
            Position::default(),
        );
        let mut seen = [0; 5];
        loop {
            let batch = batches.next_batch().unwrap();
            if batches.position().epoch == 400 {
                break;
            }
            seen[batch.source[0] as usize] += 1;
        }
        assert!((950..1050).contains(&seen[2]), "{seen:?}");
        assert!((60..140).contains(&seen[3]), "{seen:?}");
        assert_eq!(seen[4], 0);
    }

    #[test]
    fn a_pair_over_the_budget_stands_alone_and_nothing_is_nothing() {
        let mut set = Dataset::default();
        set.push(&[2; 90], &[2; 90], 1.0).unwrap();
        set.push(&[2], &[2], 1.0).unwrap();
        assert_eq!(Batches::once(&set, 60, 16).len(), 2);
        assert!(
            Batches::new(&Dataset::default(), options(), Position::default())
                .next_batch()
                .is_none()
        );
    }
}
