//! Where the parts of a job are put.

use std::time::Duration;

use crate::{JobMessage, JobPart, SendError, StandardQueue};

/// A queue of parts.
pub trait Parts {
    /// Queues each part durably, or fails.
    fn send(&self, parts: &[JobMessage]) -> impl Future<Output = Result<(), SendError>> + Send;

    /// Queues a part that is received no sooner than after `delay`, or fails.
    fn send_later(
        &self,
        part: &JobMessage,
        delay: Duration,
    ) -> impl Future<Output = Result<(), SendError>> + Send;
}

impl Parts for StandardQueue {
    async fn send(&self, parts: &[JobMessage]) -> Result<(), SendError> {
        self.send_all(parts).await
    }

    async fn send_later(&self, part: &JobMessage, delay: Duration) -> Result<(), SendError> {
        StandardQueue::send_later(self, part, delay).await
    }
}

/// Looks once more, after `delay`, for a job that was not there: its plan is sent before it is
/// made. Returns `false` for another part, which there is of jobs alone that were made.
pub async fn look_again(
    parts: &impl Parts,
    message: &JobMessage,
    delay: Duration,
) -> Result<bool, SendError> {
    match message.part {
        JobPart::Plan { again: false } => {
            let part = JobPart::Plan { again: true };
            parts.send_later(&JobMessage { part, ..message.clone() }, delay).await?;
            Ok(true)
        }
        JobPart::Plan { again: true } => {
            tracing::info!(tenant = %message.tenant, job = %message.job, "the job was never made");
            Ok(true)
        }
        _ => Ok(false),
    }
}
