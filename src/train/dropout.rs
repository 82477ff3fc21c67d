//! Inverted dropout with masks that depend on a seed alone, so that a resumed run repeats itself exactly.

use candle_core::{Result, Tensor};

/// Drops a share of the values and scales up the rest.
pub struct Dropout {
    share: f32,
    state: u64,
}

impl Dropout {
    /// `share` in 0..1 of the values become zero; 0 does nothing.
    pub fn new(share: f32, seed: u64) -> Self {
        Self { share, state: seed }
    }

    /// A new mask at each call.
    pub fn apply(&mut self, x: &Tensor) -> Result<Tensor> {
        if self.share <= 0.0 {
            return Ok(x.clone());
        }
        let threshold = (f64::from(self.share) * 65536.0) as u64;
        let keep = 1.0 / (1.0 - self.share);
        let mut mask = Vec::with_capacity(x.elem_count() + 3);
        while mask.len() < x.elem_count() {
            let bits = self.next();
            mask.extend((0..4).map(|n| {
                if (bits >> (16 * n)) & 0xffff < threshold {
                    0.0
                } else {
                    keep
                }
            }));
        }
        mask.truncate(x.elem_count());
        x * Tensor::from_vec(mask, x.shape(), x.device())?
    }

    /// splitmix64 (Steele et al. 2014)
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn drops_about_the_share_and_keeps_the_expectation() {
        let x = Tensor::ones(100_003, DType::F32, &Device::Cpu).unwrap();
        let y = Dropout::new(0.3, 7)
            .apply(&x)
            .unwrap()
            .to_vec1::<f32>()
            .unwrap();
        let zeros = y.iter().filter(|&&v| v == 0.0).count() as f32 / y.len() as f32;
        assert!((zeros - 0.3).abs() < 0.01, "{zeros}");
        assert!((y.iter().sum::<f32>() / y.len() as f32 - 1.0).abs() < 0.01);
        let again = Dropout::new(0.3, 7)
            .apply(&x)
            .unwrap()
            .to_vec1::<f32>()
            .unwrap();
        assert_eq!(y, again);
    }
}
