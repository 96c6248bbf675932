//! Refreshes what leads are listed by, takes the picture of the day that ended, replays a sample of
//! the leads, and erases whom nobody is to keep.
//!
//! - **Trigger**: the nightly schedule plans a run; the shard queue brings its work, one message
//!   an invocation: a segment of the table to scan, the run to close, a tenant to clean up.
//! - **Effect**: every lead is listed by its score as of the run; each segment leaves one rollup
//!   partial of the day for each tenant it met, and closing puts them together; days that late
//!   events made dirty get their counts of events, new leads and conversions corrected. Leads that
//!   are due are erased; what is left of them is cleaned up by messages of its own. A record for
//!   each tenant says what the night did, and which leads were stored as something else than their
//!   events say.
//! - **Idempotency key**: the day of the run, its pass, and within it the segment. Scheduled again
//!   after it is closed, a run begins another pass, which lists and recounts but keeps the picture.
//! - **Retry**: does again only what is not noted as finished. A partial that exists is kept, and
//!   so is a correction; what a dead run left half done, the next delivery completes.
//!
//! The record of the nightly run in `infra/decisions` says why it is built like this.

mod audit;
mod clean;
mod clock;
mod close;
mod config;
mod failing;
mod handler;
mod idle;
mod look;
mod plan;
mod retain;
mod segment;
mod shard;
mod tally;

pub use crate::{
    clock::Clock,
    config::Config,
    handler::{Aggregate, AggregateError},
    shard::{Shard, Shards},
};
