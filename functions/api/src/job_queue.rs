//! Where the API puts the beginning of a job.
//!
//! Invariant: the message of a job is queued before the job is made, so that no job is ever
//! without it. A crash between the two leaves a message for nothing, which the worker forgets.

use std::{fmt::Debug, pin::Pin, time::Duration};

use domain::{job::JobId, tenant::TenantId};
use queue::{JobMessage, JobPart, SendError, StandardQueue};

/// After how long the worker may look for a job: by then it is made, but for the slowest of days,
/// on which the worker looks once more.
const DELAY: Duration = Duration::from_secs(3);

/// A message on its way.
pub type Sending<'s> = Pin<Box<dyn Future<Output = Result<(), SendError>> + Send + 's>>;

/// The queue that `rescore` reads.
pub trait JobQueue: Debug + Send + Sync {
    /// Queues a message durably, to be received no sooner than after `delay`, or fails.
    fn send_later<'s>(&'s self, message: &'s JobMessage, delay: Duration) -> Sending<'s>;
}

impl JobQueue for StandardQueue {
    fn send_later<'s>(&'s self, message: &'s JobMessage, delay: Duration) -> Sending<'s> {
        Box::pin(Self::send_later(self, message, delay))
    }
}

/// Queues the beginning of a job that is about to be made.
pub async fn announce(
    queue: &dyn JobQueue,
    tenant: &TenantId,
    job: &JobId,
) -> Result<(), SendError> {
    let part = JobPart::Plan { again: false };
    let message = JobMessage { tenant: tenant.clone(), job: job.clone(), part };
    queue.send_later(&message, DELAY).await
}

/// Queues what is not done of a job that exists.
pub async fn resume(queue: &dyn JobQueue, tenant: &TenantId, job: &JobId) -> Result<(), SendError> {
    let part = JobPart::Plan { again: true };
    let message = JobMessage { tenant: tenant.clone(), job: job.clone(), part };
    queue.send_later(&message, Duration::ZERO).await
}
