// output[r] = scale * table[id of row r] + position(t): the twin of cpu/embed.rs. Ids outside the table read row 1, `<unk>`.

//#include common

struct Params {
    width: u32,
    stride: u32,
    weight: u32,
    scales: u32,
    table_rows: u32,
    ids: u32,
    output: u32,
    output_stride: u32,
    scale: f32,
    // `[times, width]` among the factors, or NONE.
    positions: u32,
    // Place t and sentence s of every token, as `t << 16 | s`, or NONE if the rows are hypotheses.
    places: u32,
    sentences: u32,
    steps: u32,
    // 1 if the first token of hypotheses follows nothing: zeros in the place of the table's row.
    empty: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let column = id.x;
    if column >= params.width {
        return;
    }
    var time = 0u;
    if params.places == NONE {
        time = words[params.steps + id.y % params.sentences];
    } else {
        time = words[params.places + id.y] >> 16u;
    }
    var value = 0.0;
    if params.empty == 0u || time > 0u {
        var token = words[params.ids + id.y];
        if token >= params.table_rows {
            token = 1u;
        }
        let word = weights[params.weight + (column / 4u) * params.stride + token];
        let code = bitcast<i32>(word << (24u - 8u * (column % 4u))) >> 24u;
        value = f32(code) * factors[params.scales + token] * params.scale;
    }
    if params.positions != NONE {
        value += factors[params.positions + time * params.width + column];
    }
    arena[params.output + id.y * params.output_stride + column] = value;
}
