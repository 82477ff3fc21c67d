//! One LSTM layer over a whole batch of sequences as a single operation.
//!
//! ```text
//! [i f g o]_t = x_t W_in^T + b + h_{t-1} W_rec^T        (the x part of all steps is one product, made by the caller)
//! c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g)
//! h_t = sigmoid(o) tanh(c_t)
//! ```
//! Backwards, the gate gradients are found step by step and the gradient of `W_rec` is one product over all steps.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};

use super::{
    contiguous, cpu_values,
    math::{sigmoid, tanh},
    matmul::{Operand, Precision, Right, product},
    vectorised::vectorised,
};

/// Which way a layer reads its sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// First to last.
    Forward,
    /// Last real position of each sequence to its first.
    Backward,
}

/// The hidden states `[T, B, H]` of an LSTM layer.
///
/// `gates` `[T, B, 4H]` holds `x W_in^T + b` (gate order i, f, g, o), `recurrent` is `[4H, H]`, `initial` `[B, H]` is the
/// hidden state before the first step (the cell starts at zero). Sequence `b` has `lengths[b]` real positions; the states
/// after them are zero. A backward layer must start from zero states.
pub fn lstm_scan(
    gates: &Tensor,
    recurrent: &Tensor,
    initial: &Tensor,
    lengths: &[usize],
    direction: Direction,
    precision: Precision,
) -> Result<Tensor> {
    let (steps, batch, width) = gates.dims3()?;
    let hidden = width / 4;
    if recurrent.dims2()? != (width, hidden)
        || initial.dims2()? != (batch, hidden)
        || lengths.len() != batch
    {
        candle_core::bail!(
            "lstm: gates {:?}, recurrent {:?}, initial {:?} and {} lengths do not fit together",
            gates.shape(),
            recurrent.shape(),
            initial.shape(),
            lengths.len()
        );
    }
    if !gates.device().is_cpu() {
        return composed(gates, recurrent, initial, lengths, direction);
    }
    let scan = Scan {
        shape: ScanShape {
            steps,
            batch,
            hidden,
        },
        lengths: lengths.to_vec(),
        direction,
        precision,
        saved: Mutex::new(None),
    };
    gates
        .contiguous()?
        .apply_op3(&recurrent.contiguous()?, &initial.contiguous()?, scan)
}

/// The same layer from candle's own operations.
fn composed(
    gates: &Tensor,
    recurrent: &Tensor,
    initial: &Tensor,
    lengths: &[usize],
    direction: Direction,
) -> Result<Tensor> {
    let (steps, batch, width) = gates.dims3()?;
    let hidden = width / 4;
    let device = gates.device();
    let recurrent = recurrent.t()?;
    let mut h = initial.clone();
    let mut c = initial.zeros_like()?;
    let mut states = vec![None; steps];
    for step in 0..steps {
        let t = match direction {
            Direction::Forward => step,
            Direction::Backward => steps - 1 - step,
        };
        let z = (gates.get(t)? + h.matmul(&recurrent)?)?;
        let gate = |n: usize| z.narrow(1, n * hidden, hidden);
        let (i, f, o) = (
            candle_nn::ops::sigmoid(&gate(0)?)?,
            candle_nn::ops::sigmoid(&gate(1)?)?,
            candle_nn::ops::sigmoid(&gate(3)?)?,
        );
        let real: Vec<f32> = lengths
            .iter()
            .map(|&n| f32::from(u8::from(t < n)))
            .collect();
        let real = Tensor::from_vec(real, (batch, 1), device)?;
        c = ((f * &c)? + (i * gate(2)?.tanh()?)?)?.broadcast_mul(&real)?;
        h = (o * c.tanh()?)?.broadcast_mul(&real)?;
        states[t] = Some(h.clone());
    }
    let states: Vec<Tensor> = states.into_iter().flatten().collect();
    Tensor::stack(&states, 0)
}

#[derive(Clone, Copy)]
struct ScanShape {
    steps: usize,
    batch: usize,
    hidden: usize,
}

/// What the forward pass keeps for the backward pass.
struct Saved {
    /// sigmoid(i), sigmoid(f), tanh(g), sigmoid(o): `[T, B, 4H]`
    activations: Vec<f32>,
    /// `[T, B, H]`
    cells: Vec<f32>,
}

struct Scan {
    shape: ScanShape,
    lengths: Vec<usize>,
    direction: Direction,
    precision: Precision,
    saved: Mutex<Option<Saved>>,
}

impl Scan {
    /// The positions in the order in which the layer visits them.
    fn order(&self) -> Vec<usize> {
        match self.direction {
            Direction::Forward => (0..self.shape.steps).collect(),
            Direction::Backward => (0..self.shape.steps).rev().collect(),
        }
    }

