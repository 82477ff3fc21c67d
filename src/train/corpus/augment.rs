//! The way visitors type: lower case, CAPITALS, no full stop at the end.

use super::config::AugmentConfig;
use super::{Pair, hash};

const FINAL: [char; 7] = ['.', '!', '?', '。', '！', '？', '…'];

/// Changed copies of a pair, drawn by its text and the seed, so that the same configuration always
/// gives the same data. Usually none.
pub fn variants<'a>(
    pair: &'a Pair,
    shares: &'a AugmentConfig,
    seed: u64,
) -> impl Iterator<Item = (String, String)> + 'a {
    type Change = fn(&str, &str) -> (String, String);
    let changes: [(f32, Change); 4] = [
        (shares.lower, |s, t| (s.to_lowercase(), t.to_owned())),
        (shares.upper, |s, t| (s.to_uppercase(), t.to_owned())),
        (shares.no_final_punctuation, |s, t| (bare(s), bare(t))),
        (shares.typed, |s, t| (bare(s).to_lowercase(), t.to_owned())),
    ];
    (0_u64..)
        .zip(changes)
        .filter_map(move |(kind, (share, change))| {
            let draw = hash(&[
                pair.source.as_bytes(),
                pair.target.as_bytes(),
                &seed.to_le_bytes(),
                &kind.to_le_bytes(),
            ]);
            // The top 53 bits as a number in 0..1.
            let chance = (draw >> 11) as f64 / (1_u64 << 53) as f64;
            if chance >= f64::from(share) {
                return None;
            }
            let (source, target) = change(&pair.source, &pair.target);
            (source != pair.source && !source.is_empty() && !target.is_empty())
                .then_some((source, target))
        })
}

fn bare(text: &str) -> String {
    text.trim_end_matches(FINAL).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(shares: &AugmentConfig, source: &str) -> Vec<(String, String)> {
        let pair = Pair {
            source: source.into(),
            target: "你好！".into(),
            score: 0.0,
            weight: 1.0,
            origin: 0,
        };
        variants(&pair, shares, 7).collect()
    }

    #[test]
    fn each_change() {
        let none = AugmentConfig::default();
        assert!(all(&none, "Hello!").is_empty());
        let every = AugmentConfig {
            lower: 1.0,
            upper: 1.0,
            no_final_punctuation: 1.0,
            typed: 1.0,
        };
        let expected = [
            ("hello!", "你好！"),
            ("HELLO!", "你好！"),
            ("Hello", "你好"),
            ("hello", "你好！"),
        ];
        assert_eq!(
            all(&every, "Hello!"),
            expected.map(|(s, t)| (s.to_owned(), t.to_owned()))
        );
        assert!(
            all(&AugmentConfig { lower: 1.0, ..none }, "hello").is_empty(),
            "nothing changed"
        );
    }

    #[test]
    fn shares_are_kept_and_draws_repeat() {
        let shares = AugmentConfig {
            lower: 0.25,
            ..AugmentConfig::default()
        };
        let drawn = |_| {
            (0..2000)
                .filter(|i| !all(&shares, &format!("Hello {i}")).is_empty())
                .count()
        };
        assert!((400..600).contains(&drawn(0)), "{}", drawn(0));
        assert_eq!(drawn(0), drawn(1));
    }
}
