// An LSTM over whole sentences in one dispatch, a workgroup for each sentence: the twin of Executor::lstm.
//
// h and c never leave the workgroup, so the steps need barriers only, not dispatches.

//#include common
//#include dot
//#include float
//#include quantise
//#include reduce

struct Params {
    width: u32,
    weight: u32,
    scales: u32,
    stride: u32,
    gates: u32,
    gates_stride: u32,
    output: u32,
    output_stride: u32,
    // Token t of sentence s is row `words[starts + t] + s`.
    starts: u32,
    lengths: u32,
    // 1 from the last token to the first.
    backward: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

// 0, which compilers do not know: see float.wgsl.
fn zero() -> u32 {
    return params.width >> 31u;
}

const LANES = 256u;
const WIDEST = 1024u;
const UNITS = WIDEST / LANES;

var<workgroup> length: u32;
var<workgroup> hidden: array<f32, WIDEST>;
var<workgroup> codes: array<u32, WIDEST / 4u>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let sentence = workgroup.x;
    let width = params.width;
    if lane == 0u {
        length = words[params.lengths + sentence];
    }
    var cell: array<f32, UNITS>;
    for (var unit = 0u; unit < UNITS; unit++) {
        cell[unit] = 0.0;
        hidden[lane + unit * LANES] = 0.0;
    }
    let steps = workgroupUniformLoad(&length);
    let groups = (width + 3u) / 4u;
    for (var step = 0u; step < steps; step++) {
        let time = select(step, steps - 1u - step, params.backward == 1u);
        let row = words[params.starts + time] + sentence;
        var most = 0.0;
        for (var j = lane; j < width; j += LANES) {
            most = max(most, abs(hidden[j]));
        }
        let largest = largest_of_all(lane, most);
        let inverse = inverse_scale(largest);
        let scale = step_of(largest);
        if lane < groups {
            // Beyond the width `hidden` stays 0.
            let j = 4u * lane;
            codes[lane] = pack4(vec4<f32>(hidden[j], hidden[j + 1u], hidden[j + 2u], hidden[j + 3u]), inverse);
        }
        workgroupBarrier();
        for (var unit = 0u; unit < UNITS; unit++) {
            let j = lane + unit * LANES;
            if j < width {
                var sums = vec4<i32>(0);
                for (var group = 0u; group < groups; group++) {
                    let first = params.weight + group * params.stride + j;
                    let code = codes[group];
                    sums += vec4<i32>(
                        dot4(weights[first], code),
                        dot4(weights[first + width], code),
                        dot4(weights[first + 2u * width], code),
                        dot4(weights[first + 3u * width], code),
                    );
                }
                let scales = params.scales + j;
                let first = params.gates + row * params.gates_stride + j;
                let gates = rounded4(vec4<f32>(sums) * scale * vec4<f32>(
                    factors[scales],
                    factors[scales + width],
                    factors[scales + 2u * width],
                    factors[scales + 3u * width],
                )) + vec4<f32>(
                    arena[first],
                    arena[first + width],
                    arena[first + 2u * width],
                    arena[first + 3u * width],
                );
                let kept = rounded(sigmoid(gates.y) * cell[unit]);
                cell[unit] = kept + rounded(sigmoid(gates.x) * hyperbolic_tangent(gates.z));
                let h = sigmoid(gates.w) * hyperbolic_tangent(cell[unit]);
                hidden[j] = h;
                arena[params.output + row * params.output_stride + j] = h;
            }
        }
        workgroupBarrier();
    }
}
