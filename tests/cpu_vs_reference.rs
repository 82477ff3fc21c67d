//! The CPU engine against the equations of the model, on random weights, odd widths and batches of mixed lengths.

mod reference;

use dragoman::cpu::executor::Hypotheses;
use dragoman::cpu::{Candidate, Executor, Isa};
use dragoman::decode::{DecodeOptions, Decoder, Hypothesis};
use dragoman::format::{Architecture, Seq2SeqConfig, Shortlist, TransformerConfig};
use dragoman::model::random::{Random, model_file};
use dragoman::model::{Batch, Model};
use reference::{Equations, Seq2Seq, Transformer, softmax};

/// Embedding, hidden, encoder layers, decoder layers, source and target vocabulary.
const SHAPES: [[usize; 6]; 4] = [
    [1, 2, 1, 1, 3, 3],
    [5, 6, 2, 1, 11, 17],
    [33, 30, 1, 3, 40, 61],
    [20, 50, 3, 2, 70, 133],
];

/// Embedding, feed-forward, heads, encoder and decoder layers, source and target vocabulary; shared where those are the same.
const TRANSFORMERS: [[usize; 7]; 5] = [
    [2, 1, 1, 1, 1, 3, 3],
    [6, 5, 3, 2, 1, 11, 17],
    [30, 33, 2, 1, 3, 40, 61],
    [50, 70, 5, 3, 2, 90, 90],
    [8, 9, 2, 2, 2, 13, 19],
];

fn transformer(shape: [usize; 7]) -> TransformerConfig {
    let [
        embedding,
        feed_forward,
        heads,
        encoder_layers,
        decoder_layers,
        source_vocabulary,
        target_vocabulary,
    ] = shape;
    TransformerConfig {
        embedding,
        feed_forward,
        heads,
        encoder_layers,
        decoder_layers,
        source_vocabulary,
        target_vocabulary,
        shared_vocabulary: source_vocabulary == target_vocabulary,
        // So that every combination is there.
        self_attention: encoder_layers % 2 == 1,
        swish: decoder_layers % 2 == 1,
    }
}

fn config(shape: [usize; 6]) -> Seq2SeqConfig {
    let [
        embedding,
        hidden,
        encoder_layers,
        decoder_layers,
        source_vocabulary,
        target_vocabulary,
    ] = shape;
    Seq2SeqConfig {
        embedding,
        hidden,
        encoder_layers,
        decoder_layers,
        source_vocabulary,
        target_vocabulary,
    }
}

fn sentences(random: &mut Random, lengths: &[usize], vocabulary: usize) -> Vec<Vec<u32>> {
    let sentence = |&length: &usize| {
        (1..length)
            .map(|_| random.below(vocabulary) as u32)
            .chain([0])
            .collect()
    };
    lengths.iter().map(sentence).collect()
}

/// The largest difference between the engine's and the reference's probabilities and attention when
/// the decoder is fed `targets`, which hold a token for every sentence at every step.
fn largest_difference(
    model: &Model,
    reference: &impl Equations,
    isa: Isa,
    sources: &[Vec<u32>],
    targets: &[Vec<u32>],
) -> f64 {
    let batch = Batch::new(sources);
    let mut executor = Executor::new(model, isa);
    executor.encode(model, &batch, sources.len());
    let mut expected: Vec<_> = sources
        .iter()
        .map(|source| reference.encode(source))
        .collect();
    let rows: Vec<usize> = (0..sources.len()).collect();
    let mut largest: f64 = 0.0;
    for tokens in targets {
        let previous: Vec<u32> = rows.iter().map(|&row| tokens[batch.origin(row)]).collect();
        executor.step(
            model,
            &batch,
            Hypotheses {
                sentences: &rows,
                previous: &previous,
            },
        );
        for row in 0..sources.len() {
            let (encoded, state) = &mut expected[batch.origin(row)];
            let step = reference.step(encoded, state, previous[row]);
            let logits: Vec<f64> = executor
                .logits(model, row)
                .iter()
                .map(|&x| f64::from(x))
                .collect();
            let attention = executor
                .alignment(row, batch.length(row))
                .iter()
                .map(|&x| f64::from(x));
            let pairs = softmax(&logits)
                .into_iter()
                .zip(softmax(&step.logits))
                .chain(attention.zip(step.attention));
            for (found, expected) in pairs {
                assert!(found.is_finite());
                largest = largest.max((found - expected).abs());
            }
        }
    }
    largest
}

/// Compares a model with random weights with its equations, in floats and quantised, on every instruction set.
fn compare<E: Equations>(architecture: &Architecture, seed: u64, tolerance: f64) {
    let mut random = Random(seed);
    let (source, target) = architecture.vocabularies();
    let sources = sentences(&mut random, &[3, 1, 17, 8, 3], source);
    let targets = sentences(&mut random, &[sources.len(); 6], target);
    let float = model_file(architecture.clone(), seed, true);
    let quantised = model_file(architecture.clone(), seed, false);
    let reference = E::new(&float);
    for isa in Isa::available() {
        for (file, tolerance) in [(&float, 1e-5), (&quantised, tolerance)] {
            let model = Model::new(file).unwrap();
            let difference = largest_difference(&model, &reference, isa, &sources, &targets);
            assert!(
                difference < tolerance,
                "{architecture:?} {isa:?}: {difference} is not below {tolerance}"
            );
        }
    }
}

