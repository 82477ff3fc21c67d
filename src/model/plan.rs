//! What a model computes, as data: a short list of operations over named buffers.
//!
//! An architecture writes its plan once; an engine, on the CPU or the GPU, carries it out without knowing the architecture. There are
//! two programs: `encode` runs once per batch, `step` once per target token. Buffers are matrices whose rows are tokens,
//! sentences or hypotheses and whose width is fixed; operations read and write [`View`]s, that is, ranges of columns, so that
//! a concatenation `[a ; b]` is only two writers and one reader of the same buffer.

/// What the rows of a buffer stand for, which decides how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Every token of every source sentence, in the order of [`super::Batch`].
    Tokens,
    /// Every hypothesis that is still being extended. Before the first step there is one per sentence.
    Hypotheses,
    /// Every token that a hypothesis consists of, one more with each step. An operation writes the rows of the last ones;
    /// attention reads all of them.
    History,
}

/// A matrix of intermediate results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BufferInfo {
    /// What its rows are.
    pub rows: Rows,
    /// Its number of columns.
    pub width: usize,
    /// Whether a hypothesis takes its row along from step to step.
    pub state: bool,
}

/// A tensor of the weights file that the plan uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name in the weights file.
    pub name: String,
    /// `[out, in]` for a matrix, `[out]` for a vector.
    pub shape: Vec<usize>,
}

/// Names a buffer of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffer(usize);

/// Names a weight matrix of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matrix(usize);

/// Names a bias vector of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vector(usize);

/// A range of columns of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The buffer.
    pub buffer: Buffer,
    /// Its first column.
    pub column: usize,
    /// Its number of columns.
    pub width: usize,
}

/// Which tokens to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// The tokens of the source sentences.
    Source,
    /// The token each hypothesis ends with, `</s>` before the first step.
    Previous,
    /// The same, but nothing before the first step: a row of zeros in the place of that of the table.
    PreviousOrNone,
}

/// In which order a recurrent layer reads a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From its first token to its last.
    Forward,
    /// From its last token to its first.
    Backward,
}

/// What happens to the result of a product on its way to the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epilogue {
    /// It replaces the output.
    Store,
    /// It is added to the output.
    Add,
    /// Its hyperbolic tangent replaces the output.
    Tanh,
    /// Its positive part replaces the output: `max(x, 0)`.
    Relu,
    /// Its product with its logistic function replaces the output: `x sigmoid(x)`.
    Swish,
}

