//! The time, for calibration.

/// Milliseconds since some moment.
#[cfg(not(target_arch = "wasm32"))]
pub fn milliseconds() -> f64 {
    use std::sync::LazyLock;
    use std::time::Instant;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_secs_f64() * 1e3
}

/// Milliseconds since some moment.
#[cfg(target_arch = "wasm32")]
pub fn milliseconds() -> f64 {
    use wasm_bindgen::prelude::*;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = performance)]
        fn now() -> f64;
    }
    now()
}
