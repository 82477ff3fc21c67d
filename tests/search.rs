//! Beam search against exhaustive search, and what a decoder promises about loops, lengths and odd input.

use dragoman::cpu::Candidate;
use dragoman::decode::beam::{Beam, BeamOptions, History, Limits, Step};
use dragoman::decode::{DecodeOptions, Decoder, END, Forced, Hypothesis, UNKNOWN};
use dragoman::format::{ModelFile, Seq2SeqConfig, Tensor};
use dragoman::model::Model;
use dragoman::model::random::{Random, model_file};

/// Tokens of the invented language, `</s>` included.
const TOKENS: u32 = 5;

/// Next-token probabilities that depend on the sentence and on everything said so far.
#[derive(Clone)]
struct Language {
    seed: u64,
    /// The sentence of every live hypothesis.
    sentences: Vec<usize>,
}

impl Language {
    fn next(&self, sentence: usize, tokens: &[u32]) -> Vec<Candidate> {
        let mut random = Random(self.seed + sentence as u64);
        for &token in tokens {
            random = Random(random.bits() ^ u64::from(token));
        }
        let weights: Vec<f32> = (0..TOKENS).map(|_| random.within(2.0).exp()).collect();
        let sum: f32 = weights.iter().sum();
        let candidate = |(token, weight): (usize, &f32)| Candidate {
            token: token as u32,
            log_probability: (weight / sum).ln(),
        };
        let mut candidates: Vec<Candidate> = weights.iter().enumerate().map(candidate).collect();
        candidates.sort_by(|a, b| b.log_probability.total_cmp(&a.log_probability));
        candidates
    }
}

impl Step for Language {
    fn select(&mut self, row: usize, history: History<'_>, best: &mut [Candidate]) -> usize {
        let mut tokens: Vec<u32> = history.collect();
        tokens.reverse();
        let found = self.next(self.sentences[row], &tokens);
        let count = found.len().min(best.len());
        best[..count].copy_from_slice(&found[..count]);
        count
    }

    fn alignment(&self, row: usize, length: usize) -> &[f32] {
        // Anything that tells sentences apart.
        &[[0.0, 0.5, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]][self.sentences[row]][..length]
    }
}

fn search(language: &Language, limits: &[Limits], options: BeamOptions) -> Vec<Hypothesis> {
    let mut language = language.clone();
    let mut beam = Beam::default();
    beam.start(limits.iter().copied(), options);
    while !beam.is_done() {
        language.sentences = beam.sentences().to_vec();
        beam.advance(&mut language);
        assert!(beam.sentences().is_sorted());
    }
    (0..limits.len())
        .map(|sentence| beam.best(sentence))
        .collect()
}

/// The best score of all finished token sequences shorter than `length`.
fn best_of_all(
    language: &Language,
    sentence: usize,
    length: usize,
    penalty: f32,
) -> (Vec<u32>, f32) {
    let mut best = (Vec::new(), f32::NEG_INFINITY);
    let mut open = vec![(Vec::new(), 0.0)];
    while let Some((tokens, total)) = open.pop() {
        for candidate in language.next(sentence, &tokens) {
            let total = total + candidate.log_probability;
            if candidate.token == END {
                let score = total / (tokens.len() as f32 + 1.0).powf(penalty);
                if score > best.1 {
                    best = (tokens.clone(), score);
                }
            } else if tokens.len() + 1 < length {
                let tokens = [&tokens[..], &[candidate.token]].concat();
                open.push((tokens, total));
            }
        }
    }
    best
}

#[test]
fn wide_beam_finds_the_best_and_a_narrow_one_is_greedy() {
    let limits: Vec<Limits> = (1..=3).map(|source| Limits { source, target: 4 }).collect();
    for seed in 0..20 {
        let language = Language {
            seed: seed * 1000,
            sentences: Vec::new(),
        };
        for length_penalty in [0.0, 0.6, 1.0] {
            // Wide enough to drop nothing: there are 4^3 sequences of three tokens.
            let options = BeamOptions {
                width: 64,
                length_penalty,
                alignment: true,
            };
            for (sentence, found) in search(&language, &limits, options).iter().enumerate() {
                let (tokens, score) = best_of_all(&language, sentence, 4, length_penalty);
                assert_eq!(
                    found.tokens, tokens,
                    "seed {seed}, penalty {length_penalty}"
                );
                assert!((found.score - score).abs() < 1e-5);
                assert_eq!(found.token_scores.len(), tokens.len());
                let alignment = found.alignment.as_ref().unwrap();
                assert_eq!(alignment.len(), tokens.len() * limits[sentence].source);
            }
            let options = BeamOptions {
                width: 1,
                ..options
            };
            for (sentence, found) in search(&language, &limits, options).iter().enumerate() {
                let mut greedy = Vec::new();
                while greedy.len() < limits[sentence].target {
                    match language.next(sentence, &greedy)[0].token {
                        END => break,
                        token => greedy.push(token),
                    }
                }
                assert_eq!(found.tokens, greedy, "seed {seed}");
            }
        }
    }
}

const CONFIG: Seq2SeqConfig = Seq2SeqConfig {
    embedding: 4,
    hidden: 4,
    encoder_layers: 1,
    decoder_layers: 1,
    source_vocabulary: 10,
    target_vocabulary: 12,
};

