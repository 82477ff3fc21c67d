//! Layer normalisation (Ba et al. 2016) over the last dimension, forwards and backwards one pass each.
//!
//! ```text
//! n = (x - mean) / sqrt(variance + eps)      y = scale n + bias
//! with g = scale dy:      dx = (g - mean(g) - n mean(g n)) / sqrt(variance + eps)
//! dscale = sum over rows of dy n             dbias = sum over rows of dy
//! ```

use candle_core::{CpuStorage, CustomOp3, D, Layout, Result, Shape, Tensor};

use super::{
    contiguous, cpu_values,
    vectorised::{reduce, vectorised},
};

/// Normalises the rows of `x` `[N, d]`; `scale` and `bias` are `[d]`.
pub fn layer_norm(x: &Tensor, scale: &Tensor, bias: &Tensor, epsilon: f32) -> Result<Tensor> {
    let (_, d) = x.dims2()?;
    if scale.dims1()? != d || bias.dims1()? != d {
        candle_core::bail!(
            "layer norm: input {:?}, scale {:?} and bias {:?} do not fit together",
            x.shape(),
            scale.shape(),
            bias.shape()
        );
    }
    if x.device().is_cpu() {
        let op = LayerNorm { epsilon };
        x.contiguous()?
            .apply_op3(&scale.contiguous()?, &bias.contiguous()?, op)
    } else {
        composed(x, scale, bias, epsilon)
    }
}

/// The same from candle's own operations.
fn composed(x: &Tensor, scale: &Tensor, bias: &Tensor, epsilon: f32) -> Result<Tensor> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let root = (variance + f64::from(epsilon))?.sqrt()?;
    centred
        .broadcast_div(&root)?
        .broadcast_mul(scale)?
        .broadcast_add(bias)
}

/// The mean of a row and 1 / sqrt(variance + eps).
#[inline(always)]
#[allow(clippy::inline_always)] // part of the bodies of vectorised functions
fn moments(x: &[f32], epsilon: f32) -> (f32, f32) {
    let add = |a: f32, b: f32| a + b;
    let mean = reduce(x, 0.0, add, add) / x.len() as f32;
    let squares = reduce(x, 0.0, |sum, x| sum + (x - mean) * (x - mean), add);
    (mean, 1.0 / (squares / x.len() as f32 + epsilon).sqrt())
}

vectorised! {
    fn row_forward(x: &[f32], scale: &[f32], bias: &[f32], epsilon: f32, y: &mut [f32]) {
        let (mean, inverse) = moments(x, epsilon);
        for (((y, x), scale), bias) in y.iter_mut().zip(x).zip(scale).zip(bias) {
            *y = (x - mean) * inverse * scale + bias;
        }
    }
}

vectorised! {
    /// Of `[normed, dx, dscale, dbias]`, writes `dx` and adds to `dscale` and `dbias`; `normed` is scratch.
    fn row_backward(
        x: &[f32],
        scale: &[f32],
        dy: &[f32],
        epsilon: f32,
        results: [&mut [f32]; 4],
    ) {
        let d = x.len();
        let (scale, dy) = (&scale[..d], &dy[..d]);
        let [normed, dx, dscale, dbias] = results.map(|row| &mut row[..d]);
        let (mean, inverse) = moments(x, epsilon);
        for n in 0..d {
            normed[n] = (x[n] - mean) * inverse;
            dx[n] = dy[n] * scale[n];
            dscale[n] += dy[n] * normed[n];
            dbias[n] += dy[n];
        }
        let add = |a: f32, b: f32| a + b;
        let mean_g = reduce(dx, 0.0, add, add) / d as f32;
        let mut lanes = [0.0; super::vectorised::LANES];
        for (dx, normed) in dx.chunks(lanes.len()).zip(normed.chunks(lanes.len())) {
            for ((lane, dx), normed) in lanes.iter_mut().zip(dx).zip(normed) {
                *lane += dx * normed;
            }
        }
        let mean_gn = lanes.iter().sum::<f32>() / d as f32;
        for n in 0..d {
            dx[n] = (dx[n] - mean_g - normed[n] * mean_gn) * inverse;
        }
    }
}

struct LayerNorm {
    epsilon: f32,
}

impl CustomOp3 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer-norm"
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
        let (x, scale, bias) = (
            contiguous(s1, l1, self.name())?,
            contiguous(s2, l2, self.name())?,
            contiguous(s3, l3, self.name())?,
        );
        let d = scale.len();
        let mut y = vec![0.0; x.len()];
        for (x, y) in x.chunks_exact(d).zip(y.chunks_exact_mut(d)) {
            row_forward(x, scale, bias, self.epsilon, y);
        }
        Ok((CpuStorage::F32(y), l1.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        scale: &Tensor,
        bias: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let d = scale.dims1()?;
        let grad = grad.contiguous()?;
        let guards = [x, scale, &grad].map(Tensor::storage_and_layout);
        let [x_values, scale_values, dy] = [0, 1, 2].map(|n| cpu_values(&guards[n].0, guards[n].1));
        let (x_values, scale_values, dy) = (x_values?, scale_values?, dy?);
        let mut dx = vec![0.0; x_values.len()];
        let (mut dscale, mut dbias, mut normed) = (vec![0.0; d], vec![0.0; d], vec![0.0; d]);
        for ((x, dy), dx) in x_values
            .chunks_exact(d)
            .zip(dy.chunks_exact(d))
            .zip(dx.chunks_exact_mut(d))
        {
            row_backward(
                x,
                scale_values,
                dy,
                self.epsilon,
                [&mut normed, dx, &mut dscale, &mut dbias],
            );
        }
        let device = x.device();
        Ok((
            Some(Tensor::from_vec(dx, x.shape(), device)?),
            Some(Tensor::from_vec(dscale, scale.shape(), device)?),
            Some(Tensor::from_vec(dbias, bias.shape(), device)?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::super::largest_difference;
    use super::*;

    #[test]
    fn fused_equals_composed_forwards_and_backwards() {
        for (rows, d) in [(1, 2), (3, 7), (5, 33), (2, 64)] {
            let random = |shape: &[usize]| Var::randn(0.5f32, 1.0, shape, &Device::Cpu).unwrap();
            let (x, scale, bias) = (random(&[rows, d]), random(&[d]), random(&[d]));
            let weight = Tensor::randn(0f32, 1.0, (rows, d), &Device::Cpu).unwrap();
            let run = |f: fn(&Tensor, &Tensor, &Tensor, f32) -> Result<Tensor>| {
                let y = f(&x, &scale, &bias, 1e-3).unwrap();
                let loss = (&y * &weight).unwrap().sum_all().unwrap();
                let grads = loss.backward().unwrap();
                let grad = |v: &Var| grads.get(v).unwrap().clone();
                [y, grad(&x), grad(&scale), grad(&bias)]
            };
            for (n, (a, b)) in run(layer_norm).iter().zip(run(composed)).enumerate() {
                assert!(
                    largest_difference(a, &b) < 2e-5,
                    "result {n} of {rows} by {d}"
                );
            }
        }
    }
}