/// One operation. What it reads and what it writes are never in the same buffer.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// `output[r] = scale * table[id of row r] + position(t)`; ids outside the table read row 1, `<unk>`.
    ///
    /// t is the place of the token in its sentence or the number of the step, from 0, and (Vaswani et al. 2017, as in Marian),
    /// with w columns and `h = w / 2`:
    /// ```text
    /// position(t)[i] = sin(t f_i),  position(t)[h + i] = cos(t f_i),  f_i = 10000^(-i / (h - 1)),  0 <= i < h
    /// ```
    Embed {
        /// `[vocabulary, width]`.
        table: Matrix,
        /// Which tokens.
        ids: Ids,
        /// Factor of the table's rows.
        scale: f32,
        /// Whether to add the position.
        positions: bool,
        /// `[rows, width]`.
        output: View,
    },
    /// `output[r] = epilogue(weight . input[r] + bias)`.
    Affine {
        /// `[out, in]`.
        weight: Matrix,
        /// `[out]`.
        bias: Option<Vector>,
        /// `[rows, in]`.
        input: View,
        /// `[rows, out]`.
        output: View,
        /// How the result is stored.
        epilogue: Epilogue,
    },
    /// An LSTM over whole sentences, from zero states: [`Op::LstmCell`] token after token, with
    /// `gates[t] + recurrent . h[t - 1]` in the place of its gates.
    Lstm {
        /// `[4 hidden, hidden]`.
        recurrent: Matrix,
        /// `[tokens, 4 hidden]`: the input's share; overwritten.
        gates: View,
        /// The order of the tokens.
        direction: Direction,
        /// `[tokens, hidden]`: h of every token.
        output: View,
    },
    /// One step of an LSTM: with `[i f g o] = gates`,
    /// `cell = sigmoid(f) cell + sigmoid(i) tanh(g)`, `hidden = sigmoid(o) tanh(cell)`.
    LstmCell {
        /// `[rows, 4 hidden]`.
        gates: View,
        /// `[rows, hidden]`.
        cell: View,
        /// `[rows, hidden]`.
        hidden: View,
    },
    /// One step of a simpler simple recurrent unit (Kim et al. 2019): with `[x f] = gates`,
    /// `cell = sigmoid(f) cell + (1 - sigmoid(f)) x`, `output += max(cell, 0)`.
    SsruCell {
        /// `[rows, 2 width]`.
        gates: View,
        /// `[rows, width]`.
        cell: View,
        /// `[rows, width]`.
        output: View,
    },
    /// Layer normalisation in place: with mean m and variance v of a row,
    /// `output = scale * (output - m) / sqrt(v + epsilon) + bias`.
    Norm {
        /// `[rows, width]`.
        output: View,
        /// `[width]`.
        scale: Vector,
        /// `[width]`.
        bias: Vector,
        /// What keeps the quotient finite.
        epsilon: f32,
    },
    /// `output[sentence] = mean of input[token] over the tokens of the sentence`.
    Mean {
        /// `[tokens, width]`.
        input: View,
        /// `[hypotheses, width]`, before the first step.
        output: View,
    },
    /// `output = 0`.
    Zero {
        /// Any view.
        output: View,
    },
    /// `output = input`.
    Copy {
        /// `[rows, width]`.
        input: View,
        /// `[rows, width]`.
        output: View,
    },
    /// `output += input`.
    Add {
        /// `[rows, width]`.
        input: View,
        /// `[rows, width]`.
        output: View,
    },
    /// For every row r of the query, over the tokens i of its sentence, and for each head, which is a range of columns of
    /// every view: `output[r] = sum_i a_i values[i]` with `a = softmax_i(scale * query[r] . keys[i])`.
    ///
    /// A row is a hypothesis and attends to the source, or to its own history, or a token and attends to its own sentence. Views
    /// that are only read may share a buffer. The first head of the last attention of a step is the alignment.
    Attention {
        /// `[rows, width]`.
        query: View,
        /// `[tokens, width]`.
        keys: View,
        /// `[tokens, width of output]`.
        values: View,
        /// `[rows, width of output]`.
        output: View,
        /// Into how many heads the columns are split.
        heads: usize,
        /// Factor of the scores, usually `1 / sqrt(width / heads)`.
        scale: f32,
    },
    /// `output[h][j] = weight[c_j] . input[h] + bias[c_j]`, where c are the candidates of the sentence that hypothesis h
    /// translates: what the shortlist allows, in ascending order, or all tokens where the model has none. Columns of the output
    /// beyond the number of candidates are not written. See [`super::candidates`].
    Logits {
        /// `[vocabulary, width]`.
        weight: Matrix,
        /// `[vocabulary]`.
        bias: Vector,
        /// `[hypotheses, width]`.
        input: View,
        /// `[hypotheses, vocabulary]`.
        output: View,
    },
}

impl Op {
    /// The view that tells for which rows it is computed: what it writes, or some of that.
    #[must_use]
    pub fn output(&self) -> View {
        match *self {
            Self::LstmCell { hidden, .. } => hidden,
            Self::Embed { output, .. }
            | Self::Affine { output, .. }
            | Self::Lstm { output, .. }
            | Self::SsruCell { output, .. }
            | Self::Norm { output, .. }
            | Self::Mean { output, .. }
            | Self::Zero { output }
            | Self::Copy { output, .. }
            | Self::Add { output, .. }
            | Self::Attention { output, .. }
            | Self::Logits { output, .. } => output,
        }
    }
}

