//! Whole training runs on a toy language, and the network against the engine on the same weights.
#![cfg(feature = "train")]

use std::fmt::Write;
use std::path::{Path, PathBuf};

use candle_core::Device;
use dragoman::cpu::executor::Hypotheses;
use dragoman::cpu::{Executor, Isa};
use dragoman::format::{Architecture, ModelFile, Seq2SeqConfig, Tensor, TransformerConfig};
use dragoman::model::{Batch, Model};
use dragoman::train::config::OptimiserConfig;
use dragoman::train::dataset::Dataset;
use dragoman::train::export::{Direction, model_file};
use dragoman::train::fused::AdamW;
use dragoman::train::network::{LossOptions, Network};
use dragoman::train::progress::{self, Record};
use dragoman::train::{RunOptions, TrainConfig, run};
use dragoman::{Options, Translator};

/// A folder that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dragoman-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn options(&self, run: &str) -> RunOptions {
        RunOptions {
            from: None,
            folder: self.0.join(run),
            cache: self.0.join("cache"),
            threads: 2,
            device: Device::Cpu,
            save_every: f64::INFINITY,
            prepare: false,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const WHO: [(&str, &str); 8] = [
    ("I", "我"),
    ("you", "你"),
    ("he", "他"),
    ("she", "她"),
    ("we", "我们"),
    ("they", "他们"),
    ("the teacher", "老师"),
    ("my mother", "妈妈"),
];
const DOES: [(&str, &str); 8] = [
    ("like", "喜欢"),
    ("buy", "买"),
    ("sell", "卖"),
    ("see", "看见"),
    ("want", "想要"),
    ("know", "知道"),
    ("forget", "忘记"),
    ("bring", "带来"),
];
const WHAT: [(&str, &str); 8] = [
    ("apples", "苹果"),
    ("books", "书"),
    ("tea", "茶"),
    ("rice", "米饭"),
    ("horses", "马"),
    ("flowers", "花"),
    ("pizza", "披萨"),
    ("money", "钱"),
];

/// Every sentence of the language but one in 16, which are given back.
fn corpus(folder: &Folder) -> Vec<(String, String)> {
    let mut text = String::new();
    let mut held_out = Vec::new();
    for (i, who) in WHO.iter().enumerate() {
        for (j, does) in DOES.iter().enumerate() {
            for (k, what) in WHAT.iter().enumerate() {
                let source = format!("{} {} {}.", who.0, does.0, what.0);
                let target = format!("{}{}{}。", who.1, does.1, what.1);
                if (i + 3 * j + 5 * k) % 16 == 0 {
                    held_out.push((source, target));
                } else {
                    writeln!(text, "{source}\t{target}").unwrap();
                }
            }
        }
    }
    std::fs::write(folder.0.join("toy.tsv"), text).unwrap();
    held_out
}

fn config(folder: &Folder, steps: u64) -> TrainConfig {
    let mut config = TrainConfig::parse(&format!(
        r#"
        [data]
        source_language = "en"
        target_language = "zh"
        max_tokens = 30
        [data.vocabulary]
        source_size = 380
        target_size = 410
        [[data.files]]
        paths = ["toy.tsv"]
        columns = ["en", "zh"]
        others = {{ min_words = 1 }}
        origins = {{}}
        [model]
        embedding = 24
        hidden = 32
        encoder_layers = 1
        decoder_layers = 2
        [batches]
        tokens = 300
        sentences = 64
        seed = 1
        [schedule]
        rate = 0.01
        steps = {steps}
        warmup = 10
        [optimiser]
        label_smoothing = 0.05
        dropout = 0.05
        average = 0.95
        [validation]
        every = 20
        hold_out = 20
        "#
    ))
    .unwrap();
    config.data.root.clone_from(&folder.0);
    config
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn learns_to_translate_sentences_it_has_not_seen() {
    let folder = Folder::new("learn");
    let held_out = corpus(&folder);
    let mut said = Vec::new();
    let outcome = run(&config(&folder, 400), &folder.options("run"), &mut |line| {
        said.push(line.to_owned());
    })
    .unwrap();
    assert!(
        said.iter().any(|line| line.contains("tokens/s")),
        "{said:?}"
    );
    let mut translator = Translator::new(&read(&outcome.weights)).unwrap();
    let right = held_out
        .iter()
        .filter(|(source, target)| {
            translator.translate(source, &Options::default()).text == *target
        })
        .count();
    assert!(
        right * 10 >= held_out.len() * 9,
        "only {right} of {} are right",
        held_out.len()
    );
    let curve = read(&folder.0.join("run/curve.svg"));
    assert!(String::from_utf8(curve).unwrap().contains("held-out"));
}

#[test]
fn a_prepared_run_has_pairs_and_initial_weights() {
    let folder = Folder::new("prepare");
    corpus(&folder);
    let prepare = RunOptions {
        prepare: true,
        ..folder.options("run")
    };
    let outcome = run(&config(&folder, 10), &prepare, &mut |_| {}).unwrap();
    assert_eq!(outcome.step, 0);
    let initial = read(&outcome.weights);
    Translator::new(&initial).unwrap();
    assert!(
        Dataset::open(&folder.0.join("run/pairs.bin"))
            .unwrap()
            .len()
            > 400
    );
    assert!(!folder.0.join("run/best.safetensors").exists());

    let from = RunOptions {
        from: Some(outcome.weights),
        ..prepare
    };
    let again = run(&config(&folder, 10), &from, &mut |_| {}).unwrap();
    assert_eq!(read(&again.weights), initial);
}

#[test]
fn a_stopped_run_goes_on_as_if_nothing_had_happened() {
    let folder = Folder::new("resume");
    corpus(&folder);
    let quiet = &mut |_: &str| {};
    run(&config(&folder, 40), &folder.options("whole"), quiet).unwrap();
    // Stopped after 20 steps, then killed 10 steps after a checkpoint: those are done again.
    run(&config(&folder, 20), &folder.options("parts"), quiet).unwrap();
    let kept = read(&folder.0.join("parts/checkpoint.safetensors"));
    run(&config(&folder, 30), &folder.options("parts"), quiet).unwrap();
    std::fs::write(folder.0.join("parts/checkpoint.safetensors"), kept).unwrap();
    run(&config(&folder, 40), &folder.options("parts"), quiet).unwrap();
    assert!(
        read(&folder.0.join("whole/latest.safetensors"))
            == read(&folder.0.join("parts/latest.safetensors")),
        "the weights differ"
    );
    let validations: Vec<u64> = progress::read(&folder.0.join("parts/log.jsonl"))
        .unwrap()
        .iter()
        .filter(|record| matches!(record, Record::Validate { .. }))
        .map(Record::step)
        .collect();
    assert_eq!(validations, [20, 40]);
}

#[test]
fn a_checkpoint_of_something_else_is_refused() {
    let folder = Folder::new("refuse");
    corpus(&folder);
    let quiet = &mut |_: &str| {};
    run(&config(&folder, 12), &folder.options("run"), quiet).unwrap();
    let mut other = config(&folder, 12);
    other.model.hidden = Some(30);
    let error = run(&other, &folder.options("run"), quiet).unwrap_err();
    assert!(error.to_string().contains("other dimensions"), "{error}");
    let mut other = config(&folder, 12);
    other.data.seed = 5;
    let error = run(&other, &folder.options("run"), quiet).unwrap_err();
    assert!(error.to_string().contains("other data"), "{error}");
    let checkpoint = folder.0.join("run/checkpoint.safetensors");
    let bytes = read(&checkpoint);
    std::fs::write(&checkpoint, &bytes[..bytes.len() / 2]).unwrap();
    let error = run(&config(&folder, 12), &folder.options("run"), quiet).unwrap_err();
    assert!(error.to_string().contains("cannot be used"), "{error}");
}

#[test]
fn a_run_starts_from_other_weights() {
    let folder = Folder::new("from");
    corpus(&folder);
    let quiet = &mut |_: &str| {};
    run(&config(&folder, 40), &folder.options("first"), quiet).unwrap();
    let weights = |run: &str| folder.0.join(run).join("latest.float.safetensors");
    let from = |run: &str, weights: PathBuf| RunOptions {
        from: Some(weights),
        ..folder.options(run)
    };
    // Steps too small to change anything, on data that would give other vocabularies.
    let mut second = config(&folder, 12);
    second.schedule.rate = 1e-12;
    second.data.vocabulary.source_size = 370;
    run(&second, &from("second", weights("first")), quiet).unwrap();
    let [first, after] =
        ["first", "second"].map(|run| ModelFile::read(&read(&weights(run))).unwrap());
    assert!(first.source_vocabulary == after.source_vocabulary);
    assert!(first.target_vocabulary == after.target_vocabulary);
    for (name, tensor) in &first.tensors {
        let (Tensor::Float { data: old, .. }, Tensor::Float { data: new, .. }) =
            (tensor, &after.tensors[name])
        else {
            panic!("{name} is quantised");
        };
        for (old, new) in old.iter().zip(new) {
            assert!((old - new).abs() < 1e-6, "{name}: {old} became {new}");
        }
    }

    let mut other = config(&folder, 12);
    other.model.hidden = Some(30);
    let error = run(&other, &from("third", weights("first")), quiet).unwrap_err();
    assert!(error.to_string().contains("same dimensions"), "{error}");
    let mut other = config(&folder, 12);
    (other.data.source_language, other.data.target_language) = ("zh".into(), "en".into());
    let error = run(&other, &from("fourth", weights("first")), quiet).unwrap_err();
    assert!(error.to_string().contains("from en to zh"), "{error}");
}

#[test]
fn patience_ends_a_run_that_no_longer_improves() {
    let folder = Folder::new("patience");
    corpus(&folder);
    let mut config = config(&folder, 400);
    // So fast that it can only get worse after a while.
    config.schedule.rate = 1.0;
    config.validation.patience = 2;
    let outcome = run(&config, &folder.options("run"), &mut |_| {}).unwrap();
    assert!(outcome.step < 400, "{}", outcome.step);
}

/// Summed negative log-probability of `target` according to the engine.
fn engine_loss(file: &ModelFile, source: &[u32], target: &[u32]) -> f64 {
    let model = Model::new(file).unwrap();
    let batch = Batch::new(&[source]);
    let mut executor = Executor::new(&model, Isa::detect());
    executor.encode(&model, &batch, 1);
    let mut previous = 0;
    let mut loss = 0.0;
    for &token in target {
        let hypotheses = Hypotheses {
            sentences: &[0],
            previous: &[previous],
        };
        executor.step(&model, &batch, hypotheses);
        let logits: Vec<f64> = executor
            .logits(&model, 0)
            .iter()
            .map(|&x| f64::from(x))
            .collect();
        let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logits.iter().map(|x| (x - highest).exp()).sum();
        loss += highest + sum.ln() - logits[token as usize];
        previous = token;
    }
    loss
}

/// Architectures of different shapes with vocabularies of 50 and 61 pieces.
fn architectures() -> Vec<Architecture> {
    let seq2seq = [[12, 8, 1, 1], [21, 34, 2, 1], [16, 24, 3, 2]].map(|shape| {
        Architecture::Seq2Seq(Seq2SeqConfig {
            embedding: shape[0],
            hidden: shape[1],
            encoder_layers: shape[2],
            decoder_layers: shape[3],
            source_vocabulary: 50,
            target_vocabulary: 61,
        })
    });
    let transformers = [[8, 12, 1, 1, 1], [18, 20, 3, 2, 1], [32, 70, 4, 3, 2]].map(|shape| {
        Architecture::Transformer(TransformerConfig {
            embedding: shape[0],
            feed_forward: shape[1],
            heads: shape[2],
            encoder_layers: shape[3],
            decoder_layers: shape[4],
            source_vocabulary: 50,
            target_vocabulary: 61,
            shared_vocabulary: false,
            self_attention: false,
            swish: false,
        })
    });
    seq2seq.into_iter().chain(transformers).collect()
}

#[test]
fn network_and_engine_are_the_same_function() {
    for (seed, config) in architectures().into_iter().enumerate() {
        let network = Network::new(config.clone(), seed as u64, &Device::Cpu).unwrap();
        let direction = Direction {
            source_language: "en".into(),
            target_language: "zh".into(),
            source_vocabulary: Vec::new(),
            target_vocabulary: Vec::new(),
        };
        let file = |float| {
            let names = network.parameters().iter();
            let parameters = names.map(|(name, value)| (name.as_str(), value.as_tensor()));
            model_file(&config, parameters, &direction, float).unwrap()
        };
        let pairs: [(&[u32], &[u32]); 3] = [
            (&[3, 4, 5, 0], &[7, 8, 0]),
            (&[49, 0], &[60, 2, 2, 9, 1, 0]),
            (&[9, 9, 10, 11, 2, 3, 0], &[0]),
        ];
        let options = LossOptions {
            smoothing: 0.0,
            dropout: 0.0,
            seed: 0,
            scale: 1.0,
            training: false,
        };
        let loss = network.loss(&pairs, options).unwrap();
        let expected = f64::from(loss.to_scalar::<f32>().unwrap());
        for (float, tolerance) in [(true, 1e-4), (false, 0.02)] {
            let file = file(float);
            let found: f64 = pairs
                .iter()
                .map(|(source, target)| engine_loss(&file, source, target))
                .sum();
            assert!(
                (found - expected).abs() < tolerance * expected,
                "{config:?}, float {float}: {found} instead of {expected}"
            );
        }
    }
}

#[test]
fn a_few_sentences_are_learnt_by_heart() {
    for config in architectures().into_iter().skip(1).step_by(4) {
        let name = config.name();
        let network = Network::new(config, 1, &Device::Cpu).unwrap();
        let variables = network.parameters().values().cloned().collect();
        let mut optimiser = AdamW::new(variables, OptimiserConfig::default().options()).unwrap();
        let sentences: Vec<[Vec<u32>; 2]> = (0..6u32)
            .map(|n| {
                let words = |length: u32, modulus: u32| -> Vec<u32> {
                    let word = |t: u32| 2 + (n * 17 + t * t * 5) % modulus;
                    (0..length).map(word).chain([0]).collect()
                };
                [words(3 + n % 3, 48), words(2 + n, 59)]
            })
            .collect();
        let pairs: Vec<(&[u32], &[u32])> = sentences
            .iter()
            .map(|[source, target]| (source.as_slice(), target.as_slice()))
            .collect();
        let tokens: usize = pairs.iter().map(|(_, target)| target.len()).sum();
        let mut loss = f32::INFINITY;
        for step in 0..250 {
            let options = LossOptions {
                smoothing: 0.0,
                dropout: 0.0,
                seed: step,
                scale: 1.0 / tokens as f32,
                training: true,
            };
            let graph = network.loss(&pairs, options).unwrap();
            loss = graph.to_scalar::<f32>().unwrap();
            let rate = 4e-3 * (step as f64 / 30.0).min(1.0);
            optimiser.step(&[graph.backward().unwrap()], rate).unwrap();
        }
        assert!(loss < 0.1, "{name}: {loss}");
    }
}
