//! The CPU engine against the equations of the model, on random weights, odd widths and batches of mixed lengths.

mod reference;

use dragoman::cpu::executor::Hypotheses;
use dragoman::cpu::{Executor, Isa};
use dragoman::decode::{DecodeOptions, Decoder, Hypothesis};
use dragoman::format::Seq2SeqConfig;
use dragoman::model::random::{Random, model_file};
use dragoman::model::{Batch, Model};
use reference::{Reference, softmax};

/// Embedding, hidden, encoder layers, decoder layers, source and target vocabulary.
const SHAPES: [[usize; 6]; 4] = [
    [1, 2, 1, 1, 3, 3],
    [5, 6, 2, 1, 11, 17],
    [33, 30, 1, 3, 40, 61],
    [20, 50, 3, 2, 70, 133],
];

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
    reference: &Reference,
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

#[test]
fn engine_agrees_with_the_equations() {
    for (seed, shape) in SHAPES.into_iter().enumerate() {
        let config = config(shape);
        let mut random = Random(seed as u64);
        let sources = sentences(&mut random, &[3, 1, 17, 8, 3], config.source_vocabulary);
        let targets = sentences(&mut random, &[sources.len(); 6], config.target_vocabulary);
        let float = model_file(&config, seed as u64, true);
        let quantised = model_file(&config, seed as u64, false);
        let reference = Reference::new(&float);
        for isa in Isa::available() {
            for (file, tolerance) in [(&float, 1e-5), (&quantised, 0.12)] {
                let model = Model::new(file).unwrap();
                let difference = largest_difference(&model, &reference, isa, &sources, &targets);
                assert!(
                    difference < tolerance,
                    "{shape:?} {isa:?}: {difference} is not below {tolerance}"
                );
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
    for (seed, shape) in SHAPES.into_iter().enumerate().skip(1) {
        let config = config(shape);
        let mut random = Random(seed as u64);
        let sources = sentences(
            &mut random,
            &[5, 1, 19, 2, 2, 9, 4, 1],
            config.source_vocabulary,
        );
        for float in [false, true] {
            let model = Model::new(&model_file(&config, seed as u64, float)).unwrap();
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
                        "{shape:?} float {float} beam {beam} {isa:?}"
                    );
                }
            }
        }
    }
}
