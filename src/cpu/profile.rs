//! Where the time of an executor goes, and how fast int8 products can be at all (feature `cli`).

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use super::affine::accumulate;
use super::simd::{GROUP, Group, Isa, Kernel, LANES, PANEL, Simd, Tile};
use crate::model::plan::Op;

/// Time and work by kind of operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// By the name of the operation.
    pub kinds: BTreeMap<&'static str, Share>,
}

/// What one kind of operation took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Time spent.
    pub time: Duration,
    /// How often it was carried out.
    pub calls: u64,
    /// int8 products added up.
    pub products: u64,
}

impl Profile {
    /// Adds what began at `started` and ends now.
    pub fn add(&mut self, kind: &'static str, started: Instant, products: u64) {
        let share = self.kinds.entry(kind).or_default();
        share.time += started.elapsed();
        share.calls += 1;
        share.products += products;
    }
}

/// What an operation is called in a profile.
#[must_use]
pub fn kind(op: &Op) -> &'static str {
    match op {
        Op::Embed { .. } => "embed",
        Op::Affine { .. } => "affine",
        Op::Lstm { .. } => "lstm",
        Op::LstmCell { .. } => "lstm cell",
        Op::SsruCell { .. } => "ssru",
        Op::Norm { .. } => "norm",
        Op::Attention { .. } => "attention",
        Op::Logits { .. } => "logits",
        Op::Mean { .. } | Op::Zero { .. } | Op::Copy { .. } | Op::Add { .. } => "rowwise",
    }
}

/// Tiles of a panel in [`peak`]: all operands together fit into any first-level cache.
const GROUPS: usize = 96;
/// Passes over them between two looks at the clock.
const ROUNDS: usize = 2_000;
const ATTEMPTS: usize = 20;

/// The most int8 products that one thread adds up in a second: what [`super::affine`] does in its innermost loop, with everything in the
/// first-level cache and nothing around it. `None` for the scalar reference, which has no instruction for it.
#[must_use]
pub fn peak(isa: Isa) -> Option<f64> {
    let tiles = vec![Tile::filled(3); 4 * GROUPS];
    let activations = Group::of([65; LANES]).repeat(4 * GROUPS);
    let attempts = (0..ATTEMPTS).map(|_| {
        let started = Instant::now();
        let products = isa.multiply(Peak {
            tiles: &tiles,
            activations: &activations,
        });
        let seconds = started.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
        products.map(|products| products as f64 / seconds)
    });
    attempts.flatten().reduce(f64::max)
}

struct Peak<'a> {
    tiles: &'a [Tile],
    activations: &'a [Group],
}

impl Kernel for Peak<'_> {
    type Output = Option<usize>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Option<usize> {
        // The blocks of the affine kernel.
        match S::ACCUMULATORS {
            16.. => Some(self.block::<S, 4, 4>(simd)),
            4.. => Some(self.block::<S, 2, 2>(simd)),
            2.. => Some(self.block::<S, 1, 2>(simd)),
            _ => None,
        }
    }
}

impl Peak<'_> {
    #[inline(always)]
    fn block<S: Simd, const P: usize, const M: usize>(self, simd: S) -> usize {
        for _ in 0..ROUNDS {
            let (tiles, x) = black_box((self.tiles, self.activations));
            let tiles: [&[Tile]; P] = std::array::from_fn(|p| &tiles[p * GROUPS..][..GROUPS]);
            let x: [&[Group]; M] = std::array::from_fn(|m| &x[m * GROUPS..][..GROUPS]);
            let mut sums = [[simd.start(&[0; PANEL]); M]; P];
            accumulate(simd, &mut sums, tiles, x);
            for sums in sums.as_flattened() {
                // Not the sums themselves: they would have to be in memory all the time.
                black_box(simd.finish(*sums));
            }
        }
        ROUNDS * GROUPS * P * M * PANEL * GROUP
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{Profile, peak};
    use crate::cpu::Isa;

    #[test]
    fn shares_are_added_by_kind() {
        let mut profile = Profile::default();
        for (kind, products) in [("norm", 0), ("affine", 6), ("affine", 8)] {
            profile.add(kind, Instant::now(), products);
        }
        let shares: Vec<_> = profile
            .kinds
            .iter()
            .map(|(&kind, share)| (kind, share.calls, share.products))
            .collect();
        assert_eq!(shares, [("affine", 2, 14), ("norm", 1, 0)]);
    }

    #[test]
    fn every_instruction_set_but_the_scalar_reference_has_a_peak() {
        for isa in Isa::available() {
            let peak = peak(isa);
            assert_eq!(peak.is_none(), isa.name() == "scalar", "{isa:?}");
            assert!(peak.is_none_or(|peak| peak.is_finite() && peak > 0.0));
        }
    }
}
