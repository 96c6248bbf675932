//! Jobs on real tables and files in memory, message by message.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod crashes;
mod edits;
mod exports;
mod imports;
mod payloads;
mod world;
