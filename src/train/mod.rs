//! Training with candle (feature `train`).

mod dropout;
pub mod fused;
pub mod network;
pub mod parallel;
