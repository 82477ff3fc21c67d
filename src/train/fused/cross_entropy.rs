//! Output projection, softmax and label-smoothed cross-entropy as one operation that never holds all logits at once.
//!
//! ```text
//! z = o E^T + b          p = softmax(z)          q = (1 - eps) onehot(y) + eps / V
//! loss = -sum q log p = logsumexp(z) - (1 - eps) z_y - eps mean(z)
//! dloss/dz = p - q
//! ```
//! The gradients cost little more while the logits are at hand, so the forward pass computes them and the backward pass
//! only scales them. Rows are processed in blocks whose logits fit the cache.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp3, D, Layout, Result, Shape, Tensor};

use super::{
    add_rows, contiguous,
    math::exp,
    matmul::{Operand, Precision, Right, product},
    vectorised::{reduce, vectorised},
};

/// Rows whose logits are held at once.
const BLOCK: usize = 128;

/// What to compute: see [`cross_entropy`].
#[derive(Clone, Copy, Debug)]
pub struct CrossEntropy {
    /// eps of the label smoothing, 0 for none.
    pub smoothing: f32,
    /// Factor on the loss and its gradients; 1 / (tokens of the whole batch) makes shards of a batch add up to its mean.
    pub scale: f32,
    /// False skips the gradients (validation).
    pub gradients: bool,
    /// Of the three matrix products.
    pub precision: Precision,
}

/// `scale * sum of the cross-entropies` of `outputs` `[N, E]` against `targets` `[N]`, with logits
/// `outputs embedding^T + bias` (`embedding` `[V, E]`, `bias` `[V]`).
pub fn cross_entropy(
    outputs: &Tensor,
    embedding: &Tensor,
    bias: &Tensor,
    targets: &[u32],
    options: CrossEntropy,
) -> Result<Tensor> {
    let ((rows, width), (vocabulary, embedding_width)) = (outputs.dims2()?, embedding.dims2()?);
    if width != embedding_width || bias.dims1()? != vocabulary || targets.len() != rows {
        candle_core::bail!(
            "cross-entropy: outputs {:?}, embedding {:?}, bias {:?} and {} targets do not fit together",
            outputs.shape(),
            embedding.shape(),
            bias.shape(),
            targets.len()
        );
    }
    if let Some(bad) = targets.iter().find(|&&y| y as usize >= vocabulary) {
        candle_core::bail!("cross-entropy: target {bad} is outside the vocabulary of {vocabulary}");
    }
    if !outputs.device().is_cpu() {
        return composed(outputs, embedding, bias, targets, options);
    }
    let op = Projection {
        targets: targets.to_vec(),
        options,
        saved: Mutex::new(None),
    };
    outputs
        .contiguous()?
        .apply_op3(&embedding.contiguous()?, &bias.contiguous()?, op)
}

/// The same loss from candle's own operations.
fn composed(
    outputs: &Tensor,
    embedding: &Tensor,
    bias: &Tensor,
    targets: &[u32],
    options: CrossEntropy,
) -> Result<Tensor> {
    let logits = outputs.matmul(&embedding.t()?)?.broadcast_add(bias)?;
    let log_p = candle_nn::ops::log_softmax(&logits, D::Minus1)?;
    let targets = Tensor::from_slice(targets, (targets.len(), 1), outputs.device())?;
    let picked = log_p.gather(&targets, 1)?.sum_all()?;
    let smooth = (log_p.mean(D::Minus1)?.sum_all()? * f64::from(options.smoothing))?;
    let loss = ((picked * f64::from(1.0 - options.smoothing))? + smooth)?;
    loss * f64::from(-options.scale)
}

struct Gradients {
    outputs: Vec<f32>,
    embedding: Vec<f32>,
    bias: Vec<f32>,
}

struct Projection {
    targets: Vec<u32>,
    options: CrossEntropy,
    saved: Mutex<Option<Gradients>>,
}

impl Projection {
    fn run(
        &self,
        outputs: &[f32],
        embedding: &[f32],
        bias: &[f32],
        width: usize,
    ) -> (f32, Option<Gradients>) {
        let vocabulary = bias.len();
        let mut gradients = self.options.gradients.then(|| Gradients {
            outputs: vec![0.0; outputs.len()],
            embedding: vec![0.0; embedding.len()],
            bias: vec![0.0; vocabulary],
        });
        let table = Operand::new(embedding, vocabulary, width);
        let precision = self.options.precision;
        let columns = Right::new(table.transposed(), precision);
        let table = self.options.gradients.then(|| Right::new(table, precision));
        let mut logits = vec![0.0; BLOCK.min(self.targets.len()) * vocabulary];
        let mut loss = 0.0f64;
        for (block, targets) in self.targets.chunks(BLOCK).enumerate() {
            let rows = targets.len();
            let span = block * BLOCK * width..(block * BLOCK + rows) * width;
            let outputs = Operand::new(&outputs[span.clone()], rows, width);
            let logits = &mut logits[..rows * vocabulary];
            product(outputs, &columns, logits, false);
            for (z, &target) in logits.chunks_exact_mut(vocabulary).zip(targets) {
                loss += f64::from(row(z, bias, target as usize, self.options));
            }
            if let (Some(gradients), Some(table)) = (&mut gradients, &table) {
                let logits_gradient = Operand::new(logits, rows, vocabulary);
                product(logits_gradient, table, &mut gradients.outputs[span], false);
                product(
                    logits_gradient.transposed(),
                    &Right::new(outputs, precision),
                    &mut gradients.embedding,
                    true,
                );
                add_rows(logits, &mut gradients.bias);
            }
        }
        (loss as f32 * self.options.scale, gradients)
    }
}

