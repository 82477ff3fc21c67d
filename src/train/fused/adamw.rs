//! AdamW (Loshchilov and Hutter 2019) and RMSprop with global-norm clipping, each one pass over the parameters.
//!
//! ```text
//! g <- g min(1, clip / |g|)      m <- b1 m + (1 - b1) g      v <- b2 v + (1 - b2) g^2
//! w <- w - rate (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + decay w)
//! ```
//! RMSprop is the case b1 = 0 without bias correction.

use std::cell::RefCell;

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Tensor, Var, backprop::GradStore};
use rayon::prelude::*;

use super::{
    cpu_values,
    vectorised::{reduce, vectorised},
};

/// Settings of the optimiser; the learning rate is given at each step.
#[derive(Clone, Copy, Debug)]
pub struct AdamWOptions {
    /// Decay of the mean of the gradients; 0 for RMSprop.
    pub beta1: f32,
    /// Decay of the mean of the squared gradients.
    pub beta2: f32,
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// Largest norm of all gradients together.
    pub clip: f32,
    /// Divide the moments by 1 - beta^t.
    pub bias_correction: bool,
}

/// The optimiser and its state for a list of variables.
pub struct AdamW {
    options: AdamWOptions,
    variables: Vec<Var>,
    /// First and second moments of each variable, on its device.
    moments: Vec<(Tensor, Tensor)>,
    step: u64,
}

impl AdamW {
    /// A fresh optimiser; its state is zero.
    pub fn new(variables: Vec<Var>, options: AdamWOptions) -> Result<Self> {
        let moments = variables
            .iter()
            .map(|v| Ok((v.zeros_like()?, v.zeros_like()?)))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            options,
            variables,
            moments,
            step: 0,
        })
    }

    /// The state to be saved: moments in the order of the variables, and the number of steps taken.
    #[must_use]
    pub fn state(&self) -> (&[(Tensor, Tensor)], u64) {
        (&self.moments, self.step)
    }

    /// Continues from a saved state.
    pub fn restore(&mut self, moments: Vec<(Tensor, Tensor)>, step: u64) -> Result<()> {
        let fits = moments.len() == self.variables.len()
            && moments
                .iter()
                .zip(&self.variables)
                .all(|((m, v), w)| m.shape() == w.shape() && v.shape() == w.shape());
        if !fits {
            candle_core::bail!("the optimiser state belongs to another model");
        }
        self.moments = moments;
        self.step = step;
        Ok(())
    }

    /// Adds up the gradients of all workers, clips them and updates the variables. Returns the norm before clipping.
    ///
    /// A norm that is not finite changes nothing: one bad batch must not destroy a run.
    pub fn step(&mut self, workers: &[GradStore], rate: f64) -> Result<f64> {
        let gradients: Vec<Vec<Tensor>> = self
            .variables
            .iter()
            .map(|v| {
                workers
                    .iter()
                    .filter_map(|w| w.get(v))
                    .map(Tensor::contiguous)
                    .collect()
            })
            .collect::<Result<_>>()?;
        if self.variables.iter().all(|v| v.device().is_cpu()) {
            self.step_fused(&gradients, rate)
        } else {
            self.step_composed(&gradients, rate)
        }
    }

    fn corrections(&self) -> (f32, f32) {
        if !self.options.bias_correction {
            return (1.0, 1.0);
        }
        let t = self.step as f64;
        let correction = |beta: f32| (1.0 - f64::from(beta).powf(t)) as f32;
        (
            correction(self.options.beta1),
            correction(self.options.beta2),
        )
    }

    fn step_fused(&mut self, gradients: &[Vec<Tensor>], rate: f64) -> Result<f64> {
        let sums = gradients
            .par_iter()
            .map(|shards| sum_on_cpu(shards))
            .collect::<Result<Vec<_>>>()?;
        let total: f64 = sums
            .par_iter()
            .flat_map(|g| g.par_chunks(CHUNK))
            .map(|g| f64::from(squares(g)))
            .sum();
        let norm = total.sqrt();
        if !norm.is_finite() {
            return Ok(norm);
        }
        self.step += 1;
        let (correct1, correct2) = self.corrections();
        let update = Update {
            options: self.options,
            clip: (f64::from(self.options.clip) / norm.max(1e-12)).min(1.0) as f32,
            rate: rate as f32,
            correct1,
            correct2,
        };
        for ((variable, (m, v)), gradient) in self.variables.iter().zip(&self.moments).zip(&sums) {
            if gradient.is_empty() {
                continue;
            }
            // The update needs three tensors at once to be writable: the moments lend their values to the operation.
            m.inplace_op1(&Exclusive::new(|m: &mut [f32]| {
                v.inplace_op1(&Exclusive::new(|v: &mut [f32]| {
                    variable.inplace_op1(&Exclusive::new(|w: &mut [f32]| {
                        update.apply(w, gradient, m, v);
                        Ok(())
                    }))
                }))
            }))?;
        }
        Ok(norm)
    }

    fn step_composed(&mut self, gradients: &[Vec<Tensor>], rate: f64) -> Result<f64> {
        let mut sums = Vec::with_capacity(gradients.len());
        let mut squares = 0.0f64;
        for shards in gradients {
            let mut shards = shards.iter();
            let Some(first) = shards.next() else {
                sums.push(None);
                continue;
            };
            let sum = shards.try_fold(first.clone(), |sum, g| sum + g)?;
            squares += f64::from(sum.sqr()?.sum_all()?.to_scalar::<f32>()?);
            sums.push(Some(sum));
        }
        let norm = squares.sqrt();
        if !norm.is_finite() {
            return Ok(norm);
        }
        self.step += 1;
        let (correct1, correct2) = self.corrections();
        let AdamWOptions {
            beta1,
            beta2,
            epsilon,
            weight_decay,
            clip,
            ..
        } = self.options;
        let clip = (f64::from(clip) / norm.max(1e-12)).min(1.0);
        for ((variable, (m, v)), gradient) in self.variables.iter().zip(&mut self.moments).zip(sums)
        {
            let Some(gradient) = gradient else { continue };
            let g = (gradient * clip)?;
            *m = ((&*m * f64::from(beta1))? + (&g * f64::from(1.0 - beta1))?)?;
            *v = ((&*v * f64::from(beta2))? + (g.sqr()? * f64::from(1.0 - beta2))?)?;
            let root = ((&*v / f64::from(correct2))?.sqrt()? + f64::from(epsilon))?;
            let update = ((&*m / f64::from(correct1))? / root)?;
            let decayed = (variable.as_tensor() * (1.0 - rate * f64::from(weight_decay)))?;
            variable.set(&(decayed - (update * rate)?)?)?;
        }
        Ok(norm)
    }
}

