//! Takes the messages of the job queue and tells them apart.
//!
//! Invariant: a message is done only when its part of the job is in the table. Every other one
//! comes again; the last time that one comes, its job is noted as failed.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{
    golden_lead::InvalidGoldenLead,
    home::HomeId,
    job::{JobId, JobStatus, Work},
    rules::InvalidRuleSet,
    tenant::TenantId,
    time::Timestamp,
};
use dynamo::{Job, Store, StoreError};
use lambda::{
    batch::{self, AllFailed},
    budget::Budget,
};
use queue::{JobMessage, JobPart, Parts, SendError};
use scoring::{ScoreError, Scorer};
use serde_json::Value;
use shelf::{Shelf, ShelfError};

use crate::memory::Memory;

/// Works jobs.
#[derive(Debug)]
pub struct Rescore<Q> {
    pub(crate) store: Store,
    pub(crate) shelf: Shelf,
    pub(crate) parts: Q,
    pub(crate) scorer: Scorer,
    pub(crate) memory: Memory,
    pub(crate) writer_timeout: Duration,
}

/// Why an invocation or a message was not done.
#[derive(Debug, thiserror::Error)]
pub enum RescoreError {
    /// The payload is not the queue's.
    #[error("the payload is not the job queue's")]
    UnknownTrigger(#[source] serde_json::Error),
    /// The message is no part of a job.
    #[error("the message is no part of a job")]
    Malformed(#[source] serde_json::Error),
    /// No such job was made.
    #[error("there is no job {0}")]
    NoJob(JobId),
    /// The job is another function's.
    #[error("job {0} is not worked here")]
    Foreign(JobId),
    /// The job has fewer segments.
    #[error("job {job} has no segment {segment}")]
    NoSegment {
        /// The job.
        job: JobId,
        /// The segment asked for.
        segment: u32,
    },
    /// A pass is closed after its last segment only.
    #[error("pass {pass} of job {job} is not finished")]
    Unfinished {
        /// The job.
        job: JobId,
        /// The pass.
        pass: u32,
    },
    /// The draft that a preview looks at is gone.
    #[error("the draft of job {0} is missing")]
    NoDraft(JobId),
    /// A rule set cannot be folded with.
    #[error(transparent)]
    Rules(#[from] InvalidRuleSet),
    /// A golden lead cannot be folded.
    #[error("golden lead {0} cannot be folded")]
    GoldenLead(String, #[source] InvalidGoldenLead),
    /// A lead was not brought to the active rules.
    #[error("lead {0} was not brought to the active rules")]
    Lead(HomeId, #[source] ScoreError),
    /// A table did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The events of a lead could not be read.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The queue did not take the work.
    #[error(transparent)]
    Queue(#[from] SendError),
    /// A step took longer than an invocation has.
    #[error("a step did not end within the time of an invocation")]
    OutOfTime,
    /// None of the messages was done.
    #[error("all {0} messages failed")]
    AllFailed(usize),
}

/// A job and whose it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owned<'j> {
    pub tenant: &'j TenantId,
    pub job: &'j Job,
}

impl Owned<'_> {
    /// Names a part of the job.
    pub fn part(self, part: JobPart) -> JobMessage {
        JobMessage { tenant: self.tenant.clone(), job: self.job.id.clone(), part }
    }
}

impl<Q: Parts> Rescore<Q> {
    /// Takes the tables with the archive bucket, the job queue, and the longest that a function
    /// runs that publishes rules or writes leads.
    pub fn new(shelf: impl Into<Shelf>, parts: Q, writer_timeout: Duration) -> Self {
        let shelf = shelf.into();
        let (store, scorer) = (shelf.store().clone(), Scorer::new(shelf.clone()));
        Self { store, shelf, parts, scorer, memory: Memory::default(), writer_timeout }
    }

    /// Works each message and names those that are to come again.
    ///
    /// # Errors
    /// `AllFailed` when that are all of them, so that the function's error metric fires.
    pub async fn handle(
        &self,
        payload: Value,
        now: Timestamp,
        budget: Budget,
    ) -> Result<SqsBatchResponse, RescoreError> {
        let batch: SqsEvent =
            serde_json::from_value(payload).map_err(RescoreError::UnknownTrigger)?;
        let receive = async |message: &SqsMessage| self.receive(message, now, budget).await;
        let answer = batch::each(batch, receive).await;
        answer.map_err(|AllFailed(messages)| RescoreError::AllFailed(messages))
    }

    async fn receive(
        &self,
        record: &SqsMessage,
        now: Timestamp,
        budget: Budget,
    ) -> Result<(), RescoreError> {
        let body = record.body.as_deref().unwrap_or_default();
        let message: JobMessage = serde_json::from_str(body).map_err(RescoreError::Malformed)?;
        let work = self.work(&message, now, budget);
        let done = tokio::time::timeout_at(budget.ends().into(), work).await;
        let done = done.unwrap_or(Err(RescoreError::OutOfTime));
        if done.is_err() && batch::is_last_try(record) {
            let going_on = [JobStatus::Queued, JobStatus::Running, JobStatus::Settling];
            let JobMessage { tenant, job, .. } = &message;
            self.store.turn_job(tenant, job, &going_on, JobStatus::Failed, now).await?;
            tracing::error!(%tenant, %job, "the job failed");
        }
        done
    }

    async fn work(
        &self,
        message: &JobMessage,
        now: Timestamp,
        budget: Budget,
    ) -> Result<(), RescoreError> {
        let JobMessage { tenant, job: id, part } = message;
        let Some(job) = self.store.job(tenant, id).await? else {
            return self.look_again(message).await;
        };
        let owned = Owned { tenant, job: &job };
        if job.status.is_over() || self.is_superseded(owned, now).await? {
            // What a slower worker left behind.
            return Ok(self.store.drop_job_parts(tenant, id).await?);
        }
        match *part {
            JobPart::Plan { .. } => self.plan(owned, now).await,
            JobPart::Segment { pass, segment } => {
                self.segment(owned, pass, segment, now, budget).await
            }
            JobPart::Close { pass } => self.close(owned, pass, now).await,
            JobPart::Settle => self.settle(owned, now).await,
        }
    }

    /// Ends a re-score to a version that is not the active one any more: the job of the later
    /// version brings the leads further.
    async fn is_superseded(
        &self,
        Owned { tenant, job }: Owned<'_>,
        now: Timestamp,
    ) -> Result<bool, RescoreError> {
        let Work::Rescore { version } = job.work else { return Ok(false) };
        if self.store.active_version(tenant).await? <= version {
            return Ok(false);
        }
        let going_on =
            [JobStatus::Queued, JobStatus::Running, JobStatus::Settling, JobStatus::Failed];
        self.store.turn_job(tenant, &job.id, &going_on, JobStatus::Superseded, now).await?;
        tracing::info!(%tenant, job = %job.id, version, "the job is superseded");
        Ok(true)
    }
}