#[test]
fn engine_agrees_with_the_equations() {
    for (seed, shape) in SHAPES.into_iter().enumerate() {
        compare::<Seq2Seq>(&(&config(shape)).into(), seed as u64, 0.12);
    }
    for (seed, shape) in TRANSFORMERS.into_iter().enumerate() {
        compare::<Transformer>(&(&transformer(shape)).into(), seed as u64, 0.3);
    }
}

/// A shortlist of random tokens, with lists for all source tokens but the last.
fn shortlist(random: &mut Random, source: usize, target: usize) -> Shortlist {
    let mut starts = vec![0];
    let mut tokens = Vec::new();
    for _ in 1..source {
        tokens.extend((0..random.below(5)).map(|_| random.below(target) as u32));
        starts.push(tokens.len() as u32);
    }
    Shortlist {
        frequent: vec![0, 1, 2],
        starts,
        tokens,
    }
}

#[test]
fn shortlist_leaves_the_logits_of_its_candidates_as_they_are() {
    for (seed, shape) in TRANSFORMERS.into_iter().enumerate() {
        let config = transformer(shape);
        let mut random = Random(seed as u64);
        let (source, target) = (config.source_vocabulary, config.target_vocabulary);
        let sources = sentences(&mut random, &[3, 1, 17, 8, 3], source);
        let shortlist = shortlist(&mut random, source, target);
        let batch = Batch::new(&sources);
        // Three hypotheses for the first sentence, none for the second.
        let rows = [0, 0, 0, 2, 3, 4];
        for float in [false, true] {
            let mut file = model_file(&config, seed as u64, float);
            let whole = Model::new(&file).unwrap();
            file.shortlist = Some(shortlist.clone());
            let short = Model::new(&file).unwrap();
            let candidates = short.candidates(&batch).unwrap();
            for isa in Isa::available() {
                let mut executors = [&whole, &short].map(|model| {
                    let mut executor = Executor::new(model, isa);
                    executor.encode(model, &batch, rows.len());
                    executor.reorder(&rows);
                    executor.step(
                        model,
                        &batch,
                        Hypotheses {
                            sentences: &rows,
                            previous: &[0; 6],
                        },
                    );
                    executor
                });
                for (row, &sentence) in rows.iter().enumerate() {
                    let all = executors[0].logits(&whole, row).to_vec();
                    let some = executors[1].logits(&short, row).to_vec();
                    let tokens = candidates.of(sentence);
                    assert_eq!(some.len(), tokens.len());
                    for (&token, logit) in tokens.iter().zip(&some) {
                        assert_eq!(logit.to_bits(), all[token as usize].to_bits(), "{isa:?}");
                    }
                    for token in 0..target as u32 {
                        let place = executors[1].place(&short, row, token);
                        assert_eq!(place, tokens.iter().position(|&other| other == token));
                    }
                    let mut best = vec![Candidate::default(); target];
                    let found = executors[1].select(&short, row, &mut best);
                    let mut chosen: Vec<u32> = best[..found].iter().map(|c| c.token).collect();
                    chosen.sort_unstable();
                    assert_eq!(chosen, tokens);
                }
            }
        }
    }
}

fn bits(hypothesis: &Hypothesis) -> (Vec<u32>, u32, Vec<u32>, Option<Vec<u32>>, bool) {
    let Hypothesis {
        tokens,
        score,
        token_scores,
        alignment,
        looped,
    } = hypothesis.clone();
    let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect();
    (
        tokens,
        score.to_bits(),
        bits(token_scores),
        alignment.map(bits),
        looped,
    )
}

#[test]
fn translation_depends_on_neither_batch_nor_instructions() {
    let seq2seq = SHAPES
        .into_iter()
        .skip(1)
        .map(|shape| (&config(shape)).into());
    let transformers = TRANSFORMERS
        .into_iter()
        .skip(1)
        .map(|shape| (&transformer(shape)).into());
    let architectures: Vec<Architecture> = seq2seq.chain(transformers).collect();
    for (seed, architecture) in architectures.iter().enumerate() {
        let mut random = Random(seed as u64);
        let (source, target) = architecture.vocabularies();
        let sources = sentences(&mut random, &[5, 1, 19, 2, 2, 9, 4, 1], source);
        let mut file = model_file(architecture.clone(), seed as u64, false);
        if seed % 2 == 0 && architecture.takes_shortlist() {
            file.shortlist = Some(shortlist(&mut random, source, target));
        }
        for float in [false, true] {
            let floats = model_file(architecture.clone(), seed as u64, true);
            file.tensors = if float { floats.tensors } else { file.tensors };
            let model = Model::new(&file).unwrap();
            for beam in [1, 3] {
                let options = DecodeOptions {
                    beam,
                    alignment: true,
                    max_length_factor: 0.5,
                    ..DecodeOptions::default()
                };
                let mut scalar = Decoder::with_isa(&model, Isa::available()[0]);
                let alone: Vec<_> = sources
                    .iter()
                    .map(|source| bits(&scalar.translate(&model, &[source], &options)[0]))
                    .collect();
                for isa in Isa::available() {
                    let together =
                        Decoder::with_isa(&model, isa).translate(&model, &sources, &options);
                    let together: Vec<_> = together.iter().map(bits).collect();
                    assert_eq!(
                        together, alone,
                        "{architecture:?} float {float} beam {beam} {isa:?}"
                    );
                }
            }
        }
    }
}
