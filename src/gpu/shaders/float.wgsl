// Float functions, those of cpu/float.rs, to the last bit.
//
// The language lets a device join a product and a sum without rounding between them, and gives quotients and roots only
// approximately. One bit is enough for an activation to become another int8, and that for another word. So every product that
// is added to something is rounded first, and quotients and roots are corrected with integers.

// The product x, which no compiler joins to a sum: it cannot know that `zero()` of each shader is 0.
fn rounded(x: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) ^ zero());
}

fn rounded4(x: vec4<f32>) -> vec4<f32> {
    return bitcast<vec4<f32>>(bitcast<vec4<u32>>(x) ^ vec4<u32>(zero()));
}

// |x| = significand * 2^(exponent - 150), where x is not subnormal.
fn significand_of(x: f32) -> u32 {
    return (bitcast<u32>(x) & 0x7fffffu) | 0x800000u;
}

fn exponent_of(x: f32) -> i32 {
    return i32((bitcast<u32>(x) >> 23u) & 0xffu);
}

fn is_normal(exponent: i32) -> bool {
    return exponent > 0 && exponent < 255;
}

// The significand that |x| has beside another exponent, all but equal to its own.
fn significand_beside(exponent: i32, x: f32) -> i32 {
    let up = exponent_of(x) - exponent;
    return i32((significand_of(x) << u32(max(up, 0))) >> u32(max(-up, 0)));
}

// A quotient q and what it leaves of the dividend; with q nearer to the true quotient by one, or the same if it is the nearest.
fn nearer_quotient(q: vec2<i32>, divisor: i32) -> vec2<i32> {
    let by = select(0, 1, 2 * q.y > divisor) - select(0, 1, 2 * q.y < -divisor);
    return vec2<i32>(q.x + by, q.y - by * divisor);
}

// The float nearest to the quotient of a and b, given one at most three units in the last place off. Subnormal numbers stay approximate.
fn nearest_quotient(about: f32, a: f32, b: f32) -> f32 {
    let dividend = significand_of(a);
    let divisor = significand_of(b);
    // So that the significand of the quotient has 24 bits.
    let shift = select(23u, 24u, dividend < divisor);
    let exponent = exponent_of(a) - exponent_of(b) + 150 - i32(shift);
    // The products have 48 bits; their difference has few enough that the lower 32 say all.
    var q = vec2<i32>(significand_beside(exponent, about), 0);
    q.y = bitcast<i32>((dividend << shift) - u32(q.x) * divisor);
    q = nearer_quotient(nearer_quotient(nearer_quotient(q, i32(divisor)), i32(divisor)), i32(divisor));
    let sign = (bitcast<u32>(a) ^ bitcast<u32>(b)) & 0x80000000u;
    let quotient = bitcast<f32>(sign | ((u32(exponent) << 23u) + u32(q.x) - 0x800000u));
    return select(about, quotient, is_normal(exponent_of(a)) && is_normal(exponent_of(b)) && is_normal(exponent));
}

fn quotient(a: f32, b: f32) -> f32 {
    return nearest_quotient(a / b, a, b);
}

// As nearer_quotient: (q + 1)^2 = q^2 + 2 q + 1, and halfway to it lies q^2 + q + 1/4.
fn nearer_root(q: vec2<i32>) -> vec2<i32> {
    let by = select(0, 1, q.y > q.x) - select(0, 1, q.y <= -q.x);
    return vec2<i32>(q.x + by, q.y - by * (2 * q.x + by));
}

// The float nearest to the square root of x, given one at most three units in the last place off.
fn nearest_root(about: f32, x: f32) -> f32 {
    // So that the root of the significand has 24 bits, and the exponent is even.
    let shift = 23u + u32(1 - exponent_of(x) % 2);
    let exponent = (exponent_of(x) - 150 - i32(shift)) / 2 + 150;
    var q = vec2<i32>(significand_beside(exponent, about), 0);
    q.y = bitcast<i32>((significand_of(x) << shift) - u32(q.x) * u32(q.x));
    q = nearer_root(nearer_root(nearer_root(q)));
    let root = bitcast<f32>((u32(exponent) << 23u) + u32(q.x) - 0x800000u);
    return select(about, root, is_normal(exponent_of(x)));
}

fn root(x: f32) -> f32 {
    return nearest_root(sqrt(x), x);
}

fn exponential(input: f32) -> f32 {
    let x = max(min(input, 88.0), -87.0);
    // Not by adding and subtracting a large number: compilers of shaders take that for nothing.
    let n = round(x * 1.44269504);
    let r = x - rounded(n * 0.6933594) - rounded(n * -2.1219444e-4);
    var p = 1.9875691e-4;
    p = rounded(p * r) + 1.3982e-3;
    p = rounded(p * r) + 8.333452e-3;
    p = rounded(p * r) + 4.1665796e-2;
    p = rounded(p * r) + 1.6666665e-1;
    p = rounded(p * r) + 0.50000006;
    // The sum is in -0.3..0.5: `max` only keeps compilers from adding 1 first, which rounds another way.
    let e = max(rounded(p * r * r) + r, -0.5) + 1.0;
    let power = bitcast<f32>(bitcast<u32>(e) + (u32(i32(n)) << 23u));
    return select(0.0, power, input > -87.0);
}

fn sigmoid(x: f32) -> f32 {
    return quotient(1.0, 1.0 + exponential(-x));
}

fn hyperbolic_tangent(x: f32) -> f32 {
    return 1.0 - quotient(2.0, exponential(x + x) + 1.0);
}
