//! The elementwise half of a simpler simple recurrent unit.

use super::float::sigmoid;
use super::rows::{Rows, RowsMut};
use super::simd::{Isa, Kernel, Simd};

/// For the first `count` rows, with `[x f] = gates`:
/// ```text
/// cell   <- sigmoid(f) cell + (1 - sigmoid(f)) x
/// output <- output + max(cell, 0)
/// ```
pub fn ssru_cell(isa: Isa, count: usize, gates: Rows<'_>, cell: RowsMut<'_>, output: RowsMut<'_>) {
    isa.run(SsruCell {
        count,
        gates,
        cell,
        output,
    });
}

struct SsruCell<'a> {
    count: usize,
    gates: Rows<'a>,
    cell: RowsMut<'a>,
    output: RowsMut<'a>,
}

impl Kernel for SsruCell<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, _: S) {
        let width = self.output.width();
        for row in 0..self.count {
            let (x, forget) = self.gates.row(row).split_at(width);
            let (cell, output) = (self.cell.row(row), self.output.row(row));
            let (forget, cell, output) =
                (&forget[..width], &mut cell[..width], &mut output[..width]);
            for j in 0..width {
                // f c + (1 - f) x with one product.
                cell[j] = x[j] + sigmoid(forget[j]) * (cell[j] - x[j]);
                output[j] += if cell[j] > 0.0 { cell[j] } else { 0.0 };
            }
        }
    }
}
