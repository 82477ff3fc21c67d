// The twin of cpu/mean.rs: output[sentence] = mean of input[token] over the tokens of the sentence.

//#include common

struct Params {
    width: u32,
    input: u32,
    input_stride: u32,
    output: u32,
    output_stride: u32,
    starts: u32,
    lengths: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= params.width {
        return;
    }
    let tokens = words[params.lengths + id.y];
    var sum = 0.0;
    for (var token = 0u; token < tokens; token++) {
        sum += arena[params.input + (words[params.starts + token] + id.y) * params.input_stride + id.x];
    }
    arena[params.output + id.y * params.output_stride + id.x] = sum * (1.0 / f32(tokens));
}
