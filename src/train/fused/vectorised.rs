//! Element-wise loops compiled several times: for the vectors every processor has, and for the widest that this one may have.

/// Defines a function whose body is compiled once more for AVX-512 and once for AVX2; the processor decides which one runs.
macro_rules! vectorised {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block) => {
        $(#[$meta])*
        $vis fn $name($($arg: $type),*) $(-> $result)? {
            #[inline(always)]
            #[allow(clippy::inline_always, clippy::too_many_arguments)]
            fn body($($arg: $type),*) $(-> $result)? $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
                fn avx512($($arg: $type),*) $(-> $result)? {
                    body($($arg),*)
                }
                #[target_feature(enable = "avx2")]
                fn avx2($($arg: $type),*) $(-> $result)? {
                    body($($arg),*)
                }
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                {
                    // SAFETY: the processor has these instructions (with AVX-512 come AVX2 and FMA).
                    return unsafe { avx512($($arg),*) };
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: as above.
                    return unsafe { avx2($($arg),*) };
                }
            }
            body($($arg),*)
        }
    };
}

pub(in crate::train) use vectorised;

/// Partial sums that a loop keeps apart, so that its additions fit a vector.
pub const LANES: usize = 16;

/// Takes the values of each lane into its sum with `add`, then the lanes' sums together with `join`.
#[inline(always)]
#[allow(clippy::inline_always)] // part of the body of a vectorised function
pub fn reduce(
    values: &[f32],
    start: f32,
    add: impl Fn(f32, f32) -> f32,
    join: impl Fn(f32, f32) -> f32,
) -> f32 {
    let mut lanes = [start; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = add(*lane, *value);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane = add(*lane, *value);
    }
    lanes.into_iter().fold(start, join)
}

#[cfg(test)]
mod tests {
    use super::*;

    vectorised! {
        fn shifted_squares(values: &[f32], by: f32) -> f32 {
            reduce(values, 0.0, |a, b| a + b * b, |a, b| a + b) + by
        }
    }

    #[test]
    fn sums_and_maxima_of_any_length() {
        for length in [0, 1, 15, 16, 17, 100] {
            let values: Vec<f32> = (0..length).map(|n| (n * 7 % 11) as f32 - 5.0).collect();
            let expected: f32 = values.iter().map(|x| x * x).sum::<f32>() + 2.0;
            assert!(
                (shifted_squares(&values, 2.0) - expected).abs() < 1e-3,
                "{length}"
            );
            let top = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(
                reduce(&values, f32::NEG_INFINITY, f32::max, f32::max).to_bits(),
                top.to_bits()
            );
        }
    }
}
