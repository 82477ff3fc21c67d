//! Products of bfloat16 matrices with AVX-512: `VDPBF16PS` adds two products to each `f32` of a vector.
//!
//! Two neighbours in the inner dimension k form a pair of 32 bits. The right matrix is packed in panels of [`NR`] columns,
//! `[panel][pair][column]`; the left one stays row-major, `[row][pair]`, and its pairs are broadcast. A tile is 16 pairs of 16
//! rows or columns: depending on the order of the source it comes out of its loads one way or the other, and is transposed if
//! it must lie the other way. Rows, columns and pairs that are missing at an edge are zero.
//!
//! The instruction takes subnormal numbers as zero.

#![allow(clippy::wildcard_imports)] // the intrinsics, which have no other prefix than their own

use std::arch::x86_64::*;
use std::cell::RefCell;

use super::Operand;

/// Rows of the micro-kernel.
const MR: usize = 6;
/// Columns of the micro-kernel: four vectors.
const NR: usize = 64;
/// Inner dimension that is added up in registers: a panel of the right matrix is then 64 KiB.
const KC: usize = 512;
/// Rows of the left matrix that are packed together: 0.5 MiB, half of an L2 cache.
const MC: usize = 84 * MR;
/// Rows, columns or pairs of a tile: the lanes of a vector.
const TILE: usize = 16;

/// True if the processor has the instructions.
pub fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512bf16")
}

/// A right-hand matrix in panels.
pub struct Packed {
    values: Vec<u32>,
    rows: usize,
    cols: usize,
}

thread_local! {
    /// The packed block of the left matrix.
    static LEFT: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

fn padded_pairs(depth: usize) -> usize {
    depth.div_ceil(2).next_multiple_of(TILE)
}

impl Packed {
    /// Rounds and packs `matrix`; the processor must have the instructions.
    pub fn new(matrix: Operand) -> Self {
        assert!(is_available(), "bfloat16 products need AVX-512 BF16");
        let (rows, cols) = (matrix.rows, matrix.cols);
        let panels = cols.div_ceil(NR);
        let pairs: usize = (0..rows)
            .step_by(KC)
            .map(|k| padded_pairs(KC.min(rows - k)))
            .sum();
        let mut values = vec![0; panels * NR * pairs];
        let source = Source::new(matrix.data, matrix.strides().0 == 1, rows, cols);
        let mut rest = values.as_mut_slice();
        for k in (0..rows).step_by(KC) {
            let pairs = padded_pairs(KC.min(rows - k));
            for panel in 0..panels {
                let block;
                (block, rest) = rest.split_at_mut(pairs * NR);
                // SAFETY: the instructions are there, and the block holds `pairs` times `NR` values.
                unsafe { source.pack_panel(panel * NR, k, pairs, block) };
            }
        }
        Self { values, rows, cols }
    }

    /// `out = keep * out + left * self`
    pub fn product(&self, left: Operand, out: &mut [f32], keep: bool) {
        assert_eq!(
            left.cols, self.rows,
            "matrix product: inner dimensions differ"
        );
        assert_eq!(
            out.len(),
            left.rows * self.cols,
            "matrix product: wrong output length"
        );
        if self.rows == 0 && !keep {
            out.fill(0.0);
        }
        // Seen from k, a left matrix whose columns are contiguous is one whose k is contiguous.
        let source = Source::new(left.data, left.strides().1 == 1, left.cols, left.rows);
        LEFT.with_borrow_mut(|buffer| {
            let mut packed = self.values.as_slice();
            for k in (0..self.rows).step_by(KC) {
                let depth = KC.min(self.rows - k);
                let stride = padded_pairs(depth);
                let block;
                (block, packed) = packed.split_at(stride * self.cols.next_multiple_of(NR));
                for row in (0..left.rows).step_by(MC) {
                    let rows = MC.min(left.rows - row);
                    let needed = rows.next_multiple_of(TILE) * stride;
                    if buffer.len() < needed {
                        buffer.resize(needed, 0);
                    }
                    // SAFETY: a `Packed` exists only where the instructions do; the buffer was just made large enough.
                    unsafe { source.pack_rows(row, rows, k, stride, buffer) };
                    for (panel, right) in block.chunks_exact(stride * NR).enumerate() {
                        let column = panel * NR;
                        let masks = masks(self.cols - column);
                        for r in (0..rows).step_by(MR) {
                            let tile = Tile {
                                pairs: depth.div_ceil(2),
                                left: buffer[r * stride..].as_ptr(),
                                left_stride: stride,
                                right: right.as_ptr(),
                                out: out[(row + r) * self.cols + column..].as_mut_ptr(),
                                out_stride: self.cols,
                                masks,
                                keep: keep || k > 0,
                            };
                            // SAFETY: the rows and, by the masks, the columns are inside `out`; the packed blocks hold
                            // `pairs` pairs of these rows and of `NR` columns.
                            unsafe { tile.run(MR.min(rows - r)) };
                        }
                    }
                }
            }
        });
    }
}

/// One mask of 16 columns for each of the four vectors.
fn masks(columns: usize) -> [__mmask16; NR / TILE] {
    std::array::from_fn(|n| mask(columns.saturating_sub(n * TILE)))
}

/// The first `count` lanes.
fn mask(count: usize) -> __mmask16 {
    if count >= TILE { !0 } else { (1 << count) - 1 }
}

/// A matrix `[depth, count]` with depth the inner dimension of the product, whichever way it is stored.
struct Source<'a> {
    data: &'a [f32],
    /// Depth is the contiguous dimension.
    deep: bool,
    depth: usize,
    count: usize,
}

