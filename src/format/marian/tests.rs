//! Small models written the way Marian writes them, read back, and damaged in every way that came to mind.

mod writer;

use super::MarianFiles;
use super::lexicon::checksum;
use crate::format::{Architecture, ModelFile, Tensor};
use crate::model::random::Random;
use writer::*;

#[test]
fn tensors_find_their_places() {
    let marian = Marian::new(false);
    let file = marian.read().unwrap();
    let Architecture::Transformer(config) = &file.config.architecture else {
        panic!("not a transformer");
    };
    assert_eq!(
        (config.embedding, config.feed_forward, config.heads),
        (D, F, 2)
    );
    assert_eq!((config.encoder_layers, config.decoder_layers), (2, 1));
    assert_eq!(
        (config.source_vocabulary, config.target_vocabulary),
        (SOURCE, TARGET)
    );
    let bytes = |name: &str| {
        let item = marian.items.iter().find(|item| item.name == name).unwrap();
        let count = item.shape.iter().product::<i32>() as usize;
        item.data[..count]
            .iter()
            .map(|byte| byte.cast_signed())
            .collect::<Vec<_>>()
    };
    for (name, parts) in [
        ("target_embedding", &["decoder_Wemb"][..]),
        (
            "encoder.1.attention.input",
            &[
                "encoder_l2_self_Wq",
                "encoder_l2_self_Wk",
                "encoder_l2_self_Wv",
            ],
        ),
        ("encoder.0.feed_forward.inner", &["encoder_l1_ffn_W1"]),
        (
            "decoder.0.recurrent.input",
            &["decoder_l1_rnn_W", "decoder_l1_rnn_Wf"],
        ),
        (
            "decoder.0.attention.memory",
            &["decoder_l1_context_Wk", "decoder_l1_context_Wv"],
        ),
    ] {
        let Tensor::Quantised(matrix) = &file.tensors[name] else {
            panic!("{name} is not quantised");
        };
        let expected: Vec<i8> = parts.iter().flat_map(|part| bytes(part)).collect();
        assert_eq!(matrix.data, expected, "{name}");
        assert!(
            matrix
                .scales
                .iter()
                .all(|scale| scale.to_bits() == 0.25f32.to_bits())
        );
    }
    let Tensor::Float { data, .. } = &file.tensors["decoder.0.recurrent.input_bias"] else {
        panic!("a bias is quantised");
    };
    assert_eq!(data[..D], [0.0; D], "the candidate has no bias");
    assert!(data[D..].iter().any(|&x| x != 0.0));
    let shortlist = file.shortlist.clone().unwrap();
    assert_eq!(shortlist.frequent, [0, 1, 2]);
    assert_eq!(
        (shortlist.list(1), shortlist.list(3), shortlist.list(8)),
        (&[4, 6][..], &[5][..], &[][..])
    );
    // What has been imported can be written and read.
    assert!(ModelFile::read(&file.write().unwrap()).unwrap() == file);
}

#[test]
fn one_vocabulary_serves_both_and_a_shortlist_may_be_missing() {
    let file = read(&Marian::new(true).model(), None).unwrap();
    assert!(file.config.architecture.shares_vocabulary());
    assert_eq!(file.target_vocabulary, b"source");
    assert_eq!(file.shortlist, None);
    assert!(ModelFile::read(&file.write().unwrap()).unwrap() == file);
    let model = Marian::new(false).model();
    let alone = MarianFiles {
        model: (&model).into(),
        source_vocabulary: b"source",
        target_vocabulary: None,
        shortlist: None,
    };
    let message = alone.read("en", "de").unwrap_err().to_string();
    assert!(
        message.contains("there is only one vocabulary"),
        "{message}"
    );
}

#[test]
fn weights_in_floats_are_transposed() {
    let mut marian = Marian::new(false);
    let values: Vec<f32> = (0..D * F).map(|i| i as f32 - 11.0).collect();
    let item = marian.find("encoder_l1_ffn_W1");
    item.kind = FLOAT32;
    item.data = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let file = marian.read().unwrap();
    let Tensor::Quantised(matrix) = &file.tensors["encoder.0.feed_forward.inner"] else {
        panic!("not quantised");
    };
    for (i, value) in matrix.dequantise().into_iter().enumerate() {
        let (out, input) = (i / D, i % D);
        assert!(
            (value - values[input * F + out]).abs() < 0.06,
            "{out} {input}"
        );
    }
}

