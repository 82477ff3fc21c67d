//! Deduplication: identical pairs, and too many answers to the same question.

use super::{Pair, hash};

/// Marks the pairs to keep: at most `per_source` with the same source side and `per_target` with the
/// same target side. Among equals the heavier origin wins, then the better score, then the earlier.
///
/// Case, spaces and final punctuation do not make a difference for a source side, so that "hello"
/// and "Hello!" count as the same question only when they also end alike ("?" is kept).
#[must_use]
pub fn survivors(pairs: &[Pair], per_source: usize, per_target: usize) -> Vec<bool> {
    let mut order: Vec<u32> = (0..pairs.len() as u32).collect();
    order.sort_by(|&i, &j| {
        let (a, b) = (&pairs[i as usize], &pairs[j as usize]);
        b.weight
            .total_cmp(&a.weight)
            .then(b.score.total_cmp(&a.score))
            .then(i.cmp(&j))
    });
    let mut keep = vec![true; pairs.len()];
    let exact: Vec<u64> = pairs
        .iter()
        .map(|p| hash(&[&key(&p.source), &key(&p.target)]))
        .collect();
    cap(&order, &exact, 1, &mut keep);
    let sources: Vec<u64> = pairs.iter().map(|p| hash(&[&key(&p.source)])).collect();
    cap(&order, &sources, per_source, &mut keep);
    let targets: Vec<u64> = pairs.iter().map(|p| hash(&[&key(&p.target)])).collect();
    cap(&order, &targets, per_target, &mut keep);
    keep
}

/// Keeps the first `most` of the kept pairs with each key, in the given order.
fn cap(order: &[u32], keys: &[u64], most: usize, keep: &mut [bool]) {
    let mut seen = std::collections::HashMap::<u64, usize>::with_capacity(order.len());
    for &i in order {
        let i = i as usize;
        if keep[i] {
            let count = seen.entry(keys[i]).or_default();
            *count += 1;
            keep[i] = *count <= most;
        }
    }
}

/// What makes two sides the same: letters, digits and a final question mark.
fn key(text: &str) -> Vec<u8> {
    let mut key: String = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    if text.ends_with(['?', '？']) {
        key.push('?');
    }
    key.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(source: &str, target: &str, score: f32, weight: f32) -> Pair {
        Pair {
            source: source.into(),
            target: target.into(),
            score,
            weight,
            origin: 0,
        }
    }

    #[test]
    fn best_scores_survive() {
        let pairs = [
            pair("Hello!", "你好！", -2.0, 1.0),
            pair("hello", "你好", -2.0, 1.0),
            pair("Hello.", "您好。", -1.0, 1.0),
            pair("Hello?", "喂？", -3.0, 1.0),
            pair("Hello", "哈啰", -9.0, 2.0),
        ];
        assert_eq!(survivors(&pairs, 9, 9), [true, false, true, true, true]);
        assert_eq!(survivors(&pairs, 2, 9), [false, false, true, true, true]);
        assert_eq!(survivors(&pairs, 1, 9), [false, false, false, true, true]);
    }

    #[test]
    fn targets_are_capped_too() {
        let pairs: Vec<Pair> = ["Fine.", "Okay.", "All right."]
            .map(|s| pair(s, "好的。", -1.0, 1.0))
            .to_vec();
        assert_eq!(survivors(&pairs, 1, 2), [true, true, false]);
    }
}
