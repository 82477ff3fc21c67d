// Rows of activations, quantised as in cpu/affine.rs but without the offset: x = a * scale with a in -63..=63.

const LIMIT = 63.0;

fn inverse_scale(largest: f32) -> f32 {
    return select(0.0, quotient(LIMIT, largest), largest > 0.0);
}

// What a quantised value stands for.
fn step_of(largest: f32) -> f32 {
    return quotient(largest, LIMIT);
}

// Four quantised values in one word.
fn pack4(x: vec4<f32>, inverse: f32) -> u32 {
    let a = bitcast<vec4<u32>>(vec4<i32>(round(x * inverse))) & vec4<u32>(0xffu);
    return a.x | (a.y << 8u) | (a.z << 16u) | (a.w << 24u);
}