    fn forward(&self, gates: &[f32], recurrent: &[f32], initial: &[f32]) -> (Vec<f32>, Saved) {
        let ScanShape {
            steps,
            batch,
            hidden,
        } = self.shape;
        let recurrent = Operand::new(recurrent, 4 * hidden, hidden).transposed();
        let recurrent = Right::new(recurrent, self.precision);
        let mut activations = gates.to_vec();
        let mut cells = vec![0.0; steps * batch * hidden];
        let mut states = vec![0.0; steps * batch * hidden];
        let zeros = vec![0.0; batch * hidden];
        let mut previous: Option<usize> = None;
        for t in self.order() {
            let z = &mut activations[t * batch * 4 * hidden..][..batch * 4 * hidden];
            let (h_previous, c_previous) = match previous {
                None => (initial.to_vec(), zeros.clone()),
                Some(p) => (
                    states[p * batch * hidden..][..batch * hidden].to_vec(),
                    cells[p * batch * hidden..][..batch * hidden].to_vec(),
                ),
            };
            product(
                Operand::new(&h_previous, batch, hidden),
                &recurrent,
                z,
                true,
            );
            for b in 0..batch {
                let z = &mut z[b * 4 * hidden..][..4 * hidden];
                if t >= self.lengths[b] {
                    z.fill(0.0);
                    continue;
                }
                let at = (t * batch + b) * hidden;
                cell_forward(
                    z,
                    &c_previous[b * hidden..][..hidden],
                    &mut cells[at..][..hidden],
                    &mut states[at..][..hidden],
                );
            }
            previous = Some(t);
        }
        (states, Saved { activations, cells })
    }

    /// Gradients of the gates, the recurrent matrix and the initial state.
    fn backward(
        &self,
        saved: Saved,
        recurrent: &[f32],
        initial: &[f32],
        states: &[f32],
        grad: &[f32],
    ) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let ScanShape {
            steps,
            batch,
            hidden,
        } = self.shape;
        let (row, wide) = (batch * hidden, batch * 4 * hidden);
        let Saved {
            activations: mut dgates,
            cells,
        } = saved;
        let weights = Operand::new(recurrent, 4 * hidden, hidden);
        let weights = Right::new(weights, self.precision);
        let zeros = vec![0.0; hidden];
        let mut dh = vec![0.0; row];
        let mut dc = vec![0.0; row];
        let order = self.order();
        for (step, &t) in order.iter().enumerate().rev() {
            let previous = step.checked_sub(1).map(|s| order[s]);
            for (dh, g) in dh.iter_mut().zip(&grad[t * row..][..row]) {
                *dh += g;
            }
            let dz = &mut dgates[t * wide..][..wide];
            for b in 0..batch {
                let dz = &mut dz[b * 4 * hidden..][..4 * hidden];
                let (dh, dc) = (
                    &mut dh[b * hidden..][..hidden],
                    &mut dc[b * hidden..][..hidden],
                );
                if t >= self.lengths[b] {
                    dz.fill(0.0);
                    dc.fill(0.0);
                    continue;
                }
                let cell = &cells[t * row + b * hidden..][..hidden];
                let cell_before =
                    previous.map_or(&zeros[..], |p| &cells[p * row + b * hidden..][..hidden]);
                cell_backward(dz, cell, cell_before, dh, dc);
            }
            product(
                Operand::new(dz, batch, 4 * hidden),
                &weights,
                &mut dh,
                false,
            );
        }
        // dW = sum over steps of dz_t^T h_{t-1}: the states one step earlier are the same array shifted by one step.
        let mut dweights = vec![0.0; 4 * hidden * hidden];
        let (later, earlier, first) = match self.direction {
            Direction::Forward => (
                &dgates[wide..],
                &states[..(steps - 1) * row],
                &dgates[..wide],
            ),
            Direction::Backward => (
                &dgates[..(steps - 1) * wide],
                &states[row..],
                &dgates[(steps - 1) * wide..],
            ),
        };
        let outer = |dz: &[f32], h: &[f32], rows: usize, out: &mut [f32]| {
            let dz = Operand::new(dz, rows, 4 * hidden).transposed();
            let h = Right::new(Operand::new(h, rows, hidden), self.precision);
            product(dz, &h, out, true);
        };
        if steps > 1 {
            outer(later, earlier, (steps - 1) * batch, &mut dweights);
        }
        if self.direction == Direction::Forward {
            outer(first, initial, batch, &mut dweights);
        }
        (dgates, dweights, dh)
    }
}

vectorised! {
    /// One cell: `z` holds the gates before their non-linearities and is left holding them after.
    fn cell_forward(z: &mut [f32], c_previous: &[f32], c: &mut [f32], h: &mut [f32]) {
        let hidden = c.len();
        let (i, rest) = z.split_at_mut(hidden);
        let (f, rest) = rest.split_at_mut(hidden);
        let (g, o) = rest.split_at_mut(hidden);
        let (o, c_previous, h) = (&mut o[..hidden], &c_previous[..hidden], &mut h[..hidden]);
        for j in 0..hidden {
            i[j] = sigmoid(i[j]);
            f[j] = sigmoid(f[j]);
            g[j] = tanh(g[j]);
            o[j] = sigmoid(o[j]);
            c[j] = f[j] * c_previous[j] + i[j] * g[j];
            h[j] = o[j] * tanh(c[j]);
        }
    }
}

