//! Training speed of an LSTM and of a transformer, in target tokens per second: forward, backward and optimiser step.
//!
//! `cargo bench --features train --bench training`; the same in PyTorch: `tools/training/bench_pytorch.py`.

use candle_core::Device;
use criterion::{Criterion, Throughput, criterion_group};
use dragoman::{
    format::{Seq2SeqConfig, TransformerConfig},
    train::{
        fused::{AdamW, AdamWOptions, Precision},
        memory::keep_freed_memory,
        network::{LossOptions, Network},
        parallel::{Workers, leave_cores_to_workers},
    },
};

/// Sentences of a batch.
const SENTENCES: usize = 128;
/// Tokens of each side of a pair, `</s>` included.
const LENGTH: usize = 20;
/// Pieces of each side.
const VOCABULARY: usize = 12_000;

fn training(criterion: &mut Criterion) {
    let lstm = Seq2SeqConfig {
        embedding: 256,
        hidden: 512,
        encoder_layers: 2,
        decoder_layers: 2,
        source_vocabulary: VOCABULARY,
        target_vocabulary: VOCABULARY,
    };
    let transformer = TransformerConfig {
        embedding: 256,
        feed_forward: 1024,
        heads: 8,
        encoder_layers: 4,
        decoder_layers: 2,
        source_vocabulary: VOCABULARY,
        target_vocabulary: VOCABULARY,
        shared_vocabulary: false,
        self_attention: false,
        swish: false,
    };
    for (precision_name, precision) in [("f32", Precision::F32), ("bf16", Precision::Bf16)] {
        for (name, network) in [
            ("lstm-256-512-2-2", Network::new(&lstm, 1, &Device::Cpu)),
            (
                "transformer-256-1024-4-2",
                Network::new(&transformer, 1, &Device::Cpu),
            ),
        ] {
            let network = network.unwrap().with_precision(precision);
            steps(criterion, &format!("{name} {precision_name}"), &network);
        }
    }
}

fn steps(criterion: &mut Criterion, name: &str, network: &Network) {
    let options = AdamWOptions {
        beta1: 0.9,
        beta2: 0.98,
        epsilon: 1e-8,
        weight_decay: 0.0,
        clip: 1.0,
        bias_correction: true,
    };
    let mut optimiser =
        AdamW::new(network.parameters().values().cloned().collect(), options).unwrap();
    let workers = Workers::new(std::thread::available_parallelism().map_or(1, Into::into)).unwrap();
    let sentence = |n: usize| -> Vec<u32> {
        let mut ids: Vec<u32> = (1..LENGTH)
            .map(|t| (2 + (n * 7919 + t * 104_729) % (VOCABULARY - 2)) as u32)
            .collect();
        ids.push(0);
        ids
    };
    let sentences: Vec<Vec<u32>> = (0..SENTENCES).map(sentence).collect();
    let pairs: Vec<_> = sentences
        .iter()
        .map(|s| (s.as_slice(), s.as_slice()))
        .collect();
    let tokens = SENTENCES * LENGTH;
    let mut group = criterion.benchmark_group("training");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(tokens as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let loss = LossOptions {
                smoothing: 0.1,
                dropout: 0.1,
                seed: 1,
                scale: 1.0 / tokens as f32,
                training: true,
            };
            let (_, gradients) = workers.gradients(network, &pairs, loss).unwrap();
            optimiser.step(&gradients, 1e-4).unwrap();
        });
    });
    group.finish();
}

criterion_group!(benches, training);

fn main() {
    // SAFETY: nothing has been started yet.
    unsafe { leave_cores_to_workers() };
    keep_freed_memory();
    benches();
    Criterion::default().configure_from_args().final_summary();
}
