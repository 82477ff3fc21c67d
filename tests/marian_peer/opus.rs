//! A small model in the layout of OPUS-MT, `tools/marian/train_opus.py`, against what `transformers` makes of it.

use dragoman::cpu::executor::Hypotheses;
use dragoman::cpu::{Executor, Isa};
use dragoman::decode::{DecodeOptions, Decoder};
use dragoman::format::{ModelFile, OpusFiles};
use dragoman::model::{Batch, Model};
use dragoman::text::subwords::{EOS, Vocabulary};
use dragoman::{Options, Result, Translator};
use serde::Deserialize;

use super::reference::{Equations, Transformer};
use super::{folder, lines};

#[derive(Deserialize)]
struct Shown {
    source: Vec<u32>,
    target: Vec<u32>,
    logits: Vec<Vec<f64>>,
}

fn import() -> ModelFile {
    import_with(&[], None).unwrap()
}

/// With target tokens instead of pieces, as in a model of several target languages.
fn import_with(tokens: &[[&str; 2]], chosen: Option<&str>) -> Result<ModelFile> {
    let read = |name: &str| std::fs::read(folder("opus-en-de").join(name)).unwrap();
    let mut vocabulary = String::from_utf8(read("vocab.json")).unwrap();
    for [piece, token] in tokens {
        let piece = format!("\"{piece}\":");
        assert!(vocabulary.contains(&piece));
        vocabulary = vocabulary.replace(&piece, &format!("\"{token}\":"));
    }
    let mut source = read("source.spm");
    if !tokens.is_empty() {
        // A piece of text too, with a score of 0.
        source.extend(b"\x0a\x0e\x0a\x07>>deu<<\x15\0\0\0\0");
    }
    let files = OpusFiles {
        config: &read("config.json"),
        weights: &read("model.safetensors"),
        vocabulary: vocabulary.as_bytes(),
        source: &source,
    };
    files.read("en", "de", chosen)
}

/// Standard deviation of the differences, but for what all have in common, as a share of that of the values.
fn error(found: &[f64], expected: &[f64]) -> f64 {
    let deviation = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values
            .iter()
            .map(|x| (x - mean).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    assert_eq!(found.len(), expected.len());
    let differences: Vec<f64> = found.iter().zip(expected).map(|(a, b)| a - b).collect();
    deviation(&differences) / deviation(expected)
}

#[test]
fn logits_are_those_of_transformers() {
    let file = import();
    let model = Model::new(&file).unwrap();
    let reference = Transformer::new(&file);
    let vocabulary = Vocabulary::from_bytes(&file.source_vocabulary).unwrap();
    let shown: Vec<Shown> =
        serde_json::from_slice(&std::fs::read(folder("opus-en-de").join("logits.json")).unwrap())
            .unwrap();
    let texts = lines(&folder("opus-en-de").join("test.en"));
    assert!(!shown.is_empty());
    for (text, shown) in texts.iter().zip(shown) {
        let mut ids = vocabulary.encode(text);
        ids.push(EOS);
        assert_eq!(ids, shown.source, "{text}");
        let batch = Batch::new(&[&ids]);
        let mut executor = Executor::new(&model, Isa::detect());
        executor.encode(&model, &batch, 1);
        let (encoded, mut state) = reference.encode(&ids);
        let previous = [EOS].into_iter().chain(shown.target);
        for (previous, expected) in previous.zip(&shown.logits) {
            let exact = reference.step(&encoded, &mut state, previous).logits;
            let hypotheses = Hypotheses {
                sentences: &[0],
                previous: &[previous],
            };
            executor.step(&model, &batch, hypotheses);
            let found = executor.logits(&model, 0);
            let found: Vec<f64> = found.iter().map(|&x| f64::from(x)).collect();
            let errors = [error(&exact, expected), error(&found, expected)];
            println!("{errors:.4?}");
            // Weights of 8 bits, then also activations of 7.
            assert!(errors[0] < 0.05 && errors[1] < 0.1, "{errors:?}");
        }
    }
}

#[test]
fn translations_are_those_of_transformers() {
    let file = import();
    let model = Model::new(&file).unwrap();
    let vocabulary = Vocabulary::from_bytes(&file.source_vocabulary).unwrap();
    let texts = lines(&folder("opus-en-de").join("test.en"));
    let expected = lines(&folder("opus-en-de").join("test.transformers.de"));
    let sources: Vec<Vec<u32>> = texts
        .iter()
        .map(|text| [vocabulary.encode(text), vec![EOS]].concat())
        .collect();
    let found = Decoder::new(&model).translate(&model, &sources, &DecodeOptions::default());
    let mut same = 0;
    for (found, expected) in found.iter().zip(&expected) {
        let found = vocabulary.decode(&found.tokens);
        if found == *expected {
            same += 1;
        } else {
            println!("{found}\n  {expected}");
        }
    }
    println!("{same} of {} the same", texts.len());
    assert!(same * 100 >= 95 * texts.len());
}

#[test]
fn one_of_several_target_languages_is_chosen() {
    let one = [["▁Bilder", ">>deu<<"]];
    let two = [one[0], ["K", ">>afr<<"]];
    assert_eq!(import().config.target_token, None);
    let chosen = |tokens: &[[&str; 2]], chosen| import_with(tokens, chosen);
    let error = |tokens: &[[&str; 2]], token| chosen(tokens, token).unwrap_err().to_string();
    assert!(error(&[], Some("deu")).contains("no target tokens"));
    assert!(error(&two, None).contains("--target-token: >>afr<<, >>deu<<"));
    assert!(error(&two, Some("swe")).contains(">>swe<<; it has >>afr<<, >>deu<<"));

    let text = &lines(&folder("opus-en-de").join("test.en"))[0];
    let mut translations = Vec::new();
    for (tokens, token, name) in [
        (&one[..], None, ">>deu<<"),
        (&two, Some("deu"), ">>deu<<"),
        (&two, Some(">>afr<<"), ">>afr<<"),
    ] {
        let file = chosen(tokens, token).unwrap();
        let vocabulary = Vocabulary::from_bytes(&file.source_vocabulary).unwrap();
        let id = file.config.target_token.unwrap();
        assert_eq!(vocabulary.piece(id), Some(name));
        // Whoever writes such a thing means these letters.
        assert!(!vocabulary.encode(&format!("{name} {text}")).contains(&id));

        let ids = [vec![id], vocabulary.encode(text), vec![EOS]].concat();
        let model = Model::new(&file).unwrap();
        let by_hand = Decoder::new(&model).translate(&model, &[ids], &DecodeOptions::default());
        let mut translator = Translator::new(&file.write().unwrap()).unwrap();
        let found = translator.translate(text, &Options::default());
        assert_eq!(
            found.sentences[0].score.to_bits(),
            by_hand[0].score.to_bits()
        );
        translations.push(found.text);
    }
    assert_eq!(translations[0], translations[1]);
    assert_ne!(translations[0], translations[2]);
}
