//! `y = epilogue(W x + b)` for a batch of rows, with int8 or float weights.
#![expect(
    clippy::needless_range_loop,
    reason = "register blocks read best as loops over indices"
)]

use super::float;
use super::panels::{ACTIVATION_OFFSET, Panels};
use super::rows::{Rows, RowsMut};
use super::simd::{EVEN_OFFSET, GROUP, Group, Isa, Kernel, LANES, Lanes, PANEL, Simd, Tile};
use super::weights::Weight;
use crate::format::transformer::WITH_TEACHERS;
use crate::model::plan::Epilogue;

/// Largest magnitude of a quantised activation: with the offset added it has seven bits.
const ACTIVATION_LIMIT: f32 = 63.0;

/// Rows of activations, quantised one by one: `x = (a - 64) * scale` with `a` in `1..=127`.
#[derive(Clone, Debug, Default)]
pub struct Activations {
    groups: usize,
    values: Vec<Group>,
    scales: Vec<f32>,
    /// What [`EVEN_OFFSET`] adds to all sums of each row.
    surplus: Vec<i32>,
}

impl Activations {
    /// Makes room for `rows` rows of `cols` values.
    pub fn reserve(&mut self, rows: usize, cols: usize) {
        let groups = cols.div_ceil(GROUP);
        self.values
            .reserve((rows * groups).saturating_sub(self.values.len()));
        self.scales.reserve(rows.saturating_sub(self.scales.len()));
        self.surplus
            .reserve(rows.saturating_sub(self.surplus.len()));
    }

    /// Quantises the first `count` rows.
    pub fn quantise(&mut self, isa: Isa, x: Rows<'_>, count: usize) {
        self.groups = x.width().div_ceil(GROUP);
        self.values.resize(count * self.groups, Group::default());
        self.scales.resize(count, 0.0);
        self.surplus.resize(count, 0);
        isa.run(Quantise { x, to: self });
    }

    #[inline(always)]
    fn row(&self, row: usize) -> &[Group] {
        &self.values[row * self.groups..][..self.groups]
    }
}

struct Quantise<'a> {
    x: Rows<'a>,
    to: &'a mut Activations,
}

impl Kernel for Quantise<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits; so does adding an even integer as well.
        const ROUND: f32 = 12_582_912.0 + ACTIVATION_OFFSET as f32;
        let rows = self
            .to
            .values
            .chunks_exact_mut(self.to.groups)
            .zip(&mut self.to.scales)
            .zip(&mut self.to.surplus);
        for (row, ((groups, scale), surplus)) in rows.enumerate() {
            let x = self.x.row(row);
            let largest = float::max_abs(x);
            *scale = largest / ACTIVATION_LIMIT;
            let inverse = if largest > 0.0 {
                ACTIVATION_LIMIT / largest
            } else {
                0.0
            };
            // Finite values have no other bits; the others must not have, for kernels rely on it.
            let quantise = |x: &[f32; LANES]| {
                (Lanes::load(x) * Lanes::splat(inverse) + Lanes::splat(ROUND)).low_bits()
            };
            let mut even = 0;
            let mut arrange = |activations: [u8; LANES]| {
                if EVEN_OFFSET != 0 {
                    even += activations
                        .iter()
                        .step_by(2)
                        .map(|&a| i32::from(a))
                        .sum::<i32>();
                }
                Group::of(activations)
            };
            let (chunks, rest) = x.as_chunks();
            let (to, to_rest) = groups.split_at_mut(chunks.len() * (LANES / GROUP));
            for (to, x) in to.as_chunks_mut().0.iter_mut().zip(chunks) {
                *to = arrange(quantise(x));
            }
            if !rest.is_empty() {
                let mut last = [0.0; LANES];
                last[..rest.len()].copy_from_slice(rest);
                let mut last = quantise(&last);
                last[rest.len()..].fill(0);
                to_rest.copy_from_slice(&arrange(last)[..to_rest.len()]);
            }
            *surplus = EVEN_OFFSET * even;
        }
    }
}

/// The weights, bias and epilogue of a product.
#[derive(Clone, Copy)]
pub struct Affine<'a> {
    /// `[out, in]`.
    pub weight: &'a Weight,
    /// `[out]`, padded to whole panels.
    pub bias: Option<&'a [f32]>,
    /// How the result is stored.
    pub epilogue: Epilogue,
}

