// Float functions, those of cpu/float.rs.

fn exponential(input: f32) -> f32 {
    let x = max(min(input, 88.0), -87.0);
    // Not by adding and subtracting a large number: compilers of shaders take that for nothing.
    let n = round(x * 1.44269504);
    let r = x - n * 0.6933594 - n * -2.1219444e-4;
    var p = 1.9875691e-4;
    p = p * r + 1.3982e-3;
    p = p * r + 8.333452e-3;
    p = p * r + 4.1665796e-2;
    p = p * r + 1.6666665e-1;
    p = p * r + 0.50000006;
    // The sum is in -0.3..0.5: `max` only keeps compilers from adding 1 first, which rounds another way.
    let e = max(p * r * r + r, -0.5) + 1.0;
    let power = bitcast<f32>(u32(i32(n) + 127) << 23u);
    return select(0.0, e * power, input > -87.0);
}

fn sigmoid(x: f32) -> f32 {
    return 1.0 / (1.0 + exponential(-x));
}

fn hyperbolic_tangent(x: f32) -> f32 {
    return 1.0 - 2.0 / (exponential(2.0 * x) + 1.0);
}
