//! The archive on objects in memory: every event is there, whatever goes wrong on the way.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod batches;
mod compaction;
mod crashes;
mod memory;
mod payloads;
mod world;
