//! Whatever becomes of the GPU, every sentence is translated, and it is said what happened.
//!
//! Without an adapter most of these tests cannot run; they say so, and fail if `DRAGOMAN_REQUIRE_GPU` is set.
#![cfg(feature = "gpu")]

use dragoman::decode::{DecodeOptions, Decoder, Hypothesis};
use dragoman::format::Seq2SeqConfig;
use dragoman::gpu::engine::Injection;
use dragoman::gpu::record::Record;
use dragoman::gpu::{Accelerator, Backend, Fault, Settings};
use dragoman::model::Model;
use dragoman::model::random::{Random, model_file};

struct Fixture {
    model: Model,
    sources: Vec<Vec<u32>>,
    expected: Vec<Hypothesis>,
}

impl Fixture {
    fn new() -> Self {
        let config = Seq2SeqConfig {
            embedding: 12,
            hidden: 20,
            encoder_layers: 1,
            decoder_layers: 1,
            source_vocabulary: 1_100,
            target_vocabulary: 90,
        };
        let model = Model::new(&model_file(&config, 9, false)).unwrap();
        let mut random = Random(2);
        let sources: Vec<Vec<u32>> = (0..6)
            .map(|_| (0..9).map(|_| random.below(1_100) as u32).collect())
            .collect();
        let options = DecodeOptions::default();
        let expected = Decoder::new(&model).translate(&model, &sources, &options);
        Self {
            model,
            sources,
            expected,
        }
    }

    fn start(
        &self,
        backend: Backend,
        inject: Option<Injection>,
        record: &mut Record,
    ) -> Accelerator {
        let settings = Settings {
            inject,
            ..Settings::default()
        };
        pollster::block_on(Accelerator::new(backend, &settings, &self.model, record))
    }

    /// Translates with the accelerator, and checks that nothing is missing.
    fn translate(&self, accelerator: &mut Accelerator) {
        let sources: Vec<&[u32]> = self.sources.iter().map(Vec::as_slice).collect();
        let mut decoder = Decoder::new(&self.model);
        let options = DecodeOptions::default();
        let found = accelerator.translate(&mut decoder, &self.model, &sources, &options);
        let found = pollster::block_on(found);
        let same = |(a, b): &(&Hypothesis, &Hypothesis)| a.tokens == b.tokens;
        let count = found.iter().zip(&self.expected).filter(same).count();
        assert_eq!(found.len(), self.expected.len());
        // Random models are sensitive to the last bit, see `gpu_vs_cpu.rs`.
        assert!(
            count + 1 >= found.len(),
            "{count} of {} are the same",
            found.len()
        );
    }
}

fn has_adapter(accelerator: &Accelerator) -> bool {
    if let Some(fault @ Fault::NoAdapter(_)) = accelerator.fault() {
        assert!(
            std::env::var_os("DRAGOMAN_REQUIRE_GPU").is_none(),
            "{fault}"
        );
        eprintln!("\nSKIPPED, NOTHING WAS TESTED: {fault}\n");
        return false;
    }
    true
}

#[test]
fn every_fault_ends_on_the_cpu() {
    // Is the fault the one that was brought about, and is it one that counts as the driver's failure?
    type Case = (Injection, fn(&Fault) -> bool, bool);
    let fixture = Fixture::new();
    if !has_adapter(&fixture.start(Backend::Gpu, None, &mut Record::default())) {
        return;
    }
    let cases: [Case; 6] = [
        (
            Injection::NoAdapter,
            |f| matches!(f, Fault::NoAdapter(_)),
            false,
        ),
        (
            Injection::SmallLimits,
            |f| matches!(f, Fault::TooSmall(_)),
            false,
        ),
        (
            Injection::Compilation,
            |f| matches!(f, Fault::Compilation(_)),
            true,
        ),
        (
            Injection::OutOfMemory,
            |f| matches!(f, Fault::Memory(_)),
            false,
        ),
        (Injection::LostAt(0), |f| matches!(f, Fault::Lost(_)), false),
        (Injection::LostAt(2), |f| matches!(f, Fault::Lost(_)), false),
    ];
    for (injection, is_expected, counts) in cases {
        let mut record = Record::default();
        record.begin();
        let mut accelerator = fixture.start(Backend::Gpu, Some(injection), &mut record);
        assert_eq!(record.failures > 0, counts, "{injection:?}");
        for _ in 0..2 {
            fixture.translate(&mut accelerator);
        }
        let fault = accelerator.fault().expect("there is a fault");
        assert!(is_expected(fault), "{injection:?}: {fault:?}");
        let report = accelerator.report();
        assert_eq!(
            (report.batches.gpu, report.batches.cpu),
            (0, 2),
            "{injection:?}"
        );
        assert_eq!(report.fault, Some(fault.to_string()));
    }
}

