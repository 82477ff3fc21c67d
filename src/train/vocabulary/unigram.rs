//! The unigram language model of subwords (Kudo 2018, "Subword Regularization").
//!
//! P(word) = sum over segmentations of the product of p(piece). Starting from many frequent
//! substrings, expectation-maximisation fits p, and the pieces whose loss hurts least are pruned,
//! a quarter at a time, until the wanted number is left.

use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;

/// Candidates to start from, per wanted piece.
const SEEDS_PER_PIECE: usize = 20;
/// Substrings seen less often are no candidates.
const MIN_SEED_COUNT: u64 = 4;
/// Expectation-maximisation rounds before each pruning.
const ROUNDS: usize = 2;
/// Share of the pieces that survives a pruning.
const SHRINK: f64 = 0.75;
/// Pieces expected to be used less often than this are dropped at once.
const MIN_EXPECTED: f64 = 0.5;
const NONE: u32 = u32::MAX;

/// A segment as character ids, and how often it occurs.
struct Word {
    chars: Vec<u32>,
    count: f64,
}

#[derive(Clone)]
struct Piece {
    chars: Vec<u32>,
    score: f64,
}

/// Learns `wanted` pieces (all characters of the alphabet among them), best first, with log
/// probabilities. Fewer come back when the text has no more frequent substrings.
#[must_use]
pub fn train(
    counted: &[(String, u64)],
    alphabet: &BTreeSet<char>,
    wanted: usize,
    max_piece_length: usize,
) -> Vec<(String, f32)> {
    let characters: Vec<char> = alphabet.iter().copied().collect();
    let words = words(counted, &characters);
    let mut pieces = seeds(
        &words,
        characters.len(),
        wanted * SEEDS_PER_PIECE,
        max_piece_length,
    );
    // A little more than wanted is left to the final cut, which goes by probability.
    let enough = wanted + wanted / 10;
    loop {
        for _ in 0..ROUNDS {
            let expected = expectation(&words, &pieces, characters.len());
            maximise(&mut pieces, &expected);
        }
        if pieces.len() <= enough {
            break;
        }
        let before = pieces.len();
        pieces = prune(&words, &pieces, characters.len(), enough);
        if pieces.len() == before {
            break;
        }
    }
    finish(pieces, &characters, wanted)
}

/// Cuts the segments at characters outside the alphabet.
fn words(counted: &[(String, u64)], characters: &[char]) -> Vec<Word> {
    let ids: HashMap<char, u32> = characters.iter().copied().zip(0..).collect();
    let mut words = Vec::with_capacity(counted.len());
    for (text, count) in counted {
        let mut chars = Vec::new();
        for id in text.chars().map(|c| ids.get(&c)).chain([None]) {
            if let Some(&id) = id {
                chars.push(id);
            } else if !chars.is_empty() {
                words.push(Word {
                    chars: std::mem::take(&mut chars),
                    count: *count as f64,
                });
            }
        }
    }
    words
}

