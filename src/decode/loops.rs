//! Repetition loops: a translation that says the same few tokens over and over.

/// Longest phrase, in tokens, whose repetition is noticed.
const LONGEST_PHRASE: usize = 16;
/// Fewest repetitions in a row that are a loop.
const FEWEST_REPETITIONS: usize = 4;
/// Length of the n-grams that may not occur twice once repetitions are ruled out.
const BLOCKED_NGRAM: usize = 3;

/// Whether a translation repeats a phrase at least four times in a row, and more than twice as often as its source does.
#[must_use]
pub fn is_loop(target: &[u32], source: &[u32]) -> bool {
    let repetitions = repetitions(target);
    repetitions >= FEWEST_REPETITIONS && repetitions > 2 * self::repetitions(source)
}

/// The most often that any phrase occurs in a row: 1 where nothing is repeated.
fn repetitions(tokens: &[u32]) -> usize {
    let period = |period: usize| {
        // A phrase of p tokens that occurs k times in a row makes (k - 1) p tokens equal to the one p before.
        let (mut run, mut longest) = (0, 0);
        for (a, b) in tokens.iter().zip(tokens.iter().skip(period)) {
            run = if a == b { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        longest / period + 1
    };
    (1..=LONGEST_PHRASE).map(period).max().unwrap_or(1)
}

/// Rules out every token that would complete a trigram which the hypothesis already holds.
///
/// `history` is the hypothesis, last token first.
pub fn block_repeats(history: &(impl Iterator<Item = u32> + Clone), mut rule_out: impl FnMut(u32)) {
    const CONTEXT: usize = BLOCKED_NGRAM - 1;
    let context = || history.clone().take(CONTEXT);
    if context().count() < CONTEXT {
        return;
    }
    let mut rest = history.clone();
    while let Some(token) = rest.next() {
        if rest.clone().take(CONTEXT).eq(context()) {
            rule_out(token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_told_from_repetition() {
        let cases: [(&[u32], &[u32], bool); 9] = [
            (&[], &[0], false),
            (&[5, 6, 7, 8], &[1, 2, 3, 0], false),
            (&[5, 5, 5], &[1, 2, 0], false),
            (&[5, 5, 5, 5], &[1, 2, 0], true),
            (&[9, 5, 6, 5, 6, 5, 6, 5, 6, 7], &[1, 2, 0], true),
            (&[5, 6, 5, 6, 5, 6, 5], &[1, 2, 0], false),
            // The source repeats as well: "ha ha ha ha", "no, no, no, no".
            (&[5, 5, 5, 5, 5, 5], &[7, 7, 7, 7, 0], false),
            (
                &[5, 6, 5, 6, 5, 6, 5, 6],
                &[7, 8, 7, 8, 7, 8, 7, 8, 0],
                false,
            ),
            (&[5; 40], &[7, 7, 7, 7, 0], true),
        ];
        for (target, source, expected) in cases {
            assert_eq!(
                is_loop(target, source),
                expected,
                "{target:?} from {source:?}"
            );
        }
        let phrase: Vec<u32> = (0..16).collect();
        assert!(is_loop(&phrase.repeat(4), &[1, 0]));
    }

    #[test]
    fn trigrams_do_not_occur_twice() {
        let cases: [(&[u32], &[u32]); 5] = [
            (&[], &[]),
            (&[5], &[]),
            (&[5, 5, 5], &[5]),
            (&[1, 2, 3, 1, 2], &[3]),
            (&[1, 2, 3, 1, 2, 4, 1, 2], &[4, 3]),
        ];
        for (tokens, expected) in cases {
            let mut blocked = Vec::new();
            block_repeats(&tokens.iter().rev().copied(), |token| blocked.push(token));
            assert_eq!(blocked, expected, "{tokens:?}");
        }
    }
}
