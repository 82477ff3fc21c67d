// One step of an LSTM: with [i f g o] = gates, cell = sigmoid(f) cell + sigmoid(i) tanh(g), hidden = sigmoid(o) tanh(cell).
// What follows it in a plan, a copy of `hidden` or its sum with another view, is done here as well.

//#include common
//#include float

struct Params {
    width: u32,
    gates: u32,
    gates_stride: u32,
    cell: u32,
    cell_stride: u32,
    hidden: u32,
    hidden_stride: u32,
    // 0 nothing, 1 `also = hidden`, 2 `also += hidden`.
    then: u32,
    also: u32,
    also_stride: u32,
    done: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let j = id.x;
    let width = params.width;
    if j >= width || words[params.done + id.y] != 0u {
        return;
    }
    let gates = params.gates + id.y * params.gates_stride + j;
    let place = params.cell + id.y * params.cell_stride + j;
    let cell = sigmoid(arena[gates + width]) * arena[place] + sigmoid(arena[gates]) * hyperbolic_tangent(arena[gates + 2u * width]);
    let hidden = sigmoid(arena[gates + 3u * width]) * hyperbolic_tangent(cell);
    arena[place] = cell;
    arena[params.hidden + id.y * params.hidden_stride + j] = hidden;
    let also = params.also + id.y * params.also_stride + j;
    if params.then == 1u {
        arena[also] = hidden;
    } else if params.then == 2u {
        arena[also] += hidden;
    }
}
