//! Data parallelism: each worker runs the whole graph on its own share of a batch.
//!
//! candle's element-wise operations use one thread and its small matrix products gain little from two, so on a CPU every
//! core gets sentences of its own and nothing is shared but the parameters, which nobody writes meanwhile. Inside a
//! worker, nested parallelism finds a pool of one thread.

use candle_core::{Tensor, backprop::GradStore};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::network::{LossOptions, Network, Pairs};
use crate::{Error, Result};

/// Tells candle to start no threads of its own: they wait for work by spinning, on the cores that the workers need.
///
/// It only has an effect before candle's first operation, and an environment variable that someone has set stays.
///
/// # Safety
/// No other thread may be running, because the environment is changed.
pub unsafe fn leave_cores_to_workers() {
    const VARIABLE: &str = "CANDLE_NUM_THREADS";
    if std::env::var_os(VARIABLE).is_none() {
        // SAFETY: the caller's promise.
        unsafe { std::env::set_var(VARIABLE, "1") };
    }
}

/// One thread per worker.
pub struct Workers {
    pools: Vec<ThreadPool>,
}

impl Workers {
    /// `count` workers; on an accelerator use one.
    pub fn new(count: usize) -> Result<Self> {
        let pools = (0..count.max(1))
            .map(|_| ThreadPoolBuilder::new().num_threads(1).build())
            .collect::<std::result::Result<_, _>>()
            .map_err(|e| Error::Training(format!("cannot start a worker thread: {e}")))?;
        Ok(Self { pools })
    }

    /// The scaled loss of a batch and the gradients of each worker's share.
    pub fn gradients(
        &self,
        network: &Network,
        pairs: &Pairs,
        options: LossOptions,
    ) -> Result<(f64, Vec<GradStore>)> {
        let shares = self.run(pairs, |share, worker| {
            // Workers must not drop the same activations.
            let options = LossOptions {
                seed: options.seed.wrapping_add(worker << 40),
                ..options
            };
            let loss = network.loss(share, options)?;
            let gradients = loss.backward()?;
            Ok((scalar(&loss)?, gradients))
        })?;
        let loss = shares.iter().map(|(loss, _)| loss).sum();
        Ok((
            loss,
            shares.into_iter().map(|(_, gradients)| gradients).collect(),
        ))
    }

    /// The scaled loss of a batch, without gradients.
    pub fn loss(&self, network: &Network, pairs: &Pairs, options: LossOptions) -> Result<f64> {
        Ok(self
            .run(pairs, |share, _| scalar(&network.loss(share, options)?))?
            .iter()
            .sum())
    }

    /// Deals the pairs out in turn, so that every worker gets the same mix of lengths.
    fn run<R: Send>(
        &self,
        pairs: &Pairs,
        work: impl Fn(&Pairs, u64) -> candle_core::Result<R> + Sync,
    ) -> Result<Vec<R>> {
        let count = self.pools.len();
        let shares: Vec<Vec<_>> = (0..count)
            .map(|n| pairs.iter().skip(n).step_by(count).copied().collect())
            .collect();
        let work = &work;
        std::thread::scope(|scope| {
            let threads: Vec<_> = shares
                .iter()
                .zip(&self.pools)
                .enumerate()
                .filter(|(_, (share, _))| !share.is_empty())
                .map(|(n, (share, pool))| {
                    scope.spawn(move || pool.install(|| work(share, n as u64)))
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| match thread.join() {
                    Ok(result) => result.map_err(Error::from),
                    Err(_) => Err(Error::Training(
                        "a worker thread stopped unexpectedly".into(),
                    )),
                })
                .collect()
        })
    }
}

fn scalar(loss: &Tensor) -> candle_core::Result<f64> {
    Ok(f64::from(loss.to_scalar::<f32>()?))
}
