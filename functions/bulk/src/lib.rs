//! Works the jobs that take leads by the thousand: imports, bulk edits and exports.
//!
//! - **Trigger**: the bulk queue, one message an invocation: a job to plan, a segment of it to
//!   work, a job to close. A segment is a staged chunk of an import, all leads that somebody
//!   named, or a segment of the table where leads are meant by what they have in common.
//! - **Effect**: rows become leads, leads are edited, or leads become CSV in the bucket. The job
//!   shows how far it has come, and at the end what came of it.
//! - **Idempotency key**: the job and its segment; beneath it the event of each row or edit,
//!   whose id is that of the job and the line or the job alone.
//! - **Retry**: goes on where the segment was last noted. What was done after that is found done,
//!   and counts once.
//!
//! A segment that does not fit one invocation notes where it is and queues the rest.

mod close;
mod config;
mod edit;
mod error;
mod export;
mod handler;
mod import;
mod plan;
mod segment;
mod walk;

pub use crate::{
    config::Config,
    error::BulkError,
    handler::{Bulk, Needs},
};
