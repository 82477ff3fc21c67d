// Layer normalisation in place, a workgroup for each row: the twin of cpu/norm.rs. With mean m and variance v of a row,
// output = scale * (output - m) / sqrt(v + epsilon) + bias.
//
// Sums are taken over 16 partial results that are combined as a tree, as in cpu/float.rs.

//#include common

struct Params {
    width: u32,
    output: u32,
    output_stride: u32,
    scale: u32,
    bias: u32,
    epsilon: f32,
    // Flags of the hypotheses that are finished, or NONE.
    done: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

const PARTS = 16u;
const LANES = 64u;

var<workgroup> finished: u32;
var<workgroup> parts: array<f32, LANES>;

// The sum of the 16 partial results; every group of 16 invocations has the same.
fn total(lane: u32, part: f32) -> f32 {
    parts[lane] = part;
    workgroupBarrier();
    for (var half = PARTS / 2u; half > 0u; half /= 2u) {
        if lane % PARTS < half {
            parts[lane] += parts[lane + half];
        }
        workgroupBarrier();
    }
    let sum = parts[0];
    workgroupBarrier();
    return sum;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    if lane == 0u {
        finished = 0u;
        if params.done != NONE {
            finished = words[params.done + workgroup.x];
        }
    }
    if workgroupUniformLoad(&finished) != 0u {
        return;
    }
    let row = params.output + workgroup.x * params.output_stride;
    let width = f32(params.width);
    var sum = 0.0;
    for (var j = lane % PARTS; j < params.width; j += PARTS) {
        sum += arena[row + j];
    }
    let mean = total(lane, sum) / width;
    sum = 0.0;
    for (var j = lane % PARTS; j < params.width; j += PARTS) {
        let x = arena[row + j] - mean;
        sum += x * x;
    }
    let factor = 1.0 / sqrt(total(lane, sum) / width + params.epsilon);
    for (var j = lane; j < params.width; j += LANES) {
        arena[row + j] = (arena[row + j] - mean) * factor * factors[params.scale + j] + factors[params.bias + j];
    }
}
