//! Multi-head attention (Vaswani et al. 2017) over a whole batch as a single operation.
//!
//! ```text
//! p_ij = softmax over j of (q_i k_j / sqrt(w))      o_i = sum over j of p_ij v_j        for each head, w columns wide
//! dp_ij = do_i v_j                                  ds_ij = p_ij (dp_ij - sum over j of p_ij dp_ij) / sqrt(w)
//! dq_i = sum over j of ds_ij k_j                    dk_j = sum over i of ds_ij q_i       dv_j = sum over i of p_ij do_i
//! ```
//! Each head of each sentence is small: its matrices are gathered, and all of it happens in the cache. Keys at padding do not
//! take part.

mod columns;

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp1, CustomOp2, D, Layout, Result, Shape, Tensor};

use columns::{Columns, HeadsShape, Inputs};

use super::{
    contiguous, cpu_values,
    math::exp,
    vectorised::{reduce, vectorised},
};

/// What the heads find, `[T, B, d]`, in `inputs` `[T, B, 3d]`: queries, keys and values of the same positions. Sentence `b`
/// has `lengths[b]` real positions, 1 at least.
pub fn self_attention(inputs: &Tensor, lengths: &[usize], heads: usize) -> Result<Tensor> {
    let (steps, batch, width) = inputs.dims3()?;
    let shape = HeadsShape::new([steps, steps, batch, width / 3], heads, lengths)?;
    if inputs.device().is_cpu() {
        return inputs.contiguous()?.apply_op1(Heads::new(shape));
    }
    let d = width / 3;
    composed(
        &inputs.narrow(2, 0, d)?,
        &inputs.narrow(2, d, 2 * d)?,
        &shape,
    )
}

/// What the heads find, `[T, B, d]`, for `queries` `[T, B, d]` in `memory` `[S, B, 2d]`: keys and values. Sentence `b` has
/// `lengths[b]` real positions in the memory, 1 at least.
pub fn cross_attention(
    queries: &Tensor,
    memory: &Tensor,
    lengths: &[usize],
    heads: usize,
) -> Result<Tensor> {
    let ((steps, batch, d), (keys, memory_batch, width)) = (queries.dims3()?, memory.dims3()?);
    if batch != memory_batch || width != 2 * d {
        candle_core::bail!(
            "attention: queries {:?} and memory {:?} do not fit together",
            queries.shape(),
            memory.shape()
        );
    }
    let shape = HeadsShape::new([steps, keys, batch, d], heads, lengths)?;
    if queries.device().is_cpu() {
        return queries
            .contiguous()?
            .apply_op2(&memory.contiguous()?, Heads::new(shape));
    }
    composed(queries, memory, &shape)
}

/// The same from candle's own operations.
fn composed(queries: &Tensor, memory: &Tensor, shape: &HeadsShape) -> Result<Tensor> {
    let d = shape.heads * shape.width;
    // [T, B, d] to [B, heads, T, width]
    let split = |x: &Tensor| {
        x.reshape((x.dim(0)?, shape.batch, shape.heads, shape.width))?
            .permute((1, 2, 0, 3))?
            .contiguous()
    };
    let queries = split(&queries.contiguous()?)?;
    let keys = split(&memory.narrow(2, 0, d)?.contiguous()?)?;
    let values = split(&memory.narrow(2, d, d)?.contiguous()?)?;
    let scores =
        (queries.matmul(&keys.transpose(2, 3)?.contiguous()?)? * f64::from(shape.scale()))?;
    let mask: Vec<f32> = shape
        .lengths
        .iter()
        .flat_map(|&n| (0..shape.keys).map(move |t| if t < n { 0.0 } else { f32::NEG_INFINITY }))
        .collect();
    let mask = Tensor::from_vec(mask, (shape.batch, 1, 1, shape.keys), queries.device())?;
    let weights = candle_nn::ops::softmax(&scores.broadcast_add(&mask)?, D::Minus1)?;
    weights
        .matmul(&values)?
        .permute((2, 0, 1, 3))?
        .contiguous()?
        .reshape((shape.queries, shape.batch, d))
}

