//! The reference that every instruction set must agree with, bit for bit.

use super::{GROUP, Group, PANEL, Simd, Tile};

/// Plain Rust.
#[derive(Clone, Copy)]
pub struct Scalar;

impl Simd for Scalar {
    type Sums = [i32; PANEL];
    type Weights = [i8; PANEL * GROUP];
    type Activations = [u8; GROUP];
    const ACCUMULATORS: usize = 1;

    fn start(self, from: &[i32; PANEL]) -> Self::Sums {
        *from
    }

    fn weights(self, tile: &Tile) -> Self::Weights {
        tile.0
    }

    fn activations(self, group: Group) -> Self::Activations {
        group.0
    }

    fn dot(
        self,
        mut sums: Self::Sums,
        weights: Self::Weights,
        activations: Self::Activations,
    ) -> Self::Sums {
        for (sum, row) in sums.iter_mut().zip(weights.chunks_exact(GROUP)) {
            for (&weight, &activation) in row.iter().zip(&activations) {
                *sum += i32::from(weight) * i32::from(activation);
            }
        }
        sums
    }

    fn finish(self, sums: Self::Sums) -> [i32; PANEL] {
        sums
    }
}
