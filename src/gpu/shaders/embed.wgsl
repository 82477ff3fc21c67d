// output = scale * table[id] + position(t): the twin of cpu/embed.rs. Ids outside the table read row 1, `<unk>`.
//
// `positions` is 1 if they are wanted; `empty` is 1 if the first token of hypotheses follows nothing: zeros in the place of the
// table's row.
fn embed(
    width: u32,
    output: vec2<u32>,
    weight: u32,
    stride: u32,
    scales: u32,
    table_rows: u32,
    ids: u32,
    empty: u32,
    scale: f32,
    positions: u32,
) {
    var time = 0u;
    if params.places == NONE {
        time = words[params.steps + row % params.sentences];
    } else {
        time = words[params.places + row] >> 16u;
    }
    var token = words[ids + row];
    if token >= table_rows {
        token = 1u;
    }
    for (var j = first_column; j < end_of(width); j += ACROSS) {
        var value = 0.0;
        if empty == 0u || time > 0u {
            let word = weights[weight + (j / 4u) * stride + token];
            let code = bitcast<i32>(word << (24u - 8u * (j % 4u))) >> 24u;
            value = rounded(f32(code) * factors[scales + token] * scale);
        }
        if positions == 1u {
            value += factors[params.positions + time * width + j];
        }
        arena[at(output, row) + j] = value;
    }
}
