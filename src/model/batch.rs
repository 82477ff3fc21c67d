//! Source sentences of different lengths, packed without padding.

/// A batch of sentences, token after token: first the first token of every sentence, then the second of every sentence that
/// has one, and so on, with the sentences ordered from long to short.
///
/// Token t of sentence s is row `starts[t] + s`. So the rows of one time step are contiguous, a recurrent layer simply works
/// on fewer and fewer sentences, and no padding exists that could influence anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    order: Vec<usize>,
    lengths: Vec<usize>,
    starts: Vec<usize>,
    tokens: Vec<u32>,
}

impl Batch {
    /// Packs sentences; the order of equally long ones is kept.
    #[must_use]
    pub fn new<S: AsRef<[u32]>>(sentences: &[S]) -> Self {
        let mut order: Vec<usize> = (0..sentences.len()).collect();
        order.sort_unstable_by_key(|&i| (std::cmp::Reverse(sentences[i].as_ref().len()), i));
        let lengths: Vec<usize> = order.iter().map(|&i| sentences[i].as_ref().len()).collect();
        let mut batch = Self {
            order,
            lengths,
            starts: vec![0],
            tokens: Vec::new(),
        };
        for time in 0..batch.lengths.first().copied().unwrap_or(0) {
            let active = batch
                .order
                .iter()
                .map_while(|&i| sentences[i].as_ref().get(time));
            batch.tokens.extend(active);
            batch.starts.push(batch.tokens.len());
        }
        batch
    }

    /// Number of sentences.
    #[must_use]
    pub fn sentences(&self) -> usize {
        self.order.len()
    }

    /// The place of a packed sentence among the sentences given to [`Self::new`].
    #[must_use]
    pub fn origin(&self, sentence: usize) -> usize {
        self.order[sentence]
    }

    /// Number of tokens of a sentence.
    #[must_use]
    pub fn length(&self, sentence: usize) -> usize {
        self.lengths[sentence]
    }

    /// Number of tokens of the longest sentence.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.starts.len() - 1
    }

    /// All tokens, row after row.
    #[must_use]
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// The rows of the tokens at one position: one for each sentence that long.
    #[must_use]
    pub fn step(&self, time: usize) -> std::ops::Range<usize> {
        self.starts[time]..self.starts[time + 1]
    }

    /// The rows of one sentence, from its first token to its last.
    #[must_use]
    pub fn rows(&self, sentence: usize) -> impl ExactSizeIterator<Item = usize> + Clone + '_ {
        self.starts[..self.lengths[sentence]]
            .iter()
            .map(move |start| start + sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_keeps_every_token_in_its_place() {
        let sentences: [&[u32]; 5] = [&[1, 2], &[], &[3, 4, 5, 6], &[7, 8], &[9]];
        let batch = Batch::new(&sentences);
        assert_eq!((batch.sentences(), batch.longest()), (5, 4));
        for packed in 0..batch.sentences() {
            let tokens: Vec<u32> = batch.rows(packed).map(|row| batch.tokens()[row]).collect();
            assert_eq!(tokens, sentences[batch.origin(packed)]);
            assert_eq!(tokens.len(), batch.length(packed));
        }
        assert_eq!(
            (0..4).map(|time| batch.step(time)).collect::<Vec<_>>(),
            [0..4, 4..7, 7..8, 8..9]
        );
        assert_eq!(Batch::new::<Vec<u32>>(&[]).longest(), 0);
    }
}
