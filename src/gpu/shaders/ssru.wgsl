// One step of an SSRU, the twin of cpu/ssru.rs: with [x f] = gates,
// cell = sigmoid(f) cell + (1 - sigmoid(f)) x, output += max(cell, 0).
fn ssru(width: u32, gates: vec2<u32>, cells: vec2<u32>, output: vec2<u32>) {
    for (var j = first_column; j < end_of(width); j += ACROSS) {
        let gate = at(gates, row) + j;
        let to = at(cells, row) + j;
        let x = arena[gate];
        let cell = x + rounded(sigmoid(arena[gate + width]) * (arena[to] - x));
        arena[to] = cell;
        arena[at(output, row) + j] += max(cell, 0.0);
    }
}