impl Affine<'_> {
    /// Computes the first `count` rows: `x` is `[count, in]` and `y` is `[count, out]`.
    pub fn run(
        self,
        isa: Isa,
        count: usize,
        x: Rows<'_>,
        mut y: RowsMut<'_>,
        scratch: &mut Activations,
    ) {
        let Self {
            weight,
            bias,
            epilogue,
        } = self;
        match weight {
            Weight::Quantised(panels) => {
                scratch.quantise(isa, x, count);
                isa.multiply(Quantised {
                    weights: panels,
                    bias,
                    epilogue,
                    x: scratch,
                    y: y.reborrow().narrow(panels.rows()),
                });
            }
            Weight::Float { cols, data, .. } => {
                isa.run(Float {
                    weights: Rows::dense(data, *cols),
                    bias,
                    epilogue,
                    count,
                    x,
                    y: y.reborrow(),
                });
            }
        }
        if matches!(epilogue, Epilogue::Tanh | Epilogue::Swish) {
            isa.run(Activate { epilogue, count, y });
        }
    }
}

/// The activations that are too long to be compiled into every kernel.
struct Activate<'a> {
    epilogue: Epilogue,
    count: usize,
    y: RowsMut<'a>,
}

impl Kernel for Activate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, _: S) {
        for row in 0..self.count {
            let y = self.y.row(row);
            if !WITH_TEACHERS || self.epilogue == Epilogue::Tanh {
                for y in y.iter_mut() {
                    *y = float::tanh(*y);
                }
            } else {
                for y in y.iter_mut() {
                    *y *= float::sigmoid(*y);
                }
            }
        }
    }
}

#[inline(always)]
fn relu(x: f32) -> f32 {
    if x > 0.0 { x } else { 0.0 }
}

struct Float<'a> {
    weights: Rows<'a>,
    bias: Option<&'a [f32]>,
    epilogue: Epilogue,
    count: usize,
    x: Rows<'a>,
    y: RowsMut<'a>,
}

impl Kernel for Float<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, _: S) {
        for out in 0..self.y.width() {
            let weights = self.weights.row(out);
            let bias = self.bias.map_or(0.0, |bias| bias[out]);
            for row in 0..self.count {
                let value = float::dot(weights, self.x.row(row)) + bias;
                let y = &mut self.y.row(row)[out];
                *y = match self.epilogue {
                    Epilogue::Store | Epilogue::Tanh | Epilogue::Swish => value,
                    Epilogue::Add => value + *y,
                    Epilogue::Relu => relu(value),
                };
            }
        }
    }
}

struct Quantised<'a> {
    weights: &'a Panels,
    bias: Option<&'a [f32]>,
    epilogue: Epilogue,
    x: &'a Activations,
    y: RowsMut<'a>,
}

impl Kernel for Quantised<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        // As square a block as the registers hold needs the fewest loads; a single row needs many panels instead, so that
        // no instruction waits for the sum of the one before.
        match (S::ACCUMULATORS, self.x.scales.len()) {
            (16.., _) => self.panels::<S, 4, 4>(simd),
            (4.., 1) => self.panels::<S, 4, 1>(simd),
            (4.., _) => self.panels::<S, 2, 2>(simd),
            (2.., 1) => self.panels::<S, 2, 1>(simd),
            (2.., _) => self.panels::<S, 1, 2>(simd),
            _ => self.panels::<S, 1, 1>(simd),
        }
    }
}

