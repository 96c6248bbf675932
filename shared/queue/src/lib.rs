//! The queues between functions: what their messages look like and how they are sent. The only
//! crate that names `aws-sdk-sqs`.
//!
//! Invariant: `Ok` means that the message is durably queued. A message that was sent twice is
//! harmless: who receives it must not count on the deduplication that FIFO queues offer.

mod error;
mod events;
mod failed;
mod jobs;
mod outbox;
mod parts;
mod standard;

pub use crate::{
    error::SendError,
    events::{EventsMessage, EventsQueue, MAX_EVENTS},
    failed::{FailedItem, MAX_ITEM_BYTES},
    jobs::{JobMessage, JobPart},
    parts::{Parts, look_again},
    standard::{MAX_DELAY, StandardQueue},
};
