//! The GPU on the command line: choosing it, remembering what is known of it, checking and measuring it.
//!
//! A build without the feature `gpu` has the options too, and says that it lacks the engine.

use clap::{Args, ValueEnum};
#[cfg(not(feature = "gpu"))]
use dragoman::{Error, Result, Translator};

/// Options that choose the engine.
#[derive(Debug, Args)]
#[command(next_help_heading = "Engine")]
pub struct BackendArguments {
    /// Engine to use: auto measures once which is faster for which size of batch
    #[arg(long, value_enum, default_value = "auto")]
    pub backend: Choice,
    /// Part of the name of the graphics processor to use
    #[arg(long, value_name = "NAME")]
    pub adapter: Option<String>,
}

/// What a benchmark of the GPU measures.
#[cfg_attr(
    not(feature = "gpu"),
    expect(dead_code, reason = "nothing is measured")
)]
#[derive(Clone, Copy, Debug)]
pub struct Measuring<'a> {
    /// Beam widths.
    pub beams: &'a [u64],
    /// Least time to spend on each measurement.
    pub seconds: f64,
    /// Bytes that the GPU's memory moves in a second, in GB; by default that is measured.
    pub bandwidth: Option<f64>,
}

/// The engine to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    Auto,
    Gpu,
    Cpu,
}

#[cfg(not(feature = "gpu"))]
impl BackendArguments {
    /// Gives a translator the GPU, if it is wanted.
    pub fn apply(&self, _: &mut Translator, _short: bool) -> Result<()> {
        let wanted = self.backend == Choice::Gpu || self.adapter.is_some();
        if wanted { missing() } else { Ok(()) }
    }
}

#[cfg(not(feature = "gpu"))]
fn missing<T>() -> Result<T> {
    Err(Error::Option(
        "this build has no GPU engine: build it with `cargo build --release --features gpu`".into(),
    ))
}

/// Checks that the engines agree.
#[cfg(not(feature = "gpu"))]
pub fn check(
    _: &mut Translator,
    _: &BackendArguments,
    _: &[String],
    _: Option<u64>,
) -> Result<Vec<String>> {
    missing()
}

/// Measures both engines.
#[cfg(not(feature = "gpu"))]
pub fn bench(
    _: &mut Translator,
    _: &BackendArguments,
    _: &[String],
    _: &Measuring<'_>,
) -> Result<String> {
    missing()
}

#[cfg(feature = "gpu")]
pub use present::{bench, check};

#[cfg(feature = "gpu")]
mod present {
    use std::env;
    use std::fs;
    use std::path::PathBuf;
    use std::time::Instant;

    use dragoman::gpu::accelerator::Report;
    use dragoman::gpu::engine::Injection;
    use dragoman::gpu::record::Record;
    use dragoman::gpu::traffic::Work;
    use dragoman::gpu::{Accelerator, Backend, Settings};
    use dragoman::text::language::count_words;
    use dragoman::{Error, Options, Result, Translator};

    use super::{BackendArguments, Choice, Measuring};

    /// Environment variable with a fault to bring about, for tests.
    const FAULT_VARIABLE: &str = "DRAGOMAN_GPU_FAULT";
    /// Sizes of the batches that a benchmark measures.
    const BATCHES: [usize; 4] = [1, 8, 64, 256];

