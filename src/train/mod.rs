//! Training with candle (feature `train`).
pub mod fused;
