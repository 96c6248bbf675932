//! Jobs on real tables, message by message.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod crashes;
mod payloads;
mod population;
mod previews;
mod rescores;
mod work;
