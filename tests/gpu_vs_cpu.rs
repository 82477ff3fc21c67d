//! The GPU engine against the CPU engine, on every adapter of this machine: each kernel on odd shapes, and whole searches.
//!
//! Without an adapter these tests cannot run; they say so, and fail if `DRAGOMAN_REQUIRE_GPU` is set.
#![cfg(feature = "gpu")]

use std::sync::Arc;

use dragoman::decode::{DecodeOptions, Decoder, Hypothesis};
use dragoman::format::{Seq2SeqConfig, Shortlist, TransformerConfig};
use dragoman::gpu::search::DeviceModel;
use dragoman::gpu::{Engine, Fault, Session, Settings};
use dragoman::model::Model;
use dragoman::model::random::{Random, model_file};

/// Largest relative difference of scores: logarithms are approximate, and sums of many terms are taken in another order.
const TOLERANCE: f32 = 1e-5;

/// An engine with all that the device has and one with nothing of it, or none.
fn engines() -> Vec<Arc<Engine>> {
    let mut engines = Vec::new();
    for wanted in [None, Some(false)] {
        let settings = Settings {
            packed: wanted,
            subgroups: wanted,
            ..Settings::default()
        };
        match pollster::block_on(Engine::new(&settings)) {
            Ok(engine) => {
                eprintln!("adapter: {:?}", engine.capabilities());
                engines.push(Arc::new(engine));
            }
            Err(fault @ Fault::NoAdapter(_)) => {
                assert!(
                    std::env::var_os("DRAGOMAN_REQUIRE_GPU").is_none(),
                    "{fault}"
                );
                eprintln!("\nSKIPPED, NOTHING WAS TESTED: {fault}\n");
            }
            Err(fault) => panic!("{fault}"),
        }
    }
    engines
}

fn sentences(random: &mut Random, count: usize, vocabulary: usize) -> Vec<Vec<u32>> {
    (0..count)
        .map(|_| {
            let length = random.below(19);
            let mut tokens: Vec<u32> = (0..length)
                .map(|_| random.below(vocabulary + 1) as u32)
                .collect();
            tokens.push(0);
            tokens
        })
        .collect()
}

fn close(a: f32, b: f32) -> bool {
    (a - b).abs() <= TOLERANCE * (1.0 + b.abs())
}

/// Checks scores and alignments of the sentences that have the same tokens, and returns how many have: all but those in which two
/// tokens or hypotheses are as likely up to the last bits, which random models have more of than trained ones.
fn same(on_gpu: &[Hypothesis], on_cpu: &[Hypothesis], context: &str) -> usize {
    assert_eq!(on_gpu.len(), on_cpu.len());
    let mut count = 0;
    for (gpu, cpu) in on_gpu.iter().zip(on_cpu) {
        if gpu.tokens != cpu.tokens {
            continue;
        }
        count += 1;
        assert!(
            close(gpu.score, cpu.score),
            "{context}: {} {}",
            gpu.score,
            cpu.score
        );
        for (gpu, cpu) in gpu.token_scores.iter().zip(&cpu.token_scores) {
            assert!(close(*gpu, *cpu), "{context}: {gpu} {cpu}");
        }
        let weights = |hypothesis: &Hypothesis| hypothesis.alignment.clone().unwrap_or_default();
        assert_eq!(weights(gpu).len(), weights(cpu).len(), "{context}");
        for (gpu, cpu) in weights(gpu).iter().zip(weights(cpu)) {
            assert_eq!(gpu.to_bits(), cpu.to_bits(), "{context}: {gpu} {cpu}");
        }
    }
    count
}

/// Checks what is certain of any search: each translation has the probability that the CPU gives it when it is made to say the
/// same. Had a hypothesis been given the state or the tokens of another, it would not.
fn check_by_force(
    model: &Model,
    sources: &[&[u32]],
    found: &[Hypothesis],
    options: &DecodeOptions,
    context: &str,
) {
    let targets: Vec<&[u32]> = found.iter().map(|h| h.tokens.as_slice()).collect();
    let forced = Decoder::new(model).force(model, sources, &targets);
    for ((found, forced), source) in found.iter().zip(&forced).zip(sources) {
        let most = (source.len() as f32 * options.max_length_factor).ceil() as usize;
        let most = most + DecodeOptions::EXTRA_TOKENS;
        assert!(found.tokens.len() <= most, "{context}");
        for (found, forced) in found.token_scores.iter().zip(&forced.token_scores) {
            assert!(close(*found, *forced), "{context}: {found} {forced}");
        }
        // A translation that reached the greatest length has no end.
        if found.tokens.len() < most {
            let total: f32 = forced.token_scores.iter().sum();
            let length = forced.token_scores.len() as f32;
            let score = total / length.powf(options.length_penalty);
            assert!(
                close(found.score, score),
                "{context}: {} {score}",
                found.score
            );
        }
    }
}

