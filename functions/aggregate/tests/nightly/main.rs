//! Nightly runs on real tables: the pictures are right, and nothing that can go wrong on the way
//! changes what they end in.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod analytics;
mod audit;
mod crashes;
mod edited;
mod erasures_crash;
mod expectations;
mod failures;
mod holdings;
mod idle;
mod late_events;
mod listing;
mod naive;
mod night;
mod payloads;
mod pictures;
mod population;
mod retention;
mod sources;
