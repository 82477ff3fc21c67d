//! `dragoman train`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use candle_core::Device;
use clap::Args;
use dragoman::train::{self, RunOptions, TrainConfig};
use dragoman::{Error, Result};

/// Trains a model on parallel text.
///
/// A run that was stopped goes on where its last checkpoint was when the same command is given again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dragoman train training/en-zh.toml --corpus ~/corpora/en-zh
  dragoman train training/en-zh.toml --output runs/second --device cuda
  dragoman train my-text.toml --from www/models/en-zh.safetensors")]
pub struct Arguments {
    /// Configuration, such as training/en-zh.toml
    #[arg(value_name = "CONFIG.toml")]
    config: PathBuf,
    /// Folder that the files of the configuration are in [default: its data.root, seen from the configuration]
    #[arg(long, value_name = "FOLDER")]
    corpus: Option<PathBuf>,
    /// Folder of the run: checkpoint, weights, log, curve [default: runs/ and the name of the configuration]
    #[arg(long, short, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Weights to start from, instead of random ones, with their vocabularies: to tune a model to other text
    #[arg(long, value_name = "WEIGHTS")]
    from: Option<PathBuf>,
    /// Folder of prepared data, which runs share [default: cache, beside the folder of the run]
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,
    /// Threads [default: one per core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    threads: u16,
    /// Where to train
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: Place,
    /// Minutes between checkpoints
    #[arg(long, value_name = "MINUTES", default_value_t = 10.0, value_parser = minutes)]
    save_every: f64,
    /// Write the initial weights and the tokenised pairs, and stop: for the `PyTorch` trainer in `tools/training`
    #[arg(long)]
    prepare: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Place {
    Cpu,
    Cuda,
    Metal,
}

fn minutes(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value >= 0.0 && value.is_finite() => Ok(value),
        _ => Err("it must be a number of minutes".into()),
    }
}

pub fn run(arguments: Arguments) -> Result<()> {
    // SAFETY: nothing has started a thread yet.
    unsafe { train::parallel::leave_cores_to_workers() };
    train::memory::keep_freed_memory();
    let mut config = TrainConfig::open(&arguments.config)?;
    let beside = arguments.config.parent().unwrap_or(Path::new(""));
    config.data.root = arguments
        .corpus
        .unwrap_or_else(|| beside.join(&config.data.root));
    let name = arguments.config.file_stem().unwrap_or("run".as_ref());
    let folder = arguments
        .output
        .unwrap_or_else(|| Path::new("runs").join(name));
    let options = RunOptions {
        from: arguments.from,
        cache: arguments
            .cache
            .unwrap_or_else(|| folder.parent().unwrap_or(Path::new("")).join("cache")),
        threads: arguments.threads.into(),
        device: arguments.device.open()?,
        save_every: 60.0 * arguments.save_every,
        prepare: arguments.prepare,
        folder,
    };
    let outcome = train::run(&config, &options, &mut |line| {
        // Training goes on when nobody watches.
        let _ = writeln!(io::stderr(), "{line}");
    })?;
    if options.prepare {
        return writeln!(io::stdout().lock(), "{}", outcome.weights.display())
            .map_err(Error::io("standard output"));
    }
    writeln!(
        io::stdout().lock(),
        "weights: {}\ncurve: {}\nTo use them: dragoman export {}",
        outcome.weights.display(),
        options.folder.join("curve.svg").display(),
        options.folder.display()
    )
    .map_err(Error::io("standard output"))
}

impl Place {
    fn open(self) -> Result<Device> {
        let (name, device) = match self {
            Self::Cpu => return Ok(Device::Cpu),
            Self::Cuda => ("cuda", Device::new_cuda(0)),
            Self::Metal => ("metal", Device::new_metal(0)),
        };
        device.map_err(|error| {
            // candle adds where in its code it happened.
            let error = error.to_string();
            let reason = error.lines().next().unwrap_or_default();
            Error::Option(format!(
                "the device {name} cannot be used: {reason}; it needs a build with `--features {name}`"
            ))
        })
    }
}
