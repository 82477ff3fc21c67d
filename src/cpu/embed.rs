//! Rows of an embedding.

use super::positions::Positions;
use super::weights::Weight;
use crate::text::subwords;

/// The row of an embedding that stands for tokens outside the vocabulary.
const UNKNOWN: usize = subwords::UNK as usize;

/// `output = scale * table[id] + position(time)`.
#[derive(Clone, Copy, Debug)]
pub struct Embed<'a> {
    /// `[vocabulary, width]`.
    pub table: &'a Weight,
    /// Factor of the table's rows.
    pub scale: f32,
    /// The positions, if they are added.
    pub positions: Option<&'a Positions>,
}

impl Embed<'_> {
    /// Computes the row of a token, or of none. Ids outside the table read the row of `<unk>`.
    pub fn run(self, id: Option<u32>, time: usize, output: &mut [f32]) {
        match id {
            None => output.fill(0.0),
            Some(id) => {
                let id = id as usize;
                let id = if id < self.table.rows() { id } else { UNKNOWN };
                self.table.row(id, output);
                for x in output.iter_mut() {
                    *x *= self.scale;
                }
            }
        }
        if let Some(positions) = self.positions {
            positions.add(time, output);
        }
    }
}
