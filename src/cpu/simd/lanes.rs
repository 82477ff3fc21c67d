//! Floats side by side, as arrays: where instruction sets are chosen at run time, the compiler finds the registers for them.

use std::ops::{Add, Mul};

use super::LANES;

/// [`LANES`] floats.
#[derive(Clone, Copy)]
pub struct Lanes([f32; LANES]);

impl Lanes {
    /// The same number everywhere.
    #[inline(always)]
    #[must_use]
    pub fn splat(x: f32) -> Self {
        Self([x; LANES])
    }

    /// Floats from memory.
    #[inline(always)]
    #[must_use]
    pub fn load(from: &[f32; LANES]) -> Self {
        Self(*from)
    }

    /// Floats for memory.
    #[inline(always)]
    #[must_use]
    pub fn store(self) -> [f32; LANES] {
        self.0
    }

    /// The other's floats where they are larger.
    #[inline(always)]
    #[must_use]
    pub fn max(mut self, other: Self) -> Self {
        for i in 0..LANES {
            if other.0[i] > self.0[i] {
                self.0[i] = other.0[i];
            }
        }
        self
    }

    /// Magnitudes.
    #[inline(always)]
    #[must_use]
    pub fn abs(mut self) -> Self {
        for i in 0..LANES {
            self.0[i] = self.0[i].abs();
        }
        self
    }

    /// The lowest seven bits of each float.
    #[inline(always)]
    #[must_use]
    pub fn low_bits(self) -> [u8; LANES] {
        let mut bits = [0; LANES];
        for (bits, x) in bits.iter_mut().zip(self.0) {
            *bits = x.to_bits() as u8 & 0x7f;
        }
        bits
    }
}

impl Add for Lanes {
    type Output = Self;

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for i in 0..LANES {
            self.0[i] += other.0[i];
        }
        self
    }
}

impl Mul for Lanes {
    type Output = Self;

    #[inline(always)]
    fn mul(mut self, other: Self) -> Self {
        for i in 0..LANES {
            self.0[i] *= other.0[i];
        }
        self
    }
}
