//! The instruction sets: how one step of an int8 dot product is spelt on each, and which of them this machine has.
//!
//! Nothing outside this folder depends on the processor. A computation is a [`Kernel`], written once against the [`Simd`]
//! trait and in plain loops over `f32`; [`Isa::run`] compiles it once per instruction set. No kernel uses fused multiply-add
//! or a library function whose rounding differs, so every instruction set gives the same bits, integers and floats alike.

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod lanes;
mod operands;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod scalar;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub use lanes::Lanes;
pub use operands::{EVEN_OFFSET, Group, Tile};
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use scalar::Scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use wasm::Lanes;

/// Rows of a weight matrix that are multiplied together: one for each `i32` of a 512-bit register.
pub const PANEL: usize = 16;
/// Floats that are computed side by side.
pub const LANES: usize = 16;
/// Neighbouring columns that one dot-product instruction adds up.
pub const GROUP: usize = 4;

/// One step of an int8 product on one instruction set.
///
/// A value of an implementing type proves that the processor has the instructions, which is what makes its methods safe.
pub trait Simd: Copy {
    /// [`PANEL`] running sums.
    type Sums: Copy;
    /// A [`Tile`] in registers.
    type Weights: Copy;
    /// A [`Group`], repeated for every row.
    type Activations: Copy;
    /// How many [`Self::Sums`] stay in registers beside the operands.
    const ACCUMULATORS: usize;
    /// After how many steps the sums must be settled.
    const STEPS: usize = usize::MAX;

    /// Starts the sums at given values.
    fn start(self, from: &[i32; PANEL]) -> Self::Sums;
    /// Loads weights.
    fn weights(self, tile: &Tile) -> Self::Weights;
    /// Loads activations.
    fn activations(self, group: Group) -> Self::Activations;
    /// `sums[row] += weights[row] . activations` for every row.
    fn dot(
        self,
        sums: Self::Sums,
        weights: Self::Weights,
        activations: Self::Activations,
    ) -> Self::Sums;
    /// Makes room for the sums of [`Self::STEPS`] steps more.
    #[inline(always)]
    #[must_use]
    fn settle(self, sums: Self::Sums) -> Self::Sums {
        sums
    }
    /// Hands out the sums, which are settled.
    fn finish(self, sums: Self::Sums) -> [i32; PANEL];
}

/// A computation to compile for every instruction set.
pub trait Kernel {
    /// What it computes.
    type Output;
    /// Computes it. Implementations are `#[inline(always)]`: only so are they compiled with the instructions of `S`.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// An instruction set that this machine has.
#[derive(Clone, Copy)]
pub struct Isa(Set);

#[derive(Clone, Copy)]
enum Set {
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    Scalar(Scalar),
    #[cfg(target_arch = "x86_64")]
    Avx2(x86::Avx2),
    #[cfg(target_arch = "x86_64")]
    AvxVnni(x86::AvxVnni),
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(x86::Avx512Vnni),
    #[cfg(target_arch = "aarch64")]
    DotProd(aarch64::DotProd),
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Wasm(wasm::Wasm),
}

impl Isa {
    /// The fastest instruction set of this machine.
    #[must_use]
    pub fn detect() -> Self {
        #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
        let least = Set::Scalar(Scalar);
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        let least = Set::Wasm(wasm::Wasm::detect());
        Self::available().pop().unwrap_or(Self(least))
    }

    /// Every instruction set of this machine, slowest first. The first is the scalar reference, which only the WebAssembly builds
    /// with SIMD leave out: they always have it, and are downloaded.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let sets = [
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            Some(Set::Scalar(Scalar)),
            #[cfg(target_arch = "x86_64")]
            x86::Avx2::detect().map(Set::Avx2),
            #[cfg(target_arch = "x86_64")]
            x86::AvxVnni::detect().map(Set::AvxVnni),
            #[cfg(target_arch = "x86_64")]
            x86::Avx512Vnni::detect().map(Set::Avx512Vnni),
            #[cfg(target_arch = "aarch64")]
            aarch64::DotProd::detect().map(Set::DotProd),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Some(Set::Wasm(wasm::Wasm::detect())),
        ];
        sets.into_iter().flatten().map(Self).collect()
    }

    /// The name of the instruction set, for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            Set::Scalar(_) => "scalar",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni(_) => "avx-vnni",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512Vnni(_) => "avx512-vnni",
            #[cfg(target_arch = "aarch64")]
            Set::DotProd(_) => "neon-dotprod",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Set::Wasm(_) => wasm::NAME,
        }
    }

    /// Runs a kernel of int8 products with these instructions.
    pub fn multiply<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Set::Wasm(simd) => simd.multiply(kernel),
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            _ => self.run(kernel),
        }
    }

    /// Runs a kernel with these instructions.
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            Set::Scalar(simd) => kernel.run(simd),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(simd) => simd.run(kernel),
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni(simd) => simd.run(kernel),
            #[cfg(target_arch = "x86_64")]
            Set::Avx512Vnni(simd) => simd.run(kernel),
            #[cfg(target_arch = "aarch64")]
            Set::DotProd(simd) => simd.run(kernel),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Set::Wasm(simd) => kernel.run(simd),
        }
    }
}

impl std::fmt::Debug for Isa {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}
