//! Every kernel on every instruction set against the obvious loops, on odd shapes and extreme values.

use dragoman::cpu::affine::{Activations, Affine};
use dragoman::cpu::attention::Attention;
use dragoman::cpu::lstm::lstm_cell;
use dragoman::cpu::norm::Norm;
use dragoman::cpu::panels::Panels;
use dragoman::cpu::rows::{Rows, RowsMut};
use dragoman::cpu::ssru::ssru_cell;
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
            let [stored, added, squashed, positive] = [
                Epilogue::Store,
                Epilogue::Add,
                Epilogue::Tanh,
                Epilogue::Relu,
            ]
            .map(run);
            for i in 0..stored.len() {
                assert!((added[i] - (stored[i] + before[i])).abs() < 1e-6);
                assert!((squashed[i] - stored[i].tanh()).abs() < 1e-6);
                assert_eq!(positive[i].to_bits(), stored[i].max(0.0).to_bits());
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
fn ssru_cells_agree_with_the_equations() {
    let mut random = Random(5);
    for (count, width) in [(1, 1), (3, 5), (2, 16), (4, 33)] {
        let gates: Vec<f32> = floats(&mut random, count * 2 * width)
            .iter()
            .map(|gate| gate * 5.0)
            .collect();
        let before = floats(&mut random, count * width);
        let residual = floats(&mut random, count * width);
        for isa in Isa::available() {
            let (mut cell, mut output) = (before.clone(), residual.clone());
            ssru_cell(
                isa,
                count,
                Rows::dense(&gates, 2 * width),
                RowsMut::dense(&mut cell, width),
                RowsMut::dense(&mut output, width),
            );
            for i in 0..count * width {
                let (row, j) = (i / width, i % width);
                let gate = |gate: usize| f64::from(gates[(row * 2 + gate) * width + j]);
                let forget = 1.0 / (1.0 + (-gate(1)).exp());
                let c = forget * f64::from(before[i]) + (1.0 - forget) * gate(0);
                assert!((f64::from(cell[i]) - c).abs() < 4e-6, "{isa:?}");
                let sum = f64::from(residual[i]) + c.max(0.0);
                assert!((f64::from(output[i]) - sum).abs() < 4e-6, "{isa:?}");
            }
        }
    }
}

#[test]
fn normalised_rows_have_mean_and_variance() {
    let mut random = Random(6);
    for (count, width) in [(1, 1), (3, 5), (2, 16), (4, 33)] {
        let mut x = floats(&mut random, count * width);
        // A row without variance.
        x[..width].fill(1.5);
        let (scale, bias) = (floats(&mut random, width), floats(&mut random, width + 3));
        for isa in Isa::available() {
            let mut output = x.clone();
            let norm = Norm {
                count,
                output: RowsMut::dense(&mut output, width),
                scale: &scale,
                bias: &bias,
                epsilon: 1e-6,
            };
            norm.run(isa);
            for (found, x) in output.chunks(width).zip(x.chunks(width)) {
                let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / width as f64;
                let squares = x.iter().map(|&x| (f64::from(x) - mean).powi(2));
                let deviation = (squares.sum::<f64>() / width as f64 + 1e-6).sqrt();
                for j in 0..width {
                    let y = (f64::from(x[j]) - mean) / deviation;
                    let y = y * f64::from(scale[j]) + f64::from(bias[j]);
                    assert!((f64::from(found[j]) - y).abs() < 1e-5, "{isa:?}");
                }
            }
        }
    }
}

#[test]
fn gathered_rows_give_the_same_products() {
    let mut random = Random(7);
    let matrix = quantised(&mut random, 77, 13);
    let whole = Weight::Quantised(Panels::new(&matrix));
    let x = floats(&mut random, 2 * 13);
    let product = |weight: &Weight, isa: Isa| {
        let mut y = vec![0.0; 2 * weight.rows()];
        let affine = Affine {
            weight,
            bias: None,
            epilogue: Epilogue::Store,
        };
        let output = RowsMut::dense(&mut y, weight.rows());
        affine.run(
            isa,
            2,
            Rows::dense(&x, 13),
            output,
            &mut Activations::default(),
        );
        y
    };
    let mut part = Weight::Quantised(Panels::default());
    for rows in [vec![], vec![76], (0..40).collect(), vec![3, 16, 17, 76]] {
        part.gather(&whole, &rows);
        for isa in Isa::available() {
            let (all, some) = (product(&whole, isa), product(&part, isa));
            let expected = all
                .chunks(77)
                .flat_map(|y| rows.iter().map(|&row| y[row as usize]));
            assert_eq!(bits(&some), bits(&expected.collect::<Vec<_>>()), "{isa:?}");
        }
    }
}

#[test]
fn heads_attend_each_for_itself() {
    let mut random = Random(8);
    let (heads, width, value_width, rows) = (3, 5, 2, [4, 1, 3]);
    let query = floats(&mut random, heads * width);
    let keys = floats(&mut random, 6 * heads * width);
    let values = floats(&mut random, 6 * heads * value_width);
    for isa in Isa::available() {
        let attend = |head: usize, of: usize| {
            let (keys, values) = (
                Rows::new(&keys, head * width, of * width, heads * width),
                Rows::new(
                    &values,
                    head * value_width,
                    of * value_width,
                    heads * value_width,
                ),
            );
            let (mut weights, mut output) = ([0.0; 3], vec![9.0; of * value_width]);
            let attention = Attention {
                query: &query[head * width..][..of * width],
                keys,
                values,
                tokens: rows.into_iter(),
                heads: of,
                scale: 0.3,
                weights: &mut weights,
                output: &mut output,
            };
            attention.run(isa);
            (weights, output)
        };
        let (weights, together) = attend(0, heads);
        let alone: Vec<f32> = (0..heads).flat_map(|head| attend(head, 1).1).collect();
        assert_eq!(bits(&together), bits(&alone), "{isa:?}");
        assert_eq!(bits(&weights), bits(&attend(0, 1).0), "{isa:?}");
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
                heads: 1,
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
