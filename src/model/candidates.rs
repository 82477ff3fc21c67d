//! Which target tokens may translate each sentence of a batch.

use super::Batch;
use crate::decode::{END, UNKNOWN};
use crate::format::Shortlist;

/// The candidates of every sentence, in ascending order: `</s>`, the frequent tokens, the lists of its source tokens and, if both
/// languages have one vocabulary, those tokens themselves. `<unk>` is never among them, for it is never emitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    tokens: Vec<u32>,
    /// Where the candidates of each sentence begin, and where the last end.
    starts: Vec<usize>,
}

impl Candidates {
    /// Looks up the sentences of a batch. `shared` is the size of the vocabulary if both languages share it.
    #[must_use]
    pub fn new(shortlist: &Shortlist, batch: &Batch, shared: Option<usize>) -> Self {
        let mut candidates = Self {
            tokens: Vec::new(),
            starts: vec![0],
        };
        let mut found = Vec::new();
        for sentence in 0..batch.sentences() {
            found.clear();
            found.push(END);
            found.extend(&shortlist.frequent);
            for row in batch.rows(sentence) {
                let source = batch.tokens()[row];
                found.extend(shortlist.list(source));
                found.extend(
                    shared
                        .filter(|&size| (source as usize) < size)
                        .map(|_| source),
                );
            }
            found.sort_unstable();
            found.dedup();
            candidates
                .tokens
                .extend(found.iter().filter(|&&token| token != UNKNOWN));
            candidates.starts.push(candidates.tokens.len());
        }
        candidates
    }

    /// Number of sentences.
    #[must_use]
    pub fn sentences(&self) -> usize {
        self.starts.len() - 1
    }

    /// The candidates of a sentence.
    #[must_use]
    pub fn of(&self, sentence: usize) -> &[u32] {
        &self.tokens[self.starts[sentence]..self.starts[sentence + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_depend_on_the_sentence_alone() {
        let shortlist = Shortlist {
            frequent: vec![1, 2],
            starts: vec![0, 0, 0, 2, 3],
            tokens: vec![4, 9, 4],
        };
        let sentences = [vec![2, 3, 0], vec![0], vec![3, 77, 0]];
        for (shared, expected) in [
            (None, [vec![0, 2, 4, 9], vec![0, 2], vec![0, 2, 4]]),
            (
                Some(10),
                [vec![0, 2, 3, 4, 9], vec![0, 2], vec![0, 2, 3, 4]],
            ),
        ] {
            let batch = Batch::new(&sentences);
            let together = Candidates::new(&shortlist, &batch, shared);
            for sentence in 0..3 {
                assert_eq!(together.of(sentence), expected[batch.origin(sentence)]);
            }
        }
    }
}
