//! Inverted dropout with masks that depend on a seed alone, so that a resumed run repeats itself exactly.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use super::fused::{contiguous, cpu_values, vectorised};

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
        let mask = Mask {
            state: self.state,
            threshold: (f64::from(self.share) * 65536.0) as u64,
            keep: 1.0 / (1.0 - self.share),
        };
        let words = x.elem_count().div_ceil(PER_WORD) as u64;
        self.state = self.state.wrapping_add(STEP.wrapping_mul(words));
        if x.device().is_cpu() {
            return x.contiguous()?.apply_op1(mask);
        }
        let ones = vec![1.0; x.elem_count()];
        x * Tensor::from_vec(mask.of(&ones), x.shape(), x.device())?
    }
}

/// Values that one random number of 64 bits decides on.
const PER_WORD: usize = 4;
/// What splitmix64 adds to its state.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// One mask. It is made anew for the backward pass instead of being kept.
#[derive(Clone, Copy)]
struct Mask {
    state: u64,
    /// Of 65,536 values that many are dropped.
    threshold: u64,
    keep: f32,
}

impl Mask {
    fn of(self, x: &[f32]) -> Vec<f32> {
        let mut y = x.to_vec();
        drop_values(&mut y, self);
        y
    }
}

vectorised! {
    /// splitmix64 (Steele et al. 2014), the numbers of a block side by side.
    fn drop_values(values: &mut [f32], mask: Mask) {
        const WORDS: usize = 16;
        let mut state = mask.state;
        for block in values.chunks_mut(PER_WORD * WORDS) {
            let mut words = [0u64; WORDS];
            for (n, word) in words.iter_mut().enumerate() {
                let z = state.wrapping_add(STEP.wrapping_mul(n as u64 + 1));
                let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                *word = z ^ (z >> 31);
            }
            state = state.wrapping_add(STEP.wrapping_mul(WORDS as u64));
            for (values, word) in block.chunks_mut(PER_WORD).zip(words) {
                for (n, value) in values.iter_mut().enumerate() {
                    let dropped = (word >> (16 * n)) & 0xffff < mask.threshold;
                    *value *= if dropped { 0.0 } else { mask.keep };
                }
            }
        }
    }
}

impl CustomOp1 for Mask {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let y = self.of(contiguous(storage, layout, self.name())?);
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let grad = grad.contiguous()?;
        let (storage, layout) = grad.storage_and_layout();
        let dx = self.of(cpu_values(&storage, layout)?);
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};

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

    #[test]
    fn masks_follow_each_other_and_hold_backwards() {
        // Lengths that end inside a random number and inside a block of them.
        for length in [1, 4, 63, 64, 130] {
            let x = Var::ones(length, DType::F32, &Device::Cpu).unwrap();
            let mut dropout = Dropout::new(0.5, 3);
            let first = dropout.apply(&x).unwrap();
            let second = dropout.apply(&x).unwrap();
            let grads = first.sum_all().unwrap().backward().unwrap();
            let values = |t: &Tensor| t.to_vec1::<f32>().unwrap();
            assert_eq!(values(grads.get(&x).unwrap()), values(&first));
            if length > 60 {
                assert_ne!(values(&first), values(&second));
            }
            // Of one stream: what the second call drops is what comes after the first's numbers.
            let long = Var::ones(length + 8, DType::F32, &Device::Cpu).unwrap();
            let long = values(&Dropout::new(0.5, 3).apply(&long).unwrap());
            let begin = length.div_ceil(PER_WORD) * PER_WORD;
            let shared = (long.len() - begin).min(length);
            assert_eq!(long[begin..begin + shared], values(&second)[..shared]);
        }
    }
}
