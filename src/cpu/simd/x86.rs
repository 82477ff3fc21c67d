//! x86-64: AVX2, AVX-VNNI and AVX-512 VNNI, chosen at run time.

use std::arch::x86_64::{
    __m256i, __m512i, _mm256_add_epi32, _mm256_dpbusd_avx_epi32, _mm256_madd_epi16,
    _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_set1_epi32, _mm512_dpbusd_epi32,
    _mm512_set1_epi32,
};
use std::mem::transmute;

use super::{Group, Kernel, PANEL, Simd, Tile};

/// Declares an instruction set: its token type, its detection and the function that is compiled with its features.
macro_rules! instruction_set {
    ($(#[$doc:meta])* $name:ident, $features:literal, $detect:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name(());

        impl $name {
            /// The token, if the processor has the instructions.
            pub fn detect() -> Option<Self> {
                $detect.then_some(Self(()))
            }

            /// Runs a kernel compiled with the instructions.
            pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
                #[target_feature(enable = $features)]
                fn compiled<K: Kernel>(simd: $name, kernel: K) -> K::Output {
                    kernel.run(simd)
                }
                // SAFETY: `self` exists only where `detect` found the features.
                unsafe { compiled(self, kernel) }
            }
        }
    };
}

instruction_set! {
    /// 256-bit integers; `vpmaddubsw` never saturates because activations have 7 bits: 2 * 127 * 127 < 2^15.
    Avx2, "avx2", is_x86_feature_detected!("avx2")
}
instruction_set! {
    /// 256-bit `vpdpbusd`.
    AvxVnni, "avx2,avxvnni", is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avxvnni")
}
instruction_set! {
    /// 512-bit `vpdpbusd`.
    Avx512Vnni, "avx2,avx512f,avx512bw,avx512vl,avx512vnni",
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
}

/// Implements [`Simd`] on 256-bit registers, two for a panel; only the dot product of one register differs.
macro_rules! simd_256 {
    ($name:ident, |$sum:ident, $weights:ident, $activations:ident| $dot:expr) => {
        impl Simd for $name {
            type Sums = [__m256i; 2];
            type Weights = [__m256i; 2];
            type Activations = __m256i;
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
                // SAFETY: the token proves AVX2.
                unsafe { _mm256_set1_epi32(i32::from_le_bytes(group.0)) }
            }

            #[inline(always)]
            fn dot(
                self,
                sums: Self::Sums,
                weights: Self::Weights,
                $activations: Self::Activations,
            ) -> Self::Sums {
                let one = |$sum, $weights| {
                    // SAFETY: the token proves the instructions.
                    unsafe { $dot }
                };
                [one(sums[0], weights[0]), one(sums[1], weights[1])]
            }

            #[inline(always)]
            fn finish(self, sums: Self::Sums) -> [i32; PANEL] {
                // SAFETY: both are 64 bytes for which every value is valid.
                unsafe { transmute(sums) }
            }
        }
    };
}

simd_256!(Avx2, |sum, weights, activations| {
    let pairs = _mm256_maddubs_epi16(activations, weights);
    _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
});
simd_256!(
    AvxVnni,
    |sum, weights, activations| _mm256_dpbusd_avx_epi32(sum, activations, weights)
);

impl Simd for Avx512Vnni {
    type Sums = __m512i;
    type Weights = __m512i;
    type Activations = __m512i;
    const ACCUMULATORS: usize = 16;

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
        // SAFETY: the token proves AVX-512.
        unsafe { _mm512_set1_epi32(i32::from_le_bytes(group.0)) }
    }

    #[inline(always)]
    fn dot(
        self,
        sums: Self::Sums,
        weights: Self::Weights,
        activations: Self::Activations,
    ) -> Self::Sums {
        // SAFETY: the token proves AVX-512 VNNI.
        unsafe { _mm512_dpbusd_epi32(sums, activations, weights) }
    }

    #[inline(always)]
    fn finish(self, sums: Self::Sums) -> [i32; PANEL] {
        // SAFETY: both are 64 bytes for which every value is valid.
        unsafe { transmute(sums) }
    }
}
