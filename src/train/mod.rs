//! Training with candle (feature `train`).

pub mod corpus;
pub mod dataset;
mod dropout;
pub mod fused;
pub mod network;
pub mod parallel;
pub mod vocabulary;