/// Both programs of a model and everything they refer to.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The buffers, by [`Buffer`].
    pub buffers: Vec<BufferInfo>,
    /// The weight matrices, by [`Matrix`].
    pub matrices: Vec<TensorInfo>,
    /// The bias vectors, by [`Vector`].
    pub vectors: Vec<TensorInfo>,
    /// From the source tokens to everything that a step needs.
    pub encode: Vec<Op>,
    /// From the previous tokens to the logits and the next state.
    pub step: Vec<Op>,
    /// `[hypotheses, target vocabulary]`: where a step leaves its result; with a shortlist, only the columns of the candidates.
    pub logits: View,
}

impl Plan {
    /// Every weight matrix, in order.
    pub fn all_matrices(&self) -> impl Iterator<Item = Matrix> {
        (0..self.matrices.len()).map(Matrix)
    }

    /// Every bias vector, in order.
    pub fn all_vectors(&self) -> impl Iterator<Item = Vector> {
        (0..self.vectors.len()).map(Vector)
    }
}

/// Declares the buffers and tensors of a plan.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    buffers: Vec<BufferInfo>,
    matrices: Vec<TensorInfo>,
    vectors: Vec<TensorInfo>,
}

impl Builder {
    /// A buffer with a row for every source token.
    pub fn tokens(&mut self, width: usize) -> View {
        self.buffer(Rows::Tokens, width, false)
    }

    /// A buffer with a row for every hypothesis, valid within a step.
    pub fn hypotheses(&mut self, width: usize) -> View {
        self.buffer(Rows::Hypotheses, width, false)
    }

    /// A buffer with a row for every hypothesis that is kept from step to step.
    pub fn state(&mut self, width: usize) -> View {
        self.buffer(Rows::Hypotheses, width, true)
    }

    /// A buffer with a row for every token of every hypothesis.
    pub fn history(&mut self, width: usize) -> View {
        self.buffer(Rows::History, width, false)
    }

    /// The weight matrix `[rows, cols]` of this name; asked for again, the same one.
    pub fn matrix(&mut self, name: impl Into<String>, rows: usize, cols: usize) -> Matrix {
        let name = name.into();
        if let Some(index) = self.matrices.iter().position(|info| info.name == name) {
            return Matrix(index);
        }
        self.matrices.push(TensorInfo {
            name,
            shape: vec![rows, cols],
        });
        Matrix(self.matrices.len() - 1)
    }

    /// The bias vector of this name.
    pub fn vector(&mut self, name: impl Into<String>, len: usize) -> Vector {
        self.vectors.push(TensorInfo {
            name: name.into(),
            shape: vec![len],
        });
        Vector(self.vectors.len() - 1)
    }

    /// The finished plan.
    #[must_use]
    pub fn finish(self, encode: Vec<Op>, step: Vec<Op>, logits: View) -> Plan {
        let Self {
            buffers,
            matrices,
            vectors,
        } = self;
        Plan {
            buffers,
            matrices,
            vectors,
            encode,
            step,
            logits,
        }
    }

    fn buffer(&mut self, rows: Rows, width: usize, state: bool) -> View {
        self.buffers.push(BufferInfo { rows, width, state });
        View {
            buffer: Buffer(self.buffers.len() - 1),
            column: 0,
            width,
        }
    }
}

impl Buffer {
    /// Its place in [`Plan::buffers`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

impl Matrix {
    /// Its place in [`Plan::matrices`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

impl Vector {
    /// Its place in [`Plan::vectors`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

impl View {
    /// `width` columns of this view from `column` on.
    ///
    /// # Panics
    /// If the view is narrower.
    #[must_use]
    pub fn columns(self, column: usize, width: usize) -> Self {
        assert!(
            column + width <= self.width,
            "a view of {} columns has no {column}+{width}",
            self.width
        );
        Self {
            buffer: self.buffer,
            column: self.column + column,
            width,
        }
    }
}
