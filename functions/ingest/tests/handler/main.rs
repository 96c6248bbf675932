//! Handler tests: requests as the gateway hands them over, with keys and queues in memory.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that meets what it does not expect has failed"
)]

mod consent;
mod limits;
mod native;
mod outages;
mod rates;
mod segment;
mod world;
