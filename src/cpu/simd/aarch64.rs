//! aarch64: the dot-product extension, chosen at run time.

use std::arch::aarch64::{int8x16_t, int32x4_t, vdupq_n_s32, vreinterpretq_s8_s32};
use std::arch::{asm, is_aarch64_feature_detected};
use std::mem::transmute;

use super::{Group, Kernel, PANEL, Simd, Tile};

/// 128-bit `sdot`, four registers to a panel. Activations have seven bits, so they may be read as signed.
#[derive(Clone, Copy)]
pub struct DotProd(());

impl DotProd {
    /// The token, if the processor has the instructions.
    pub fn detect() -> Option<Self> {
        is_aarch64_feature_detected!("dotprod").then_some(Self(()))
    }

    /// Runs a kernel compiled with the instructions.
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "neon,dotprod")]
        fn compiled<K: Kernel>(simd: DotProd, kernel: K) -> K::Output {
            kernel.run(simd)
        }
        // SAFETY: `self` exists only where `detect` found the feature.
        unsafe { compiled(self, kernel) }
    }
}

impl Simd for DotProd {
    type Sums = [int32x4_t; 4];
    type Weights = [int8x16_t; 4];
    type Activations = int8x16_t;
    const ACCUMULATORS: usize = 4;

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
        // SAFETY: the token proves NEON.
        unsafe { vreinterpretq_s8_s32(vdupq_n_s32(i32::from_le_bytes(group.0))) }
    }

    #[inline(always)]
    fn dot(
        self,
        sums: Self::Sums,
        weights: Self::Weights,
        activations: Self::Activations,
    ) -> Self::Sums {
        let one = |i: usize| {
            let mut sum = sums[i];
            // The intrinsic is not stable yet.
            // SAFETY: the token proves the dot-product extension; the instruction touches nothing but its operands.
            unsafe {
                asm!(
                    ".arch_extension dotprod",
                    "sdot {sum:v}.4s, {weights:v}.16b, {activations:v}.16b",
                    sum = inout(vreg) sum,
                    weights = in(vreg) weights[i],
                    activations = in(vreg) activations,
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
            sum
        };
        [one(0), one(1), one(2), one(3)]
    }

    #[inline(always)]
    fn finish(self, sums: Self::Sums) -> [i32; PANEL] {
        // SAFETY: both are 64 bytes for which every value is valid.
        unsafe { transmute(sums) }
    }
}
