// Product of four pairs of int8, where the language has no packed product.
fn unpack(a: u32) -> vec4<i32> {
    return bitcast<vec4<i32>>(vec4<u32>(a << 24u, a << 16u, a << 8u, a)) >> vec4<u32>(24u);
}

fn dot4(a: u32, b: u32) -> i32 {
    let products = unpack(a) * unpack(b);
    return products.x + products.y + products.z + products.w;
}
