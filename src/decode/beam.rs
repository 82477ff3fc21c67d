//! Beam search over a batch of sentences: which hypotheses go on, which are finished, and which is best.
//!
//! The search knows no model: an engine computes a [`Step`] for the live hypotheses, [`Beam::advance`] picks their successors.
//! Greedy search is the beam of width 1. All memory is reserved by [`Beam::start`].

use super::{END, Hypothesis};
use crate::cpu::Candidate;

/// What an engine has computed for every live hypothesis.
pub trait Step {
    /// Finds the best next tokens of a hypothesis, best first, and returns how many there are.
    fn select(&mut self, hypothesis: usize, history: History<'_>, best: &mut [Candidate]) -> usize;
    /// How much a hypothesis attended to each of the `length` source tokens of its sentence.
    fn alignment(&self, hypothesis: usize, length: usize) -> &[f32];
}

/// Lengths of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Number of source tokens.
    pub source: usize,
    /// Number of target tokens at which the search gives up, at least 1.
    pub target: usize,
}

/// What to search for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BeamOptions {
    /// Number of hypotheses kept for each sentence, at least 1.
    pub width: usize,
    /// Exponent of the length by which scores are divided, at least 0.
    pub length_penalty: f32,
    /// Whether to keep alignments.
    pub alignment: bool,
}

impl BeamOptions {
    /// Number of candidates to find for each hypothesis.
    #[must_use]
    pub fn candidates(&self) -> usize {
        // Of the best `width` extensions that do not end, at most one per hypothesis can be preceded by one that does.
        if self.width == 1 { 1 } else { self.width + 1 }
    }
}

/// The search for the translations of a batch.
#[derive(Clone, Debug, Default)]
pub struct Beam {
    width: usize,
    length_penalty: f32,
    /// The sentences of the batch.
    searches: Vec<Search>,
    /// The hypotheses to extend next; those of a sentence are neighbours, best first.
    live: Live,
    /// The hypotheses after that, while they are being picked.
    next: Live,
    /// Every token of every hypothesis: a tree that the hypotheses share.
    nodes: Vec<Node>,
    /// The alignments of the nodes, if they are kept.
    alignments: Option<Vec<f32>>,
    candidates: Vec<Candidate>,
    extensions: Vec<Extension>,
}

/// Live hypotheses, field by field as engines want them.
#[derive(Clone, Debug, Default)]
struct Live {
    sentences: Vec<usize>,
    previous: Vec<u32>,
    parents: Vec<usize>,
    nodes: Vec<Option<usize>>,
    totals: Vec<f32>,
}

/// The search for the translation of one sentence.
#[derive(Clone, Debug)]
struct Search {
    limits: Limits,
    /// Number of tokens of its live hypotheses.
    length: usize,
    /// Number of finished hypotheses.
    finished: usize,
    /// Last node and score of the best finished hypothesis.
    best: Option<(Option<usize>, f32)>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    token: u32,
    log_probability: f32,
    /// The token before it.
    parent: Option<usize>,
    /// Where its alignment starts.
    alignment: usize,
}

/// A live hypothesis and a token to append.
#[derive(Clone, Copy, Debug)]
struct Extension {
    row: usize,
    candidate: Candidate,
    /// Log-probability of the extended hypothesis.
    total: f32,
}

/// The tokens of a hypothesis, last first.
#[derive(Clone, Debug)]
pub struct History<'a> {
    nodes: &'a [Node],
    last: Option<usize>,
}

impl Iterator for History<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let node = self.nodes[self.last?];
        self.last = node.parent;
        Some(node.token)
    }
}

impl Beam {
    /// Starts the search with one empty hypothesis for every sentence.
    pub fn start(&mut self, sentences: impl Iterator<Item = Limits>, options: BeamOptions) {
        let width = options.width;
        (self.width, self.length_penalty) = (width, options.length_penalty);
        self.searches.clear();
        self.searches.extend(sentences.map(|limits| Search {
            limits,
            length: 0,
            finished: 0,
            best: None,
        }));
        let tokens = |search: &Search| width * search.limits.target;
        self.nodes.clear();
        self.nodes.reserve(self.searches.iter().map(tokens).sum());
        self.alignments = options.alignment.then(|| {
            Vec::with_capacity(
                self.searches
                    .iter()
                    .map(|search| tokens(search) * search.limits.source)
                    .sum(),
            )
        });
        self.candidates
            .resize(options.candidates(), Candidate::default());
        self.extensions.clear();
        self.extensions.reserve(width * self.candidates.len());
        for live in [&mut self.live, &mut self.next] {
            live.truncate(0);
            live.reserve(self.searches.len() * width);
        }
        for sentence in 0..self.searches.len() {
            self.live.push(sentence, END, sentence, None, 0.0);
        }
    }