vectorised! {
    /// Turns the activations `z` into the gradients of the gates; `dc` goes in as the gradient that arrives from the step after
    /// and comes out as the one for the step before.
    fn cell_backward(z: &mut [f32], c: &[f32], c_before: &[f32], dh: &[f32], dc: &mut [f32]) {
        let hidden = c.len();
        let (i, rest) = z.split_at_mut(hidden);
        let (f, rest) = rest.split_at_mut(hidden);
        let (g, o) = rest.split_at_mut(hidden);
        let (o, c_before, dh, dc) = (
            &mut o[..hidden],
            &c_before[..hidden],
            &dh[..hidden],
            &mut dc[..hidden],
        );
        for j in 0..hidden {
            let tanh_c = tanh(c[j]);
            let d_cell = dc[j] + dh[j] * o[j] * (1.0 - tanh_c * tanh_c);
            let d_output = dh[j] * tanh_c;
            let (d_input, d_forget, d_candidate) = (d_cell * g[j], d_cell * c_before[j], d_cell * i[j]);
            dc[j] = d_cell * f[j];
            i[j] = d_input * i[j] * (1.0 - i[j]);
            f[j] = d_forget * f[j] * (1.0 - f[j]);
            g[j] = d_candidate * (1.0 - g[j] * g[j]);
            o[j] = d_output * o[j] * (1.0 - o[j]);
        }
    }
}

impl CustomOp3 for Scan {
    fn name(&self) -> &'static str {
        "lstm-scan"
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
        let ScanShape {
            steps,
            batch,
            hidden,
        } = self.shape;
        let (gates, recurrent, initial) = (
            contiguous(s1, l1, self.name())?,
            contiguous(s2, l2, self.name())?,
            contiguous(s3, l3, self.name())?,
        );
        let (states, saved) = self.forward(gates, recurrent, initial);
        *self
            .saved
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(saved);
        Ok((CpuStorage::F32(states), (steps, batch, hidden).into()))
    }

    fn bwd(
        &self,
        gates: &Tensor,
        recurrent: &Tensor,
        initial: &Tensor,
        states: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let saved = self
            .saved
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        let Some(saved) = saved else {
            candle_core::bail!("lstm-scan: backward was called twice for one forward pass");
        };
        let grad = grad.contiguous()?;
        let guards = [recurrent, initial, states, &grad].map(Tensor::storage_and_layout);
        let [recurrent_values, initial_values, state_values, grad_values] =
            [0, 1, 2, 3].map(|n| cpu_values(&guards[n].0, guards[n].1));
        let (dgates, dweights, dinitial) = self.backward(
            saved,
            recurrent_values?,
            initial_values?,
            state_values?,
            grad_values?,
        );
        let device = gates.device();
        Ok((
            Some(Tensor::from_vec(dgates, gates.shape(), device)?),
            Some(Tensor::from_vec(dweights, recurrent.shape(), device)?),
            Some(Tensor::from_vec(dinitial, initial.shape(), device)?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};

    use super::super::largest_difference as difference;
    use super::*;

    #[test]
    fn fused_layer_equals_the_composed_one_forwards_and_backwards() {
        let device = Device::Cpu;
        let cases: [(usize, usize, &[usize], Direction); 5] = [
            (1, 1, &[1], Direction::Forward),
            (5, 3, &[5, 2, 4], Direction::Forward),
            (5, 7, &[5, 2, 4], Direction::Backward),
            (1, 8, &[1, 1], Direction::Backward),
            (9, 13, &[9, 9, 1, 3, 8], Direction::Backward),
        ];
        for (steps, hidden, lengths, direction) in cases {
            let batch = lengths.len();
            let random = |shape: &[usize]| Var::randn(0f32, 0.7, shape, &device).unwrap();
            let gates = random(&[steps, batch, 4 * hidden]);
            let recurrent = random(&[4 * hidden, hidden]);
            let initial = if direction == Direction::Forward {
                random(&[batch, hidden])
            } else {
                Var::zeros((batch, hidden), DType::F32, &device).unwrap()
            };
            let weight = Tensor::randn(0f32, 1.0, (steps, batch, hidden), &device).unwrap();
            let run = |fused: bool| {
                let states = if fused {
                    let precision = Precision::F32;
                    lstm_scan(&gates, &recurrent, &initial, lengths, direction, precision)
                } else {
                    composed(&gates, &recurrent, &initial, lengths, direction)
                }
                .unwrap();
                let grads = (&states * &weight)
                    .unwrap()
                    .sum_all()
                    .unwrap()
                    .backward()
                    .unwrap();
                (
                    states,
                    [&gates, &recurrent, &initial].map(|v| grads.get(v).unwrap().clone()),
                )
            };
            let ((states, grads), (expected, expected_grads)) = (run(true), run(false));
            assert!(
                difference(&states, &expected) < 1e-5,
                "states, {steps} steps {direction:?}"
            );
            let compared = if direction == Direction::Forward {
                3
            } else {
                2
            };
            for n in 0..compared {
                let d = difference(&grads[n], &expected_grads[n]);
                assert!(d < 2e-5, "gradient {n}, {steps} steps {direction:?}: {d}");
            }
        }
    }
}
