//! How far translations agree with those of another engine that runs the same model: see `tools/marian/bergamot.mjs`.
//!
//! Both quantise activations in their own way, so where two tokens are nearly as probable they may choose differently. A
//! disagreement is a near-tie if our log-probability of the token that the other engine must have written at the first difference is
//! close to that of ours.

use std::path::Path;
use std::time::Instant;

use dragoman::cpu::executor::Hypotheses;
use dragoman::cpu::{Candidate, Executor, Isa};
use dragoman::decode::{END, UNKNOWN};
use dragoman::format::MarianFiles;
use dragoman::model::{Batch, Model};
use dragoman::text::subwords::{EOS, Vocabulary};

/// Difference of logits up to which two tokens count as tied.
const TIE: f32 = 1.0;

fn file(folder: &Path, start: &str, end: &str) -> Option<Vec<u8>> {
    let mut names = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let name = names.find(|name| name.starts_with(start) && name.ends_with(end))?;
    std::fs::read(folder.join(name)).ok()
}

/// Greedy search without the guard against loops, which models with random weights fall into and other engines do not break.
fn greedy(model: &Model, executor: &mut Executor, source: &[u32]) -> Vec<u32> {
    let batch = Batch::new(&[source]);
    executor.encode(model, &batch, 1);
    let (mut tokens, mut previous) = (Vec::new(), END);
    // Marian's limit.
    while tokens.len() < 2 * source.len() {
        let hypotheses = Hypotheses {
            sentences: &[0],
            previous: &[previous],
        };
        executor.step(model, &batch, hypotheses);
        executor.rule_out(model, 0, UNKNOWN);
        let mut best = [Candidate::default()];
        executor.select(model, 0, &mut best);
        previous = best[0].token;
        if previous == END {
            break;
        }
        tokens.push(previous);
    }
    tokens
}

/// The logits behind `tokens`, the beginning of a translation, by token.
fn logits(model: &Model, source: &[u32], tokens: &[u32]) -> Vec<(u32, f32)> {
    let batch = Batch::new(&[source]);
    let mut executor = Executor::new(model, Isa::detect());
    executor.encode(model, &batch, 1);
    for previous in [END].iter().chain(tokens) {
        let hypotheses = Hypotheses {
            sentences: &[0],
            previous: &[*previous],
        };
        executor.step(model, &batch, hypotheses);
    }
    let all = 0..model.plan().logits.width as u32;
    let places: Vec<(u32, usize)> = all
        .filter_map(|token| Some((token, executor.place(model, 0, token)?)))
        .filter(|&(token, _)| token != UNKNOWN)
        .collect();
    let logits = executor.logits(model, 0);
    places
        .into_iter()
        .map(|(token, place)| (token, logits[place]))
        .collect()
}

#[test]
#[ignore = "needs a model and the translations of another engine"]
fn translations_agree_up_to_near_ties() {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let folder = variable("MARIAN_MODEL");
    let folder = Path::new(&folder);
    let read = |name: &str| std::fs::read_to_string(variable(name)).unwrap();
    let (sources, peers) = (read("MARIAN_SOURCE"), read("MARIAN_PEER"));
    let (both, source) = (
        file(folder, "vocab", ".spm"),
        file(folder, "srcvocab", ".spm"),
    );
    let source = both.or(source).expect("a vocabulary");
    let target = file(folder, "trgvocab", ".spm");
    let shortlist = file(folder, "lex", ".bin");
    let files = MarianFiles {
        model: &file(folder, "model", ".bin").expect("a model"),
        source_vocabulary: &source,
        target_vocabulary: target.as_deref(),
        shortlist: shortlist.as_deref(),
    };
    let model = Model::new(&files.read("en", "de").unwrap()).unwrap();
    let target = Vocabulary::from_bytes(target.as_deref().unwrap_or(&source)).unwrap();
    let source = Vocabulary::from_bytes(&source).unwrap();
    let mut executor = Executor::new(&model, Isa::detect());
    let (mut same, mut ties, mut others, mut words) = (0, 0, 0, 0);
    let mut gaps = Vec::new();
    let mut seconds = 0.0;
    let sources: Vec<&str> = sources
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    assert_eq!(sources.len(), peers.lines().count());
    for (text, peer) in sources.iter().zip(peers.lines()) {
        let start = Instant::now();
        let mut ids = source.encode(text);
        ids.push(EOS);
        let found = greedy(&model, &mut executor, &ids);
        let ours = target.decode(&found);
        seconds += start.elapsed().as_secs_f64();
        words += text.split_whitespace().count();
        if ours.trim() == peer.trim() {
            same += 1;
            continue;
        }
        // The longest prefix of our tokens that spells a prefix of the other translation.
        let agrees = |count: usize| peer.starts_with(&target.decode(&found[..count]));
        let common = (0..=found.len())
            .rev()
            .find(|&count| agrees(count))
            .unwrap_or(0);
        let spelt = target.decode(&found[..common]);
        let scores = logits(&model, &ids, &found[..common]);
        let fits = |token: u32| {
            if token == END {
                return spelt.trim() == peer.trim();
            }
            let longer = target.decode(&[&found[..common], &[token]].concat());
            longer.len() > spelt.len() && peer.starts_with(&longer)
        };
        let best = scores.iter().map(|score| score.1).fold(f32::MIN, f32::max);
        let theirs = scores
            .iter()
            .filter(|score| fits(score.0))
            .map(|score| score.1);
        let gap = best - theirs.fold(f32::MIN, f32::max);
        gaps.push(gap);
        if gap <= TIE {
            ties += 1;
        } else {
            others += 1;
            println!("gap {gap:.2} after {common} tokens\n  ours   {ours}\n  theirs {peer}");
        }
    }
    gaps.sort_by(f32::total_cmp);
    println!(
        "{} sentences: {same} the same, {ties} differ at a near-tie, {others} otherwise; median gap {:.3}; {:.0} words/s",
        sources.len(),
        gaps.get(gaps.len() / 2).unwrap_or(&0.0),
        words as f64 / seconds
    );
    assert!(
        others * 20 <= sources.len(),
        "more than 5 % differ by more than a tie"
    );
}