/// All characters, and the frequent substrings with the greatest count x length.
///
/// A substring of n characters can only be frequent when both its parts of n - 1 are, so the counts
/// for n are keyed by the ids of those two parts.
fn seeds(words: &[Word], characters: usize, most: usize, max_length: usize) -> Vec<Piece> {
    let mut frequency = vec![0_u64; characters];
    for word in words {
        for &c in &word.chars {
            frequency[c as usize] += word.count as u64;
        }
    }
    let mut found: Vec<(u64, Vec<u32>)> = Vec::new();
    let mut parts: Vec<Vec<u32>> = words.iter().map(|w| w.chars.clone()).collect();
    for length in 2..=max_length {
        let mut counts: HashMap<(u32, u32), (u64, u32, u32)> = HashMap::new();
        for (w, part) in parts.iter().enumerate() {
            for (i, pair) in part.windows(2).enumerate() {
                if pair[0] != NONE && pair[1] != NONE {
                    counts
                        .entry((pair[0], pair[1]))
                        .or_insert((0, w as u32, i as u32))
                        .0 += words[w].count as u64;
                }
            }
        }
        counts.retain(|_, (count, ..)| *count >= MIN_SEED_COUNT);
        if counts.is_empty() {
            break;
        }
        // Ids in the order of first occurrence: independent of the hash map's order.
        let mut order: Vec<_> = counts.into_iter().collect();
        order.sort_unstable_by_key(|&(_, (_, w, i))| (w, i));
        let mut ids = HashMap::with_capacity(order.len());
        for (id, &(key, (count, w, i))) in (0_u32..).zip(&order) {
            ids.insert(key, id);
            let start = i as usize;
            let chars = words[w as usize].chars[start..start + length].to_vec();
            found.push((count * length as u64, chars));
        }
        for part in &mut parts {
            let next = part
                .windows(2)
                .map(|pair| ids.get(&(pair[0], pair[1])).copied().unwrap_or(NONE))
                .collect();
            *part = next;
        }
    }
    found.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    found.truncate(most);
    let singles = frequency
        .iter()
        .zip(0..)
        .map(|(&count, c)| (count.max(1), vec![c]));
    let all: Vec<(u64, Vec<u32>)> = singles.chain(found).collect();
    let total = (all.iter().map(|(n, _)| n).sum::<u64>() as f64).ln();
    all.into_iter()
        .map(|(n, chars)| Piece {
            chars,
            score: (n as f64).ln() - total,
        })
        .collect()
}

/// A trie over character ids with the children of a node side by side, ordered by label.
struct Trie {
    labels: Vec<u32>,
    pieces: Vec<u32>,
    children: Vec<(u32, u32)>,
    roots: Vec<u32>,
}

impl Trie {
    fn new(pieces: &[Piece], characters: usize) -> Self {
        let mut sorted: Vec<(&[u32], u32)> = pieces
            .iter()
            .zip(0..)
            .map(|(p, i)| (p.chars.as_slice(), i))
            .collect();
        sorted.sort_unstable();
        let mut trie = Self {
            labels: vec![0],
            pieces: vec![NONE],
            children: vec![(0, 0)],
            roots: vec![NONE; characters],
        };
        let mut queue =
            std::collections::VecDeque::from([(0_usize, 0_usize, sorted.len(), 0_usize)]);
        while let Some((node, mut low, high, depth)) = queue.pop_front() {
            if low < high && sorted[low].0.len() == depth {
                trie.pieces[node] = sorted[low].1;
                low += 1;
            }
            let first = trie.labels.len() as u32;
            while low < high {
                let label = sorted[low].0[depth];
                let end =
                    low + sorted[low..high].partition_point(|(chars, _)| chars[depth] == label);
                let child = trie.labels.len();
                trie.labels.push(label);
                trie.pieces.push(NONE);
                trie.children.push((0, 0));
                if node == 0 {
                    trie.roots[label as usize] = child as u32;
                }
                queue.push_back((child, low, end, depth + 1));
                low = end;
            }
            trie.children[node] = (first, trie.labels.len() as u32);
        }
        trie
    }

    /// Calls `each(piece, length)` for every piece that `chars` starts with.
    fn prefixes(&self, chars: &[u32], mut each: impl FnMut(u32, usize)) {
        let Some(&first) = chars.first() else { return };
        let mut node = self.roots[first as usize];
        let mut length = 1;
        while node != NONE {
            if self.pieces[node as usize] != NONE {
                each(self.pieces[node as usize], length);
            }
            let Some(next) = chars.get(length) else {
                return;
            };
            let (low, high) = self.children[node as usize];
            let labels = &self.labels[low as usize..high as usize];
            node = labels.binary_search(next).map_or(NONE, |i| low + i as u32);
            length += 1;
        }
    }
}

