// Layer normalisation in place: with mean m and variance v of a row, output = scale * (output - m) / sqrt(v + epsilon) + bias.
// The twin of cpu/norm.rs.

// The sum over the 16 lanes of a group, which all of them get.
fn total(part: f32) -> f32 {
    workgroupBarrier();
    put_part(lane % PARTS, lane / PARTS, part);
    workgroupBarrier();
    return sum_of_parts(lane / PARTS);
}

fn norm(width: u32, output: vec2<u32>, scale: u32, bias: u32, epsilon: f32) {
    let to = at(output, row);
    // Every group of a row sums up the whole row.
    var sum = 0.0;
    for (var j = lane % PARTS; j < end_of(width); j += PARTS) {
        sum += arena[to + j];
    }
    let centre = quotient(total(sum), f32(width));
    sum = 0.0;
    for (var j = lane % PARTS; j < end_of(width); j += PARTS) {
        let x = arena[to + j] - centre;
        sum += rounded(x * x);
    }
    let factor = quotient(1.0, root(quotient(total(sum), f32(width)) + epsilon));
    for (var j = first_column; j < end_of(width); j += ACROSS) {
        arena[to + j] = rounded((arena[to + j] - centre) * factor * factors[scale + j]) + factors[bias + j];
    }
}