    impl BackendArguments {
        /// Gives a translator the GPU, if it is wanted. For a short text the GPU is not even looked for unless it was asked for:
        /// that alone takes longer.
        #[expect(
            clippy::unnecessary_wraps,
            reason = "a build without the engine refuses"
        )]
        pub fn apply(&self, translator: &mut Translator, short: bool) -> Result<()> {
            match self.backend {
                Choice::Cpu => {}
                Choice::Auto if short => {}
                Choice::Auto => _ = self.accelerate(translator, Backend::Auto),
                Choice::Gpu => {
                    let report = self.accelerate(translator, Backend::Gpu);
                    if let Some(fault) = report.and_then(|report| report.fault) {
                        sayln!("{fault}; the processor is used instead");
                    }
                }
            }
            Ok(())
        }

        fn accelerate(&self, translator: &mut Translator, backend: Backend) -> Option<Report> {
            let path = record_path();
            let kept = path.as_ref().and_then(|path| fs::read_to_string(path).ok());
            let mut record = Record::read(&kept.unwrap_or_default());
            if backend == Backend::Auto && record.is_given_up() {
                return None;
            }
            // What cannot be kept is measured again next time.
            let keep = |record: &Record| {
                if let Some(path) = &path {
                    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
                    let _ = folder.and_then(|()| fs::write(path, record.write()));
                }
            };
            record.begin();
            keep(&record);
            let settings = Settings {
                adapter: self.adapter.clone(),
                inject: env::var(FAULT_VARIABLE)
                    .ok()
                    .and_then(|name| Injection::parse(&name)),
                ..Settings::default()
            };
            pollster::block_on(translator.accelerate(backend, &settings, &mut record));
            keep(&record);
            translator.accelerator().map(Accelerator::report)
        }

        /// The report of a translator that must have a GPU.
        fn require(&self, translator: &mut Translator, backend: Backend) -> Result<Report> {
            let report = self.accelerate(translator, backend);
            let report = report
                .ok_or_else(|| Error::Option("the graphics driver failed too often".into()))?;
            match report.fault {
                Some(fault) => Err(Error::Option(fault)),
                None => Ok(report),
            }
        }
    }

    /// Where what is known of the GPU is kept.
    fn record_path() -> Option<PathBuf> {
        let cache = env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty());
        let cache = cache.map(PathBuf::from);
        let cache = cache.or_else(|| env::home_dir().map(|home| home.join(".cache")))?;
        Some(cache.join("dragoman/gpu.json"))
    }

    /// Translates texts with both engines, and says how far they agree. Without `beam` the width is what suits the model.
    pub fn check(
        translator: &mut Translator,
        arguments: &BackendArguments,
        texts: &[String],
        beam: Option<u64>,
    ) -> Result<Vec<String>> {
        let backend = match arguments.backend {
            // There is nothing to compare with otherwise.
            Choice::Auto | Choice::Cpu => Backend::Auto,
            // Without measuring both first.
            Choice::Gpu => Backend::Gpu,
        };
        let report = arguments.require(translator, backend)?;
        let mut lines = describe(&report);
        let mut options = translator.options();
        if let Some(beam) = beam {
            options.decode.beam = beam as usize;
        }
        let checked = pollster::block_on(translator.check_gpu_with(texts, &options));
        let check = checked.map_err(|fault| Error::Option(fault.to_string()))?;
        lines.push(format!(
            "same          {} of {} sentences ({:.2} %), scores within {:.1e}: {}",
            check.same,
            check.sentences,
            100.0 * check.same as f64 / check.sentences.max(1) as f64,
            check.difference,
            if check.passed() { "passed" } else { "FAILED" },
        ));
        if let Some([source, cpu, gpu]) = &check.example {
            lines.push(format!(
                "differs       {source}\n  CPU         {cpu}\n  GPU         {gpu}"
            ));
        }
        if check.passed() {
            Ok(lines)
        } else {
            Err(Error::Option(lines.join("\n")))
        }
    }

    fn describe(report: &Report) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(adapter) = &report.adapter {
            let kind = if adapter.software {
                ", computes on the processor"
            } else {
                ""
            };
            lines.push(format!("adapter       {}{kind}", adapter.name));
            let has = |present| if present { "yes" } else { "no" };
            lines.push(format!(
                "features      packed int8 product {}, f16 {}, subgroups {}",
                has(adapter.packed),
                has(adapter.f16),
                has(adapter.subgroups)
            ));
        }
        if let Some(calibration) = &report.calibration {
            for timing in &calibration.timings {
                lines.push(format!(
                    "batch of {:<4} CPU {:.1} ms, GPU {:.1} ms",
                    timing.sentences, timing.cpu, timing.gpu
                ));
            }
            lines.push(match calibration.least {
                Some(least) => format!("choice        GPU from {least} sentences on"),
                None => "choice        CPU".into(),
            });
        }
        lines
    }

    /// Measures both engines on batches of several sizes.
    pub fn bench(
        translator: &mut Translator,
        arguments: &BackendArguments,
        texts: &[String],
        settings: &Measuring<'_>,
    ) -> Result<String> {
        let report = arguments.require(translator, Backend::Gpu)?;
        let mut lines = describe(&report);
        let fault = |fault: dragoman::gpu::Fault| Error::Option(fault.to_string());
        let gpu = translator.accelerator();
        if let Some([encode, step]) = gpu.and_then(Accelerator::dispatches) {
            lines.push(format!(
                "dispatches    {encode} for the encoder, {step} for a step"
            ));
        }
        let (bandwidth, source) = match (settings.bandwidth, gpu) {
            (Some(given), _) => (Some(given * 1e9), "as given"),
            (None, Some(gpu)) => {
                let measured = pollster::block_on(gpu.bandwidth()).map_err(fault)?;
                (measured, "measured by copying")
            }
            (None, None) => (None, ""),
        };
        if let Some(bandwidth) = bandwidth {
            lines.push(format!(
                "memory        {:.1} GB/s, {source}",
                bandwidth / 1e9
            ));
        }
        lines.extend(
            [
                "",
                "| beam | batch | CPU words/s | GPU words/s | ratio | us per dispatch | of the memory's limit |",
                "|---:|---:|---:|---:|---:|---:|---:|",
            ]
            .map(String::from),
        );
        let mut on_cpu = translator.with_isa(dragoman::cpu::Isa::detect());
        for &beam in settings.beams {
            let mut options = translator.options();
            options.decode.beam = beam as usize;
            for batch in BATCHES {
                // As many different sentences as there are, repeated with a number so that none is remembered.
                let texts: Vec<String> = (0..batch)
                    .map(|n| format!("{} {}", texts[n % texts.len()], n / texts.len() + 1))
                    .collect();
                let words: usize = texts.iter().map(|text| count_words(text)).sum();
                let cpu = fastest(&mut on_cpu, &texts, &options, settings.seconds).seconds;
                let gpu = fastest(translator, &texts, &options, settings.seconds);
                let report = translator.accelerator().map(Accelerator::report);
                if let Some(reason) = report.and_then(|report| report.fault) {
                    return Err(Error::Option(reason));
                }
                let share = bandwidth.map_or_else(String::new, |bandwidth| {
                    format!("{:.1} %", 100.0 * gpu.work.bytes / gpu.seconds / bandwidth)
                });
                let words = words as f64;
                lines.push(format!(
                    "| {beam} | {batch} | {:.0} | {:.0} | {:.3} | {:.1} | {share} |",
                    words / cpu,
                    words / gpu.seconds,
                    cpu / gpu.seconds,
                    1e6 * gpu.seconds / gpu.work.dispatches.max(1) as f64,
                ));
            }
        }
        Ok(lines.join("\n"))
    }

    /// The fastest pass, and what the GPU had to do in it.
    struct Pass {
        seconds: f64,
        work: Work,
    }

    /// Translates again and again; the first time, which takes the memory that is needed, does not count.
    fn fastest(
        translator: &mut Translator,
        texts: &[String],
        options: &Options,
        seconds: f64,
    ) -> Pass {
        let started = Instant::now();
        let mut best = Pass {
            seconds: f64::INFINITY,
            work: Work::default(),
        };
        for pass in 0.. {
            let before = work(translator);
            let begun = Instant::now();
            let _ = translator.translate_all(texts, options);
            let elapsed = begun.elapsed().as_secs_f64();
            if pass > 0 && elapsed < best.seconds {
                let after = work(translator);
                best = Pass {
                    seconds: elapsed,
                    work: Work {
                        dispatches: after.dispatches - before.dispatches,
                        bytes: after.bytes - before.bytes,
                    },
                };
            }
            if pass > 0 && started.elapsed().as_secs_f64() >= seconds {
                break;
            }
        }
        best
    }

    fn work(translator: &Translator) -> Work {
        let gpu = translator.accelerator();
        gpu.and_then(Accelerator::work).unwrap_or_default()
    }
}
