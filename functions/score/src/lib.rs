//! Scores events as they come from the queue.
//!
//! - **Trigger**: batches of the FIFO queue of events, one person's events in one message group.
//! - **Effect**: every event is stored once in its home, homes and leads say what all stored
//!   events together say, and a lead is listed by its score as of the commit.
//! - **Idempotency key**: (home, event id). The first stored copy is the event.
//! - **Retry**: changes nothing that a run before it has stored. A run that died anywhere left
//!   whole commits behind and nothing else.
//!
//! Order and deduplication by the queue are optimisations. Exactness rests on the commit alone,
//! because several groups can feed one family.

mod batch;
mod config;
mod index;

pub use crate::{
    batch::{Needs, NothingScored, StrayEvent, Strays, handle},
    config::Config,
    index::Finder,
};
