//! An exponential moving average of the weights: smoother than any single step, and what is validated and exported.

use candle_core::{Result, Tensor, Var};

/// The average of a list of variables, `a <- d a + (1 - d) w` at every step.
///
/// Early in a run the decay is `min(d, (1 + t) / (10 + t))`, so that the random start is soon forgotten.
pub struct Average {
    decay: f64,
    step: u64,
    /// Log of the decay of the steps not yet taken into account.
    pending: f64,
    values: Vec<Tensor>,
}

/// Steps that are taken into account together: a pass over all weights costs as much as part of a step.
const STRIDE: u64 = 8;

impl Average {
    /// Starts from the current values.
    pub fn new(variables: &[Var], decay: f64) -> Result<Self> {
        Ok(Self {
            decay,
            step: 0,
            pending: 0.0,
            values: copies(variables)?,
        })
    }

    /// Continues from saved values.
    pub fn restore(&mut self, values: Vec<Tensor>, step: u64) {
        self.values = values;
        self.step = step;
        self.pending = 0.0;
    }

    /// Notes that a step was taken.
    pub fn update(&mut self, variables: &[Var]) -> Result<()> {
        self.step += 1;
        let start = (1.0 + self.step as f64) / (10.0 + self.step as f64);
        self.pending += self.decay.min(start).ln();
        if self.step.is_multiple_of(STRIDE) {
            self.flush(variables)?;
        }
        Ok(())
    }

    /// Takes everything into account and gives the averages, in the order of the variables.
    pub fn values(&mut self, variables: &[Var]) -> Result<&[Tensor]> {
        self.flush(variables)?;
        Ok(&self.values)
    }

    fn flush(&mut self, variables: &[Var]) -> Result<()> {
        if self.pending == 0.0 {
            return Ok(());
        }
        let keep = self.pending.exp();
        self.pending = 0.0;
        for (average, variable) in self.values.iter_mut().zip(variables) {
            // Detached, or each average would keep all earlier ones for a backward pass that never comes.
            let value = variable.as_tensor().detach();
            *average = ((&*average * keep)? + (value * (1.0 - keep))?)?;
        }
        Ok(())
    }
}

/// Deep copies: variables are updated in place.
fn copies(variables: &[Var]) -> Result<Vec<Tensor>> {
    variables
        .iter()
        .map(|v| Ok(v.as_tensor().copy()?.detach()))
        .collect()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn follows_the_weights_slowly() {
        let variable = Var::from_slice(&[0.0f32], 1, &Device::Cpu).unwrap();
        let variables = [variable];
        let mut average = Average::new(&variables, 0.9).unwrap();
        let mut expected = 0.0f64;
        for step in 1..=100 {
            let w = f64::from(step);
            variables[0]
                .set(&Tensor::new(&[step as f32], &Device::Cpu).unwrap())
                .unwrap();
            average.update(&variables).unwrap();
            let keep = 0.9f64.min((1.0 + w) / (10.0 + w));
            expected = keep * expected + (1.0 - keep) * w;
        }
        let value = average.values(&variables).unwrap()[0]
            .to_vec1::<f32>()
            .unwrap()[0];
        assert!(!average.values(&variables).unwrap()[0].track_op());
        // Looking at every eighth step only shifts the average by a few steps.
        assert!(
            (f64::from(value) - expected).abs() < 5.0,
            "{value} {expected}"
        );
        assert!(value < 100.0);
    }
}
