//! The glue between a function and its runtime: telemetry, configuration, the AWS SDK's set-up,
//! who is calling, and how an error is told.
//!
//! Invariant: nothing here knows what a function is for, and nothing that is logged or answered
//! carries a secret or a personal value.

pub mod auth;
pub mod aws;
#[cfg(feature = "sqs")]
pub mod batch;
pub mod budget;
pub mod env;
pub mod keyrings;
pub mod limit;
pub mod problem;
pub mod telemetry;
