//! Following another engine's translations.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use dragoman::cpu::executor::Hypotheses;
use dragoman::cpu::{Executor, Isa};
use dragoman::decode::{END, UNKNOWN};
use dragoman::format::{MarianFiles, ModelFile};
use dragoman::model::{Batch, Model};
use dragoman::text::subwords::{EOS, Vocabulary};

use super::reference::arithmetic::Bergamot;
use super::reference::{Equations, Transformer};

/// A model as Mozilla ships it.
pub struct Files {
    model: Vec<u8>,
    source: Vec<u8>,
    target: Option<Vec<u8>>,
    shortlist: Option<Vec<u8>>,
}

impl Files {
    pub fn read(folder: &Path) -> Self {
        let file = |start: &str, end: &str| {
            let mut names = std::fs::read_dir(folder)
                .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            let name = names.find(|name| name.starts_with(start) && name.ends_with(end))?;
            std::fs::read(folder.join(name)).ok()
        };
        let source = file("vocab", ".spm").or_else(|| file("srcvocab", ".spm"));
        Self {
            model: file("model", ".bin").expect("a model"),
            source: source.expect("a vocabulary"),
            target: file("trgvocab", ".spm"),
            shortlist: file("lex", ".bin"),
        }
    }

    fn import(&self) -> ModelFile {
        let files = MarianFiles {
            model: (&self.model).into(),
            source_vocabulary: &self.source,
            target_vocabulary: self.target.as_deref(),
            shortlist: self.shortlist.as_deref(),
        };
        files.read("en", "de").unwrap()
    }

    /// The multipliers of activations that the import leaves out.
    fn multipliers(&self) -> BTreeMap<String, f32> {
        let number =
            |at: usize| u64::from_le_bytes(*self.model[at..].first_chunk().unwrap()) as usize;
        let headers: Vec<[usize; 4]> = (0..number(8))
            .map(|n| [0, 8, 16, 24].map(|field| number(16 + 32 * n + field)))
            .collect();
        let mut at = 16 + 32 * headers.len();
        let mut names = Vec::new();
        for header in &headers {
            names.push(String::from_utf8_lossy(&self.model[at..][..header[0] - 1]).into_owned());
            at += header[0];
        }
        at += headers.iter().map(|header| 4 * header[2]).sum::<usize>();
        at += 8 + number(at);
        let mut found = BTreeMap::new();
        for (name, [_, kind, _, length]) in names.into_iter().zip(headers) {
            // That of the output layer stands there in two types.
            if name.ends_with("_QuantMultA") && kind == 0x0404 {
                let value = f32::from_le_bytes(*self.model[at..].first_chunk().unwrap());
                found.insert(name, value);
            }
            at += length;
        }
        found
    }
}

/// Whose arithmetic the reference imitates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Sums of two products are cut off at 16 bits.
    Bergamot,
    /// They are not.
    Exact,
}

/// Logits of the candidates by token.
type Scores = Vec<(u32, f64)>;

/// Something that translates token by token.
trait Stepper {
    fn start(&mut self, source: &[u32]);
    fn next(&mut self, previous: u32) -> Scores;
}

struct Engine<'a> {
    model: &'a Model,
    executor: Executor,
    batch: Batch,
}

impl Stepper for Engine<'_> {
    fn start(&mut self, source: &[u32]) {
        self.batch = Batch::new(&[source]);
        self.executor.encode(self.model, &self.batch, 1);
    }

    fn next(&mut self, previous: u32) -> Scores {
        let hypotheses = Hypotheses {
            sentences: &[0],
            previous: &[previous],
        };
        self.executor.step(self.model, &self.batch, hypotheses);
        let tokens = candidates(self.model, &self.batch);
        let place = |&token: &u32| self.executor.place(self.model, 0, token).unwrap();
        let places: Vec<usize> = tokens.iter().map(place).collect();
        let logits = self.executor.logits(self.model, 0);
        let logits = places.iter().map(|&place| f64::from(logits[place]));
        tokens.into_iter().zip(logits).collect()
    }
}

struct Reference<'a> {
    model: &'a Model,
    transformer: Transformer,
    tokens: Vec<u32>,
    state: Option<(
        <Transformer as Equations>::Encoded,
        <Transformer as Equations>::State,
    )>,
}

impl<'a> Reference<'a> {
    fn new(model: &'a Model, transformer: Transformer) -> Self {
        Self {
            model,
            transformer,
            tokens: Vec::new(),
            state: None,
        }
    }
}

