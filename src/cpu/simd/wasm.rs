//! WebAssembly: 128-bit SIMD, with the relaxed dot product in the build that enables it.
//!
//! Engines validate a whole module, so there is nothing to detect at run time: there are two builds.

use std::arch::wasm32::{
    f32x4_abs, f32x4_add, f32x4_mul, f32x4_pmax, f32x4_splat, i16x8_narrow_i32x4, i32x4_add,
    i32x4_splat, u8x16_narrow_i16x8, v128, v128_and,
};
#[cfg(target_feature = "relaxed-simd")]
use std::arch::wasm32::{
    i8x16_splat, i16x8_relaxed_dot_i8x16_i7x16, i32x4_extadd_pairwise_i16x8, i32x4_extract_lane,
    i32x4_relaxed_dot_i8x16_i7x16_add,
};
#[cfg(not(target_feature = "relaxed-simd"))]
use std::arch::wasm32::{i32x4_dot_i16x8, i32x4_shr, u16x8_splat};
#[cfg(target_feature = "relaxed-simd")]
use std::hint::black_box;
use std::mem::transmute;
use std::ops::{Add, Mul};

use super::{Group, Kernel, LANES, PANEL, Simd, Tile};

/// [`LANES`] floats. The compiler would keep sums of a loop in single floats between its turns.
#[derive(Clone, Copy)]
pub struct Lanes([v128; LANES / 4]);

impl Lanes {
    /// The same number everywhere.
    #[inline(always)]
    #[must_use]
    pub fn splat(x: f32) -> Self {
        Self([f32x4_splat(x); LANES / 4])
    }

    /// Floats from memory.
    #[inline(always)]
    #[must_use]
    pub fn load(from: &[f32; LANES]) -> Self {
        // SAFETY: both are 64 bytes for which every value is valid.
        unsafe { transmute(*from) }
    }

    /// Floats for memory.
    #[inline(always)]
    #[must_use]
    pub fn store(self) -> [f32; LANES] {
        // SAFETY: both are 64 bytes for which every value is valid.
        unsafe { transmute(self) }
    }

    /// The other's floats where they are larger.
    #[inline(always)]
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| f32x4_pmax(a, b))
    }

    /// Magnitudes.
    #[inline(always)]
    #[must_use]
    pub fn abs(self) -> Self {
        self.zip(self, |x, _| f32x4_abs(x))
    }

    /// The lowest seven bits of each float.
    #[inline(always)]
    #[must_use]
    pub fn low_bits(self) -> [u8; LANES] {
        let x = self.zip(Self([i32x4_splat(0x7f); LANES / 4]), |a, b| v128_and(a, b));
        let narrow = |i| i16x8_narrow_i32x4(x.0[i], x.0[i + 1]);
        // SAFETY: both are 16 bytes for which every value is valid.
        unsafe { transmute(u8x16_narrow_i16x8(narrow(0), narrow(2))) }
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(v128, v128) -> v128) -> Self {
        let (a, b) = (self.0, other.0);
        Self([f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])])
    }
}

impl Add for Lanes {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| f32x4_add(a, b))
    }
}

impl Mul for Lanes {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| f32x4_mul(a, b))
    }
}

/// 128-bit registers, four to a panel.
#[derive(Clone, Copy)]
pub struct Wasm {
    /// Whether [`Pairs`] are faster.
    #[cfg(target_feature = "relaxed-simd")]
    pairs: bool,
}

/// The relaxed product in two steps: sums of two, and then of four.
#[cfg(target_feature = "relaxed-simd")]
#[derive(Clone, Copy)]
pub struct Pairs;

impl Wasm {
    /// The instructions of this build.
    #[cfg(not(target_feature = "relaxed-simd"))]
    #[must_use]
    pub fn detect() -> Self {
        Self {}
    }

    /// The instructions of this build, and what the engine makes of them.
    ///
    /// On x86 without AVX-VNNI the product is three instructions, to which V8 adds two each time that make a constant; in two
    /// steps the constant is in memory. What the standard leaves open tells: where the top bits are set, `vpdpbusd` adds up
    /// 255 * -128 four times, ARM -1 * -128, and here sums of two are cut off at 16 bits.
    #[cfg(target_feature = "relaxed-simd")]
    #[must_use]
    pub fn detect() -> Self {
        let [least, ones] = black_box([i8x16_splat(i8::MIN), i8x16_splat(-1)]);
        let sums = i32x4_relaxed_dot_i8x16_i7x16_add(least, ones, i32x4_splat(0));
        Self {
            pairs: i32x4_extract_lane::<0>(sums) == 2 * i32::from(i16::MIN),
        }
    }

    /// Runs a kernel of int8 products.
    #[inline(always)]
    pub fn multiply<K: Kernel>(self, kernel: K) -> K::Output {
        #[cfg(target_feature = "relaxed-simd")]
        if self.pairs {
            return kernel.run(Pairs);
        }
        kernel.run(self)
    }
}

