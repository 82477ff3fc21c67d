// The best next token of every hypothesis and its log-probability, a workgroup for each: the twin of cpu/select.rs for one
// candidate. The hypothesis is extended by it, and is done after `</s>` or at its greatest length.

//#include common
//#include float

struct Params {
    rows: u32,
    vocabulary: u32,
    logits: u32,
    logits_stride: u32,
    done: u32,
    previous: u32,
    steps: u32,
    limits: u32,
    // `[chunk, rows, 2]`: token and bits of the log-probability.
    results: u32,
    chunk: u32,
    end: u32,
    // Never chosen.
    unknown: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

const LANES = 256u;

var<workgroup> finished: u32;
var<workgroup> values: array<f32, LANES>;
var<workgroup> tokens: array<u32, LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = workgroup.x;
    if lane == 0u {
        finished = words[params.done + row];
    }
    if workgroupUniformLoad(&finished) != 0u {
        return;
    }
    let logits = params.logits + row * params.logits_stride;
    var best = -3.4e38;
    var token = params.end;
    for (var i = lane; i < params.vocabulary; i += LANES) {
        let logit = arena[logits + i];
        if logit > best && i != params.unknown {
            best = logit;
            token = i;
        }
    }
    values[lane] = best;
    tokens[lane] = token;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if lane < half {
            let other = values[lane + half];
            // The smaller token among equals.
            if other > values[lane] || (other == values[lane] && tokens[lane + half] < tokens[lane]) {
                values[lane] = other;
                tokens[lane] = tokens[lane + half];
            }
        }
        workgroupBarrier();
    }
    let shift = values[0];
    workgroupBarrier();
    var sum = 0.0;
    for (var i = lane; i < params.vocabulary; i += LANES) {
        if i != params.unknown {
            sum += exponential(arena[logits + i] - shift);
        }
    }
    values[lane] = sum;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if lane < half {
            values[lane] += values[lane + half];
        }
        workgroupBarrier();
    }
    if lane == 0u {
        let step = words[params.steps + row];
        let result = params.results + 2u * ((step % params.chunk) * params.rows + row);
        words[result] = tokens[0];
        words[result + 1u] = bitcast<u32>(-log(values[0]));
        words[params.previous + row] = tokens[0];
        words[params.steps + row] = step + 1u;
        if tokens[0] == params.end || step + 1u >= words[params.limits + row] {
            words[params.done + row] = 1u;
        }
    }
}