struct Heads {
    shape: HeadsShape,
    /// The weights p `[B, heads, T * S]`.
    saved: Mutex<Option<Vec<f32>>>,
}

vectorised! {
    /// One head: `p` `[T, S]` and `o` `[T, w]` from `q` `[T, w]`, `k` turned `[w, S]` and `v` `[S, w]`.
    fn head_forward(q: &[f32], k: &[f32], v: &[f32], width: usize, scale: f32, p: &mut [f32], o: &mut [f32]) {
        let keys = v.len() / width;
        for ((q, p), o) in q.chunks_exact(width).zip(p.chunks_exact_mut(keys)).zip(o.chunks_exact_mut(width)) {
            combine(q, k, p);
            let top = reduce(p, f32::NEG_INFINITY, |a, b| if a > b { a } else { b }, f32::max);
            for p in p.iter_mut() {
                *p = exp((*p - top) * scale);
            }
            let total = reduce(p, 0.0, |a, b| a + b, |a, b| a + b);
            for p in p.iter_mut() {
                *p /= total;
            }
            combine(p, v, o);
        }
    }
}

vectorised! {
    /// One head: adds to `dq` `[T, w]`, `dk` and `dv` `[S, w]`; `v` is turned, `[w, S]`, `q` and `k` are not; `ds` is scratch of
    /// S values.
    fn head_backward(
        inputs: [&[f32]; 3],
        p: &[f32],
        grad: &[f32],
        width: usize,
        scale: f32,
        ds: &mut [f32],
        gradients: [&mut [f32]; 3],
    ) {
        let [q, k, v] = inputs;
        let [dq, dk, dv] = gradients;
        let keys = ds.len();
        let rows = q.chunks_exact(width).zip(dq.chunks_exact_mut(width));
        for ((q, dq), (p, grad)) in rows.zip(p.chunks_exact(keys).zip(grad.chunks_exact(width))) {
            combine(grad, v, ds);
            let mut mean = 0.0;
            for (p, ds) in p.iter().zip(ds.iter()) {
                mean += p * ds;
            }
            for (p, ds) in p.iter().zip(ds.iter_mut()) {
                *ds = p * (*ds - mean) * scale;
            }
            combine(ds, k, dq);
            for (j, (p, ds)) in p.iter().zip(ds.iter()).enumerate() {
                let (dk, dv) = (&mut dk[j * width..][..width], &mut dv[j * width..][..width]);
                for n in 0..width {
                    dk[n] += ds * q[n];
                    dv[n] += p * grad[n];
                }
            }
        }
    }
}

/// `out = weights matrix`, with as many weights as the matrix has rows.
#[inline(always)]
#[allow(clippy::inline_always)] // part of the bodies of vectorised functions
fn combine(weights: &[f32], matrix: &[f32], out: &mut [f32]) {
    out.fill(0.0);
    for (weight, row) in weights.iter().zip(matrix.chunks_exact(out.len())) {
        for (out, value) in out.iter_mut().zip(row) {
            *out += weight * value;
        }
    }
}

/// `[rows, cols]` to `[cols, rows]`.
fn turn(from: &[f32], cols: usize, into: &mut Vec<f32>) {
    into.clear();
    for c in 0..cols {
        into.extend(from.iter().skip(c).step_by(cols));
    }
}

impl Heads {
    fn new(shape: HeadsShape) -> Self {
        Self {
            shape,
            saved: Mutex::new(None),
        }
    }

