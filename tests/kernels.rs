//! Every kernel on every instruction set against the obvious loops, on odd shapes and extreme values.

use dragoman::cpu::affine::{Activations, Affine};
use dragoman::cpu::attention::Attention;
use dragoman::cpu::lstm::lstm_cell;
use dragoman::cpu::panels::Panels;
use dragoman::cpu::rows::{Rows, RowsMut};
use dragoman::cpu::{Isa, Weight};
use dragoman::format::QuantisedMatrix;
use dragoman::model::plan::Epilogue;
use dragoman::model::random::Random;

fn floats(random: &mut Random, len: usize) -> Vec<f32> {
    (0..len).map(|_| random.within(2.0)).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Weights in -127..=127, many of them at the limits.
fn quantised(random: &mut Random, rows: usize, cols: usize) -> QuantisedMatrix {
    let weight = |random: &mut Random| match random.below(4) {
        0 => 127,
        1 => -127,
        _ => (random.below(255) as i32 - 127) as i8,
    };
    QuantisedMatrix {
        rows,
        cols,
        data: (0..rows * cols).map(|_| weight(random)).collect(),
        scales: (0..rows).map(|_| random.within(0.01).abs()).collect(),
    }
}

/// `y = sum of (a - 64) w, times both scales, plus bias`, in 64-bit integers and then in the kernel's order of roundings.
fn expected(matrix: &QuantisedMatrix, bias: Option<&[f32]>, x: &[f32]) -> Vec<f32> {
    let largest = x.iter().fold(0.0, |max: f32, x| max.max(x.abs()));
    let inverse = if largest > 0.0 { 63.0 / largest } else { 0.0 };
    let scale = largest / 63.0;
    let a: Vec<i64> = x
        .iter()
        .map(|x| (x * inverse).round_ties_even() as i64)
        .collect();
    assert!(a.iter().all(|a| a.abs() <= 63));
    let value = |(row, weights): (usize, &[i8])| {
        let sum: i64 = a.iter().zip(weights).map(|(a, &w)| a * i64::from(w)).sum();
        let y = sum as f32 * scale * matrix.scales[row];
        bias.map_or(y, |bias| y + bias[row])
    };
    let rows = matrix.data.chunks(matrix.cols).enumerate();
    rows.map(value).collect()
}

#[test]
fn int8_products_are_exact() {
    let mut random = Random(1);
    for (out, input, batch) in [
        (1, 1, 1),
        (15, 3, 2),
        (16, 4, 1),
        (17, 5, 3),
        (64, 64, 4),
        (65, 63, 5),
        (130, 257, 7),
        (31, 1000, 9),
    ] {
        let matrix = quantised(&mut random, out, input);
        let weight = Weight::Quantised(Panels::new(&matrix));
        let mut x = floats(&mut random, batch * input);
        // A row of zeros, and a row at the limits.
        x[..input].fill(0.0);
        x[(batch - 1) * input..].fill(-2.0);
        let bias = floats(&mut random, out);
        for with_bias in [false, true] {
            let wanted: Vec<f32> = x
                .chunks(input)
                .flat_map(|x| expected(&matrix, with_bias.then_some(&bias), x))
                .collect();
            let mut padded = bias.clone();
            padded.resize(out.next_multiple_of(16), 0.0);
            for isa in Isa::available() {
                // The output is a view of columns 2..2 + out, and nothing around it may change.
                let stride = out + 3;
                let mut y = vec![0.5; batch * stride];
                let affine = Affine {
                    weight: &weight,
                    bias: with_bias.then_some(&padded),
                    epilogue: Epilogue::Store,
                };
                let output = RowsMut::new(&mut y, 2, out, stride);
                let scratch = &mut Activations::default();
                affine.run(isa, batch, Rows::dense(&x, input), output, scratch);
                for (y, wanted) in y.chunks(stride).zip(wanted.chunks(out)) {
                    let context = format!("{out} x {input}, batch {batch}, {isa:?}");
                    assert_eq!(bits(&y[2..2 + out]), bits(wanted), "{context}");
                    assert_eq!(
                        bits(&[y[0], y[1], y[out + 2]]),
                        bits(&[0.5; 3]),
                        "{context}"
                    );
                }
            }
        }
    }
}

#[test]
fn epilogues_add_and_squash() {
    let mut random = Random(2);
    let (out, input, batch) = (21, 13, 3);
    let data = floats(&mut random, out * input);
    let matrix = QuantisedMatrix::quantise(&data, out, input).unwrap();
    let x = floats(&mut random, batch * input);
    let before = floats(&mut random, batch * out);
    for weight in [
        Weight::Quantised(Panels::new(&matrix)),
        Weight::Float {
            rows: out,
            cols: input,
            data,
        },
    ] {
        for isa in Isa::available() {
            let run = |epilogue| {
                let mut y = before.clone();
                let affine = Affine {
                    weight: &weight,
                    bias: None,
                    epilogue,
                };
                let (x, output) = (Rows::dense(&x, input), RowsMut::dense(&mut y, out));
                affine.run(isa, batch, x, output, &mut Activations::default());
                y
            };
            let [stored, added, squashed] =
                [Epilogue::Store, Epilogue::Add, Epilogue::Tanh].map(run);
            for i in 0..stored.len() {
                assert!((added[i] - (stored[i] + before[i])).abs() < 1e-6);
                assert!((squashed[i] - stored[i].tanh()).abs() < 1e-6);
            }
        }
    }
}

#[test]
fn lstm_cells_agree_with_the_equations() {
    let mut random = Random(3);
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    for (count, width) in [(1, 1), (3, 5), (2, 16), (4, 33)] {
        let gates: Vec<f32> = floats(&mut random, count * 4 * width)
            .iter()
            .map(|gate| gate * 5.0)
            .collect();
        let before = floats(&mut random, count * width);
        for isa in Isa::available() {
            let (mut cell, mut hidden) = (before.clone(), vec![0.0; count * width]);
            lstm_cell(
                isa,
                count,
                Rows::dense(&gates, 4 * width),
                RowsMut::dense(&mut cell, width),
                RowsMut::dense(&mut hidden, width),
            );
            for i in 0..count * width {
                let (row, j) = (i / width, i % width);
                let gate = |gate: usize| f64::from(gates[(row * 4 + gate) * width + j]);
                let c = sigmoid(gate(1)) * f64::from(before[i]) + sigmoid(gate(0)) * gate(2).tanh();
                let h = sigmoid(gate(3)) * c.tanh();
                assert!((f64::from(cell[i]) - c).abs() < 2e-6, "{isa:?}");
                assert!((f64::from(hidden[i]) - h).abs() < 2e-6, "{isa:?}");
            }
        }
    }
}

#[test]
fn attention_agrees_with_the_equations() {
    let mut random = Random(4);
    for (width, value_width, rows) in [
        (1, 1, vec![0]),
        (7, 5, vec![4, 1, 3]),
        (33, 40, (0..19).collect()),
    ] {
        let query = floats(&mut random, width);
        let (keys, values) = (
            floats(&mut random, 20 * width),
            floats(&mut random, 20 * value_width),
        );
        let scores = rows.iter().map(|&row: &usize| {
            let key = &keys[row * width..][..width];
            let score: f64 = query.iter().zip(key).map(|(&q, &k)| f64::from(q * k)).sum();
            (score * 0.3).exp()
        });
        let scores: Vec<f64> = scores.collect();
        let sum: f64 = scores.iter().sum();
        for isa in Isa::available() {
            let (mut weights, mut output) = (vec![0.0; rows.len()], vec![9.0; value_width]);
            let attention = Attention {
                query: &query,
                keys: Rows::dense(&keys, width),
                values: Rows::dense(&values, value_width),
                tokens: rows.iter().copied(),
                scale: 0.3,
                weights: &mut weights,
                output: &mut output,
            };
            attention.run(isa);
            for (weight, score) in weights.iter().zip(&scores) {
                assert!((f64::from(*weight) - score / sum).abs() < 1e-5, "{isa:?}");
            }
            for (j, output) in output.iter().enumerate() {
                let value = |(&row, score): (&usize, &f64)| {
                    score / sum * f64::from(values[row * value_width + j])
                };
                let expected: f64 = rows.iter().zip(&scores).map(value).sum();
                assert!((f64::from(*output) - expected).abs() < 1e-5, "{isa:?}");
            }
        }
    }
}
