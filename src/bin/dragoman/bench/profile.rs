//! `dragoman bench --profile`: where the time goes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use dragoman::cpu::profile::{Profile, Share};
use dragoman::{Options, Translator};

/// Translates again and again, after a pass that is not counted. Returns the profile, and the time of all of it.
pub fn measure(
    translator: &mut Translator,
    texts: &[String],
    batch: usize,
    options: &Options,
    seconds: f64,
) -> (Profile, Duration) {
    let pass = |translator: &mut Translator| {
        for texts in texts.chunks(batch) {
            black_box(translator.translate_all(texts, options));
        }
    };
    pass(translator);
    *translator.profile() = Some(Profile::default());
    let started = Instant::now();
    loop {
        pass(translator);
        if started.elapsed().as_secs_f64() >= seconds {
            break;
        }
    }
    let whole = started.elapsed();
    (translator.profile().take().unwrap_or_default(), whole)
}

/// A table of the operations, the longest first; `peak` is in products per second.
pub fn table(title: &str, profile: &Profile, whole: Duration, peak: Option<f64>) -> String {
    let mut shares: Vec<(&str, Share)> = profile.kinds.iter().map(|(&k, &s)| (k, s)).collect();
    shares.sort_by_key(|(_, share)| std::cmp::Reverse(share.time));
    let known: Duration = shares.iter().map(|(_, share)| share.time).sum();
    let rest = Share {
        time: whole.saturating_sub(known),
        ..Share::default()
    };
    let all = Share {
        time: whole,
        calls: 0,
        products: shares.iter().map(|(_, share)| share.products).sum(),
    };
    shares.push(("search, text, the rest", rest));
    shares.push(("all", all));
    let mut lines = vec![
        match peak {
            Some(peak) => format!(
                "{title}; the peak is {:.1} billion int8 products a second",
                peak / 1e9
            ),
            None => title.to_owned(),
        },
        String::new(),
        "| operation | share of the time | µs each | billion products/s | share of the peak |"
            .into(),
        "|---|---:|---:|---:|---:|".into(),
    ];
    lines.extend(shares.iter().map(|(name, share)| {
        let time = share.time.as_secs_f64();
        let part = 100.0 * time / whole.as_secs_f64().max(f64::MIN_POSITIVE);
        let each = match share.calls {
            0 => String::new(),
            calls => format!("{:.1}", 1e6 * time / calls as f64),
        };
        let (speed, of_peak) = if share.products == 0 {
            (String::new(), String::new())
        } else {
            let speed = share.products as f64 / time.max(f64::MIN_POSITIVE);
            let of_peak = peak.map(|peak| format!("{:.0} %", 100.0 * speed / peak));
            (format!("{:.1}", speed / 1e9), of_peak.unwrap_or_default())
        };
        format!("| {name} | {part:.1} % | {each} | {speed} | {of_peak} |")
    }));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_the_longest_first_and_the_rest_last() {
        let mut profile = Profile::default();
        for (kind, milliseconds, calls, products) in
            [("norm", 10, 5, 0), ("affine", 60, 2, 3_000_000_000)]
        {
            let share = Share {
                time: Duration::from_millis(milliseconds),
                calls,
                products,
            };
            profile.kinds.insert(kind, share);
        }
        let found = table("scalar", &profile, Duration::from_millis(100), Some(100e9));
        let rows: Vec<&str> = found.lines().skip(4).collect();
        assert_eq!(
            rows,
            [
                "| affine | 60.0 % | 30000.0 | 50.0 | 50 % |",
                "| norm | 10.0 % | 2000.0 |  |  |",
                "| search, text, the rest | 30.0 % |  |  |  |",
                "| all | 100.0 % |  | 30.0 | 30 % |",
            ]
        );
        let without = table("scalar", &profile, Duration::from_millis(100), None);
        assert!(without.contains("| affine | 60.0 % | 30000.0 | 50.0 |  |"));
    }
}