/// A model that ignores its input: its logits are always these.
fn constant(logits: [f32; 12]) -> Model {
    let mut file: ModelFile = model_file(&CONFIG, 1, true);
    for (name, tensor) in &mut file.tensors {
        if let Tensor::Float { data, .. } = tensor {
            data.fill(0.0);
            if name == "output.bias" {
                data.copy_from_slice(&logits);
            }
        }
    }
    Model::new(&file).unwrap()
}

#[test]
fn loops_are_noticed_and_broken() {
    // Token 5 is always likeliest, </s> always least likely, and <unk> likelier than all but is never emitted.
    let model = constant([-9.0, 50.0, 0.1, 0.2, 0.3, 9.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]);
    for beam in [1, 4] {
        let options = DecodeOptions {
            beam,
            ..DecodeOptions::default()
        };
        let found = Decoder::new(&model).translate(&model, &[[4, 3, 2, 0]], &options);
        assert!(found[0].looped, "beam {beam}");
        assert!(!found[0].tokens.contains(&UNKNOWN));
        assert_eq!(found[0].tokens.len(), 2 * 4 + DecodeOptions::EXTRA_TOKENS);
        let mut trigrams: Vec<_> = found[0].tokens.windows(3).collect();
        trigrams.sort_unstable();
        assert!(
            trigrams.windows(2).all(|pair| pair[0] != pair[1]),
            "beam {beam}"
        );
        // A source that repeats itself may be translated so.
        let options = DecodeOptions {
            max_length_factor: 1.0,
            ..options
        };
        let found = Decoder::new(&model).translate(&model, &[[4; 40]], &options);
        assert!(!found[0].looped, "beam {beam}");
    }
}

#[test]
fn odd_input_is_survived() {
    let likeliest_end = constant([9.0, 50.0, 0.1, 0.2, 0.3, 1.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]);
    let mut decoder = Decoder::new(&likeliest_end);
    let options = DecodeOptions {
        beam: 1,
        alignment: true,
        ..DecodeOptions::default()
    };
    assert!(
        decoder
            .translate::<Vec<u32>>(&likeliest_end, &[], &options)
            .is_empty()
    );
    // Nothing at all, only </s>, and tokens that no vocabulary has.
    let sources = [vec![], vec![0], vec![7, u32::MAX, 0]];
    let found = decoder.translate(&likeliest_end, &sources, &options);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|found| found.tokens.is_empty()));
    assert_eq!(found[0], Hypothesis::default());
    // Options beyond reason.
    let model = Model::new(&model_file(&CONFIG, 3, false)).unwrap();
    for (beam, length_penalty, max_length_factor) in [
        (0, f32::NAN, f32::NAN),
        (usize::MAX, -1e30, f32::INFINITY),
        (3, f32::INFINITY, -5.0),
    ] {
        let options = DecodeOptions {
            beam,
            length_penalty,
            max_length_factor,
            alignment: false,
        };
        let found = Decoder::new(&model).translate(&model, &sources, &options);
        let longest = 3 * DecodeOptions::MAX_LENGTH_FACTOR as usize + DecodeOptions::EXTRA_TOKENS;
        assert!(found.iter().all(|found| found.tokens.len() <= longest));
    }
}

/// Greedy search chooses what forced decoding of its result would choose, with the same probabilities, and no pair notices
/// its neighbours.
#[test]
fn forced_decoding_agrees_with_greedy_search() {
    let config = Seq2SeqConfig {
        embedding: 12,
        hidden: 20,
        encoder_layers: 1,
        decoder_layers: 2,
        source_vocabulary: 300,
        target_vocabulary: 310,
    };
    let model = Model::new(&model_file(&config, 7, false)).unwrap();
    let mut decoder = Decoder::new(&model);
    let sources: [&[u32]; 5] = [&[5, 9, 0], &[], &[299, 3, 17, 260, 8, 0], &[4, 0], &[33, 0]];
    let hypotheses = decoder.translate(&model, &sources, &DecodeOptions::default());
    let targets: Vec<&[u32]> = hypotheses.iter().map(|h| h.tokens.as_slice()).collect();
    let all = decoder.force(&model, &sources, &targets);
    for (i, (forced, hypothesis)) in all.iter().zip(&hypotheses).enumerate() {
        if sources[i].is_empty() {
            assert_eq!(*forced, Forced::default());
            continue;
        }
        let length = hypothesis.tokens.len();
        assert_eq!(forced.choices.len(), length + 1);
        if !hypothesis.looped {
            assert_eq!(forced.choices[..length], hypothesis.tokens);
            for (forced, found) in forced.token_scores.iter().zip(&hypothesis.token_scores) {
                assert!((forced - found).abs() < 1e-4, "{forced} {found}");
            }
        }
        let alone = decoder.force(&model, &sources[i..=i], &targets[i..=i]);
        assert_eq!(alone[0], *forced);
    }
    // What the vocabulary does not have is impossible, not an error.
    let [forced] = &decoder.force(&model, &[[4, 0]], &[[310, 5]])[..] else {
        panic!("one pair has one result");
    };
    assert!(forced.token_scores[0].is_infinite() && forced.token_scores[0] < 0.0);
    assert!(
        forced.token_scores[1..]
            .iter()
            .all(|score| score.is_finite() && *score <= 0.0)
    );
}
