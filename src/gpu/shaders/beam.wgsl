// Which hypotheses of a sentence go on, a workgroup for each sentence: the twin of decode/beam.rs.
//
// That one has the last word. It is given the same candidates, adds and compares the same floats and so picks the same, but it
// alone computes scores: here they only tell when a sentence need not be computed any further, and only where that is certain.
//
// Hypothesis k of sentence s is row `k * sentences + s`, the best first; what is in the rows behind the last is not computed.

//#include common

struct Params {
    sentences: u32,
    // Hypotheses kept for each sentence.
    width: u32,
    // Candidates of each hypothesis: `[chunk, rows, count, 2]`, see select.wgsl.
    count: u32,
    results: u32,
    chunk: u32,
    // For every row: a flag, the last token, and the bits of the log-probability.
    done: u32,
    previous: u32,
    totals: u32,
    // For every sentence: the length of its hypotheses, the greatest one, and the number and best score of those that ended.
    steps: u32,
    limits: u32,
    finished: u32,
    best: u32,
    length_penalty: f32,
    // `[rows, states_width]`: what hypotheses take along.
    states: u32,
    states_width: u32,
    end: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

const LANES = 128u;
const WIDEST = 32u;
const MOST = WIDEST * (WIDEST + 1u);
const LOWEST = -3.4e38;
// Scores that differ by less are left to the twin: powers and quotients are only approximate here.
const CERTAIN = 0.999;

var<workgroup> live: u32;
var<workgroup> moving: u32;
var<workgroup> totals: array<f32, MOST>;
var<workgroup> tokens: array<u32, MOST>;
var<workgroup> order: array<u32, MOST>;
var<workgroup> parents: array<u32, WIDEST>;

fn score(total: f32, length: u32) -> f32 {
    return total / pow(f32(length), params.length_penalty);
}

// Whether extension i is better than extension j: by log-probability, then by row and token.
fn is_better(i: u32, j: u32) -> bool {
    if totals[i] != totals[j] {
        return totals[i] > totals[j];
    }
    let row = i / params.count;
    let other = j / params.count;
    if row != other {
        return row < other;
    }
    if tokens[i] != tokens[j] {
        return tokens[i] < tokens[j];
    }
    return i < j;
}

// Picks the best extensions and returns how many there are; none if they finish the sentence.
fn pick(sentence: u32, extensions: u32) -> u32 {
    let length = words[params.steps + sentence] + 1u;
    let limit = words[params.limits + sentence];
    var finished = words[params.finished + sentence];
    var best = bitcast<f32>(words[params.best + sentence]);
    var kept = 0u;
    var first = 0.0;
    for (var rank = 0u; rank < extensions && (rank < params.width || kept < params.width); rank++) {
        let i = order[rank];
        if tokens[i] == NONE {
            break;
        }
        if tokens[i] == params.end {
            if rank < params.width {
                let ended = score(totals[i], length);
                best = select(max(best, ended), ended, finished == 0u);
                finished += 1u;
            }
        } else if kept < params.width {
            let row = kept * params.sentences + sentence;
            words[params.previous + row] = tokens[i];
            words[params.totals + row] = bitcast<u32>(totals[i]);
            parents[kept] = i / params.count;
            first = select(first, totals[i], kept == 0u);
            kept += 1u;
        }
    }
    // Log-probabilities only fall, so dividing by the greatest length bounds what the best hypothesis can still reach.
    let bound = score(first, limit + 1u);
    if length >= limit || finished >= params.width || (finished > 0u && best > CERTAIN * bound) {
        kept = 0u;
    }
    words[params.steps + sentence] = length;
    words[params.finished + sentence] = finished;
    words[params.best + sentence] = bitcast<u32>(best);
    for (var k = 0u; k < params.width; k++) {
        words[params.done + k * params.sentences + sentence] = select(0u, 1u, k >= kept);
    }
    return kept;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let sentence = workgroup.x;
    if lane == 0u {
        live = 0u;
        while live < params.width && words[params.done + live * params.sentences + sentence] == 0u {
            live += 1u;
        }
    }
    let hypotheses = workgroupUniformLoad(&live);
    if hypotheses == 0u {
        return;
    }
    let extensions = hypotheses * params.count;
    let time = words[params.steps + sentence] % params.chunk;
    let rows = params.sentences * params.width;
    for (var i = lane; i < extensions; i += LANES) {
        let row = i / params.count * params.sentences + sentence;
        let result = params.results + 2u * ((time * rows + row) * params.count + i % params.count);
        tokens[i] = words[result];
        totals[i] = LOWEST;
        if tokens[i] != NONE {
            totals[i] = bitcast<f32>(words[params.totals + row]) + bitcast<f32>(words[result + 1u]);
        }
    }
    workgroupBarrier();
    for (var i = lane; i < extensions; i += LANES) {
        var rank = 0u;
        for (var j = 0u; j < extensions; j++) {
            rank += select(0u, 1u, is_better(j, i));
        }
        order[rank] = i;
    }
    workgroupBarrier();
    if lane == 0u {
        live = pick(sentence, extensions);
        moving = 0u;
        for (var k = 0u; k < live; k++) {
            moving |= parents[k] ^ k;
        }
    }
    if workgroupUniformLoad(&moving) == 0u {
        return;
    }
    // An invocation moves the same columns of all rows, so that none overwrites what another one has yet to read.
    for (var column = lane; column < params.states_width; column += LANES) {
        var states: array<f32, WIDEST>;
        for (var k = 0u; k < live; k++) {
            states[k] = arena[params.states + (parents[k] * params.sentences + sentence) * params.states_width + column];
        }
        for (var k = 0u; k < live; k++) {
            arena[params.states + (k * params.sentences + sentence) * params.states_width + column] = states[k];
        }
    }
}
