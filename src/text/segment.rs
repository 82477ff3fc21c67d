//! The most probable segmentation of a text into the pieces of a unigram model (Kudo 2018, section 3.1).
//!
//! The crate that reads the models compares every piece that starts with the right byte at every character, which for
//! Chinese is thousands of comparisons a character. Here the pieces are sorted, and the range of those that match grows
//! narrower byte by byte.

use std::ops::Range;

/// How much worse than the least probable piece a character without a piece is, as a log probability.
const UNKNOWN_PENALTY: f32 = 10.0;

#[derive(Debug)]
struct Piece {
    text: Box<[u8]>,
    id: u32,
    score: f32,
}

/// The pieces of a unigram model, ready for lookup.
#[derive(Debug)]
pub struct Lattice {
    /// Sorted by text.
    pieces: Vec<Piece>,
    /// Pieces that start with each byte.
    first: Box<[Range<u32>; 256]>,
    unknown_score: f32,
}

/// The best way to reach a byte position.
#[derive(Clone, Copy)]
struct Node {
    score: f32,
    start: u32,
    piece: Option<u32>,
}

impl Lattice {
    /// Takes (text, id, log probability) of each piece; empty texts never match.
    pub fn new<'a>(pieces: impl Iterator<Item = (&'a str, u32, f32)>) -> Self {
        let mut pieces: Vec<Piece> = pieces
            .filter(|(text, _, _)| !text.is_empty())
            .map(|(text, id, score)| Piece {
                text: text.as_bytes().into(),
                id,
                score,
            })
            .collect();
        pieces.sort_unstable_by(|a, b| (&a.text, a.id).cmp(&(&b.text, b.id)));
        let lowest = pieces.iter().map(|p| p.score).fold(f32::INFINITY, f32::min);
        let first = std::array::from_fn(|byte| {
            let from = pieces.partition_point(|p| usize::from(p.text[0]) < byte);
            let to = pieces.partition_point(|p| usize::from(p.text[0]) <= byte);
            from as u32..to as u32
        });
        let unknown_score = if pieces.is_empty() { 0.0 } else { lowest } - UNKNOWN_PENALTY;
        Self {
            pieces,
            first: Box::new(first),
            unknown_score,
        }
    }

    /// The segmentation with the highest total log probability: the id of each piece (none for a run of characters that
    /// have no piece) and its bytes.
    pub fn best(&self, text: &str) -> Vec<(Option<u32>, Range<usize>)> {
        let unreached = Node {
            score: f32::NEG_INFINITY,
            start: 0,
            piece: None,
        };
        let mut nodes = vec![unreached; text.len() + 1];
        nodes[0].score = 0.0;
        for (start, c) in text.char_indices() {
            let here = nodes[start].score;
            let mut reach = |end: usize, score: f32, piece: Option<u32>| {
                if here + score > nodes[end].score {
                    nodes[end] = Node {
                        score: here + score,
                        start: start as u32,
                        piece,
                    };
                }
            };
            let mut has_character = false;
            for piece in self.prefixes(&text.as_bytes()[start..]) {
                has_character |= piece.text.len() == c.len_utf8();
                reach(start + piece.text.len(), piece.score, Some(piece.id));
            }
            if !has_character {
                reach(start + c.len_utf8(), self.unknown_score, None);
            }
        }
        let mut path: Vec<(Option<u32>, Range<usize>)> = Vec::new();
        let mut end = text.len();
        while end > 0 {
            let Node { start, piece, .. } = nodes[end];
            match path.last_mut() {
                Some((None, range)) if piece.is_none() => range.start = start as usize,
                _ => path.push((piece, start as usize..end)),
            }
            end = start as usize;
        }
        path.reverse();
        path
    }

    /// The pieces that the text starts with, shortest first.
    fn prefixes<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = &'a Piece> {
        let range = text
            .first()
            .map_or(0..0, |&b| self.first[usize::from(b)].clone());
        let mut candidates = &self.pieces[range.start as usize..range.end as usize];
        let mut depth = 1;
        std::iter::from_fn(move || {
            loop {
                // A piece of exactly `depth` bytes sorts before those that go on.
                let complete = candidates.first().filter(|p| p.text.len() == depth);
                if complete.is_some() {
                    candidates = &candidates[1..];
                    return complete;
                }
                let &next = text.get(depth)?;
                let from = candidates.partition_point(|p| p.text[depth] < next);
                let to = candidates.partition_point(|p| p.text[depth] <= next);
                candidates = &candidates[from..to];
                depth += 1;
                if candidates.is_empty() {
                    return None;
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::type_complexity)]
    fn the_most_probable_path_wins() {
        let pieces = [
            ("a", 2, -3.0),
            ("b", 3, -3.0),
            ("ab", 4, -4.0),
            ("abc", 5, -9.0),
            ("c", 6, -2.0),
            ("喝", 7, -1.0),
        ];
        let lattice = Lattice::new(pieces.into_iter());
        let cases: [(&str, &[(Option<u32>, Range<usize>)]); 5] = [
            ("", &[]),
            ("abc", &[(Some(4), 0..2), (Some(6), 2..3)]),
            ("ba", &[(Some(3), 0..1), (Some(2), 1..2)]),
            (
                "a吃吃喝",
                &[(Some(2), 0..1), (None, 1..7), (Some(7), 7..10)],
            ),
            ("xx", &[(None, 0..2)]),
        ];
        for (text, expected) in cases {
            assert_eq!(lattice.best(text), expected, "{text}");
        }
        assert_eq!(Lattice::new(std::iter::empty()).best("ab"), [(None, 0..2)]);
    }

    /// The score of the best segmentation, found by trying all.
    fn best(text: &str, pieces: &[(&str, u32, f32)]) -> f32 {
        if text.is_empty() {
            return 0.0;
        }
        let fits = pieces
            .iter()
            .filter_map(|p| text.strip_prefix(p.0).map(|rest| p.2 + best(rest, pieces)));
        fits.fold(f32::NEG_INFINITY, f32::max)
    }

    #[test]
    fn equals_trying_every_segmentation() {
        let pieces = [
            ("a", 2, -2.5),
            ("b", 3, -2.0),
            ("ab", 4, -4.25),
            ("ba", 5, -4.0),
            ("aab", 6, -6.0),
            ("bb", 7, -5.0),
        ];
        let lattice = Lattice::new(pieces.into_iter());
        let score = |path: &[(Option<u32>, Range<usize>)]| -> f32 {
            path.iter()
                .map(|(id, _)| pieces.iter().find(|p| Some(p.1) == *id).unwrap().2)
                .sum()
        };
        for n in 0..1u32 << 9 {
            let text: String = (0..9)
                .map(|bit| if n >> bit & 1 == 0 { 'a' } else { 'b' })
                .collect();
            assert!(
                (score(&lattice.best(&text)) - best(&text, &pieces)).abs() < 1e-4,
                "{text}"
            );
        }
    }
}
