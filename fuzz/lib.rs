//! The bodies that the targets share with `cargo test --test readers`.

#[path = "../tests/readers/bodies.rs"]
mod bodies;

pub use bodies::*;
