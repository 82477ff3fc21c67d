// Reductions over the LANES invocations of a workgroup, all of which take part and get the result: within subgroups by the
// hardware's instructions, which need no barrier, and then over the subgroups. Those are runs of invocations.

//#include best

// At most LANES subgroups of one invocation.
var<workgroup> reduced: array<f32, LANES>;
var<workgroup> reduced_tokens: array<u32, LANES>;

fn largest_of_all(lane: u32, value: f32) -> f32 {
    let size = subgroupAdd(1u);
    let here = subgroupMax(value);
    if lane % size == 0u {
        reduced[lane / size] = here;
    }
    workgroupBarrier();
    var largest = reduced[0];
    for (var i = 1u; i < LANES / size; i++) {
        largest = max(largest, reduced[i]);
    }
    workgroupBarrier();
    return largest;
}

fn sum_of_all(lane: u32, value: f32) -> f32 {
    let size = subgroupAdd(1u);
    let here = subgroupAdd(value);
    if lane % size == 0u {
        reduced[lane / size] = here;
    }
    workgroupBarrier();
    var sum = 0.0;
    for (var i = 0u; i < LANES / size; i++) {
        sum += reduced[i];
    }
    workgroupBarrier();
    return sum;
}

// The largest value, and the smallest token among equals.
fn best_of_all(lane: u32, value: f32, token: u32) -> Best {
    let size = subgroupAdd(1u);
    let here = subgroupMax(value);
    let here_token = subgroupMin(select(NONE, token, value == here));
    if lane % size == 0u {
        reduced[lane / size] = here;
        reduced_tokens[lane / size] = here_token;
    }
    workgroupBarrier();
    var best = Best(reduced[0], reduced_tokens[0]);
    for (var i = 1u; i < LANES / size; i++) {
        best = better(best, Best(reduced[i], reduced_tokens[i]));
    }
    workgroupBarrier();
    return best;
}
