//! The `dragoman` command line: one file for each subcommand.
// They panic where nobody reads what they print.
#![warn(clippy::print_stdout, clippy::print_stderr)]

#[macro_use]
mod say;

mod bench;
mod eval;
mod export;
mod gpu;
mod import;
mod inspect;
mod lines;
mod models;
mod progress;
#[cfg(feature = "train")]
mod train;
mod translate;
mod workers;

use std::io;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use dragoman::{Error, Result};

/// Translates text on this machine: private, offline, fast.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  dragoman translate \"I love to eat pizza\"
  dragoman translate --beam 4 < article.en > article.zh
  dragoman eval --source test.en --reference test.zh

`dragoman help COMMAND` tells more about a command."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Translate(translate::Arguments),
    Eval(eval::Arguments),
    Inspect(inspect::Arguments),
    Bench(bench::Arguments),
    #[cfg(feature = "train")]
    Train(train::Arguments),
    /// Trains a model; this build cannot, and says how to make one that can.
    #[cfg(not(feature = "train"))]
    #[command(disable_help_flag = true)]
    Train(Untrained),
    Export(export::Arguments),
    Import(import::Arguments),
}

/// Arguments of the trainer, which this build does not have.
#[cfg(not(feature = "train"))]
#[derive(Debug, clap::Args)]
struct Untrained {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        // Also ends the other threads, which may wait for the one that failed.
        sayln!("dragoman: this is a bug in Dragoman, please report it: {panic}");
        std::process::exit(101);
    }));
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return explain(&error),
    };
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            sayln!("dragoman: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints help, or what is wrong with the arguments in a sentence, without the usage that clap puts behind it.
fn explain(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // Who has closed the output does not want help.
        let _ = error.print();
        return ExitCode::from(error.exit_code() as u8);
    }
    let message = error.render().to_string();
    let mut parts = message.split("\n\n").map(|part| {
        let words: Vec<&str> = part.split_whitespace().collect();
        words.join(" ")
    });
    let complaint = parts.next().unwrap_or_default();
    let complaint = complaint.strip_prefix("error: ").unwrap_or(&complaint);
    let tip = parts.find_map(|part| part.strip_prefix("tip: ").map(str::to_owned));
    let tip = tip.as_deref().unwrap_or("see --help");
    sayln!("dragoman: {complaint}; {tip}");
    ExitCode::from(2)
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Translate(arguments) => translate::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        #[cfg(feature = "train")]
        Command::Train(arguments) => train::run(arguments),
        #[cfg(not(feature = "train"))]
        Command::Train(untrained) => Err(untrained.error()),
        Command::Export(arguments) => export::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
    }
}

#[cfg(not(feature = "train"))]
impl Untrained {
    fn error(&self) -> Error {
        let arguments = if self.arguments.is_empty() {
            "CONFIG.toml".to_owned()
        } else {
            self.arguments.join(" ")
        };
        Error::Option(format!(
            "this build cannot train; run `cargo run --release --features train -- train {arguments}`"
        ))
    }
}

/// Who reads the output has had enough, as in `dragoman translate < book.en | head`.
fn is_broken_pipe(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
}