impl<'a> Source<'a> {
    fn new(data: &'a [f32], deep: bool, depth: usize, count: usize) -> Self {
        Self {
            data,
            deep,
            depth,
            count,
        }
    }

    /// `[pair][column]` of `NR` columns, for the right side.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    unsafe fn pack_panel(&self, column: usize, k: usize, pairs: usize, into: &mut [u32]) {
        for pair in (0..pairs).step_by(TILE) {
            for c in (0..NR).step_by(TILE) {
                let mut tile = self.tile(column + c, k + 2 * pair);
                if self.deep {
                    tile = transpose(tile);
                }
                for (n, vector) in tile.into_iter().enumerate() {
                    let at = into[(pair + n) * NR + c..][..TILE].as_mut_ptr();
                    // SAFETY: `at` starts 16 values.
                    unsafe { _mm512_storeu_si512(at.cast(), vector) };
                }
            }
        }
    }

    /// `[row][pair]` of `rows` rows, for the left side.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    unsafe fn pack_rows(&self, row: usize, rows: usize, k: usize, pairs: usize, into: &mut [u32]) {
        for r in (0..rows).step_by(TILE) {
            for pair in (0..pairs).step_by(TILE) {
                let mut tile = self.tile(row + r, k + 2 * pair);
                if !self.deep {
                    tile = transpose(tile);
                }
                for (n, vector) in tile.into_iter().enumerate() {
                    let at = into[(r + n) * pairs + pair..][..TILE].as_mut_ptr();
                    // SAFETY: `at` starts 16 values.
                    unsafe { _mm512_storeu_si512(at.cast(), vector) };
                }
            }
        }
    }

    /// 16 pairs from `k` on of the 16 rows or columns from `first` on: lanes are pairs if `deep`, else rows or columns.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    fn tile(&self, first: usize, k: usize) -> [__m512i; TILE] {
        // A tile that is all there needs no masks.
        let (lines, length) = if self.deep {
            (self.count, self.depth)
        } else {
            (self.depth, self.count)
        };
        if first + TILE <= self.count && k + 2 * TILE <= self.depth {
            self.tile_with(first, k, |line, from| {
                // SAFETY: the line is one of `lines`, each of `length` values.
                unsafe { _mm512_loadu_ps(self.data.as_ptr().add(line * length + from)) }
            })
        } else {
            self.tile_with(first, k, |line, from| {
                if line >= lines || from >= length {
                    return _mm512_setzero_ps();
                }
                // SAFETY: as above, and the mask ends where the line ends.
                unsafe {
                    let at = self.data.as_ptr().add(line * length + from);
                    _mm512_maskz_loadu_ps(mask(length - from), at)
                }
            })
        }
    }

    /// The same with `lanes(line, from)` to load 16 values of a line.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    fn tile_with(
        &self,
        first: usize,
        k: usize,
        lanes: impl Fn(usize, usize) -> __m512,
    ) -> [__m512i; TILE] {
        let mut tile = [_mm512_setzero_si512(); TILE];
        for (n, vector) in tile.iter_mut().enumerate() {
            *vector = if self.deep {
                let low = lanes(first + n, k);
                let high = lanes(first + n, k + TILE);
                bits(_mm512_cvtne2ps_pbh(high, low))
            } else {
                let low = lanes(k + 2 * n, first);
                let high = lanes(k + 2 * n + 1, first);
                let halves = bits(_mm512_cvtne2ps_pbh(high, low));
                // 0, 16, 1, 17, ...: the two halves one value each in turn.
                let zip = _mm512_set_epi16(
                    31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                    5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0,
                );
                _mm512_permutexvar_epi16(zip, halves)
            };
        }
        tile
    }
}

