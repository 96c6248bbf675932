//! Plans a job: queues what is not done of it, and begins its last pass when that is due.

use std::time::Duration;

use domain::{job::JobStatus, time::Timestamp};
use dynamo::{FRESH, Job};
use queue::{JobMessage, JobPart, Parts};

use crate::handler::{Owned, Rescore, RescoreError};

/// By how much the clocks of two functions may differ.
const CLOCKS_DIFFER: Duration = Duration::from_secs(10);

impl<Q: Parts> Rescore<Q> {
    /// Queues what is not done of a job. Queueing a part twice only costs the time to find that
    /// it is done, or at worst to do it again.
    pub(crate) async fn plan(&self, owned: Owned<'_>, now: Timestamp) -> Result<(), RescoreError> {
        let Owned { tenant, job } = owned;
        let queued = [JobStatus::Queued];
        self.store.turn_job(tenant, &job.id, &queued, JobStatus::Running, now).await?;
        if job.status == JobStatus::Settling && job.pass < job.work.passes() {
            return self.settle_when_due(owned, now).await;
        }
        self.queue_rest(owned, job).await
    }

    /// Looks once more for a job that was not made: its message is sent before it is.
    pub(crate) async fn look_again(&self, message: &JobMessage) -> Result<(), RescoreError> {
        // Whoever sent the message has made the job by then, or never will.
        let may_come = queue::look_again(&self.parts, message, self.writer_timeout).await?;
        if may_come { Ok(()) } else { Err(RescoreError::NoJob(message.job.clone())) }
    }

    /// Begins the last pass, once nobody can hold the old rules any more.
    pub(crate) async fn settle(
        &self,
        owned: Owned<'_>,
        now: Timestamp,
    ) -> Result<(), RescoreError> {
        let Owned { tenant, job } = owned;
        if now < self.settles_at(job) {
            return self.settle_when_due(owned, now).await;
        }
        let last = job.work.passes();
        let begun = if job.pass < last {
            if !job.is_finished() {
                let (job, pass) = (job.id.clone(), job.pass);
                return Err(RescoreError::Unfinished { job, pass });
            }
            let begun = self.store.begin_job_pass(tenant, &job.id, job.pass).await?;
            begun.ok_or_else(|| RescoreError::NoJob(job.id.clone()))?
        } else {
            job.clone()
        };
        self.queue_rest(owned, &begun).await
    }

    /// Queues the beginning of the last pass for when it is due.
    pub(crate) async fn settle_when_due(
        &self,
        owned: Owned<'_>,
        now: Timestamp,
    ) -> Result<(), RescoreError> {
        let left = self.settles_at(owned.job).millis_since(now);
        let delay = Duration::from_millis(u64::try_from(left).unwrap_or_default());
        self.parts.send_later(&owned.part(JobPart::Settle), delay).await?;
        Ok(())
    }

    /// Returns the instant from which every writer knows the new rules: the publish may have been
    /// under way for as long as a function runs, settings read just before its end are good for
    /// as long as a cache keeps them, and who looked at them last may run as long again.
    pub(crate) fn settles_at(&self, job: &Job) -> Timestamp {
        let longest = self.writer_timeout * 2 + FRESH + CLOCKS_DIFFER;
        job.created_at.plus_millis(i64::try_from(longest.as_millis()).unwrap_or(i64::MAX))
    }

    async fn queue_rest(&self, owned: Owned<'_>, job: &Job) -> Result<(), RescoreError> {
        let pass = job.pass;
        let segment = |segment| owned.part(JobPart::Segment { pass, segment });
        let mut parts: Vec<_> = job.unfinished().map(segment).collect();
        if parts.is_empty() {
            parts.push(owned.part(JobPart::Close { pass }));
        }
        self.parts.send(&parts).await?;
        let (segments, queued) = (job.segments, parts.len());
        let (tenant, kind) = (owned.tenant, job.work.kind());
        tracing::info!(%tenant, job = %job.id, kind, pass, segments, queued, "the pass is planned");
        Ok(())
    }
}
