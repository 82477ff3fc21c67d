// One step of an LSTM, the twin of cpu/lstm.rs: with [i f g o] = gates,
// cell = sigmoid(f) cell + sigmoid(i) tanh(g), hidden = sigmoid(o) tanh(cell).
fn lstm_cell(width: u32, gates: vec2<u32>, cells: vec2<u32>, hidden: vec2<u32>) {
    for (var j = first_column; j < end_of(width); j += ACROSS) {
        let gate = at(gates, row) + j;
        let to = at(cells, row) + j;
        let kept = rounded(sigmoid(arena[gate + width]) * arena[to]);
        let cell = kept + rounded(sigmoid(arena[gate]) * hyperbolic_tangent(arena[gate + 2u * width]));
        arena[to] = cell;
        arena[at(hidden, row) + j] = sigmoid(arena[gate + 3u * width]) * hyperbolic_tangent(cell);
    }
}