impl Stepper for Reference<'_> {
    fn start(&mut self, source: &[u32]) {
        self.tokens = candidates(self.model, &Batch::new(&[source]));
        self.state = Some(self.transformer.encode(source));
    }

    fn next(&mut self, previous: u32) -> Scores {
        let (encoded, state) = self.state.as_mut().unwrap();
        let logits = self.transformer.step(encoded, state, previous).logits;
        let tokens = self.tokens.iter();
        tokens
            .map(|&token| (token, logits[token as usize]))
            .collect()
    }
}

/// The tokens that may be chosen.
fn candidates(model: &Model, batch: &Batch) -> Vec<u32> {
    match model.candidates(batch) {
        Some(candidates) => candidates.of(0).to_vec(),
        None => (0..model.plan().logits.width as u32)
            .filter(|&token| token != UNKNOWN)
            .collect(),
    }
}

fn best(scores: &Scores) -> (u32, f64) {
    let first = (END, f64::MIN);
    scores.iter().fold(
        first,
        |best, &score| if score.1 > best.1 { score } else { best },
    )
}

/// Marian's limit.
fn limit(source: &[u32]) -> usize {
    2 * source.len()
}

fn greedy(stepper: &mut impl Stepper, source: &[u32]) -> Vec<u32> {
    stepper.start(source);
    let mut tokens = Vec::new();
    let mut previous = END;
    while tokens.len() < limit(source) {
        previous = best(&stepper.next(previous)).0;
        if previous == END {
            break;
        }
        tokens.push(previous);
    }
    tokens
}

/// The tokens that spell `text`, where there is a choice those that `stepper` finds best, and how much worse it finds each of them
/// than the best of all candidates.
fn follow(
    stepper: &mut impl Stepper,
    source: &[u32],
    text: &str,
    vocabulary: &Vocabulary,
) -> Vec<(u32, f64)> {
    stepper.start(source);
    let mut tokens: Vec<u32> = Vec::new();
    let mut steps = Vec::new();
    let mut spelt = String::new();
    let mut previous = END;
    while tokens.len() < limit(source) {
        let scores = stepper.next(previous);
        let fits = |&&(token, _): &&(u32, f64)| {
            if token == END {
                return spelt.trim() == text;
            }
            let longer = vocabulary.decode(&[&tokens[..], &[token]].concat());
            // A space at the beginning spells nothing, once.
            let grows = longer.len() > spelt.len() || (tokens.is_empty() && longer.is_empty());
            grows && text.starts_with(longer.trim_end())
        };
        let fitting: Scores = scores.iter().filter(fits).copied().collect();
        let (token, score) = best(&fitting);
        steps.push((token, best(&scores).1 - score));
        if token == END {
            break;
        }
        tokens.push(token);
        spelt = vocabulary.decode(&tokens);
        previous = token;
    }
    steps
}

/// How one engine judges the translations of another: for each sentence the first gap above zero.
#[derive(Default)]
pub struct Agreement {
    gaps: Vec<Option<(usize, f64)>>,
    steps: usize,
    other: usize,
}

impl Agreement {
    fn add(&mut self, steps: &[(u32, f64)]) {
        self.steps += steps.len();
        self.other += steps.iter().filter(|step| step.1 > 0.0).count();
        let first = steps.iter().position(|step| step.1 > 0.0);
        self.gaps.push(first.map(|first| (first, steps[first].1)));
    }

    /// Sentences without any difference.
    pub fn identical(&self) -> usize {
        self.gaps.iter().filter(|gap| gap.is_none()).count()
    }

    /// Sentences whose first difference is at a gap above this.
    pub fn gaps_above(&self, limit: f64) -> usize {
        self.gaps
            .iter()
            .flatten()
            .filter(|gap| gap.1 > limit)
            .count()
    }

    /// The gap at the first difference of a sentence; 0 without one.
    fn gap(&self, sentence: usize) -> f64 {
        self.gaps[sentence].map_or(0.0, |gap| gap.1)
    }

    /// The largest gap at a first difference.
    pub fn largest_gap(&self) -> f64 {
        self.gaps
            .iter()
            .flatten()
            .map(|gap| gap.1)
            .fold(0.0, f64::max)
    }
}

/// What came out.
#[derive(Default)]
pub struct Report {
    /// Our engine.
    pub engine: Agreement,
    /// The reference with the peer's arithmetic.
    pub reference: Agreement,
    /// The same without quantised activations.
    pub exact: Agreement,
    /// Our translations, without the guard against loops.
    pub translations: Vec<String>,
    /// Standard deviation of our logits from those of unquantised activations, and of theirs.
    pub engine_noise: f64,
    pub peer_noise: f64,
    /// Standard deviation of the logits themselves.
    spread: f64,
}

