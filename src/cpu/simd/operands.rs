//! How the operands of int8 products lie in memory. Only WebAssembly without the relaxed product has a layout of its own: two
//! neighbouring columns are one number of 16 bits there, see `wasm.rs`.

use super::{GROUP, LANES, PANEL};

/// Whether two neighbouring columns are one number.
const PAIRED: bool = cfg!(all(
    target_arch = "wasm32",
    target_feature = "simd128",
    not(target_feature = "relaxed-simd")
));

/// What is added to the weights of even columns in a [`Tile`]: where columns are paired, they are read as bytes without a sign.
pub const EVEN_OFFSET: i32 = if PAIRED { 128 } else { 0 };

/// The weights of one step: [`GROUP`] columns of [`PANEL`] rows, row after row.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Tile(pub(super) [i8; PANEL * GROUP]);

impl Tile {
    /// The same weight everywhere.
    #[must_use]
    pub const fn filled(weight: i8) -> Self {
        let group = offset([weight; GROUP]);
        let mut weights = [0; PANEL * GROUP];
        let mut i = 0;
        while i < weights.len() {
            weights[i] = group[i % GROUP];
            i += 1;
        }
        Self(weights)
    }

    /// The weights of a row.
    #[inline(always)]
    #[must_use]
    pub fn row(&self, row: usize) -> [i8; GROUP] {
        offset(self.0.as_chunks().0[row])
    }

    /// Puts the weights of a row in.
    #[inline(always)]
    pub fn set_row(&mut self, row: usize, weights: [i8; GROUP]) {
        self.0.as_chunks_mut().0[row] = offset(weights);
    }
}

/// Adds [`EVEN_OFFSET`], or takes it away.
#[inline(always)]
const fn offset([a, b, c, d]: [i8; GROUP]) -> [i8; GROUP] {
    let sign = EVEN_OFFSET as u8 as i8;
    [a ^ sign, b, c ^ sign, d]
}

/// The activations of one step, each at most 127.
#[derive(Clone, Copy, Debug, Default)]
pub struct Group(pub(super) Columns);

/// The columns of a step.
#[cfg(not(all(
    target_arch = "wasm32",
    target_feature = "simd128",
    not(target_feature = "relaxed-simd")
)))]
type Columns = [u8; GROUP];
/// For the weights `256 h + l` of a pair of columns the activation `o` of the odd one; for `l` alone `256 e - o`, `e` that of the even
/// one.
#[cfg(all(
    target_arch = "wasm32",
    target_feature = "simd128",
    not(target_feature = "relaxed-simd")
))]
type Columns = [[i16; GROUP / 2]; 2];

impl Group {
    /// Activations of neighbouring columns.
    #[inline(always)]
    #[must_use]
    pub fn of(activations: [u8; LANES]) -> [Self; LANES / GROUP] {
        let mut groups = [Self::default(); LANES / GROUP];
        for (to, group) in groups.iter_mut().zip(activations.as_chunks().0) {
            *to = Self(columns(*group));
        }
        groups
    }
}

#[cfg(not(all(
    target_arch = "wasm32",
    target_feature = "simd128",
    not(target_feature = "relaxed-simd")
)))]
#[inline(always)]
fn columns(activations: [u8; GROUP]) -> Columns {
    activations
}

#[cfg(all(
    target_arch = "wasm32",
    target_feature = "simd128",
    not(target_feature = "relaxed-simd")
))]
#[inline(always)]
fn columns(activations: [u8; GROUP]) -> Columns {
    let [a, b, c, d] = activations.map(i16::from);
    [[b, d], [256 * a - b, 256 * c - d]]
}
