//! The decoding loop allocates nothing: longer translations take no more allocations than short ones.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use dragoman::decode::{DecodeOptions, Decoder};
use dragoman::format::{Architecture, Seq2SeqConfig, Shortlist, Tensor, TransformerConfig};
use dragoman::model::Model;
use dragoman::model::random::model_file;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn transformer() -> TransformerConfig {
    TransformerConfig {
        embedding: 16,
        feed_forward: 24,
        heads: 2,
        encoder_layers: 2,
        decoder_layers: 2,
        source_vocabulary: 50,
        target_vocabulary: 70,
        shared_vocabulary: false,
        self_attention: false,
        swish: false,
    }
}

#[test]
fn steps_do_not_allocate() {
    let seq2seq = Seq2SeqConfig {
        embedding: 16,
        hidden: 24,
        encoder_layers: 2,
        decoder_layers: 2,
        source_vocabulary: 50,
        target_vocabulary: 70,
    };
    let transformer = transformer();
    let shortlist = Shortlist {
        frequent: (0..30).collect(),
        starts: vec![0, 0, 0, 0, 3, 5],
        tokens: vec![40, 50, 60, 44, 69],
    };
    for (architecture, shortlist) in [
        (Architecture::from(&seq2seq), None),
        (Architecture::from(&transformer), None),
        (Architecture::from(&transformer), Some(shortlist)),
    ] {
        let mut file = model_file(architecture, 1, false);
        file.shortlist = shortlist;
        // A translation that never ends by itself.
        if let Some(Tensor::Float { data, .. }) = file.tensors.get_mut("output.bias") {
            data[0] = -1e4;
        }
        let model = Model::new(&file).unwrap();
        for beam in [1, 3] {
            let [(short, few), (long, many)] = allocations(&model, beam);
            assert!(many > 3 * few, "{many} tokens are not many more than {few}");
            assert_eq!(short, long, "beam {beam}");
        }
    }
}

/// Histories grow, but by doubling, and what one step no longer needs is used by the next.
#[test]
fn steps_with_self_attention_seldom_allocate() {
    let config = TransformerConfig {
        self_attention: true,
        ..transformer()
    };
    let mut file = model_file(&config, 1, false);
    if let Some(Tensor::Float { data, .. }) = file.tensors.get_mut("output.bias") {
        data[0] = -1e4;
    }
    let model = Model::new(&file).unwrap();
    for beam in [1, 3] {
        let [(short, few), (long, many)] = allocations(&model, beam);
        assert!(many > 3 * few, "{many} tokens are not many more than {few}");
        let more = long - short;
        assert!(more < many / 2, "beam {beam}: {more} for {many} tokens");
    }
}

/// Allocations and tokens of short and of long translations of the same sentences.
fn allocations(model: &Model, beam: usize) -> [(usize, usize); 2] {
    // Sources that repeat themselves, so that a translation that does so too is not taken for a loop and made twice.
    let sources = [(40, 3), (25, 4), (60, 5), (31, 6)].map(|(length, token)| vec![token; length]);
    [0.0, 1.5].map(|max_length_factor| {
        let options = DecodeOptions {
            beam,
            max_length_factor,
            alignment: true,
            ..DecodeOptions::default()
        };
        let mut decoder = Decoder::new(model);
        let before = ALLOCATIONS.get();
        let found = decoder.translate(model, &sources, &options);
        let allocations = ALLOCATIONS.get() - before;
        assert!(found.iter().all(|found| !found.looped));
        let tokens = found.iter().map(|found| found.tokens.len()).sum();
        (allocations, tokens)
    })
}
