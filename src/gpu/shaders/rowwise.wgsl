// 0: output = 0, 1: output = input, 2: output += input. The twin of cpu/rowwise.rs.
fn rowwise(what: u32, width: u32, input: vec2<u32>, output: vec2<u32>) {
    let source = at(input, row);
    let to = at(output, row);
    for (var j = first_column; j < end_of(width); j += ACROSS) {
        switch what {
            case 1u: { arena[to + j] = arena[source + j]; }
            case 2u: { arena[to + j] += arena[source + j]; }
            default: { arena[to + j] = 0.0; }
        }
    }
}