    fn forward(&self, inputs: &Inputs) -> (CpuStorage, Shape) {
        let shape = &self.shape;
        let d = shape.heads * shape.width;
        let output = Columns {
            stride: d,
            first: 0,
        };
        let mut outputs = vec![0.0; shape.queries * shape.batch * d];
        let mut weights = vec![0.0; shape.batch * shape.heads * shape.weights()];
        let [mut q, mut k, mut v, mut turned] = [const { Vec::new() }; 4];
        let mut found = vec![0.0; shape.queries * shape.width];
        for (b, &keys) in shape.lengths.iter().enumerate() {
            for head in 0..shape.heads {
                let at = (b, head);
                let [q_columns, k_columns, v_columns] = inputs.columns;
                q_columns.gather(inputs.values[0], shape, shape.queries, at, &mut q);
                k_columns.gather(inputs.values[1], shape, keys, at, &mut k);
                v_columns.gather(inputs.values[2], shape, keys, at, &mut v);
                turn(&k, shape.width, &mut turned);
                let p = &mut weights[(b * shape.heads + head) * shape.weights()..]
                    [..shape.queries * keys];
                head_forward(&q, &turned, &v, shape.width, shape.scale(), p, &mut found);
                output.scatter(&found, shape, at, &mut outputs);
            }
        }
        *self
            .saved
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(weights);
        (
            CpuStorage::F32(outputs),
            (shape.queries, shape.batch, d).into(),
        )
    }

    /// Writes the gradients of queries, keys and values by way of `write`.
    fn backward(
        &self,
        inputs: &Inputs,
        grad: &[f32],
        mut write: impl FnMut([&[f32]; 3], (usize, usize)),
    ) -> Result<()> {
        let saved = self
            .saved
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        let Some(weights) = saved else {
            candle_core::bail!("attention: backward was called twice for one forward pass");
        };
        let shape = &self.shape;
        let (width, queries) = (shape.width, shape.queries);
        let output = Columns {
            stride: shape.heads * width,
            first: 0,
        };
        let [mut q, mut k, mut v, mut turned, mut go] = [const { Vec::new() }; 5];
        for (b, &keys) in shape.lengths.iter().enumerate() {
            let mut dq = vec![0.0; queries * width];
            let [mut dk, mut dv] = [0, 1].map(|_| vec![0.0; keys * width]);
            let mut ds = vec![0.0; keys];
            for head in 0..shape.heads {
                let at = (b, head);
                let [q_columns, k_columns, v_columns] = inputs.columns;
                q_columns.gather(inputs.values[0], shape, queries, at, &mut q);
                k_columns.gather(inputs.values[1], shape, keys, at, &mut k);
                v_columns.gather(inputs.values[2], shape, keys, at, &mut v);
                output.gather(grad, shape, queries, at, &mut go);
                turn(&v, width, &mut turned);
                let p = &weights[(b * shape.heads + head) * shape.weights()..][..queries * keys];
                dk.fill(0.0);
                dv.fill(0.0);
                head_backward(
                    [&q, &k, &turned],
                    p,
                    &go,
                    width,
                    shape.scale(),
                    &mut ds,
                    [&mut dq, &mut dk, &mut dv],
                );
                write([&dq, &dk, &dv], at);
            }
        }
        Ok(())
    }
}

impl CustomOp1 for Heads {
    fn name(&self) -> &'static str {
        "self-attention"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let inputs = contiguous(storage, layout, "self-attention")?;
        Ok(self.forward(&Inputs::own(inputs, layout.dims()[2] / 3)))
    }

    fn bwd(&self, inputs: &Tensor, outputs: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let d = outputs.dim(2)?;
        let grad = grad.contiguous()?;
        let guards = [inputs, &grad].map(Tensor::storage_and_layout);
        let [values, grad_values] = [0, 1].map(|n| cpu_values(&guards[n].0, guards[n].1));
        let own = Inputs::own(values?, d);
        let mut dinputs = vec![0.0; inputs.elem_count()];
        self.backward(&own, grad_values?, |gradients, at| {
            for (columns, gradient) in own.columns.iter().zip(gradients) {
                columns.scatter(gradient, &self.shape, at, &mut dinputs);
            }
        })?;
        Ok(Some(Tensor::from_vec(
            dinputs,
            inputs.shape(),
            inputs.device(),
        )?))
    }
}

