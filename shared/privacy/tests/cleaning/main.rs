//! Cleaning up after erasures, on real tables: what is found, what stays, who is waited for, and
//! what a run that dies leaves to the next.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod archive;
mod bucket;
mod crashes;
mod traces;
mod waiting;
mod world;