fn bits(vector: __m512bh) -> __m512i {
    // SAFETY: both are 512 bits without invalid patterns.
    unsafe { std::mem::transmute(vector) }
}

fn pairs(vector: __m512i) -> __m512bh {
    // SAFETY: as above.
    unsafe { std::mem::transmute(vector) }
}

/// Rows to columns of 16 by 16 values of 32 bits.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(mut a: [__m512i; TILE]) -> [__m512i; TILE] {
    let mut b = a;
    for n in 0..8 {
        b[2 * n] = _mm512_unpacklo_epi32(a[2 * n], a[2 * n + 1]);
        b[2 * n + 1] = _mm512_unpackhi_epi32(a[2 * n], a[2 * n + 1]);
    }
    for n in [0, 4, 8, 12] {
        a[n] = _mm512_unpacklo_epi64(b[n], b[n + 2]);
        a[n + 1] = _mm512_unpackhi_epi64(b[n], b[n + 2]);
        a[n + 2] = _mm512_unpacklo_epi64(b[n + 1], b[n + 3]);
        a[n + 3] = _mm512_unpackhi_epi64(b[n + 1], b[n + 3]);
    }
    for n in 0..4 {
        for half in [0, 8] {
            b[half + n] = _mm512_shuffle_i32x4::<0x88>(a[half + n], a[half + n + 4]);
            b[half + n + 4] = _mm512_shuffle_i32x4::<0xdd>(a[half + n], a[half + n + 4]);
        }
    }
    for n in 0..8 {
        a[n] = _mm512_shuffle_i32x4::<0x88>(b[n], b[n + 8]);
        a[n + 8] = _mm512_shuffle_i32x4::<0xdd>(b[n], b[n + 8]);
    }
    a
}

/// Up to `MR` rows by `NR` columns of a product.
struct Tile {
    pairs: usize,
    left: *const u32,
    left_stride: usize,
    right: *const u32,
    out: *mut f32,
    out_stride: usize,
    masks: [__mmask16; NR / TILE],
    keep: bool,
}