#[test]
fn searches_give_the_same_translations() {
    for engine in engines() {
        let mut random = Random(11);
        for (embedding, hidden, encoder_layers, decoder_layers) in [
            (6, 10, 1, 1),
            (33, 70, 2, 1),
            (64, 130, 3, 2),
            (256, 512, 1, 1),
        ] {
            let config = Seq2SeqConfig {
                embedding,
                hidden,
                encoder_layers,
                decoder_layers,
                source_vocabulary: 131,
                target_vocabulary: 337,
            };
            let model = Model::new(&model_file(&config, 3, false)).unwrap();
            let on_device = DeviceModel::new(&engine, &model).unwrap();
            assert_eq!(on_device.dispatches()[1], 5 + 2 * decoder_layers);
            let batches = if hidden > 200 {
                &BATCHES[..5]
            } else {
                &BATCHES
            };
            compare(&engine, &model, &mut random, batches);
        }
    }
}

/// A shortlist of random tokens, with lists for all source tokens but the last.
fn shortlist(random: &mut Random, source: usize, target: usize) -> Shortlist {
    let mut list = Shortlist {
        frequent: (0..9).map(|_| random.below(target) as u32).collect(),
        starts: vec![0],
        tokens: Vec::new(),
    };
    for _ in 1..source {
        let few = 0..random.below(15);
        list.tokens.extend(few.map(|_| random.below(target) as u32));
        list.starts.push(list.tokens.len() as u32);
    }
    list
}

#[test]
fn transformers_and_shortlists_give_the_same_translations() {
    for engine in engines() {
        let mut random = Random(12);
        for (embedding, feed_forward, heads, encoder_layers, decoder_layers, shared) in [
            (6, 10, 3, 1, 1, false),
            (40, 150, 4, 2, 2, true),
            (256, 300, 8, 1, 1, true),
        ] {
            let config = TransformerConfig {
                embedding,
                feed_forward,
                heads,
                encoder_layers,
                decoder_layers,
                source_vocabulary: 131,
                target_vocabulary: if shared { 131 } else { 337 },
                shared_vocabulary: shared,
                self_attention: false,
                swish: false,
            };
            let mut file = model_file(&config, 3, false);
            for listed in [false, true] {
                let (source, target) = (config.source_vocabulary, config.target_vocabulary);
                file.shortlist = listed.then(|| shortlist(&mut random, source, target));
                let model = Model::new(&file).unwrap();
                let on_device = DeviceModel::new(&engine, &model).unwrap();
                assert!(on_device.dispatches()[1] <= 10);
                // Many rows share workgroups.
                let batches = if embedding == 40 {
                    &BATCHES
                } else {
                    &BATCHES[..6]
                };
                compare(&engine, &model, &mut random, batches);
            }
        }
    }
}

/// Number of sentences, beam width, whether alignments are wanted, length penalty.
type Searches = (usize, usize, bool, f32);

const BATCHES: [Searches; 8] = [
    (1, 1, true, 1.3),
    (1, 2, false, 1.3),
    (2, 4, false, 1.3),
    (3, 2, true, 0.6),
    (1, 32, false, 1.0),
    (15, 1, true, 0.0),
    (9, 4, true, 1.3),
    (17, 3, false, 0.0),
];

/// Searches for a few batches.
fn compare(engine: &Arc<Engine>, model: &Model, random: &mut Random, batches: &[Searches]) {
    let mut session = Session::new(DeviceModel::new(engine, model).unwrap());
    let mut decoder = Decoder::new(model);
    let (mut found, mut all) = (0, 0);
    for &(count, beam, alignment, length_penalty) in batches {
        let sources = sentences(random, count, 131);
        let sources: Vec<&[u32]> = sources.iter().map(Vec::as_slice).collect();
        let options = DecodeOptions {
            beam,
            length_penalty,
            alignment,
            ..DecodeOptions::default()
        };
        let on_gpu = pollster::block_on(session.search(model, &sources, &options)).unwrap();
        let on_cpu = decoder.search(model, &sources, &options);
        let context = format!("{}, beam {beam}", engine.capabilities().name);
        let same = same(&on_gpu, &on_cpu, &context);
        check_by_force(model, &sources, &on_gpu, &options, &context);
        found += same;
        all += count;
    }
    eprintln!("{found} of {all} translations are the same");
    assert!(found * 100 >= all * 98, "{found} of {all}");
}