/// Values that one thread updates at a time.
const CHUNK: usize = 1 << 14;

/// The sum of the workers' gradients; empty where no worker has one.
fn sum_on_cpu(shards: &[Tensor]) -> Result<Vec<f32>> {
    let mut sum: Vec<f32> = Vec::new();
    for shard in shards {
        let (storage, layout) = shard.storage_and_layout();
        let values = cpu_values(&storage, layout)?;
        if sum.is_empty() {
            sum.extend_from_slice(values);
        } else {
            for (s, g) in sum.iter_mut().zip(values) {
                *s += g;
            }
        }
    }
    Ok(sum)
}

struct Update {
    options: AdamWOptions,
    clip: f32,
    rate: f32,
    correct1: f32,
    correct2: f32,
}

impl Update {
    fn apply(&self, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
        w.par_chunks_mut(CHUNK)
            .zip(g.par_chunks(CHUNK))
            .zip(m.par_chunks_mut(CHUNK).zip(v.par_chunks_mut(CHUNK)))
            .for_each(|((w, g), (m, v))| {
                update(w, g, m, v, self);
            });
    }
}

vectorised! {
    fn squares(values: &[f32]) -> f32 {
        reduce(values, 0.0, |sum, x| sum + x * x, |a, b| a + b)
    }
}

vectorised! {
    fn update(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], by: &Update) {
        let AdamWOptions {
            beta1,
            beta2,
            epsilon,
            weight_decay,
            ..
        } = by.options;
        let (rate, decay) = (by.rate / by.correct1, 1.0 - by.rate * weight_decay);
        for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
            let g = g * by.clip;
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * g * g;
            *w = *w * decay - rate * *m / ((*v / by.correct2).sqrt() + epsilon);
        }
    }
}

/// Lends a CPU tensor's values to a closure for writing.
struct Exclusive<F>(RefCell<F>);

impl<F: FnMut(&mut [f32]) -> Result<()>> Exclusive<F> {
    fn new(f: F) -> Self {
        Self(RefCell::new(f))
    }
}

impl<F: FnMut(&mut [f32]) -> Result<()>> InplaceOp1 for Exclusive<F> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (CpuStorage::F32(values), Some((start, end))) = (storage, layout.contiguous_offsets())
        else {
            candle_core::bail!("adamw: parameters must be contiguous f32");
        };
        (self.0.borrow_mut())(&mut values[start..end])
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn fused_steps_equal_composed_steps() {
        let options = AdamWOptions {
            beta1: 0.9,
            beta2: 0.98,
            epsilon: 1e-9,
            weight_decay: 0.01,
            clip: 0.5,
            bias_correction: true,
        };
        let start = Tensor::randn(0f32, 1.0, (5, 7), &Device::Cpu).unwrap();
        let targets = [0.3, -1.0].map(|x| (start.ones_like().unwrap() * x).unwrap());
        let run = |fused: bool| {
            let variable = Var::from_tensor(&start.copy().unwrap()).unwrap();
            let mut optimiser = AdamW::new(vec![variable.clone()], options).unwrap();
            for _ in 0..5 {
                let workers: Vec<GradStore> = targets
                    .iter()
                    .map(|t| {
                        (variable.as_tensor() - t)
                            .unwrap()
                            .sqr()
                            .unwrap()
                            .sum_all()
                            .unwrap()
                            .backward()
                            .unwrap()
                    })
                    .collect();
                let gradients = vec![
                    workers
                        .iter()
                        .map(|w| w.get(&variable).unwrap().clone())
                        .collect(),
                ];
                if fused {
                    optimiser.step(&workers, 0.1).unwrap();
                } else {
                    optimiser.step_composed(&gradients, 0.1).unwrap();
                }
            }
            variable
                .as_tensor()
                .flatten_all()
                .unwrap()
                .to_vec1::<f32>()
                .unwrap()
        };
        for (a, b) in run(true).iter().zip(run(false)) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn a_gradient_that_is_not_finite_changes_nothing() {
        let variable = Var::from_vec(vec![1.0f32, 2.0], 2, &Device::Cpu).unwrap();
        let options = AdamWOptions {
            beta1: 0.0,
            beta2: 0.9,
            epsilon: 1e-8,
            weight_decay: 0.0,
            clip: 1.0,
            bias_correction: false,
        };
        let mut optimiser = AdamW::new(vec![variable.clone()], options).unwrap();
        let loss = (variable.as_tensor() * f64::INFINITY)
            .unwrap()
            .sum_all()
            .unwrap();
        let norm = optimiser.step(&[loss.backward().unwrap()], 0.1).unwrap();
        assert!(!norm.is_finite());
        assert_eq!(variable.as_tensor().to_vec1::<f32>().unwrap(), [1.0, 2.0]);
    }
}
