//! WebAssembly: 128-bit SIMD, with the relaxed dot product in the build that enables it.
//!
//! Engines validate a whole module, so there is nothing to detect at run time: there are two builds.

#[cfg(target_feature = "relaxed-simd")]
use std::arch::wasm32::i32x4_relaxed_dot_i8x16_i7x16_add;
#[cfg(not(target_feature = "relaxed-simd"))]
use std::arch::wasm32::{
    i16x8_extend_high_i8x16, i16x8_extend_low_i8x16, i32x4_add, i32x4_dot_i16x8, i32x4_shuffle,
    u16x8_extend_low_u8x16,
};
use std::arch::wasm32::{i32x4_splat, v128};
use std::mem::transmute;

use super::{GROUP, PANEL, Simd, Tile};

/// 128-bit registers, four to a panel.
#[derive(Clone, Copy)]
pub struct Wasm;

/// Name of the instructions of this build.
pub const NAME: &str = if cfg!(target_feature = "relaxed-simd") {
    "relaxed-simd"
} else {
    "simd128"
};

#[cfg(target_feature = "relaxed-simd")]
impl Simd for Wasm {
    type Sums = [v128; 4];
    type Weights = [v128; 4];
    type Activations = v128;
    const ACCUMULATORS: usize = 2;

    #[inline(always)]
    fn start(self, from: &[i32; PANEL]) -> Self::Sums {
        // SAFETY: both are 64 bytes for which every value is valid.
        unsafe { transmute(*from) }
    }

    #[inline(always)]
    fn weights(self, tile: &Tile) -> Self::Weights {
        // SAFETY: both are 64 bytes for which every value is valid.
        unsafe { transmute(*tile) }
    }

    #[inline(always)]
    fn activations(self, group: [u8; GROUP]) -> Self::Activations {
        i32x4_splat(i32::from_le_bytes(group))
    }

    /// Exact, although relaxed: the second operand has 7 bits, so its sign and the width of the inner sums are immaterial.
    #[inline(always)]
    fn dot(
        self,
        sums: Self::Sums,
        weights: Self::Weights,
        activations: Self::Activations,
    ) -> Self::Sums {
        let one = |i: usize| i32x4_relaxed_dot_i8x16_i7x16_add(weights[i], activations, sums[i]);
        [one(0), one(1), one(2), one(3)]
    }

    #[inline(always)]
    fn finish(self, sums: Self::Sums) -> [i32; PANEL] {
        // SAFETY: both are 64 bytes for which every value is valid.
        unsafe { transmute(sums) }
    }
}

/// Without the relaxed product, bytes are widened to 16 bits and `i32x4_dot_i16x8` adds up pairs: a row of four columns then
/// fills two neighbouring sums, which are only added to each other at the end.
#[cfg(not(target_feature = "relaxed-simd"))]
impl Simd for Wasm {
    type Sums = [v128; 8];
    type Weights = [v128; 4];
    type Activations = v128;
    const ACCUMULATORS: usize = 1;

    #[inline(always)]
    fn start(self, from: &[i32; PANEL]) -> Self::Sums {
        // SAFETY: both are 64 bytes for which every value is valid.
        let from: [v128; 4] = unsafe { transmute(*from) };
        let zero = i32x4_splat(0);
        let low = |i: usize| i32x4_shuffle::<0, 4, 1, 5>(from[i], zero);
        let high = |i: usize| i32x4_shuffle::<2, 4, 3, 5>(from[i], zero);
        [
            low(0),
            high(0),
            low(1),
            high(1),
            low(2),
            high(2),
            low(3),
            high(3),
        ]
    }

    #[inline(always)]
    fn weights(self, tile: &Tile) -> Self::Weights {
        // SAFETY: both are 64 bytes for which every value is valid.
        unsafe { transmute(*tile) }
    }

    #[inline(always)]
    fn activations(self, group: [u8; GROUP]) -> Self::Activations {
        u16x8_extend_low_u8x16(i32x4_splat(i32::from_le_bytes(group)))
    }

    #[inline(always)]
    fn dot(
        self,
        sums: Self::Sums,
        weights: Self::Weights,
        activations: Self::Activations,
    ) -> Self::Sums {
        let low = |i: usize| {
            let products = i32x4_dot_i16x8(i16x8_extend_low_i8x16(weights[i]), activations);
            i32x4_add(sums[2 * i], products)
        };
        let high = |i: usize| {
            let products = i32x4_dot_i16x8(i16x8_extend_high_i8x16(weights[i]), activations);
            i32x4_add(sums[2 * i + 1], products)
        };
        [
            low(0),
            high(0),
            low(1),
            high(1),
            low(2),
            high(2),
            low(3),
            high(3),
        ]
    }

    #[inline(always)]
    fn finish(self, sums: Self::Sums) -> [i32; PANEL] {
        let fold = |i: usize| {
            let (low, high) = (sums[2 * i], sums[2 * i + 1]);
            i32x4_add(
                i32x4_shuffle::<0, 2, 4, 6>(low, high),
                i32x4_shuffle::<1, 3, 5, 7>(low, high),
            )
        };
        // SAFETY: both are 64 bytes for which every value is valid.
        unsafe { transmute([fold(0), fold(1), fold(2), fold(3)]) }
    }
}