impl Report {
    /// Up to which gap two tokens are as good, within what quantisation costs.
    pub fn tie(&self) -> f64 {
        6.0 * self.engine_noise
    }

    /// Sentences in which the engine differs from the peer, by more than a tie, and exact activations would not.
    pub fn unexplained(&self) -> usize {
        let sentences = 0..self.engine.gaps.len();
        let unexplained = |&sentence: &usize| {
            let gap = self.engine.gap(sentence);
            gap > self.tie() && self.exact.gap(sentence) < gap / 2.0
        };
        sentences.filter(unexplained).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "logits: deviation {:.3}; error by the engine's arithmetic {:.4}, by the peer's {:.4}",
            self.spread, self.engine_noise, self.peer_noise
        )?;
        let tie = self.tie();
        let judges = [
            ("engine", &self.engine),
            ("reference with the peer's arithmetic", &self.reference),
            ("reference with exact activations", &self.exact),
        ];
        for (name, agreement) in judges {
            let real = agreement.gaps_above(tie);
            writeln!(
                f,
                "{name}: {} sentences, {} identical, {} differ first at a near-tie (gap up to {tie:.3}), {real} at a larger gap; \
                 largest {:.4}; {} of {} tokens differ",
                agreement.gaps.len(),
                agreement.identical(),
                agreement.gaps.len() - agreement.identical() - real,
                agreement.largest_gap(),
                agreement.other,
                agreement.steps,
            )?;
            for (sentence, gap) in agreement.gaps.iter().enumerate() {
                if let Some((step, gap)) = gap
                    && *gap > tie
                {
                    writeln!(
                        f,
                        "  sentence {sentence}, token {step}: {gap:.4}; ours {}",
                        self.translations[sentence]
                    )?;
                }
            }
        }
        write!(f, "unexplained: {}", self.unexplained())
    }
}

/// Root of the mean of squares, but for what all of a step have in common.
#[derive(Default)]
struct Deviation(f64, usize);

impl Deviation {
    fn add(&mut self, values: impl Iterator<Item = f64> + Clone) {
        let count = values.clone().count();
        let mean = values.clone().sum::<f64>() / count as f64;
        self.0 += values.map(|value| (value - mean).powi(2)).sum::<f64>();
        self.1 += count;
    }

    fn get(&self) -> f64 {
        (self.0 / self.1 as f64).sqrt()
    }
}

/// Translates and follows.
pub fn compare(files: &Files, sources: &[String], peers: &[String], peer: Peer) -> Report {
    assert_eq!(sources.len(), peers.len());
    let file = files.import();
    let model = Model::new(&file).unwrap();
    let target = Vocabulary::from_bytes(files.target.as_ref().unwrap_or(&files.source)).unwrap();
    let source = Vocabulary::from_bytes(&files.source).unwrap();
    let mut engine = Engine {
        model: &model,
        executor: Executor::new(&model, Isa::detect()),
        batch: Batch::new(&[[EOS]]),
    };
    let products = Bergamot::new(&file, &files.multipliers(), peer == Peer::Bergamot);
    let mut reference = Reference::new(&model, Transformer::new(&file).multiplying(products));
    let mut float = Reference::new(&model, Transformer::new(&file));

    let mut report = Report::default();
    let [mut spread, mut ours, mut theirs] = [(); 3].map(|()| Deviation::default());
    for (text, translation) in sources.iter().zip(peers) {
        let translation = translation.trim();
        let mut ids = source.encode(text);
        ids.push(EOS);
        let found = greedy(&mut engine, &ids);
        report
            .translations
            .push(target.decode(&found).trim().to_owned());
        let steps = follow(&mut engine, &ids, translation, &target);
        report.engine.add(&steps);
        report
            .exact
            .add(&follow(&mut float, &ids, translation, &target));
        report
            .reference
            .add(&follow(&mut reference, &ids, translation, &target));
        engine.start(&ids);
        reference.start(&ids);
        float.start(&ids);
        let mut previous = END;
        for (token, _) in steps {
            let [a, b, exact] = [
                engine.next(previous),
                reference.next(previous),
                float.next(previous),
            ];
            let differences = |scores: &Scores| -> Vec<f64> {
                scores
                    .iter()
                    .zip(&exact)
                    .map(|(score, exact)| score.1 - exact.1)
                    .collect()
            };
            ours.add(differences(&a).into_iter());
            theirs.add(differences(&b).into_iter());
            spread.add(exact.iter().map(|score| score.1));
            previous = token;
        }
    }
    report.spread = spread.get();
    report.engine_noise = ours.get();
    report.peer_noise = theirs.get();
    report
}
