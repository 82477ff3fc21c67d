//! int8 weights in the order in which the kernels read them.

use super::simd::{GROUP, PANEL, Tile};
use crate::format::QuantisedMatrix;

/// What is added to a quantised activation to make it unsigned.
pub const ACTIVATION_OFFSET: i32 = 64;

/// An int8 matrix `[rows, cols]`, cut into panels of [`PANEL`] rows.
///
/// A panel is a sequence of [`Tile`]s, one for every [`GROUP`] columns, so that the product with one row of activations
/// reads memory in order and needs no horizontal sum. Missing rows and columns are zero.
#[derive(Clone, Debug, Default)]
pub struct Panels {
    rows: usize,
    cols: usize,
    tiles: Vec<Tile>,
    /// Scale of every row, padded to whole panels.
    scales: Vec<f32>,
    /// `-ACTIVATION_OFFSET * sum of the row`: where the sums start, so that they end without the activations' offset.
    starts: Vec<i32>,
}

impl Panels {
    /// Arranges a matrix.
    #[must_use]
    pub fn new(matrix: &QuantisedMatrix) -> Self {
        let (rows, cols) = (matrix.rows, matrix.cols);
        let (panels, groups) = (rows.div_ceil(PANEL), cols.div_ceil(GROUP));
        let mut tiles = vec![Tile::filled(0); panels * groups];
        let mut starts = vec![0; panels * PANEL];
        for (row, weights) in matrix.data.chunks_exact(cols).enumerate() {
            let panel = &mut tiles[row / PANEL * groups..][..groups];
            // Copies of a length that is no constant are calls in WebAssembly.
            let (groups, rest) = weights.as_chunks::<GROUP>();
            for (tile, group) in panel.iter_mut().zip(groups) {
                tile.set_row(row % PANEL, *group);
            }
            if let Some(tile) = panel.get_mut(groups.len()) {
                let mut group = [0; GROUP];
                group[..rest.len()].copy_from_slice(rest);
                tile.set_row(row % PANEL, group);
            }
            starts[row] =
                -ACTIVATION_OFFSET * weights.iter().map(|&weight| i32::from(weight)).sum::<i32>();
        }
        let mut scales = matrix.scales.clone();
        scales.resize(panels * PANEL, 0.0);
        Self {
            rows,
            cols,
            tiles,
            scales,
            starts,
        }
    }

    /// Becomes the given rows of another matrix.
    pub fn gather(&mut self, from: &Self, rows: &[u32]) {
        let (panels, groups) = (rows.len().div_ceil(PANEL), from.groups());
        (self.rows, self.cols) = (rows.len(), from.cols);
        self.tiles.clear();
        self.tiles.resize(panels * groups, Tile::filled(0));
        self.scales.clear();
        self.scales.resize(panels * PANEL, 0.0);
        self.starts.clear();
        self.starts.resize(panels * PANEL, 0);
        for (to, &row) in rows.iter().enumerate() {
            let row = row as usize;
            self.scales[to] = from.scales[row];
            self.starts[to] = from.starts[row];
            let tiles = &mut self.tiles[to / PANEL * groups..][..groups];
            let (to, column) = (to % PANEL, row % PANEL);
            for (tile, from) in tiles.iter_mut().zip(from.tiles(row / PANEL)) {
                tile.set_row(to, from.row(column));
            }
        }
    }

    /// Output channels.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Input channels.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Tiles per panel: input channels in groups of [`GROUP`], rounded up.
    #[must_use]
    #[inline(always)]
    pub fn groups(&self) -> usize {
        self.cols.div_ceil(GROUP)
    }

    /// Number of panels.
    #[must_use]
    #[inline(always)]
    pub fn panels(&self) -> usize {
        self.rows.div_ceil(PANEL)
    }

    /// The tiles of one panel.
    #[must_use]
    #[inline(always)]
    pub fn tiles(&self, panel: usize) -> &[Tile] {
        &self.tiles[panel * self.groups()..][..self.groups()]
    }

    /// The scales of one panel's rows.
    ///
    /// # Panics
    /// If there is no such panel.
    #[must_use]
    #[inline(always)]
    pub fn scales(&self, panel: usize) -> &[f32; PANEL] {
        &self.scales.as_chunks().0[panel]
    }

    /// The values at which the sums of one panel start.
    ///
    /// # Panics
    /// If there is no such panel.
    #[must_use]
    #[inline(always)]
    pub fn starts(&self, panel: usize) -> &[i32; PANEL] {
        &self.starts.as_chunks().0[panel]
    }

    /// Writes the real values of one row to `out`, which has [`Self::cols`] elements.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        let scale = self.scales[row];
        for (tile, out) in self.tiles(row / PANEL).iter().zip(out.chunks_mut(GROUP)) {
            for (out, weight) in out.iter_mut().zip(tile.row(row % PANEL)) {
                *out = f32::from(weight) * scale;
            }
        }
    }
}