/// How often each piece is expected to be used, by the forward-backward algorithm over the
/// segmentations of every word:  `E(piece) = sum over its places of alpha_i p(piece) beta_j / alpha_n`.
fn expectation(words: &[Word], pieces: &[Piece], characters: usize) -> Vec<f64> {
    let trie = Trie::new(pieces, characters);
    let p: Vec<f64> = pieces.iter().map(|piece| piece.score.exp()).collect();
    sum_over_words(words, pieces.len(), |word, expected| {
        let n = word.chars.len();
        let mut edges: Vec<(usize, usize, usize)> = Vec::with_capacity(4 * n);
        let mut alpha = vec![0.0; n + 1];
        let mut beta = vec![0.0; n + 1];
        alpha[0] = 1.0;
        for i in 0..n {
            trie.prefixes(&word.chars[i..], |piece, length| {
                edges.push((i, i + length, piece as usize));
                alpha[i + length] += alpha[i] * p[piece as usize];
            });
        }
        if alpha[n] <= 0.0 {
            return;
        }
        beta[n] = word.count / alpha[n];
        for &(i, j, piece) in edges.iter().rev() {
            beta[i] += p[piece] * beta[j];
            expected[piece] += alpha[i] * p[piece] * beta[j];
        }
    })
}

/// Adds up per-word contributions in chunks of fixed size, so that the order of the floating-point
/// sums does not depend on the number of threads.
fn sum_over_words(words: &[Word], len: usize, each: impl Fn(&Word, &mut [f64]) + Sync) -> Vec<f64> {
    let partial: Vec<Vec<f64>> = words
        .par_chunks(words.len().div_ceil(8).max(1))
        .map(|chunk| {
            let mut sums = vec![0.0; len];
            for word in chunk {
                each(word, &mut sums);
            }
            sums
        })
        .collect();
    let mut total = vec![0.0; len];
    for sums in partial {
        for (t, s) in total.iter_mut().zip(sums) {
            *t += s;
        }
    }
    total
}

/// New scores from the expected counts. The digamma function instead of the logarithm makes rare
/// pieces rarer, as a Dirichlet prior would; characters always stay.
fn maximise(pieces: &mut Vec<Piece>, expected: &[f64]) {
    let mut counts = expected.iter();
    let mut kept = Vec::with_capacity(pieces.len());
    pieces.retain(|piece| {
        let count = *counts.next().unwrap_or(&0.0);
        let keep = count >= MIN_EXPECTED || piece.chars.len() == 1;
        if keep {
            kept.push(count.max(MIN_EXPECTED));
        }
        keep
    });
    let total = digamma(kept.iter().sum());
    for (piece, count) in pieces.iter_mut().zip(kept) {
        piece.score = digamma(count) - total;
    }
}

/// psi(x) for x > 0: the recurrence psi(x) = psi(x + 1) - 1/x up to 7, then the asymptotic series.
fn digamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 7.0 {
        shift -= 1.0 / x;
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    shift + x.ln() - 0.5 / x - inverse * (1.0 / 12.0 - inverse * (1.0 / 120.0 - inverse / 252.0))
}

/// The most probable segmentation, as piece ids; `without` may not be used.
fn viterbi(trie: &Trie, pieces: &[Piece], chars: &[u32], without: u32) -> Vec<u32> {
    let n = chars.len();
    let mut best = vec![(f64::NEG_INFINITY, NONE, 0_usize); n + 1];
    best[0].0 = 0.0;
    for i in 0..n {
        let so_far = best[i].0;
        trie.prefixes(&chars[i..], |piece, length| {
            let score = so_far + pieces[piece as usize].score;
            if piece != without && score > best[i + length].0 {
                best[i + length] = (score, piece, i);
            }
        });
    }
    let mut path = Vec::new();
    let mut end = n;
    while end > 0 && best[end].1 != NONE {
        path.push(best[end].1);
        end = best[end].2;
    }
    path.reverse();
    path
}

