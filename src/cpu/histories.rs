//! Where the tokens of each hypothesis stand in the buffers of histories, which self-attention reads.

/// For each hypothesis, the rows of its tokens in those buffers, in order.
#[derive(Clone, Debug, Default)]
pub struct Histories {
    rows: Vec<Vec<usize>>,
    /// What `rows` was before the last reordering: the next one writes into its memory.
    spare: Vec<Vec<usize>>,
}

impl Histories {
    /// That many hypotheses without a token.
    pub fn clear(&mut self, hypotheses: usize) {
        self.rows.iter_mut().for_each(Vec::clear);
        self.rows.resize(hypotheses, Vec::new());
    }

    /// Gives hypothesis i the tokens that hypothesis `parents[i]` had.
    pub fn reorder(&mut self, parents: &[usize]) {
        self.spare.resize(parents.len(), Vec::new());
        for (rows, &parent) in self.spare.iter_mut().zip(parents) {
            rows.clone_from(&self.rows[parent]);
        }
        std::mem::swap(&mut self.rows, &mut self.spare);
    }

    /// Gives each of the first `hypotheses` a token: the tokens of a step have rows behind each other, from `first` on.
    pub fn push(&mut self, hypotheses: usize, first: usize) {
        self.rows.resize(hypotheses, Vec::new());
        for (hypothesis, rows) in self.rows.iter_mut().enumerate() {
            rows.push(first + hypothesis);
        }
    }

    /// The rows of each hypothesis.
    pub fn iter(&self) -> impl Iterator<Item = &[usize]> {
        self.rows.iter().map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hypotheses_take_their_tokens_along() {
        let mut histories = Histories::default();
        let found = |histories: &Histories| histories.iter().map(<[_]>::to_vec).collect::<Vec<_>>();
        for _ in 0..2 {
            histories.clear(2);
            histories.push(2, 0);
            histories.reorder(&[1, 0, 1]);
            histories.push(3, 10);
            assert_eq!(found(&histories), [[1, 10], [0, 11], [1, 12]]);
            histories.reorder(&[2]);
            histories.push(1, 20);
            assert_eq!(found(&histories), [[1, 12, 20]]);
            histories.reorder(&[0, 0]);
            histories.push(2, 30);
            assert_eq!(found(&histories), [[1, 12, 20, 30], [1, 12, 20, 31]]);
        }
    }
}
