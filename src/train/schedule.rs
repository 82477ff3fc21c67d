//! The learning rate over time.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Warm-up, then `rate` with an optional inverse-square-root decay, then a linear cooldown to 0.
///
/// ```text
/// rate(t) = rate * min(1, t / warmup) * sqrt(d / max(d, t)) * min(1, (steps - t) / cooldown)      d = decay_from
/// ```
/// Only the cooldown depends on `steps`, so a run can be prolonged until it begins, and ended early by lowering `steps`
/// (warmup-stable-decay, Hu et al. 2024).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Highest learning rate.
    pub rate: f64,
    /// Steps in all.
    pub steps: u64,
    /// Steps over which the rate rises from 0.
    #[serde(default)]
    pub warmup: u64,
    /// Step from which the rate falls with the square root of the step; 0 for never.
    #[serde(default)]
    pub decay_from: u64,
    /// Steps at the end over which the rate falls to 0.
    #[serde(default)]
    pub cooldown: u64,
}

impl Schedule {
    /// The learning rate of a step; the first step is 1.
    #[must_use]
    pub fn rate(&self, step: u64) -> f64 {
        let step = step as f64;
        let warmup = (step / (self.warmup.max(1) as f64)).min(1.0);
        let decay = match self.decay_from {
            0 => 1.0,
            from => (from as f64 / step.max(from as f64)).sqrt(),
        };
        // The last step still learns something.
        let left = self.steps as f64 + 1.0 - step;
        let cooldown = (left / (self.cooldown as f64 + 1.0)).clamp(0.0, 1.0);
        self.rate * warmup * decay * cooldown
    }

    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// [`Error::Training`] naming what does not.
    pub fn check(&self) -> Result<()> {
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return Err(Error::Training(format!(
                "schedule.rate = {} is not a positive number",
                self.rate
            )));
        }
        if self.warmup.saturating_add(self.cooldown) > self.steps {
            return Err(Error::Training(format!(
                "warmup and cooldown take {} steps, but the schedule has only {}",
                self.warmup.saturating_add(self.cooldown),
                self.steps
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape() {
        let schedule = Schedule {
            rate: 1.0,
            steps: 1000,
            warmup: 10,
            decay_from: 100,
            cooldown: 100,
        };
        for (step, expected) in [
            (1, 0.1),
            (10, 1.0),
            (100, 1.0),
            (400, 0.5),
            (1000, (0.1_f64).sqrt() / 101.0),
            (1001, 0.0),
            (2000, 0.0),
        ] {
            assert!(
                (schedule.rate(step) - expected).abs() < 1e-9,
                "{step}: {}",
                schedule.rate(step)
            );
        }
        let plain = Schedule {
            warmup: 0,
            decay_from: 0,
            cooldown: 0,
            ..schedule
        };
        assert!(
            [1, 500, 1000]
                .iter()
                .all(|&step| (plain.rate(step) - 1.0).abs() < 1e-12)
        );
    }
}
