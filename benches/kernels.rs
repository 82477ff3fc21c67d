//! Kernels on every instruction set of this machine, and a whole model on the fastest.
//!
//! Products report multiply-adds as elements, so `Gelem/s` reads as GMAC/s.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dragoman::cpu::affine::{Activations, Affine};
use dragoman::cpu::attention::Attention;
use dragoman::cpu::executor::Hypotheses;
use dragoman::cpu::lstm::lstm_cell;
use dragoman::cpu::panels::Panels;
use dragoman::cpu::rows::{Rows, RowsMut};
use dragoman::cpu::select::select;
use dragoman::cpu::{Candidate, Executor, Isa, Weight};
use dragoman::decode::{DecodeOptions, Decoder};
use dragoman::format::{QuantisedMatrix, Seq2SeqConfig};
use dragoman::model::plan::Epilogue;
use dragoman::model::random::{Random, model_file};
use dragoman::model::{Batch, Model};

fn floats(random: &mut Random, len: usize) -> Vec<f32> {
    (0..len).map(|_| random.within(1.0)).collect()
}

/// `[out, in]` times a batch, quantisation of the activations included.
fn affine(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("affine");
    for (out, input) in [(2048, 512), (16_000, 256)] {
        let data = floats(&mut Random(1), out * input);
        let matrix = QuantisedMatrix::quantise(&data, out, input).unwrap();
        let weight = Weight::Quantised(Panels::new(&matrix));
        for batch in [1, 4, 16] {
            let x = floats(&mut Random(2), batch * input);
            let mut y = vec![0.0; batch * out];
            let mut scratch = Activations::default();
            group.throughput(Throughput::Elements((batch * out * input) as u64));
            for isa in Isa::available() {
                let id = BenchmarkId::new(isa.name(), format!("{out}x{input}x{batch}"));
                group.bench_function(id, |bencher| {
                    bencher.iter(|| {
                        let affine = Affine {
                            weight: &weight,
                            bias: None,
                            epilogue: Epilogue::Store,
                        };
                        let (x, y) = (Rows::dense(&x, input), RowsMut::dense(&mut y, out));
                        affine.run(isa, batch, x, y, &mut scratch);
                    });
                });
            }
        }
    }
    group.finish();
}

/// The elementwise half of an LSTM, per unit.
fn lstm(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lstm_cell");
    let (batch, width) = (8, 512);
    let gates = floats(&mut Random(3), batch * 4 * width);
    let (mut cell, mut hidden) = (vec![0.0; batch * width], vec![0.0; batch * width]);
    group.throughput(Throughput::Elements((batch * width) as u64));
    for isa in Isa::available() {
        group.bench_function(isa.name(), |bencher| {
            bencher.iter(|| {
                let cell = RowsMut::dense(&mut cell, width);
                let hidden = RowsMut::dense(&mut hidden, width);
                lstm_cell(isa, batch, Rows::dense(&gates, 4 * width), cell, hidden);
            });
        });
    }
    group.finish();
}

/// One query over a sentence, per token and unit.
fn attention(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("attention");
    let width = 512;
    for tokens in [8, 40] {
        let query = floats(&mut Random(7), width);
        let keys = floats(&mut Random(8), tokens * width);
        let values = floats(&mut Random(9), tokens * width);
        let (mut weights, mut output) = (vec![0.0; tokens], vec![0.0; width]);
        group.throughput(Throughput::Elements((tokens * width) as u64));
        for isa in Isa::available() {
            group.bench_function(BenchmarkId::new(isa.name(), tokens), |bencher| {
                bencher.iter(|| {
                    Attention {
                        query: &query,
                        keys: Rows::dense(&keys, width),
                        values: Rows::dense(&values, width),
                        tokens: 0..tokens,
                        heads: 1,
                        scale: 0.05,
                        weights: &mut weights,
                        output: &mut output,
                    }
                    .run(isa);
                });
            });
        }
    }
    group.finish();
}

/// Log-softmax and the best tokens, per logit.
fn selection(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("select");
    let logits = floats(&mut Random(4), 32_000);
    group.throughput(Throughput::Elements(logits.len() as u64));
    for count in [1, 5] {
        let mut best = vec![Candidate::default(); count];
        for isa in Isa::available() {
            group.bench_function(BenchmarkId::new(isa.name(), count), |bencher| {
                bencher.iter(|| select(isa, &logits, &mut best));
            });
        }
    }
    group.finish();
}

/// A model of the size that is shipped: the encoder per source token, a step per hypothesis, and whole translations.
fn model(criterion: &mut Criterion) {
    let config = Seq2SeqConfig {
        embedding: 256,
        hidden: 512,
        encoder_layers: 2,
        decoder_layers: 2,
        source_vocabulary: 16_000,
        target_vocabulary: 16_000,
    };
    let model = Model::new(&model_file(&config, 5, false)).unwrap();
    let isa = Isa::detect();
    let mut group = criterion.benchmark_group("model");
    group.sample_size(20);
    for sentences in [1, 16] {
        let mut random = Random(6);
        let sources: Vec<Vec<u32>> = (0..sentences)
            .map(|_| (0..25).map(|_| random.below(16_000) as u32).collect())
            .collect();
        let batch = Batch::new(&sources);
        let mut executor = Executor::new(&model, isa);
        group.throughput(Throughput::Elements(batch.tokens().len() as u64));
        group.bench_function(BenchmarkId::new("encode", sentences), |bencher| {
            bencher.iter(|| executor.encode(&model, &batch, sentences));
        });
        let rows: Vec<usize> = (0..sentences).collect();
        let hypotheses = Hypotheses {
            sentences: &rows,
            previous: &vec![7; sentences],
        };
        group.throughput(Throughput::Elements(sentences as u64));
        group.bench_function(BenchmarkId::new("step", sentences), |bencher| {
            bencher.iter(|| executor.step(&model, &batch, hypotheses));
        });
        let mut decoder = Decoder::new(&model);
        for beam in [1, 4] {
            let options = DecodeOptions {
                beam,
                max_length_factor: 1.0,
                ..DecodeOptions::default()
            };
            let id = BenchmarkId::new(format!("translate, beam {beam}"), sentences);
            group.bench_function(id, |bencher| {
                bencher.iter(|| decoder.translate(&model, &sources, &options));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, affine, lstm, attention, selection, model);
criterion_main!(benches);
