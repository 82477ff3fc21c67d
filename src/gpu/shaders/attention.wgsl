// Attention of every row over its sentence, a workgroup for each row and head: the twin of cpu/attention.rs.
//
// Products, maximum and sum are taken over 16 partial results that are combined as a tree, as in cpu/float.rs: that gives the
// same bits where the machine rounds every operation.

//#include common
//#include float

struct Params {
    // Columns of a head.
    width: u32,
    query: u32,
    query_stride: u32,
    keys: u32,
    keys_stride: u32,
    values: u32,
    values_stride: u32,
    // Columns of a head.
    values_width: u32,
    output: u32,
    output_stride: u32,
    starts: u32,
    lengths: u32,
    scale: f32,
    // Flags of the hypotheses that are finished, or NONE if the rows are tokens.
    done: u32,
    sentences: u32,
    // Place and sentence of every token, see embed.wgsl.
    places: u32,
    // Where the weights of the first head go, or NONE: `[chunk, rows, longest]`.
    alignment: u32,
    longest: u32,
    rows: u32,
    steps: u32,
    chunk: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

const PARTS = 16u;
const LANES = 128u;
const LONGEST = 1024u;

var<workgroup> length: u32;
var<workgroup> scores: array<f32, LONGEST>;
var<workgroup> parts: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = workgroup.x;
    let head = workgroup.y;
    var sentence = row % params.sentences;
    var done = 0u;
    if params.done == NONE {
        sentence = words[params.places + row] & 0xffffu;
    } else {
        done = words[params.done + row];
    }
    if lane == 0u {
        length = select(0u, words[params.lengths + sentence], done == 0u);
    }
    let tokens = workgroupUniformLoad(&length);
    if tokens == 0u {
        return;
    }
    let part = lane % PARTS;
    for (var first = 0u; first < tokens; first += LANES / PARTS) {
        let token = first + lane / PARTS;
        var sum = 0.0;
        if token < tokens {
            let query = params.query + row * params.query_stride + head * params.width;
            let key = params.keys + (words[params.starts + token] + sentence) * params.keys_stride + head * params.width;
            for (var column = part; column < params.width; column += PARTS) {
                sum += arena[query + column] * arena[key + column];
            }
        }
        parts[lane] = sum;
        workgroupBarrier();
        for (var half = PARTS / 2u; half > 0u; half /= 2u) {
            if part < half {
                parts[lane] += parts[lane + half];
            }
            workgroupBarrier();
        }
        if part == 0u && token < tokens {
            scores[token] = params.scale * parts[lane];
        }
        workgroupBarrier();
    }
    // Every group of 16 invocations does the same: there are few scores.
    var most = -3.4e38;
    for (var token = part; token < tokens; token += PARTS) {
        most = max(most, scores[token]);
    }
    parts[lane] = most;
    workgroupBarrier();
    for (var half = PARTS / 2u; half > 0u; half /= 2u) {
        if part < half {
            parts[lane] = max(parts[lane], parts[lane + half]);
        }
        workgroupBarrier();
    }
    let shift = parts[0];
    workgroupBarrier();
    for (var token = lane; token < tokens; token += LANES) {
        scores[token] = exponential(scores[token] - shift);
    }
    workgroupBarrier();
    var sum = 0.0;
    for (var token = part; token < tokens; token += PARTS) {
        sum += scores[token];
    }
    parts[lane] = sum;
    workgroupBarrier();
    for (var half = PARTS / 2u; half > 0u; half /= 2u) {
        if part < half {
            parts[lane] += parts[lane + half];
        }
        workgroupBarrier();
    }
    let scale = 1.0 / parts[0];
    workgroupBarrier();
    for (var token = lane; token < tokens; token += LANES) {
        let weight = scores[token] * scale;
        scores[token] = weight;
        if params.alignment != NONE && head == 0u {
            let step = words[params.steps + sentence] % params.chunk;
            arena[params.alignment + (step * params.rows + row) * params.longest + token] = weight;
        }
    }
    workgroupBarrier();
    let first = head * params.values_width;
    for (var column = lane; column < params.values_width; column += LANES) {
        var value = 0.0;
        for (var token = 0u; token < tokens; token++) {
            let place = params.values + (words[params.starts + token] + sentence) * params.values_stride;
            value += scores[token] * arena[place + first + column];
        }
        arena[params.output + row * params.output_stride + first + column] = value;
    }
}
