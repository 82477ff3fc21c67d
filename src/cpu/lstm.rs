//! The elementwise half of an LSTM.

use super::float::{sigmoid, tanh};
use super::rows::{Rows, RowsMut};
use super::simd::{Isa, Kernel, Simd};

/// For the first `count` rows, with `[i f g o] = gates`:
/// ```text
/// cell   <- sigmoid(f) cell + sigmoid(i) tanh(g)
/// hidden <- sigmoid(o) tanh(cell)
/// ```
pub fn lstm_cell(isa: Isa, count: usize, gates: Rows<'_>, cell: RowsMut<'_>, hidden: RowsMut<'_>) {
    isa.run(LstmCell {
        count,
        gates,
        cell,
        hidden,
    });
}

struct LstmCell<'a> {
    count: usize,
    gates: Rows<'a>,
    cell: RowsMut<'a>,
    hidden: RowsMut<'a>,
}

impl Kernel for LstmCell<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, _: S) {
        let width = self.hidden.width();
        for row in 0..self.count {
            let (input, rest) = self.gates.row(row).split_at(width);
            let (forget, rest) = rest.split_at(width);
            let (update, output) = rest.split_at(width);
            let (cell, hidden) = (self.cell.row(row), self.hidden.row(row));
            let (output, cell, hidden) =
                (&output[..width], &mut cell[..width], &mut hidden[..width]);
            for j in 0..width {
                cell[j] = sigmoid(forget[j]) * cell[j] + sigmoid(input[j]) * tanh(update[j]);
                hidden[j] = sigmoid(output[j]) * tanh(cell[j]);
            }
        }
    }
}
