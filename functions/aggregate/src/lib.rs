//! Refreshes what leads are listed by and takes the picture of the day that ended.
//!
//! - **Trigger**: the nightly schedule plans a run; the shard queue brings its work, one message
//!   an invocation: a segment of the table to scan, or the run to close.
//! - **Effect**: every lead is listed by its score as of the run; each segment leaves one rollup
//!   partial of the day for each tenant it met, and closing puts them together; days that late
//!   events made dirty get their counts of events, new leads and conversions corrected.
//! - **Idempotency key**: the day of the run, its pass, and within it the segment. Scheduled again
//!   after it is closed, a run begins another pass, which lists and recounts but keeps the picture.
//! - **Retry**: does again only what is not noted as finished. A partial that exists is kept, and
//!   so is a correction; what a dead run left half done, the next delivery completes.
//!
//! The record of the nightly run in `infra/decisions` says why it is built like this.

mod close;
mod config;
mod handler;
mod look;
mod plan;
mod segment;
mod shard;
mod tally;

pub use crate::{
    config::Config,
    handler::{Aggregate, AggregateError},
    shard::{Shard, Shards},
};
