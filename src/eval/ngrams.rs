//! Counting n-grams that a hypothesis shares with its reference.

use std::collections::HashMap;
use std::hash::Hash;

/// Number of n-grams of length `order` in `hypothesis`, in `reference`, and in both, where an n-gram matches at most as
/// often as the reference has it ("clipped" counts).
pub(super) fn overlap<T: Eq + Hash>(hypothesis: &[T], reference: &[T], order: usize) -> [u64; 3] {
    let mut left: HashMap<&[T], u64> = HashMap::new();
    for ngram in reference.windows(order) {
        *left.entry(ngram).or_default() += 1;
    }
    let mut matches = 0;
    for ngram in hypothesis.windows(order) {
        if let Some(count) = left.get_mut(ngram).filter(|count| **count > 0) {
            *count -= 1;
            matches += 1;
        }
    }
    let count = |tokens: &[T]| (tokens.len() + 1).saturating_sub(order) as u64;
    [count(hypothesis), count(reference), matches]
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn matches_are_clipped() {
        for (hypothesis, reference, order, expected) in [
            ("aaaa", "aa", 1, [4, 2, 2]),
            ("aaaa", "aa", 2, [3, 1, 1]),
            ("aaaa", "aa", 3, [2, 0, 0]),
            ("abab", "bab", 2, [3, 2, 2]),
            ("", "ab", 1, [0, 2, 0]),
        ] {
            let [hypothesis, reference] =
                [hypothesis, reference].map(|text| text.chars().collect::<Vec<_>>());
            assert_eq!(overlap(&hypothesis, &reference, order), expected);
        }
    }
}