/// Drops the pieces whose absence costs the least likelihood: those without use first.
fn prune(words: &[Word], pieces: &[Piece], characters: usize, enough: usize) -> Vec<Piece> {
    let trie = Trie::new(pieces, characters);
    let used = sum_over_words(words, pieces.len(), |word, used| {
        for piece in viterbi(&trie, pieces, &word.chars, NONE) {
            used[piece as usize] += word.count;
        }
    });
    let total: f64 = used.iter().sum();
    let losses: Vec<f64> = pieces
        .par_iter()
        .zip(0_u32..pieces.len() as u32)
        .map(|(piece, id)| {
            let count = used[id as usize];
            if piece.chars.len() == 1 {
                return f64::INFINITY;
            }
            if count == 0.0 {
                return f64::NEG_INFINITY;
            }
            let instead = viterbi(&trie, pieces, &piece.chars, id);
            let grown = (total + count * (instead.len() as f64 - 1.0)).ln();
            let without: f64 = instead
                .iter()
                .map(|&i| (used[i as usize] + count).ln() - grown)
                .sum();
            count / total * (count.ln() - total.ln() - without)
        })
        .collect();
    let keep = enough.max((pieces.len() as f64 * SHRINK) as usize);
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by(|&a, &b| losses[b].total_cmp(&losses[a]).then(a.cmp(&b)));
    order.truncate(keep.max(characters));
    order.retain(|&i| losses[i] > f64::NEG_INFINITY);
    order.sort_unstable();
    order.into_iter().map(|i| pieces[i].clone()).collect()
}

/// All characters and the most probable longer pieces.
fn finish(mut pieces: Vec<Piece>, characters: &[char], wanted: usize) -> Vec<(String, f32)> {
    pieces.sort_by(|a, b| {
        let character = |p: &Piece| p.chars.len() == 1;
        character(b)
            .cmp(&character(a))
            .then(b.score.total_cmp(&a.score))
            .then_with(|| a.chars.cmp(&b.chars))
    });
    pieces.truncate(wanted);
    pieces.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| a.chars.cmp(&b.chars))
    });
    pieces
        .into_iter()
        .map(|piece| {
            (
                piece
                    .chars
                    .iter()
                    .map(|&c| characters[c as usize])
                    .collect(),
                piece.score as f32,
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digamma_values() {
        // Euler's constant: psi(1) = -gamma; psi(10) from Abramowitz and Stegun, table 6.1.
        for (x, expected) in [
            (1.0, -0.577_215_664_9),
            (0.5, -1.963_510_026_0),
            (10.0, 2.251_752_589_1),
        ] {
            assert!((digamma(x) - expected).abs() < 1e-8, "{x}");
        }
    }

    #[test]
    fn expected_counts_add_up() {
        // "ab" is either [ab] or [a b]; with p(a) = p(b) = 0.5 and p(ab) = 0.25 both are equally likely.
        let piece = |chars: &[u32], p: f64| Piece {
            chars: chars.to_vec(),
            score: p.ln(),
        };
        let pieces = [piece(&[0], 0.5), piece(&[1], 0.5), piece(&[0, 1], 0.25)];
        let words = [Word {
            chars: vec![0, 1],
            count: 8.0,
        }];
        let expected = expectation(&words, &pieces, 2);
        for (got, want) in expected.iter().zip([4.0, 4.0, 4.0]) {
            assert!((got - want).abs() < 1e-9, "{expected:?}");
        }
        let trie = Trie::new(&pieces, 2);
        assert_eq!(viterbi(&trie, &pieces, &[0, 1], 2), [0, 1]);
        assert_eq!(viterbi(&trie, &pieces, &[1, 0, 1], 0), [1, 2]);
    }

    #[test]
    fn frequent_words_become_pieces() {
        let counted = [("▁the", 100), ("▁then", 30), ("▁tin", 2), ("▁hen", 20)]
            .map(|(w, n)| (w.to_owned(), n));
        let alphabet: BTreeSet<char> = "▁thenix".chars().collect();
        let pieces = train(&counted, &alphabet, 9, 5);
        assert_eq!(pieces.len(), 9);
        let texts: Vec<&str> = pieces.iter().map(|(t, _)| t.as_str()).collect();
        assert!(texts.contains(&"▁the"), "{texts:?}");
        assert!(
            alphabet
                .iter()
                .all(|c| texts.contains(&c.to_string().as_str())),
            "{texts:?}"
        );
        assert!(pieces.is_sorted_by(|a, b| a.1 >= b.1));
    }
}