impl Quantised<'_> {
    /// Multiplies all panels, `P` at a time, with all rows of activations.
    #[inline(always)]
    fn panels<S: Simd, const P: usize, const M: usize>(&mut self, simd: S) {
        let panels = self.weights.panels();
        let whole = panels - panels % P;
        for panel in (0..whole).step_by(P) {
            self.rows::<S, P, M>(simd, panel);
        }
        for panel in whole..panels {
            self.rows::<S, 1, M>(simd, panel);
        }
    }

    /// Multiplies `P` panels, which stay in the first-level cache, with all rows of activations, `M` at a time.
    #[inline(always)]
    fn rows<S: Simd, const P: usize, const M: usize>(&mut self, simd: S, panel: usize) {
        let rows = self.x.scales.len();
        let whole = rows - rows % M;
        for row in (0..whole).step_by(M) {
            self.block::<S, P, M>(simd, panel, row);
        }
        for row in whole..rows {
            self.block::<S, P, 1>(simd, panel, row);
        }
    }

    /// Multiplies `P` panels with `M` rows of activations, all sums in registers.
    #[inline(always)]
    fn block<S: Simd, const P: usize, const M: usize>(
        &mut self,
        simd: S,
        panel: usize,
        row: usize,
    ) {
        let groups = self.weights.groups();
        let mut sums = [[simd.start(self.weights.starts(panel)); M]; P];
        for p in 1..P {
            sums[p] = [simd.start(self.weights.starts(panel + p)); M];
        }
        for first in (0..groups).step_by(S::STEPS) {
            let steps = S::STEPS.min(groups - first);
            let mut tiles = [&self.weights.tiles(panel)[first..][..steps]; P];
            for p in 1..P {
                tiles[p] = &self.weights.tiles(panel + p)[first..][..steps];
            }
            let mut x = [&self.x.row(row)[first..][..steps]; M];
            for m in 1..M {
                x[m] = &self.x.row(row + m)[first..][..steps];
            }
            accumulate(simd, &mut sums, tiles, x);
            for p in 0..P {
                for m in 0..M {
                    sums[p][m] = simd.settle(sums[p][m]);
                }
            }
        }
        for p in 0..P {
            for m in 0..M {
                self.store(panel + p, row + m, simd.finish(sums[p][m]));
            }
        }
    }

    /// Turns the sums of one panel and one row into floats.
    // Where it need not be compiled for an instruction set, once is enough.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline(always))]
    fn store(&mut self, panel: usize, row: usize, sums: [i32; PANEL]) {
        let (scale, scales) = (self.x.scales[row], self.weights.scales(panel));
        let mut values = [0.0; PANEL];
        let surplus = if EVEN_OFFSET == 0 {
            0
        } else {
            self.x.surplus[row]
        };
        for i in 0..PANEL {
            values[i] = (sums[i] - surplus) as f32 * scale * scales[i];
        }
        if let Some(bias) = self.bias {
            let bias: &[f32; PANEL] = &bias.as_chunks().0[panel];
            for i in 0..PANEL {
                values[i] += bias[i];
            }
        }
        let y = &mut self.y.row(row)[panel * PANEL..];
        if let Some(y) = y.first_chunk_mut() {
            apply(self.epilogue, values, y);
        } else {
            let mut last = [0.0; PANEL];
            last[..y.len()].copy_from_slice(y);
            apply(self.epilogue, values, &mut last);
            y.copy_from_slice(&last[..y.len()]);
        }
    }
}

/// Adds the products of `P` panels with `M` rows of activations, at most [`Simd::STEPS`] steps.
#[inline(always)]
pub(super) fn accumulate<S: Simd, const P: usize, const M: usize>(
    simd: S,
    sums: &mut [[S::Sums; M]; P],
    mut tiles: [&[Tile]; P],
    mut x: [&[Group]; M],
) {
    // Slices that all end where the loop does need no checks in it.
    let steps = tiles[0].len();
    for tiles in &mut tiles {
        *tiles = &tiles[..steps];
    }
    for x in &mut x {
        *x = &x[..steps];
    }
    for g in 0..steps {
        let mut activations = [simd.activations(x[0][g]); M];
        for m in 1..M {
            activations[m] = simd.activations(x[m][g]);
        }
        for p in 0..P {
            let weights = simd.weights(&tiles[p][g]);
            for m in 0..M {
                sums[p][m] = simd.dot(sums[p][m], weights, activations[m]);
            }
        }
    }
}

/// Stores the values of a panel. Their number is a constant: copies of other lengths are calls in WebAssembly.
#[inline(always)]
fn apply(epilogue: Epilogue, values: [f32; PANEL], y: &mut [f32; PANEL]) {
    match epilogue {
        Epilogue::Store | Epilogue::Tanh | Epilogue::Swish => *y = values,
        Epilogue::Relu => {
            for i in 0..PANEL {
                y[i] = relu(values[i]);
            }
        }
        Epilogue::Add => {
            for i in 0..PANEL {
                y[i] += values[i];
            }
        }
    }
}
