// output[r] = table[id of row r]; ids outside the table read row 1, `<unk>`.

//#include common

struct Params {
    rows: u32,
    width: u32,
    stride: u32,
    weight: u32,
    scales: u32,
    table_rows: u32,
    ids: u32,
    output: u32,
    output_stride: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let column = id.x;
    if column >= params.width {
        return;
    }
    var token = words[params.ids + id.y];
    if token >= params.table_rows {
        token = 1u;
    }
    let word = weights[params.weight + (column / 4u) * params.stride + token];
    let value = bitcast<i32>(word << (24u - 8u * (column % 4u))) >> 24u;
    arena[params.output + id.y * params.output_stride + column] = f32(value) * factors[params.scales + token];
}
