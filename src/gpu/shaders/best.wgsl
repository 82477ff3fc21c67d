// A token and its logit.
struct Best {
    value: f32,
    token: u32,
}

// The larger value, or the smaller token among equals.
fn better(a: Best, b: Best) -> Best {
    if b.value > a.value || (b.value == a.value && b.token < a.token) {
        return b;
    }
    return a;
}
