// Reductions over 16 partial results that are combined as a tree, as in cpu/float.rs: that gives the same bits where the machine
// rounds every operation.

const PARTS = 16u;
// How many sums there is room for, and the distance of two parts of one: one more keeps them in different banks of memory.
const SLOTS = 64u;
const PITCH = SLOTS + 1u;

var<workgroup> parts: array<f32, PARTS * PITCH>;

fn put_part(part: u32, slot: u32, value: f32) {
    parts[part * PITCH + slot] = value;
}

fn four_parts(first: u32, slot: u32) -> vec4<f32> {
    let i = first * PITCH + slot;
    return vec4<f32>(parts[i], parts[i + PITCH], parts[i + 2u * PITCH], parts[i + 3u * PITCH]);
}

fn sum_of_parts(slot: u32) -> f32 {
    let four = (four_parts(0u, slot) + four_parts(8u, slot)) + (four_parts(4u, slot) + four_parts(12u, slot));
    let two = four.xy + four.zw;
    return two.x + two.y;
}

fn largest_of_parts(slot: u32) -> f32 {
    let four = max(max(four_parts(0u, slot), four_parts(8u, slot)), max(four_parts(4u, slot), four_parts(12u, slot)));
    return max(max(four.x, four.y), max(four.z, four.w));
}
