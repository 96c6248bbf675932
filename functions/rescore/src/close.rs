//! Closes a pass whose segments are all done.
//!
//! Invariant: a job is noted as done only after its result is kept, and the result is made from
//! what all segments kept. Closing again, from the beginning or from the middle, or twice at
//! once, ends in the same items.

use domain::{
    comparison::{Comparison, examine},
    job::{JobStatus, Outcome, PreviewOutcome, RescoreOutcome, Work},
    time::Timestamp,
};
use queue::Parts;

use crate::{
    handler::{Owned, Rescore, RescoreError},
    rescore::Tally,
};

impl<Q: Parts> Rescore<Q> {
    /// Does what follows the last segment of a pass.
    pub(crate) async fn close(
        &self,
        owned: Owned<'_>,
        pass: u32,
        now: Timestamp,
    ) -> Result<(), RescoreError> {
        let Owned { tenant, job } = owned;
        if job.pass != pass {
            return Ok(());
        }
        if !job.is_finished() {
            return Err(RescoreError::Unfinished { job: job.id.clone(), pass });
        }
        let going_on = [JobStatus::Queued, JobStatus::Running, JobStatus::Failed];
        if pass < job.work.passes() {
            let settling = JobStatus::Settling;
            self.store.turn_job(tenant, &job.id, &going_on, settling, now).await?;
            return self.settle_when_due(owned, now).await;
        }
        let outcome = match job.work {
            Work::Preview { active, .. } => self.previewed(owned, active).await?,
            Work::Rescore { .. } => self.rescored(owned).await?,
            _ => return Err(RescoreError::Foreign(job.id.clone())),
        };
        // Of two that close at once, the slower may find parts removed; the first result stays.
        self.store.keep_job_result(tenant, &job.id, &outcome).await?;
        let going_on = [&going_on[..], &[JobStatus::Settling]].concat();
        self.store.turn_job(tenant, &job.id, &going_on, JobStatus::Done, now).await?;
        self.store.drop_job_parts(tenant, &job.id).await?;
        let kind = job.work.kind();
        tracing::info!(%tenant, job = %job.id, kind, leads = job.leads, "the job is done");
        Ok(())
    }

    async fn previewed(&self, owned: Owned<'_>, active: u32) -> Result<Outcome, RescoreError> {
        let Owned { tenant, job } = owned;
        let mut comparison = Comparison::default();
        for part in self.store.job_parts::<Comparison>(tenant, &job.id).await? {
            comparison.merge(part.tally);
        }
        let draft = self.draft(owned, active).await?;
        let golden_leads = self.store.golden_leads(tenant).await?;
        let golden_leads = examine(golden_leads.iter().map(|stored| &stored.golden), &draft)
            .map_err(|(id, error)| RescoreError::GoldenLead(id, error))?;
        Ok(Outcome::Preview(Box::new(PreviewOutcome { comparison, golden_leads })))
    }

    async fn rescored(&self, Owned { tenant, job }: Owned<'_>) -> Result<Outcome, RescoreError> {
        let mut outcome = RescoreOutcome { leads: job.leads, ..RescoreOutcome::default() };
        for part in self.store.job_parts::<Tally>(tenant, &job.id).await? {
            outcome.rescored += part.tally.rescored;
            outcome.crossings.up += part.tally.crossings.up;
            outcome.crossings.down += part.tally.crossings.down;
        }
        Ok(Outcome::Rescore(outcome))
    }
}