type Case = (fn(&mut Marian), &'static str);

/// Ways to spoil a model, and what the refusal says.
const SPOILT: &[Case] = &[
    (
        |m| m.yaml.push_str("transformer-flavour: mint\n"),
        "option transformer-flavour: mint",
    ),
    (
        |m| m.yaml = m.yaml.replace("ssru", "lstm"),
        "option dec-cell: lstm",
    ),
    (
        |m| m.yaml = m.yaml.replace("rnn", "self-attention"),
        "option transformer-decoder-autoreg: self-attention",
    ),
    (
        |m| {
            m.yaml = m
                .yaml
                .replace("tied-layers:\n  []", "tied-layers:\n  - 1\n  - 1");
        },
        "option transformer-tied-layers: 1,1",
    ),
    (
        |m| m.yaml = m.yaml.replace("dec-cell: ssru\n", ""),
        "do not give dec-cell",
    ),
    (
        |m| m.yaml = m.yaml.replace("heads: 2", "heads: two"),
        "give transformer-heads as two",
    ),
    (
        |m| m.yaml = m.yaml.replace("heads: 2", "heads: 3"),
        "cannot be split between 3 heads",
    ),
    (
        |m| m.yaml = m.yaml.replace("dim-emb: 4", "dim-emb: 99999999"),
        "embedding = 99999999",
    ),
    (
        |m| m.yaml = m.yaml.replace("enc-depth: 2", "enc-depth: 3"),
        "encoder_l3_self_Wq is missing",
    ),
    (
        |m| m.yaml = m.yaml.replace("enc-depth: 2", "enc-depth: 1"),
        "tensor encoder_l2_",
    ),
    (
        |m| m.yaml.insert_str(0, "  - 1\n"),
        "its options are damaged",
    ),
    (|m| m.yaml.push_str("nonsense\n"), "its options are damaged"),
    (
        |m| m.yaml.push_str("type: transformer\n"),
        "its options are damaged",
    ),
    (
        |m| m.find("decoder_l1_rnn_W").shape = vec![2, 8],
        "decoder_l1_rnn_W has the shape [2, 8]",
    ),
    (
        |m| m.find("decoder_l1_rnn_W").shape = vec![-4, -4],
        "negative dimension",
    ),
    (
        |m| m.find("decoder_l1_rnn_W").shape = vec![i32::MAX; 4],
        "fewer elements than its shape",
    ),
    (
        |m| m.find("decoder_l1_rnn_W").shape = vec![1; 9],
        "has 9 dimensions",
    ),
    (
        |m| m.find("decoder_l1_rnn_W").kind = 0x2801,
        "items of type 0x2801",
    ),
    (
        |m| m.find("decoder_l1_rnn_W").kind = 0x0101,
        "elements that have no place there",
    ),
    (
        |m| m.find("decoder_l1_rnn_W").data[16..20].copy_from_slice(&f32::NAN.to_le_bytes()),
        "multiplier NaN",
    ),
    (
        |m| m.find("decoder_l1_rnn_W").data[16..20].copy_from_slice(&[0; 4]),
        "multiplier 0",
    ),
    (
        |m| m.find("decoder_l1_rnn_W").data[16..20].copy_from_slice(&(-1f32).to_le_bytes()),
        "multiplier less than 0",
    ),
    (
        |m| m.find("decoder_l1_rnn_W").data[16..20].copy_from_slice(&1e-40f32.to_le_bytes()),
        "which makes no sense",
    ),
    (
        |m| m.find("decoder_l1_rnn_W").data[3] = 0x80,
        "weight of -128",
    ),
    (
        |m| m.find("decoder_l1_rnn_bf").data[..4].copy_from_slice(&f32::INFINITY.to_le_bytes()),
        "not a finite number",
    ),
    (
        |m| m.find("decoder_l1_rnn_bf").name = "decoder_l1_rnn_W".into(),
        "it has decoder_l1_rnn_W twice",
    ),
    (
        |m| m.find("decoder_l1_rnn_bf").name = "decoder_l1_self_Wq".into(),
        "decoder_l1_rnn_bf is missing",
    ),
    (
        |m| m.float("decoder_l9_self_Wq", &[1, 1], &[1.0]),
        "tensor decoder_l9_self_Wq",
    ),
    (|m| m.tokens[1] = 7, "names the target piece 7"),
    (|m| m.frequent = 8, "names the target piece 7"),
    (
        |m| m.frequent = u64::MAX,
        "more frequent tokens than any vocabulary",
    ),
    (|m| m.offsets[2] = 1 << 40, "do not follow each other"),
    (|m| m.offsets.reverse(), "do not follow each other"),
    (
        |m| m.offsets = vec![0; 11],
        "has 10 lists for 9 source pieces",
    ),
];

#[test]
fn spoilt_models_are_refused_with_the_reason() {
    for (spoil, expected) in SPOILT {
        let mut marian = Marian::new(false);
        spoil(&mut marian);
        let message = marian.read().expect_err(expected).to_string();
        assert!(
            message.contains(expected),
            "{expected:?} is not in {message:?}"
        );
    }
    let mut shortlist = Marian::new(false).shortlist();
    *shortlist.last_mut().unwrap() ^= 1;
    // The odd half at the end is not covered by Marian's checksum; the words before it are.
    let at = shortlist.len() - 9;
    shortlist[at] ^= 1;
    let message = read(&Marian::new(false).model(), Some(&shortlist))
        .unwrap_err()
        .to_string();
    assert!(message.contains("does not match its checksum"), "{message}");
}

#[test]
fn truncated_at_any_length_is_refused() {
    let marian = Marian::new(false);
    let (model, shortlist) = (marian.model(), marian.shortlist());
    for end in 0..model.len() {
        assert!(
            read(&model[..end], None).is_err(),
            "{end} of {}",
            model.len()
        );
    }
    for end in 0..shortlist.len() {
        assert!(
            read(&model, Some(&shortlist[..end])).is_err(),
            "{end} of {}",
            shortlist.len()
        );
    }
    assert!(read(&[&model[..], &[0]].concat(), None).is_err());
    let packed = read(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0], None).unwrap_err();
    assert!(packed.to_string().contains("compressed"), "{packed}");
}

