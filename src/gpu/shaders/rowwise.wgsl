// output = 0, output = input or output += input: the twin of cpu/rowwise.rs.

//#include common

struct Params {
    width: u32,
    // 0 zero, 1 copy, 2 add.
    what: u32,
    input: u32,
    input_stride: u32,
    output: u32,
    output_stride: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= params.width {
        return;
    }
    let output = params.output + id.y * params.output_stride + id.x;
    let input = params.input + id.y * params.input_stride + id.x;
    switch params.what {
        case 1u: { arena[output] = arena[input]; }
        case 2u: { arena[output] += arena[input]; }
        default: { arena[output] = 0.0; }
    }
}