impl CustomOp2 for Heads {
    fn name(&self) -> &'static str {
        "cross-attention"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let queries = contiguous(s1, l1, "cross-attention")?;
        let memory = contiguous(s2, l2, "cross-attention")?;
        Ok(self.forward(&Inputs::cross(queries, memory, l1.dims()[2])))
    }

    fn bwd(
        &self,
        queries: &Tensor,
        memory: &Tensor,
        outputs: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let d = outputs.dim(2)?;
        let grad = grad.contiguous()?;
        let guards = [queries, memory, &grad].map(Tensor::storage_and_layout);
        let [query_values, memory_values, grad_values] =
            [0, 1, 2].map(|n| cpu_values(&guards[n].0, guards[n].1));
        let cross = Inputs::cross(query_values?, memory_values?, d);
        let mut dqueries = vec![0.0; queries.elem_count()];
        let mut dmemory = vec![0.0; memory.elem_count()];
        self.backward(&cross, grad_values?, |[dq, dk, dv], at| {
            let [q, k, v] = cross.columns;
            q.scatter(dq, &self.shape, at, &mut dqueries);
            k.scatter(dk, &self.shape, at, &mut dmemory);
            v.scatter(dv, &self.shape, at, &mut dmemory);
        })?;
        let device = queries.device();
        Ok((
            Some(Tensor::from_vec(dqueries, queries.shape(), device)?),
            Some(Tensor::from_vec(dmemory, memory.shape(), device)?),
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
        let cases: [(usize, usize, usize, usize, &[usize]); 4] = [
            (1, 1, 1, 1, &[1]),
            (3, 5, 2, 3, &[5, 2]),
            (6, 6, 3, 5, &[1, 6, 4]),
            (4, 19, 2, 16, &[19, 18]),
        ];
        for (queries, keys, heads, width, lengths) in cases {
            let (batch, d) = (lengths.len(), heads * width);
            let random =
                |steps, width| Var::randn(0f32, 1.0, (steps, batch, width), &Device::Cpu).unwrap();
            let (query, memory, inputs) =
                (random(queries, d), random(keys, 2 * d), random(keys, 3 * d));
            let weights = [queries, keys]
                .map(|steps| Tensor::randn(0f32, 1.0, (steps, batch, d), &Device::Cpu).unwrap());
            let run = |fused: bool| {
                let shape =
                    |steps| HeadsShape::new([steps, keys, batch, d], heads, lengths).unwrap();
                let (cross, own) = if fused {
                    (
                        cross_attention(&query, &memory, lengths, heads).unwrap(),
                        self_attention(&inputs, lengths, heads).unwrap(),
                    )
                } else {
                    let own = [(0, d), (d, 2 * d)].map(|(at, n)| inputs.narrow(2, at, n).unwrap());
                    (
                        composed(&query, &memory, &shape(queries)).unwrap(),
                        composed(&own[0], &own[1], &shape(keys)).unwrap(),
                    )
                };
                let loss = [&cross, &own]
                    .into_iter()
                    .zip(&weights)
                    .map(|(found, weight)| (found * weight).unwrap().sum_all().unwrap())
                    .reduce(|a, b| (a + b).unwrap())
                    .unwrap();
                let grads = loss.backward().unwrap();
                let grad = |v: &Var| grads.get(v).unwrap().clone();
                [
                    cross.clone(),
                    own.clone(),
                    grad(&query),
                    grad(&memory),
                    grad(&inputs),
                ]
            };
            for (n, (a, b)) in run(true).iter().zip(run(false)).enumerate() {
                assert!(
                    largest_difference(a, &b) < 1e-5,
                    "result {n} of {queries} queries, {keys} keys, {heads} heads of {width}"
                );
            }
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let zeros = |shape: (usize, usize, usize)| {
            Tensor::zeros(shape, candle_core::DType::F32, &Device::Cpu).unwrap()
        };
        assert!(self_attention(&zeros((2, 1, 6)), &[3], 1).is_err());
        assert!(self_attention(&zeros((2, 1, 6)), &[0], 1).is_err());
        assert!(self_attention(&zeros((2, 1, 9)), &[2], 2).is_err());
        assert!(cross_attention(&zeros((2, 1, 4)), &zeros((2, 1, 4)), &[2], 2).is_err());
    }
}
