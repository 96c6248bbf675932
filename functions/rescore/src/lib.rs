//! Works the jobs that go through all leads of a tenant: previews of a draft and re-scores.
//!
//! - **Trigger**: the job queue, one message an invocation: a job to plan, a segment of the table
//!   to work, a pass to close, a last pass to begin.
//! - **Effect**: a preview leaves what the draft would change, and touches no lead. A re-score
//!   brings every lead to the version that was published; its last pass begins when nobody can
//!   hold the old rules any more, and catches what was written under them.
//! - **Idempotency key**: the job, its pass, and within it the segment.
//! - **Retry**: goes on where the segment was last noted; what was counted there is not counted
//!   again. A message for a part that is done changes nothing.
//!
//! A segment that does not fit one invocation notes where it is and queues the rest.

mod close;
mod config;
mod handler;
mod memory;
mod plan;
mod preview;
mod rescore;
mod segment;

pub use crate::{
    config::Config,
    handler::{Rescore, RescoreError},
};