/// Name of the instructions of this build.
pub const NAME: &str = if cfg!(target_feature = "relaxed-simd") {
    "relaxed-simd"
} else {
    "simd128"
};

/// Implements [`Simd`] on the relaxed products, which are exact: the second operand has 7 bits, so its sign and the width of the
/// inner sums are immaterial.
#[cfg(target_feature = "relaxed-simd")]
macro_rules! relaxed {
    ($name:ident, |$sum:ident, $weights:ident, $activations:ident| $dot:expr) => {
        impl Simd for $name {
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
            fn activations(self, group: Group) -> Self::Activations {
                i32x4_splat(i32::from_le_bytes(group.0))
            }

            #[inline(always)]
            fn dot(
                self,
                sums: Self::Sums,
                weights: Self::Weights,
                $activations: Self::Activations,
            ) -> Self::Sums {
                let one = |$sum, $weights| $dot;
                [
                    one(sums[0], weights[0]),
                    one(sums[1], weights[1]),
                    one(sums[2], weights[2]),
                    one(sums[3], weights[3]),
                ]
            }

            #[inline(always)]
            fn finish(self, sums: Self::Sums) -> [i32; PANEL] {
                // SAFETY: both are 64 bytes for which every value is valid.
                unsafe { transmute(sums) }
            }
        }
    };
}

#[cfg(target_feature = "relaxed-simd")]
relaxed!(Wasm, |sum, weights, activations| {
    i32x4_relaxed_dot_i8x16_i7x16_add(weights, activations, sum)
});
#[cfg(target_feature = "relaxed-simd")]
relaxed!(Pairs, |sum, weights, activations| {
    let pairs = i16x8_relaxed_dot_i8x16_i7x16(weights, activations);
    i32x4_add(sum, i32x4_extadd_pairwise_i16x8(pairs))
});

/// Without the relaxed product, two weights are taken for one number of 16 bits, `w = 256 h + l` with the even column as `l`, which no
/// instruction has to widen:
///
/// ```text
/// w * o + l * (256 e - o) = 256 (h * o + l * e)
/// ```
///
/// for the activations `e` and `o` of the even and the odd column. `l` has no sign: weights of even columns lie in their tile with
/// [`EVEN_OFFSET`](super::EVEN_OFFSET) added. Sums of 256 columns fit 24 bits, 256 times as much 32 bits.
#[cfg(not(target_feature = "relaxed-simd"))]
impl Simd for Wasm {
    type Sums = Sums;
    type Weights = [v128; 4];
    type Activations = [v128; 2];
    const ACCUMULATORS: usize = 4;
    const STEPS: usize = 256 / super::GROUP;

    #[inline(always)]
    fn start(self, from: &[i32; PANEL]) -> Self::Sums {
        Sums {
            // SAFETY: both are 64 bytes for which every value is valid.
            settled: unsafe { transmute::<[i32; PANEL], [v128; 4]>(*from) },
            running: [i32x4_splat(0); 4],
        }
    }

    #[inline(always)]
    fn weights(self, tile: &Tile) -> Self::Weights {
        // SAFETY: both are 64 bytes for which every value is valid.
        unsafe { transmute(*tile) }
    }

    #[inline(always)]
    fn activations(self, group: Group) -> Self::Activations {
        // SAFETY: both are 4 bytes for which every value is valid.
        group
            .0
            .map(|pair| i32x4_splat(unsafe { transmute::<[i16; 2], i32>(pair) }))
    }

    #[inline(always)]
    fn dot(
        self,
        sums: Self::Sums,
        weights: Self::Weights,
        [odd, even]: Self::Activations,
    ) -> Self::Sums {
        let one = |sum, w| {
            let l = v128_and(w, u16x8_splat(0xff));
            let sum = i32x4_add(sum, i32x4_dot_i16x8(w, odd));
            i32x4_add(sum, i32x4_dot_i16x8(l, even))
        };
        let [a, b, c, d] = sums.running;
        let [w, x, y, z] = weights;
        Sums {
            running: [one(a, w), one(b, x), one(c, y), one(d, z)],
            ..sums
        }
    }

    #[inline(always)]
    fn settle(self, sums: Self::Sums) -> Self::Sums {
        let one = |i: usize| i32x4_add(sums.settled[i], i32x4_shr(sums.running[i], 8));
        Sums {
            settled: [one(0), one(1), one(2), one(3)],
            running: [i32x4_splat(0); 4],
        }
    }

    #[inline(always)]
    fn finish(self, sums: Self::Sums) -> [i32; PANEL] {
        // SAFETY: both are 64 bytes for which every value is valid.
        unsafe { transmute(sums.settled) }
    }
}

/// Sums of products without relaxed SIMD.
#[cfg(not(target_feature = "relaxed-simd"))]
#[derive(Clone, Copy)]
pub struct Sums {
    settled: [v128; 4],
    /// 256 times the sums since then.
    running: [v128; 4],
}