    /// Whether every sentence has its translation.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.live.sentences.is_empty()
    }

    /// The sentence of every live hypothesis.
    #[must_use]
    pub fn sentences(&self) -> &[usize] {
        &self.live.sentences
    }

    /// The last token of every live hypothesis; `</s>` before the first step.
    #[must_use]
    pub fn previous(&self) -> &[u32] {
        &self.live.previous
    }

    /// Which hypothesis of the step before each live hypothesis extends.
    #[must_use]
    pub fn parents(&self) -> &[usize] {
        &self.live.parents
    }

    /// Extends every live hypothesis and keeps the best of every sentence that is not finished by that.
    pub fn advance(&mut self, step: &mut impl Step) {
        self.next.truncate(0);
        let mut first = 0;
        while let Some(&sentence) = self.live.sentences.get(first) {
            let count = self.live.sentences[first..]
                .iter()
                .take_while(|&&other| other == sentence)
                .count();
            self.extensions.clear();
            for row in first..first + count {
                let history = History {
                    nodes: &self.nodes,
                    last: self.live.nodes[row],
                };
                let found = step.select(row, history, &mut self.candidates);
                self.extensions
                    .extend(self.candidates[..found].iter().map(|&candidate| Extension {
                        row,
                        candidate,
                        total: self.live.totals[row] + candidate.log_probability,
                    }));
            }
            // Not the stable sort, which allocates: the order of rows and tokens settles ties.
            self.extensions.sort_unstable_by(|a, b| {
                let place = |extension: &Extension| (extension.row, extension.candidate.token);
                b.total
                    .total_cmp(&a.total)
                    .then_with(|| place(a).cmp(&place(b)))
            });
            self.pick(sentence, step);
            first += count;
        }
        std::mem::swap(&mut self.live, &mut self.next);
    }

    /// Takes the best extensions of one sentence, unless they finish it.
    fn pick(&mut self, sentence: usize, step: &impl Step) {
        let source = self.searches[sentence].limits.source;
        let length = self.searches[sentence].length + 1;
        let first = self.next.sentences.len();
        for rank in 0..self.extensions.len() {
            let Extension {
                row,
                candidate,
                total,
            } = self.extensions[rank];
            let parent = self.live.nodes[row];
            if candidate.token == END {
                if rank < self.width {
                    let score = self.score(total, length);
                    self.searches[sentence].finish(parent, score);
                }
            } else if self.next.sentences.len() - first < self.width {
                let alignment = self.alignments.as_mut().map_or(0, |alignments| {
                    alignments.extend_from_slice(step.alignment(row, source));
                    alignments.len() - source
                });
                let Candidate {
                    token,
                    log_probability,
                } = candidate;
                self.nodes.push(Node {
                    token,
                    log_probability,
                    parent,
                    alignment,
                });
                self.next
                    .push(sentence, token, row, Some(self.nodes.len() - 1), total);
            }
        }
        self.searches[sentence].length = length;
        if self.is_settled(sentence, first) {
            if let (None, Some(&total)) =
                (self.searches[sentence].best, self.next.totals.get(first))
            {
                let score = self.score(total, length + 1);
                self.searches[sentence].finish(self.next.nodes[first], score);
            }
            self.next.truncate(first);
        }
    }

    /// Whether the live hypotheses of a sentence, which start at row `first` of the next step, need not be extended.
    fn is_settled(&self, sentence: usize, first: usize) -> bool {
        let search = &self.searches[sentence];
        let Some(&total) = self.next.totals.get(first) else {
            return true;
        };
        // Log-probabilities only fall, so dividing by the greatest length bounds what the best hypothesis can still reach.
        let bound = self.score(total, search.limits.target + 1);
        search.length >= search.limits.target
            || search.finished >= self.width
            || search.best.is_some_and(|(_, score)| score >= bound)
    }

    /// `total / length^length_penalty`, where the length counts `</s>`.
    fn score(&self, total: f32, length: usize) -> f32 {
        total / (length as f32).powf(self.length_penalty)
    }

    /// The best translation of a sentence, once the search is done.
    #[must_use]
    pub fn best(&self, sentence: usize) -> Hypothesis {
        let search = &self.searches[sentence];
        let Some((last, score)) = search.best else {
            return Hypothesis::default();
        };
        let mut path = Vec::with_capacity(search.length);
        let mut next = last;
        while let Some(index) = next {
            path.push(self.nodes[index]);
            next = self.nodes[index].parent;
        }
        path.reverse();
        let source = search.limits.source;
        let alignment = self.alignments.as_ref().map(|alignments| {
            let mut rows = Vec::with_capacity(path.len() * source);
            for node in &path {
                rows.extend_from_slice(&alignments[node.alignment..][..source]);
            }
            rows
        });
        Hypothesis {
            tokens: path.iter().map(|node| node.token).collect(),
            score,
            token_scores: path.iter().map(|node| node.log_probability).collect(),
            alignment,
            looped: false,
        }
    }
}

impl Search {
    fn finish(&mut self, last: Option<usize>, score: f32) {
        self.finished += 1;
        if self.best.is_none_or(|(_, best)| score > best) {
            self.best = Some((last, score));
        }
    }
}

impl Live {
    fn push(
        &mut self,
        sentence: usize,
        previous: u32,
        parent: usize,
        node: Option<usize>,
        total: f32,
    ) {
        self.sentences.push(sentence);
        self.previous.push(previous);
        self.parents.push(parent);
        self.nodes.push(node);
        self.totals.push(total);
    }

    fn truncate(&mut self, len: usize) {
        self.sentences.truncate(len);
        self.previous.truncate(len);
        self.parents.truncate(len);
        self.nodes.truncate(len);
        self.totals.truncate(len);
    }

    /// Makes room in an empty list.
    fn reserve(&mut self, len: usize) {
        self.sentences.reserve(len);
        self.previous.reserve(len);
        self.parents.reserve(len);
        self.nodes.reserve(len);
        self.totals.reserve(len);
    }
}
