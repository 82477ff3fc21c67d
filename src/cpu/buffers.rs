//! The memory of a plan.

use super::rows::{Rows, RowsMut};
use crate::model::plan::{self, Plan, View};

/// The buffers of a plan, none of which ever shrinks.
#[derive(Clone, Debug)]
pub struct Buffers {
    buffers: Vec<Buffer>,
    /// Room to reorder the rows of a buffer.
    spare: Vec<f32>,
}

#[derive(Clone, Debug)]
struct Buffer {
    rows: plan::Rows,
    width: usize,
    state: bool,
    data: Vec<f32>,
}

/// How many rows there are of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Source tokens.
    pub tokens: usize,
    /// Hypotheses.
    pub hypotheses: usize,
    /// Tokens of all hypotheses.
    pub history: usize,
}

impl Buffers {
    /// Empty buffers.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let buffers = plan.buffers.iter().map(|info| Buffer {
            rows: info.rows,
            width: info.width,
            state: info.state,
            data: Vec::new(),
        });
        Self {
            buffers: buffers.collect(),
            spare: Vec::new(),
        }
    }

    /// Makes room for that many rows.
    pub fn reserve(&mut self, counts: Counts) {
        for buffer in &mut self.buffers {
            let len = buffer.count(counts) * buffer.width;
            grow(&mut buffer.data, len);
            if buffer.state {
                grow(&mut self.spare, len);
            }
        }
    }

    /// How many rows a view has.
    #[must_use]
    pub fn count(&self, view: View, counts: Counts) -> usize {
        self.buffers[view.buffer.index()].count(counts)
    }

    /// What the rows of a view are.
    #[must_use]
    pub fn kind(&self, view: View) -> plan::Rows {
        self.buffers[view.buffer.index()].rows
    }

    /// A view to write to.
    #[must_use]
    pub fn write(&mut self, view: View) -> RowsMut<'_> {
        self.buffers[view.buffer.index()].write(view)
    }

    /// A view to read and one to write to.
    #[must_use]
    pub fn pair(&mut self, read: View, write: View) -> (Rows<'_>, RowsMut<'_>) {
        let [from, to] = self.disjoint([read, write]);
        (from.read(read), to.write(write))
    }

    /// A view to read and two to write to.
    #[must_use]
    pub fn read_one(&mut self, read: View, write: [View; 2]) -> (Rows<'_>, [RowsMut<'_>; 2]) {
        let [from, a, b] = self.disjoint([read, write[0], write[1]]);
        (from.read(read), [a.write(write[0]), b.write(write[1])])
    }

    /// Three views to read, which may share a buffer, and one to write to.
    ///
    /// # Panics
    /// If the view to write to shares a buffer with the others; no operation of a plan does that.
    #[must_use]
    pub fn read_three(&mut self, read: [View; 3], write: View) -> ([Rows<'_>; 3], RowsMut<'_>) {
        let place = write.buffer.index();
        let (before, rest) = self.buffers.split_at_mut(place);
        let (to, behind) = rest.split_first_mut().expect("the buffer is there");
        let (before, behind) = (&*before, &*behind);
        let rows = read.map(|view| match view.buffer.index() {
            index if index < place => before[index].read(view),
            index => {
                assert!(index > place, "an operation's input is not its output");
                behind[index - place - 1].read(view)
            }
        });
        (rows, to.write(write))
    }

    /// Moves row `parents[i]` of every state to row i.
    pub fn reorder(&mut self, parents: &[usize]) {
        for buffer in self.buffers.iter_mut().filter(|buffer| buffer.state) {
            let spare = &mut self.spare[..parents.len() * buffer.width];
            for (row, &parent) in spare.chunks_exact_mut(buffer.width).zip(parents) {
                row.copy_from_slice(&buffer.data[parent * buffer.width..][..buffer.width]);
            }
            buffer.data[..spare.len()].copy_from_slice(spare);
        }
    }

    /// The buffers of views, none of which may be there twice.
    fn disjoint<const N: usize>(&mut self, views: [View; N]) -> [&mut Buffer; N] {
        let indices = views.map(|view| view.buffer.index());
        let buffers = self.buffers.get_disjoint_mut(indices);
        buffers.expect("an operation's buffers differ")
    }
}

impl Buffer {
    fn count(&self, counts: Counts) -> usize {
        match self.rows {
            plan::Rows::Tokens => counts.tokens,
            plan::Rows::Hypotheses => counts.hypotheses,
            plan::Rows::History => counts.history,
        }
    }

    fn read(&self, view: View) -> Rows<'_> {
        Rows::new(&self.data, view.column, view.width, self.width)
    }

    fn write(&mut self, view: View) -> RowsMut<'_> {
        RowsMut::new(&mut self.data, view.column, view.width, self.width)
    }
}

/// Makes a vector at least that long.
pub fn grow(data: &mut Vec<f32>, len: usize) {
    if data.len() < len {
        data.resize(len, 0.0);
    }
}
