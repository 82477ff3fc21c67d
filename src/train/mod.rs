//! Training with candle (feature `train`).
//!
//! | module | what it holds |
//! |---|---|
//! | [`config`] | the file that `dragoman train` takes |
//! | [`corpus`] | parallel text: reading, cleaning, filtering, deduplication, augmentation |
//! | [`vocabulary`] | training SentencePiece unigram vocabularies |
//! | [`dataset`] | tokenised pairs and the batches they are dealt out in |
//! | [`network`] | the model as a candle graph |
//! | [`fused`] | operations and optimiser steps that candle would run as long chains |
//! | [`parallel`] | data parallelism over the cores |
//! | [`memory`] | settings of the allocator |
//! | [`schedule`], [`average`] | the learning rate over time, the moving average of the weights |
//! | [`run`](mod@run) | the training loop |
//! | [`validate`], [`progress`], [`curve`] | development sets, the log, the picture of the losses |
//! | [`origin`], [`checkpoint`], [`export`] | weights that a run starts from, what it resumes from, and the weights file it ends in |

pub mod average;
pub mod checkpoint;
pub mod config;
pub mod corpus;
pub mod curve;
pub mod dataset;
mod dropout;
pub mod export;
pub mod fused;
pub mod memory;
pub mod network;
pub mod origin;
pub mod parallel;
pub mod progress;
pub mod run;
pub mod schedule;
pub mod validate;
pub mod vocabulary;

pub use config::TrainConfig;
pub use run::{RunOptions, run};