vectorised! {
    /// The unscaled loss of one row of logits (without the bias), which becomes the scaled gradient of the row.
    fn row(z: &mut [f32], bias: &[f32], target: usize, options: CrossEntropy) -> f32 {
        let CrossEntropy { smoothing, scale, .. } = options;
        let add = |a, b| a + b;
        let larger = |a, b| if a > b { a } else { b };
        for (z, b) in z.iter_mut().zip(bias) {
            *z += b;
        }
        let mean = reduce(z, 0.0, add, add) / z.len() as f32;
        let top = reduce(z, f32::NEG_INFINITY, larger, larger);
        let z_target = z[target];
        for z in z.iter_mut() {
            *z = exp(*z - top);
        }
        let total = reduce(z, 0.0, add, add);
        let factor = scale / total;
        let uniform = scale * smoothing / z.len() as f32;
        for z in z.iter_mut() {
            *z = *z * factor - uniform;
        }
        z[target] -= scale * (1.0 - smoothing);
        top + total.ln() - (1.0 - smoothing) * z_target - smoothing * mean
    }
}

impl CustomOp3 for Projection {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let width = l1.dims()[1];
        let (outputs, embedding, bias) = (
            contiguous(s1, l1, self.name())?,
            contiguous(s2, l2, self.name())?,
            contiguous(s3, l3, self.name())?,
        );
        let (loss, gradients) = self.run(outputs, embedding, bias, width);
        *self
            .saved
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = gradients;
        Ok((CpuStorage::F32(vec![loss]), Shape::from(())))
    }

    fn bwd(
        &self,
        outputs: &Tensor,
        embedding: &Tensor,
        bias: &Tensor,
        _loss: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let saved = self
            .saved
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        let Some(gradients) = saved else {
            candle_core::bail!(
                "cross-entropy: no gradients were asked for, or backward was called twice"
            );
        };
        let factor = grad.to_scalar::<f32>()?;
        let tensor = |mut values: Vec<f32>, like: &Tensor| {
            for value in &mut values {
                *value *= factor;
            }
            Tensor::from_vec(values, like.shape(), like.device())
        };
        Ok((
            Some(tensor(gradients.outputs, outputs)?),
            Some(tensor(gradients.embedding, embedding)?),
            Some(tensor(gradients.bias, bias)?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn fused_loss_equals_the_composed_one_forwards_and_backwards() {
        for (rows, width, vocabulary, smoothing) in
            [(1, 1, 2, 0.0), (3, 5, 7, 0.1), (BLOCK + 5, 8, 33, 0.1)]
        {
            let random =
                |shape: (usize, usize)| Var::randn(0f32, 1.0, shape, &Device::Cpu).unwrap();
            let (outputs, embedding) = (random((rows, width)), random((vocabulary, width)));
            let bias = Var::randn(0f32, 1.0, vocabulary, &Device::Cpu).unwrap();
            let targets: Vec<u32> = (0..rows).map(|n| (n * 5 % vocabulary) as u32).collect();
            let options = CrossEntropy {
                smoothing,
                scale: 1.0 / rows as f32,
                gradients: true,
                precision: Precision::F32,
            };
            let run = |fused: bool| {
                let f = if fused { cross_entropy } else { composed };
                let loss = f(&outputs, &embedding, &bias, &targets, options).unwrap();
                let grads = (&loss * 2.0).unwrap().backward().unwrap();
                (
                    loss.to_scalar::<f32>().unwrap(),
                    [&outputs, &embedding, &bias].map(|v| grads.get(v).unwrap().clone()),
                )
            };
            let ((loss, grads), (expected, expected_grads)) = (run(true), run(false));
            assert!(
                (loss - expected).abs() < 1e-5 * expected.abs().max(1.0),
                "{loss} {expected}"
            );
            for (n, (a, b)) in grads.iter().zip(&expected_grads).enumerate() {
                let d = (a - b)
                    .unwrap()
                    .abs()
                    .unwrap()
                    .flatten_all()
                    .unwrap()
                    .max(0)
                    .unwrap();
                assert!(
                    d.to_scalar::<f32>().unwrap() < 1e-5,
                    "gradient {n} of {rows} rows"
                );
            }
        }
    }

    #[test]
    fn a_target_outside_the_vocabulary_is_refused() {
        let t = |shape: (usize, usize)| {
            Tensor::zeros(shape, candle_core::DType::F32, &Device::Cpu).unwrap()
        };
        let bias = Tensor::zeros(4, candle_core::DType::F32, &Device::Cpu).unwrap();
        let options = CrossEntropy {
            smoothing: 0.0,
            scale: 1.0,
            gradients: true,
            precision: Precision::F32,
        };
        assert!(cross_entropy(&t((1, 2)), &t((4, 2)), &bias, &[4], options).is_err());
    }
}
