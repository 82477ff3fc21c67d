//! The recurrence of a Simpler Simple Recurrent Unit (Kim et al. 2019) over a whole batch as a single operation.
//!
//! ```text
//! s_t = sigmoid(f_t)      c_t = s_t c_{t-1} + (1 - s_t) z_t      c_{-1} = 0
//! ```
//! Backwards, with `e_t` the gradient that reaches `c_t` from all sides:
//! ```text
//! e_t = g_t + s_{t+1} e_{t+1}      dz_t = (1 - s_t) e_t      df_t = s_t (1 - s_t) (c_{t-1} - z_t) e_t
//! ```

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use super::{contiguous, cpu_values, math::sigmoid, vectorised::vectorised};

/// The cells `[T, B, d]` of a recurrence over `gates` `[T, B, 2d]`: candidates z, then forget gates f before their sigmoid.
pub fn ssru_scan(gates: &Tensor) -> Result<Tensor> {
    let (_, _, width) = gates.dims3()?;
    if !width.is_multiple_of(2) {
        candle_core::bail!("ssru: gates {:?} are not two of a width", gates.shape());
    }
    if gates.device().is_cpu() {
        gates.contiguous()?.apply_op1(Scan)
    } else {
        composed(gates)
    }
}

/// The same from candle's own operations.
fn composed(gates: &Tensor) -> Result<Tensor> {
    let (steps, batch, width) = gates.dims3()?;
    let d = width / 2;
    let mut c = Tensor::zeros((batch, d), gates.dtype(), gates.device())?;
    let mut cells = Vec::with_capacity(steps);
    for t in 0..steps {
        let gates = gates.get(t)?;
        let (z, f) = (gates.narrow(1, 0, d)?, gates.narrow(1, d, d)?);
        let s = candle_nn::ops::sigmoid(&f)?;
        c = ((&s * &c)? + (s.affine(-1.0, 1.0)? * z)?)?;
        cells.push(c.clone());
    }
    Tensor::stack(&cells, 0)
}

vectorised! {
    /// One step of one sentence.
    fn cell_forward(gates: &[f32], before: &[f32], cell: &mut [f32]) {
        let (z, f) = gates.split_at(cell.len());
        for (((c, before), z), f) in cell.iter_mut().zip(before).zip(z).zip(f) {
            let s = sigmoid(*f);
            *c = s * before + (1.0 - s) * z;
        }
    }
}

vectorised! {
    /// `carried` goes in as `e_t` without `g_t` and comes out as `s_t e_t`.
    fn cell_backward(gates: &[f32], before: &[f32], grad: &[f32], carried: &mut [f32], dgates: &mut [f32]) {
        let d = grad.len();
        let (z, f) = gates.split_at(d);
        let (dz, df) = dgates.split_at_mut(d);
        let (f, df, before, carried) = (&f[..d], &mut df[..d], &before[..d], &mut carried[..d]);
        for n in 0..d {
            let s = sigmoid(f[n]);
            let e = grad[n] + carried[n];
            dz[n] = (1.0 - s) * e;
            df[n] = s * (1.0 - s) * (before[n] - z[n]) * e;
            carried[n] = s * e;
        }
    }
}

struct Scan;

impl CustomOp1 for Scan {
    fn name(&self) -> &'static str {
        "ssru-scan"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let &[steps, batch, width] = layout.dims() else {
            candle_core::bail!("ssru: the gates must have three dimensions");
        };
        let gates = contiguous(storage, layout, self.name())?;
        let d = width / 2;
        let row = batch * d;
        let mut cells = vec![0.0; steps * row];
        let zeros = vec![0.0; d];
        for t in 0..steps {
            let (done, rest) = cells.split_at_mut(t * row);
            for b in 0..batch {
                let before = match t {
                    0 => &zeros,
                    _ => &done[(t - 1) * row + b * d..][..d],
                };
                let gates = &gates[(t * batch + b) * width..][..width];
                cell_forward(gates, before, &mut rest[b * d..][..d]);
            }
        }
        Ok((CpuStorage::F32(cells), (steps, batch, d).into()))
    }

    fn bwd(&self, gates: &Tensor, cells: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (steps, batch, d) = cells.dims3()?;
        let row = batch * d;
        let grad = grad.contiguous()?;
        let guards = [gates, cells, &grad].map(Tensor::storage_and_layout);
        let [gate_values, cell_values, grad_values] =
            [0, 1, 2].map(|n| cpu_values(&guards[n].0, guards[n].1));
        let (gate_values, cell_values, grad_values) = (gate_values?, cell_values?, grad_values?);
        let mut dgates = vec![0.0; 2 * steps * row];
        let mut carried = vec![0.0; row];
        let zeros = vec![0.0; d];
        for t in (0..steps).rev() {
            for b in 0..batch {
                let at = (t * batch + b) * d;
                let before = match t {
                    0 => &zeros,
                    _ => &cell_values[at - row..][..d],
                };
                cell_backward(
                    &gate_values[2 * at..][..2 * d],
                    before,
                    &grad_values[at..][..d],
                    &mut carried[b * d..][..d],
                    &mut dgates[2 * at..][..2 * d],
                );
            }
        }
        Ok(Some(Tensor::from_vec(
            dgates,
            gates.shape(),
            gates.device(),
        )?))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::super::largest_difference;
    use super::*;

    #[test]
    fn fused_recurrence_equals_the_composed_one_forwards_and_backwards() {
        for (steps, batch, d) in [(1, 1, 1), (2, 3, 5), (7, 2, 19)] {
            let gates = Var::randn(0f32, 1.0, (steps, batch, 2 * d), &Device::Cpu).unwrap();
            let weight = Tensor::randn(0f32, 1.0, (steps, batch, d), &Device::Cpu).unwrap();
            let run = |f: fn(&Tensor) -> Result<Tensor>| {
                let cells = f(&gates).unwrap();
                let loss = (&cells * &weight).unwrap().sum_all().unwrap();
                let grads = loss.backward().unwrap();
                [cells, grads.get(&gates).unwrap().clone()]
            };
            for (a, b) in run(ssru_scan).iter().zip(run(composed)) {
                assert!(largest_difference(a, &b) < 1e-5, "{steps} {batch} {d}");
            }
        }
    }

    #[test]
    fn gradient_is_the_slope() {
        let values = [
            0.3f32, -0.8, 1.1, 0.2, -0.5, 0.9, 0.4, -1.3, 0.6, 0.1, -0.2, 0.7,
        ];
        let loss = |values: &[f32]| {
            let gates = Var::from_slice(values, (3, 1, 4), &Device::Cpu).unwrap();
            let loss = ssru_scan(&gates).unwrap().sqr().unwrap().sum_all().unwrap();
            let grads = loss.backward().unwrap();
            let grad = grads.get(&gates).unwrap().flatten_all().unwrap();
            (
                loss.to_scalar::<f32>().unwrap(),
                grad.to_vec1::<f32>().unwrap(),
            )
        };
        let (_, gradient) = loss(&values);
        for n in 0..values.len() {
            let at = |by: f32| {
                let mut moved = values;
                moved[n] += by;
                loss(&moved).0
            };
            let slope = (at(1e-2) - at(-1e-2)) / 2e-2;
            assert!(
                (slope - gradient[n]).abs() < 2e-3,
                "{n}: {slope} {}",
                gradient[n]
            );
        }
    }
}
