//! Reads a corpus as a training configuration says, and leaves vocabularies, token ids and a quality
//! report in a cache folder: `prepare training/en-zh.toml CORPUS_FOLDER CACHE_FOLDER`.

use std::path::PathBuf;

use dragoman::train::corpus::DataConfig;
use dragoman::train::dataset;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |name: &str| arguments.next().ok_or(format!("missing argument: {name}"));
    let text = std::fs::read_to_string(next("configuration")?)?;
    let mut table: toml::Table = text.parse()?;
    let data = table
        .remove("data")
        .ok_or("the configuration has no [data] table")?;
    let mut config: DataConfig = data.try_into()?;
    config.root = PathBuf::from(next("corpus folder")?);
    let prepared = dataset::prepare(&config, &PathBuf::from(next("cache folder")?))?;
    println!(
        "{} pairs in {}",
        prepared.dataset.len(),
        prepared.folder.display()
    );
    Ok(())
}
