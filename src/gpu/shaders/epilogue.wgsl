// What becomes of a product on its way to the output: 0 store, 1 add to the output, 2 hyperbolic tangent, 3 rectify.
fn store(to: u32, product: f32, epilogue: u32) {
    var value = product;
    switch epilogue {
        case 1u: { value += arena[to]; }
        case 2u: { value = hyperbolic_tangent(value); }
        case 3u: { value = max(value, 0.0); }
        default: {}
    }
    arena[to] = value;
}
