// One step of an SSRU: with [x f] = gates, cell = sigmoid(f) cell + (1 - sigmoid(f)) x, output += max(cell, 0): the twin of
// cpu/ssru.rs.

//#include common
//#include float

struct Params {
    width: u32,
    gates: u32,
    gates_stride: u32,
    cell: u32,
    cell_stride: u32,
    output: u32,
    output_stride: u32,
    done: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let j = id.x;
    if j >= params.width || words[params.done + id.y] != 0u {
        return;
    }
    let gates = params.gates + id.y * params.gates_stride + j;
    let place = params.cell + id.y * params.cell_stride + j;
    let x = arena[gates];
    let cell = x + sigmoid(arena[gates + params.width]) * (arena[place] - x);
    arena[place] = cell;
    arena[params.output + id.y * params.output_stride + j] += max(cell, 0.0);
}
