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
    let transformer = TransformerConfig {
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
    };
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
        steps_of_a_model_do_not_allocate(&Model::new(&file).unwrap());
    }
}

fn steps_of_a_model_do_not_allocate(model: &Model) {
    // Sources that repeat themselves, so that a translation that does so too is not taken for a loop and made twice.
    let sources = [(40, 3), (25, 4), (60, 5), (31, 6)].map(|(length, token)| vec![token; length]);
    for beam in [1, 3] {
        let run = |max_length_factor| {
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
            let tokens: usize = found.iter().map(|found| found.tokens.len()).sum();
            (allocations, tokens)
        };
        let ((short, few), (long, many)) = (run(0.0), run(1.5));
        assert!(many > 3 * few, "{many} tokens are not many more than {few}");
        assert_eq!(short, long, "beam {beam}");
    }
}
