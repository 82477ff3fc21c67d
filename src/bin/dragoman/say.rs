//! What is said on standard error. Where that cannot be written to, nobody reads it, and the work goes on.

/// As `eprint!`, which panics where it cannot write.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = write!(std::io::stderr().lock(), $($text)*);
    }};
}

/// As `eprintln!`, which panics where it cannot write.
macro_rules! sayln {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr().lock(), $($text)*);
    }};
}
