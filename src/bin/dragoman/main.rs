//! The `dragoman` command line.
fn main() {}
