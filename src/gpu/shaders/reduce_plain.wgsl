// Reductions over the LANES invocations of a workgroup, all of which take part and get the result: as a tree.

//#include best

var<workgroup> reduced: array<f32, LANES>;
var<workgroup> reduced_tokens: array<u32, LANES>;

fn largest_of_all(lane: u32, value: f32) -> f32 {
    reduced[lane] = value;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if lane < half {
            reduced[lane] = max(reduced[lane], reduced[lane + half]);
        }
        workgroupBarrier();
    }
    let largest = reduced[0];
    workgroupBarrier();
    return largest;
}

fn sum_of_all(lane: u32, value: f32) -> f32 {
    reduced[lane] = value;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if lane < half {
            reduced[lane] += reduced[lane + half];
        }
        workgroupBarrier();
    }
    let sum = reduced[0];
    workgroupBarrier();
    return sum;
}

// The largest value, and the smallest token among equals.
fn best_of_all(lane: u32, value: f32, token: u32) -> Best {
    reduced[lane] = value;
    reduced_tokens[lane] = token;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if lane < half {
            let best = better(Best(reduced[lane], reduced_tokens[lane]), Best(reduced[lane + half], reduced_tokens[lane + half]));
            reduced[lane] = best.value;
            reduced_tokens[lane] = best.token;
        }
        workgroupBarrier();
    }
    let best = Best(reduced[0], reduced_tokens[0]);
    workgroupBarrier();
    return best;
}
