//! Takes the messages of the bulk queue and tells them apart.
//!
//! Invariant: a message is done only when its part of the job is in the table. Every other one
//! comes again; the last time that one comes, its job is noted as failed.

use std::{sync::Arc, time::Duration};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{job::JobStatus, notification::Topic, tenant::TenantId, time::Timestamp};
use dynamo::{Job, SettingsCache, Store};
use files::Files;
use lambda::{
    batch::{self, AllFailed},
    budget::Budget,
};
use queue::{JobMessage, JobPart, Parts};
use scoring::Scorer;
use search::Indexer;
use serde_json::Value;
use shelf::Shelf;

use crate::error::BulkError;
use lambda::keyrings::Keyrings;

/// Works jobs.
#[derive(Debug)]
pub struct Bulk<Q, K> {
    pub(crate) store: Store,
    pub(crate) scorer: Scorer,
    pub(crate) indexer: Indexer,
    pub(crate) settings: SettingsCache,
    pub(crate) needs: Needs<Q, K>,
}

/// What jobs are worked with, beside the tables.
#[derive(Debug)]
pub struct Needs<Q, K> {
    /// The bulk queue.
    pub parts: Q,
    /// The keys of each tenant.
    pub keyrings: K,
    /// The bucket.
    pub files: Arc<dyn Files>,
    /// The longest that the function runs that makes jobs.
    pub writer_timeout: Duration,
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

impl<Q: Parts, K: Keyrings> Bulk<Q, K> {
    /// Takes the tables with the archive bucket, and what else jobs are worked with.
    pub fn new(shelf: impl Into<Shelf>, needs: Needs<Q, K>) -> Self {
        let shelf = shelf.into();
        let store = shelf.store().clone();
        let (scorer, indexer) = (Scorer::new(shelf), Indexer::new(store.clone()));
        Self { store, scorer, indexer, settings: SettingsCache::default(), needs }
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
    ) -> Result<SqsBatchResponse, BulkError> {
        let batch: SqsEvent = serde_json::from_value(payload).map_err(BulkError::UnknownTrigger)?;
        let receive = async |message: &SqsMessage| self.receive(message, now, budget).await;
        let answer = batch::each(batch, receive).await;
        answer.map_err(|AllFailed(messages)| BulkError::AllFailed(messages))
    }

    async fn receive(
        &self,
        record: &SqsMessage,
        now: Timestamp,
        budget: Budget,
    ) -> Result<(), BulkError> {
        let body = record.body.as_deref().unwrap_or_default();
        let message: JobMessage = serde_json::from_str(body).map_err(BulkError::Malformed)?;
        let work = self.work(&message, now, budget);
        let done = tokio::time::timeout_at(budget.ends().into(), work).await;
        let done = done.unwrap_or(Err(BulkError::OutOfTime));
        if done.is_err() && batch::is_last_try(record) {
            self.fail(&message, now).await?;
        }
        done
    }

    async fn work(
        &self,
        message: &JobMessage,
        now: Timestamp,
        budget: Budget,
    ) -> Result<(), BulkError> {
        let JobMessage { tenant, job: id, part } = message;
        let Some(job) = self.store.job(tenant, id).await? else {
            return self.look_again(message).await;
        };
        if !job.work.is_bulk() {
            return Err(BulkError::Foreign(job.id));
        }
        let owned = Owned { tenant, job: &job };
        if job.status.is_over() {
            // What a run that died, or a slower one, left undone.
            return self.clear(owned).await;
        }
        match *part {
            JobPart::Plan { .. } => self.plan(owned, now).await,
            JobPart::Segment { pass: 1, segment } => {
                self.segment(owned, segment, budget, now).await
            }
            JobPart::Close { pass: 1 } => self.close(owned, now).await,
            _ => Err(BulkError::Foreign(job.id)),
        }
    }

    /// Notes that a job failed, and tells who asked for it.
    async fn fail(&self, message: &JobMessage, now: Timestamp) -> Result<(), BulkError> {
        let JobMessage { tenant, job, .. } = message;
        let going_on = [JobStatus::Queued, JobStatus::Running];
        let failed = self.store.turn_job(tenant, job, &going_on, JobStatus::Failed, now).await?;
        tracing::error!(%tenant, %job, "the job failed");
        match &failed {
            Some(job) => self.tell(Owned { tenant, job }, Topic::JobFailed).await,
            None => Ok(()),
        }
    }
}
