//! How far translations agree with those of other engines that run the same model: see `tools/marian/bergamot.mjs`.
//!
//! The other engine's text is followed token by token, in our engine and in a reference that multiplies as the other does. At each
//! step the gap says how much less the token that continues the text has than the best one; it is zero where both agree.

mod agreement;
mod opus;
#[allow(dead_code, reason = "it serves other tests too")]
#[path = "../reference/mod.rs"]
mod reference;

use std::path::{Path, PathBuf};

use agreement::{Files, Peer};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/marian_peer")
        .join(name)
}

fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().map(str::to_owned).collect()
}

/// A small network that was trained on a grammar, `tools/marian/train.py`, and what Bergamot's engine makes of sentences that it
/// has not seen.
#[test]
fn a_trained_model_translates_as_in_bergamot() {
    let files = Files::read(&folder("ende"));
    let (sources, peers) = (
        lines(&folder("ende").join("test.en")),
        lines(&folder("ende").join("test.bergamot.de")),
    );
    let report = agreement::compare(&files, &sources, &peers, Peer::Bergamot);
    println!("{report}");
    // The reference is Bergamot's arithmetic but for the order in which floats are added.
    assert!(report.reference.largest_gap() < 0.02, "{report}");
    // Ours is not worse; where the engines differ, both tokens are as good, or exact arithmetic sides with ours.
    assert!(report.engine_noise < report.peer_noise, "{report}");
    assert_eq!(report.unexplained(), 0, "{report}");
    assert!(
        report.engine.identical() * 100 >= 98 * sources.len(),
        "{report}"
    );

    let expected = lines(&folder("ende").join("test.de"));
    let right = |translations: &[String]| {
        let pairs = translations.iter().zip(&expected);
        pairs.filter(|(found, expected)| found == expected).count()
    };
    let (ours, theirs) = (right(&report.translations), right(&peers));
    println!("right: {ours} of {}, Bergamot {theirs}", expected.len());
    assert!(ours * 100 >= 95 * expected.len());
    assert!(ours + 2 >= theirs);
}

/// Other models and peers:
///
/// ```sh
/// MARIAN_MODEL=FOLDER MARIAN_SOURCE=sentences.txt MARIAN_PEER=bergamot.txt \
///   cargo test --release --test marian_peer -- --ignored --nocapture
/// ```
/// `MARIAN_EXACT=1` if the peer's sums are exact, as those of `tools/marian/fxtranslate`.
#[test]
#[ignore = "needs a model and the translations of another engine"]
fn translations_agree_up_to_near_ties() {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let files = Files::read(Path::new(&variable("MARIAN_MODEL")));
    let given = |name: &str| lines(Path::new(&variable(name)));
    let sources: Vec<String> = given("MARIAN_SOURCE")
        .into_iter()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let peer = match std::env::var_os("MARIAN_EXACT") {
        Some(_) => Peer::Exact,
        None => Peer::Bergamot,
    };
    let report = agreement::compare(&files, &sources, &given("MARIAN_PEER"), peer);
    println!("{report}");
    // A network that was not trained has many near-ties: what is held to account is that there are no other differences.
    assert_eq!(report.unexplained(), 0);
}
