// The most likely next tokens of every hypothesis and their log-probabilities, a workgroup for each: the twin of cpu/select.rs.
//
// Every invocation knows the best of its share of the tokens. The best of those is the next candidate, and the invocation that
// had it looks through its share again.

//#include common
//#include float
//#include reduce

struct Params {
    sentences: u32,
    rows: u32,
    vocabulary: u32,
    logits: u32,
    logits_stride: u32,
    // Flags of the hypotheses that are finished.
    done: u32,
    steps: u32,
    // `[chunk, rows, count, 2]`: token, or NONE where there are too few, and bits of the log-probability.
    results: u32,
    chunk: u32,
    // Candidates to find.
    count: u32,
    // Never chosen.
    unknown: u32,
    // Where each sentence's list of tokens begins, or NONE if the logits are those of the vocabulary.
    lists: u32,
    candidates: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

// 0, which compilers do not know: see float.wgsl.
fn zero() -> u32 {
    return params.rows >> 31u;
}

const LANES = 256u;
// Of `DecodeOptions::MAX_BEAM`, and one.
const MOST = 33u;
const LOWEST = -3.4e38;

var<workgroup> finished: u32;
var<workgroup> best_values: array<f32, MOST>;
var<workgroup> best_tokens: array<u32, MOST>;

// The best of an invocation's share that comes after `last`: a smaller logit, or as large a one of a later token.
fn next_best(logits: u32, count: u32, lane: u32, last: Best, first: bool) -> Best {
    var best = Best(LOWEST, NONE);
    for (var i = lane; i < count; i += LANES) {
        let logit = arena[logits + i];
        let comes_after = first || logit < last.value || (logit == last.value && i > last.token);
        if comes_after && logit > best.value && i != params.unknown {
            best = Best(logit, i);
        }
    }
    return best;
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = workgroup.x;
    let sentence = row % params.sentences;
    if lane == 0u {
        finished = words[params.done + row];
    }
    if workgroupUniformLoad(&finished) != 0u {
        return;
    }
    let logits = params.logits + row * params.logits_stride;
    var count = params.vocabulary;
    var list = NONE;
    if params.lists != NONE {
        list = words[params.lists + sentence];
        count = words[params.lists + sentence + 1u] - list;
    }
    var best = next_best(logits, count, lane, Best(0.0, 0u), true);
    for (var place = 0u; place < params.count; place++) {
        let found = best_of_all(lane, best.value, best.token);
        if lane == 0u {
            best_values[place] = found.value;
            best_tokens[place] = found.token;
        }
        if found.token == best.token && found.token != NONE {
            best = next_best(logits, count, lane, found, false);
        }
    }
    workgroupBarrier();
    let shift = best_values[0];
    var sum = 0.0;
    for (var i = lane; i < count; i += LANES) {
        if i != params.unknown {
            sum += exponential(arena[logits + i] - shift);
        }
    }
    let log_sum = log(sum_of_all(lane, sum));
    if lane < params.count {
        let step = words[params.steps + sentence] % params.chunk;
        let result = params.results + 2u * ((step * params.rows + row) * params.count + lane);
        var token = best_tokens[lane];
        if list != NONE && token != NONE {
            token = words[params.candidates + list + token];
        }
        words[result] = token;
        words[result + 1u] = bitcast<u32>(best_values[lane] - shift - log_sum);
    }
}
