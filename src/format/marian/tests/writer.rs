//! Writes small models the way Marian writes them.

use super::super::MarianFiles;
use super::super::lexicon::checksum;
use crate::format::ModelFile;
use crate::model::random::Random;

pub const INTGEMM8: u64 = 0x4101;
pub const FLOAT32: u64 = 0x0404;
pub const D: usize = 4;
pub const F: usize = 6;
pub const SOURCE: usize = 9;
pub const TARGET: usize = 7;

const YAML: &str = "\
dec-cell: ssru
dec-depth: 1
dim-emb: 4
dim-vocabs:
  - 9
  - 7
enc-depth: 2
input-types:
  []
tied-embeddings-all: false
transformer-decoder-autoreg: rnn
transformer-dim-ffn: 6
transformer-heads: 2
transformer-postprocess: dan
transformer-preprocess: \"\"
transformer-tied-layers:
  []
type: transformer
version: v1.9.56; of a test
";

/// An item of Marian's container.
#[derive(Clone)]
pub struct Item {
    pub name: String,
    pub kind: u64,
    pub shape: Vec<i32>,
    pub data: Vec<u8>,
}

/// A model before it is written.
#[derive(Clone)]
pub struct Marian {
    pub items: Vec<Item>,
    pub yaml: String,
    pub frequent: u64,
    pub offsets: Vec<u64>,
    pub tokens: Vec<u32>,
}

impl Marian {
    pub fn new(shared: bool) -> Self {
        let mut model = Self {
            items: Vec::new(),
            yaml: YAML.to_owned(),
            frequent: 3,
            offsets: vec![0, 0, 2, 2, 3],
            tokens: vec![4, 6, 5],
        };
        let mut random = Random(1);
        if shared {
            model.weight(&mut random, "Wemb", SOURCE, D);
        } else {
            model.weight(&mut random, "encoder_Wemb", SOURCE, D);
            model.weight(&mut random, "decoder_Wemb", TARGET, D);
        }
        model.bias(
            &mut random,
            "decoder_ff_logit_out_b",
            if shared { SOURCE } else { TARGET },
        );
        for layer in ["encoder_l1", "encoder_l2", "decoder_l1"] {
            let attention = if layer == "decoder_l1" {
                model.weight(&mut random, "decoder_l1_rnn_W", D, D);
                model.weight(&mut random, "decoder_l1_rnn_Wf", D, D);
                model.bias(&mut random, "decoder_l1_rnn_bf", D);
                model.norm(&mut random, "decoder_l1_rnn_ffn");
                "context"
            } else {
                "self"
            };
            for part in ["q", "k", "v", "o"] {
                model.weight(&mut random, &format!("{layer}_{attention}_W{part}"), D, D);
                model.bias(&mut random, &format!("{layer}_{attention}_b{part}"), D);
            }
            model.norm(&mut random, &format!("{layer}_{attention}_Wo"));
            model.weight(&mut random, &format!("{layer}_ffn_W1"), D, F);
            model.bias(&mut random, &format!("{layer}_ffn_b1"), F);
            model.weight(&mut random, &format!("{layer}_ffn_W2"), F, D);
            model.bias(&mut random, &format!("{layer}_ffn_b2"), D);
            model.norm(&mut random, &format!("{layer}_ffn_ffn"));
        }
        model.float("none_QuantMultA", &[1, 1], &[3.5]);
        model
    }

    pub fn weight(&mut self, random: &mut Random, name: &str, rows: usize, cols: usize) {
        let mut data: Vec<u8> = (0..rows * cols).map(|_| random.below(127) as u8).collect();
        data.extend(4f32.to_le_bytes());
        data.resize(data.len().next_multiple_of(32), 0);
        self.item(name, INTGEMM8, &[rows as i32, cols as i32], data);
        self.float(&format!("{name}_QuantMultA"), &[1, 1], &[2.5]);
    }

    pub fn bias(&mut self, random: &mut Random, name: &str, len: usize) {
        let values: Vec<f32> = (0..len).map(|_| random.within(1.0)).collect();
        self.float(name, &[1, len as i32], &values);
    }

    pub fn norm(&mut self, random: &mut Random, name: &str) {
        self.bias(random, &format!("{name}_ln_scale"), D);
        self.bias(random, &format!("{name}_ln_bias"), D);
    }

    pub fn float(&mut self, name: &str, shape: &[i32], values: &[f32]) {
        let data = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.item(name, FLOAT32, shape, data);
    }

    pub fn item(&mut self, name: &str, kind: u64, shape: &[i32], data: Vec<u8>) {
        self.items.push(Item {
            name: name.to_owned(),
            kind,
            shape: shape.to_vec(),
            data,
        });
    }

    pub fn find(&mut self, name: &str) -> &mut Item {
        self.items
            .iter_mut()
            .find(|item| item.name == name)
            .unwrap()
    }

    pub fn model(&self) -> Vec<u8> {
        let mut items = self.items.clone();
        items.sort_by(|a, b| a.name.cmp(&b.name));
        let text = [self.yaml.as_bytes(), &[0]].concat();
        items.push(Item {
            name: "special:model.yml".into(),
            kind: 0x0101,
            shape: vec![text.len() as i32],
            data: text,
        });
        let mut file = Vec::new();
        let number = |file: &mut Vec<u8>, n: usize| file.extend((n as u64).to_le_bytes());
        number(&mut file, 1);
        number(&mut file, items.len());
        for item in &items {
            number(&mut file, item.name.len() + 1);
            number(&mut file, item.kind as usize);
            number(&mut file, item.shape.len());
            number(&mut file, item.data.len());
        }
        for item in &items {
            file.extend(item.name.as_bytes());
            file.push(0);
        }
        for item in &items {
            file.extend(item.shape.iter().flat_map(|size| size.to_le_bytes()));
        }
        number(&mut file, 5);
        file.extend([0; 5]);
        for item in &items {
            file.extend(&item.data);
        }
        file
    }

    pub fn shortlist(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for n in [
            self.frequent,
            50,
            self.offsets.len() as u64,
            self.tokens.len() as u64,
        ] {
            body.extend(n.to_le_bytes());
        }
        body.extend(self.offsets.iter().flat_map(|offset| offset.to_le_bytes()));
        body.extend(self.tokens.iter().flat_map(|token| token.to_le_bytes()));
        let head = [0xf11a_48d5_0134_17f5, checksum(&body)];
        let mut file: Vec<u8> = head.iter().flat_map(|n: &u64| n.to_le_bytes()).collect();
        file.extend(body);
        file
    }

    pub fn read(&self) -> crate::Result<ModelFile> {
        read(&self.model(), Some(&self.shortlist()))
    }
}

pub fn read(model: &[u8], shortlist: Option<&[u8]>) -> crate::Result<ModelFile> {
    let files = MarianFiles {
        model: model.into(),
        source_vocabulary: b"source",
        target_vocabulary: Some(b"target"),
        shortlist,
    };
    files.read("en", "de")
}
