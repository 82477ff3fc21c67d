//! Where the heads of each sentence lie in the tensors.

use candle_core::Result;

/// How many heads of how many columns, over how many positions.
pub struct HeadsShape {
    pub queries: usize,
    pub keys: usize,
    pub batch: usize,
    pub heads: usize,
    /// Columns of a head.
    pub width: usize,
    pub lengths: Vec<usize>,
}

impl HeadsShape {
    pub fn new(
        [queries, keys, batch, d]: [usize; 4],
        heads: usize,
        lengths: &[usize],
    ) -> Result<Self> {
        let sound = lengths.len() == batch && lengths.iter().all(|n| (1..=keys).contains(n));
        if heads == 0 || !d.is_multiple_of(heads) || !sound {
            candle_core::bail!(
                "attention: {heads} heads of {d} columns over {keys} keys, lengths {lengths:?}"
            );
        }
        Ok(Self {
            queries,
            keys,
            batch,
            heads,
            width: d / heads,
            lengths: lengths.to_vec(),
        })
    }

    pub fn scale(&self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }

    /// Number of weights of one head of one sentence, those of padding included.
    pub fn weights(&self) -> usize {
        self.queries * self.keys
    }
}

/// Columns of a matrix whose rows are `[time, batch]`.
#[derive(Clone, Copy)]
pub struct Columns {
    /// Width of the whole matrix.
    pub stride: usize,
    pub first: usize,
}

impl Columns {
    /// Where position `t` of head `head` of sentence `b` starts.
    pub fn at(self, shape: &HeadsShape, t: usize, b: usize, head: usize) -> usize {
        (t * shape.batch + b) * self.stride + self.first + head * shape.width
    }

    pub fn gather(
        self,
        from: &[f32],
        shape: &HeadsShape,
        steps: usize,
        (b, head): (usize, usize),
        into: &mut Vec<f32>,
    ) {
        into.clear();
        for t in 0..steps {
            into.extend_from_slice(&from[self.at(shape, t, b, head)..][..shape.width]);
        }
    }

    pub fn scatter(
        self,
        from: &[f32],
        shape: &HeadsShape,
        (b, head): (usize, usize),
        into: &mut [f32],
    ) {
        for (t, row) in from.chunks_exact(shape.width).enumerate() {
            into[self.at(shape, t, b, head)..][..shape.width].copy_from_slice(row);
        }
    }
}

/// Queries, keys and values, and the tensors they are columns of.
pub struct Inputs<'a> {
    pub values: [&'a [f32]; 3],
    pub columns: [Columns; 3],
}

impl<'a> Inputs<'a> {
    pub fn own(inputs: &'a [f32], d: usize) -> Self {
        Self {
            values: [inputs; 3],
            columns: [0, d, 2 * d].map(|first| Columns {
                stride: 3 * d,
                first,
            }),
        }
    }

    pub fn cross(queries: &'a [f32], memory: &'a [f32], d: usize) -> Self {
        let column = |stride, first| Columns { stride, first };
        Self {
            values: [queries, memory, memory],
            columns: [column(d, 0), column(2 * d, 0), column(2 * d, d)],
        }
    }
}
