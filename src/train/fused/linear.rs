//! y = x W^T + b with the three gradients as one product each and one sum.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};

use super::{
    add_rows, contiguous, cpu_values,
    matmul::{Operand, Precision, Right, product},
};

/// `x W^T + b` for `x` `[N, I]`, `weight` `[O, I]`, `bias` `[O]`, with the products in `precision`.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor, precision: Precision) -> Result<Tensor> {
    let ((_, inputs), (outputs, weight_inputs)) = (x.dims2()?, weight.dims2()?);
    if inputs != weight_inputs || bias.dims1()? != outputs {
        candle_core::bail!(
            "linear: input {:?}, weight {:?} and bias {:?} do not fit together",
            x.shape(),
            weight.shape(),
            bias.shape()
        );
    }
    if x.device().is_cpu() {
        x.contiguous()?.apply_op3(
            &weight.contiguous()?,
            &bias.contiguous()?,
            Linear(precision),
        )
    } else {
        composed(x, weight, bias)
    }
}

/// The same from candle's own operations.
fn composed(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    x.matmul(&weight.t()?)?.broadcast_add(bias)
}

struct Linear(Precision);

impl CustomOp3 for Linear {
    fn name(&self) -> &'static str {
        "linear"
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
        let (rows, inputs, outputs) = (l1.dims()[0], l1.dims()[1], l2.dims()[0]);
        let (x, weight, bias) = (
            contiguous(s1, l1, self.name())?,
            contiguous(s2, l2, self.name())?,
            contiguous(s3, l3, self.name())?,
        );
        let mut y = Vec::with_capacity(rows * outputs);
        for _ in 0..rows {
            y.extend_from_slice(bias);
        }
        product(
            Operand::new(x, rows, inputs),
            &Right::new(Operand::new(weight, outputs, inputs).transposed(), self.0),
            &mut y,
            true,
        );
        Ok((CpuStorage::F32(y), (rows, outputs).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let ((rows, inputs), outputs) = (x.dims2()?, bias.dims1()?);
        let grad = grad.contiguous()?;
        let guards = [x, weight, &grad].map(Tensor::storage_and_layout);
        let [x_values, weight_values, dy] =
            [0, 1, 2].map(|n| cpu_values(&guards[n].0, guards[n].1));
        let (x_values, weight_values, dy) = (x_values?, weight_values?, dy?);
        let dy_matrix = Operand::new(dy, rows, outputs);
        let mut dx = vec![0.0; rows * inputs];
        product(
            dy_matrix,
            &Right::new(Operand::new(weight_values, outputs, inputs), self.0),
            &mut dx,
            false,
        );
        let mut dweight = vec![0.0; outputs * inputs];
        product(
            dy_matrix.transposed(),
            &Right::new(Operand::new(x_values, rows, inputs), self.0),
            &mut dweight,
            false,
        );
        let mut dbias = vec![0.0; outputs];
        add_rows(dy, &mut dbias);
        let device = x.device();
        Ok((
            Some(Tensor::from_vec(dx, x.shape(), device)?),
            Some(Tensor::from_vec(dweight, weight.shape(), device)?),
            Some(Tensor::from_vec(dbias, bias.shape(), device)?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn fused_equals_composed_forwards_and_backwards() {
        // bfloat16 keeps 8 bits: what it may be wrong by depends on the size of the numbers.
        for (rows, inputs, outputs, precision, absolute, relative) in [
            (1, 1, 1, Precision::F32, 2e-3, 0.0),
            (5, 3, 7, Precision::F32, 2e-3, 0.0),
            (33, 17, 8, Precision::F32, 2e-3, 0.0),
            (33, 17, 8, Precision::Bf16, 0.0, 0.02),
        ] {
            let random = |shape: &[usize]| Var::randn(0f32, 1.0, shape, &Device::Cpu).unwrap();
            let (x, weight, bias) = (
                random(&[rows, inputs]),
                random(&[outputs, inputs]),
                random(&[outputs]),
            );
            let run = |fused: bool| {
                let y = if fused {
                    linear(&x, &weight, &bias, precision)
                } else {
                    composed(&x, &weight, &bias)
                }
                .unwrap();
                let grads = y.sqr().unwrap().sum_all().unwrap().backward().unwrap();
                [
                    y.clone(),
                    grads.get(&x).unwrap().clone(),
                    grads.get(&weight).unwrap().clone(),
                    grads.get(&bias).unwrap().clone(),
                ]
            };
            for (n, (a, b)) in run(true).iter().zip(run(false)).enumerate() {
                let largest = |x: &Tensor| {
                    let x = x.abs().unwrap().max_all().unwrap();
                    x.to_scalar::<f32>().unwrap()
                };
                assert!(
                    largest(&(a - &b).unwrap()) < absolute + relative * largest(&b),
                    "result {n} of [{rows}, {inputs}] to {outputs}"
                );
            }
        }
    }
}
