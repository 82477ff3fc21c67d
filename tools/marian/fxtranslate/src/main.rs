//! Translates lines with Mozilla's engine in Rust, to compare ours with it.
//!
//! ```sh
//! cargo run --release --manifest-path tools/marian/fxtranslate/Cargo.toml -- MODEL VOCABULARY [SHORTLIST] < sentences.txt
//! ```
//! Prints the text of each line. Words per second of the portable build mean nothing; its sums are exact.

use std::io::stdin;

use fxtranslate::engine::Engine;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files = std::env::args_os().skip(1).map(std::fs::read);
    let mut file = || files.next().transpose();
    let model = file()?.ok_or("which model?")?;
    let vocabulary = file()?.ok_or("which vocabulary?")?;
    let mut engine = Engine::from_bytes(&model, &vocabulary, &vocabulary)?;
    if let Some(shortlist) = file()? {
        engine = engine.with_shortlist_bytes(&shortlist);
    }
    for line in stdin().lines() {
        println!("{}", engine.translate(&line?));
    }
    Ok(())
}