impl Tile {
    /// # Safety
    /// The processor must have the instructions, and the pointers must be good for `rows` rows.
    unsafe fn run(&self, rows: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            match rows {
                1 => self.rows::<1>(),
                2 => self.rows::<2>(),
                3 => self.rows::<3>(),
                4 => self.rows::<4>(),
                5 => self.rows::<5>(),
                _ => self.rows::<MR>(),
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512bf16")]
    unsafe fn rows<const ROWS: usize>(&self) {
        let mut sums = [[_mm512_setzero_ps(); NR / TILE]; ROWS];
        for pair in 0..self.pairs {
            // SAFETY: `pair` is one of the packed pairs.
            unsafe {
                let right: [__m512bh; NR / TILE] = std::array::from_fn(|n| {
                    pairs(_mm512_loadu_si512(
                        self.right.add(pair * NR + n * TILE).cast(),
                    ))
                });
                for (r, sums) in sums.iter_mut().enumerate() {
                    let left = *self.left.add(r * self.left_stride + pair);
                    let left = pairs(_mm512_set1_epi32(left.cast_signed()));
                    for (sum, right) in sums.iter_mut().zip(right) {
                        *sum = _mm512_dpbf16_ps(*sum, left, right);
                    }
                }
            }
        }
        for (r, sums) in sums.into_iter().enumerate() {
            for (n, (sum, mask)) in sums.into_iter().zip(self.masks).enumerate() {
                // SAFETY: masked lanes are not touched, the others are inside the output.
                unsafe {
                    let at = self.out.add(r * self.out_stride).wrapping_add(n * TILE);
                    let sum = if self.keep {
                        _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, at))
                    } else {
                        sum
                    };
                    _mm512_mask_storeu_ps(at, mask, sum);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// To the nearest bfloat16, ties to even.
    fn rounded(x: f32) -> f32 {
        let bits = x.to_bits();
        f32::from_bits((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
    }

    #[test]
    fn products_equal_plain_loops_over_rounded_values() {
        if !is_available() {
            return;
        }
        let cases = [
            (1, 1, 1),
            (2, 3, 5),
            (6, 64, 32),
            (7, 65, 33),
            (13, 130, 17),
            (40, 31, 511),
            (5, 70, 513),
            (3, 15, 1100),
            (MC + 5, 9, 21),
        ];
        for (m, n, k) in cases {
            let value =
                |seed: usize, i: usize| ((i * 7919 + seed * 31) % 2003) as f32 / 701.0 - 1.4;
            let a: Vec<f32> = (0..m * k).map(|i| value(1, i)).collect();
            let b: Vec<f32> = (0..k * n).map(|i| value(2, i)).collect();
            let turned = |x: &[f32], rows: usize, cols: usize| -> Vec<f32> {
                (0..rows * cols)
                    .map(|i| x[i % rows * cols + i / rows])
                    .collect()
            };
            let (a_turned, b_turned) = (turned(&a, m, k), turned(&b, k, n));
            let lefts = [
                Operand::new(&a, m, k),
                Operand::new(&a_turned, k, m).transposed(),
            ];
            let rights = [
                Operand::new(&b, k, n),
                Operand::new(&b_turned, n, k).transposed(),
            ];
            let start: Vec<f32> = (0..m * n).map(|i| value(3, i)).collect();
            for (case, (left, right)) in lefts
                .into_iter()
                .flat_map(|l| rights.map(|r| (l, r)))
                .enumerate()
            {
                for keep in [false, true] {
                    let mut out = start.clone();
                    Packed::new(right).product(left, &mut out, keep);
                    for (i, &found) in out.iter().enumerate() {
                        let terms = (0..k).map(|p| {
                            f64::from(rounded(a[i / n * k + p]))
                                * f64::from(rounded(b[p * n + i % n]))
                        });
                        let size: f64 = terms.clone().map(f64::abs).sum::<f64>() + 1.0;
                        let kept = if keep { f64::from(start[i]) } else { 0.0 };
                        let expected = terms.sum::<f64>() + kept;
                        assert!(
                            (f64::from(found) - expected).abs() < 1e-6 * size,
                            "[{m}, {k}] by [{k}, {n}], storage {case}, keep {keep}: {found} for {expected} at {i}"
                        );
                    }
                }
            }
        }
    }
}