/// Damages a file in one of the ways that readers trip over.
fn damage(random: &mut Random, file: &mut Vec<u8>) {
    const NUMBERS: [u64; 8] = [
        0,
        1,
        0x7f,
        0x8000_0000,
        0xffff_ffff,
        1 << 62,
        u64::MAX - 7,
        u64::MAX,
    ];
    let at = random.below(file.len());
    match random.below(5) {
        0 => file[at] ^= 1 << random.below(8),
        1 => file[at] = random.bits() as u8,
        2 => {
            let number = NUMBERS[random.below(NUMBERS.len())].to_le_bytes();
            let at = at / 8 * 8;
            let end = (at + 8).min(file.len());
            file[at..end].copy_from_slice(&number[..end - at]);
        }
        3 => {
            let end = (at + random.below(40)).min(file.len());
            file.drain(at..end);
        }
        _ => {
            let copy = file[at..(at + random.below(40)).min(file.len())].to_vec();
            let to = random.below(file.len());
            file.splice(to..to, copy);
        }
    }
    if file.is_empty() {
        file.push(0);
    }
}

#[test]
fn damaged_files_are_refused_or_harmless() {
    let mut random = Random(7);
    let marian = Marian::new(false);
    let (model, shortlist) = (marian.model(), marian.shortlist());
    let mut refused = 0;
    for round in 0..6_000 {
        let (mut model, mut shortlist) = (model.clone(), shortlist.clone());
        let file = if round % 3 == 0 {
            &mut shortlist
        } else {
            &mut model
        };
        for _ in 0..=random.below(3) {
            damage(&mut random, file);
        }
        if round % 2 == 0 && file.len() > 48 {
            // A shortlist that vouches for its damage.
            let sum = checksum(&file[16..]).to_le_bytes();
            if round % 3 == 0 {
                file[8..16].copy_from_slice(&sum);
            }
        }
        match read(&model, Some(&shortlist)) {
            // What is accepted is sound: a model can be made of it.
            Ok(file) => assert!(crate::model::Model::new(&file).is_ok()),
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    assert!(refused > 3_000, "{refused}");
}
