//! Where the parts of a job are put.

use std::time::Duration;

use queue::{JobMessage, SendError, StandardQueue};

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
