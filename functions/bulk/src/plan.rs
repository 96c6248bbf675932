//! Plans a job: queues what is not done of it.

use domain::{job::JobStatus, time::Timestamp};
use queue::{JobMessage, JobPart, Parts};

use lambda::keyrings::Keyrings;

use crate::{
    error::BulkError,
    handler::{Bulk, Owned},
};

impl<Q: Parts, K: Keyrings> Bulk<Q, K> {
    /// Queues what is not done of a job. Queueing a part twice only costs the time to find that
    /// it is done, or at worst to do it again.
    pub(crate) async fn plan(&self, owned: Owned<'_>, now: Timestamp) -> Result<(), BulkError> {
        let Owned { tenant, job } = owned;
        let queued = [JobStatus::Queued];
        self.store.turn_job(tenant, &job.id, &queued, JobStatus::Running, now).await?;
        let segment = |segment| owned.part(JobPart::Segment { pass: 1, segment });
        let mut parts: Vec<_> = job.unfinished().map(segment).collect();
        if parts.is_empty() {
            parts.push(owned.part(JobPart::Close { pass: 1 }));
        }
        self.needs.parts.send(&parts).await?;
        let (kind, segments, queued) = (job.work.kind(), job.segments, parts.len());
        tracing::info!(%tenant, job = %job.id, kind, segments, queued, "the job is planned");
        Ok(())
    }

    /// Looks once more for a job that was not made: its message is sent before it is.
    pub(crate) async fn look_again(&self, message: &JobMessage) -> Result<(), BulkError> {
        // Whoever sent the message has made the job by then, or never will.
        let may_come =
            queue::look_again(&self.needs.parts, message, self.needs.writer_timeout).await?;
        if may_come { Ok(()) } else { Err(BulkError::NoJob(message.job.clone())) }
    }
}