#[test]
fn a_device_lost_between_batches_is_replaced_by_the_cpu() {
    let fixture = Fixture::new();
    let mut record = Record::default();
    // A batch of 9 source tokens takes two or more submissions, so that one of the next batches meets the loss.
    let mut accelerator = fixture.start(Backend::Gpu, Some(Injection::LostAt(7)), &mut record);
    if !has_adapter(&accelerator) {
        return;
    }
    for _ in 0..6 {
        fixture.translate(&mut accelerator);
    }
    let batches = accelerator.report().batches;
    assert!(
        batches.gpu > 0 && batches.cpu > 0 && batches.gpu + batches.cpu == 6,
        "{batches:?}"
    );
    assert!(matches!(accelerator.fault(), Some(Fault::Lost(_))));
}

#[test]
fn a_batch_that_is_too_large_is_forgotten_with_the_next_one() {
    let fixture = Fixture::new();
    let mut accelerator = fixture.start(Backend::Gpu, None, &mut Record::default());
    if !has_adapter(&accelerator) {
        return;
    }
    let long = vec![7; 2_000];
    let options = DecodeOptions {
        max_length_factor: 0.01,
        ..DecodeOptions::default()
    };
    let mut decoder = Decoder::new(&fixture.model);
    let sources = [long.as_slice()];
    let found = accelerator.translate(&mut decoder, &fixture.model, &sources, &options);
    assert_eq!(pollster::block_on(found).len(), 1);
    assert!(matches!(accelerator.fault(), Some(Fault::TooSmall(_))));
    assert!(accelerator.report().active);
    fixture.translate(&mut accelerator);
    assert_eq!(accelerator.fault(), None);
    let batches = accelerator.report().batches;
    assert_eq!((batches.cpu, batches.gpu), (1, 1));
}

#[test]
fn calibration_is_made_once_and_chooses_by_it() {
    let fixture = Fixture::new();
    let mut record = Record::default();
    let accelerator = fixture.start(Backend::Auto, None, &mut record);
    if !has_adapter(&accelerator) {
        return;
    }
    let first = accelerator.report().calibration.expect("it was measured");
    assert!(!first.timings.is_empty());
    let again = fixture.start(Backend::Auto, None, &mut record);
    assert_eq!(again.report().calibration, Some(first.clone()));
    // What is remembered decides, whatever the device.
    for (least, on_gpu) in [(None, 0), (Some(7), 0), (Some(6), 1), (Some(1), 1)] {
        let mut changed = first.clone();
        changed.least = least;
        record.calibration = Some(changed);
        let mut accelerator = fixture.start(Backend::Auto, None, &mut record);
        fixture.translate(&mut accelerator);
        assert_eq!(accelerator.report().batches.gpu, on_gpu, "from {least:?}");
    }
}

#[test]
fn the_cpu_is_the_cpu_and_beams_are_taken_to_the_gpu() {
    let fixture = Fixture::new();
    for (backend, beam, on_gpu) in [
        (Backend::Cpu, 1, 0),
        (Backend::Cpu, 4, 0),
        (Backend::Gpu, 4, 1),
    ] {
        let mut accelerator = fixture.start(backend, None, &mut Record::default());
        if !has_adapter(&accelerator) {
            return;
        }
        let sources: Vec<&[u32]> = fixture.sources.iter().map(Vec::as_slice).collect();
        let mut decoder = Decoder::new(&fixture.model);
        let options = DecodeOptions {
            beam,
            ..DecodeOptions::default()
        };
        let found = accelerator.translate(&mut decoder, &fixture.model, &sources, &options);
        let found = pollster::block_on(found);
        let expected = decoder.translate(&fixture.model, &sources, &options);
        if on_gpu == 0 {
            assert_eq!(found, expected);
        }
        assert_eq!(found.len(), expected.len());
        assert_eq!(accelerator.report().batches.gpu, on_gpu);
    }
}
