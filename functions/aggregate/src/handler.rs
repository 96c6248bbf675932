//! Takes both triggers and tells them apart.
//!
//! Invariant: a message is done only when its part of the run is in the table. Every other one
//! comes again, and after five times it lies in the dead-letter queue.

use std::{num::NonZeroU32, sync::Arc};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{
    home::HomeId,
    time::{Day, Timestamp},
};
use dynamo::{SettingsCache, Store, StoreError, keys::Pass};
use files::Files;
use lambda::{
    batch::{self, AllFailed},
    budget::Budget,
};
use privacy::{CleanError, Cleaner};
use queue::SendError;
use scoring::Scorer;
use serde::Deserialize;
use serde_json::Value;
use shelf::{Shelf, ShelfError};
use tokio::sync::Semaphore;

use lambda::keyrings::{KeyringError, Keyrings};

use crate::{
    clock::Clock,
    shard::{Shard, Shards},
};

/// Works nightly runs.
#[derive(Debug)]
pub struct Aggregate<S, K> {
    pub(crate) store: Store,
    pub(crate) shelf: Shelf,
    pub(crate) shards: S,
    pub(crate) keyrings: K,
    pub(crate) scorer: Scorer,
    pub(crate) cleaner: Cleaner,
    pub(crate) segments: NonZeroU32,
    pub(crate) settings: SettingsCache,
    /// What leads whose events are read have to hold.
    pub(crate) refolds: Semaphore,
}

/// How many leads have their events in memory at once. A lead of 20,000 events takes some 40 MB.
pub(crate) const REFOLDS_AT_ONCE: u32 = 4;

/// Why an invocation or a message was not done.
#[derive(Debug, thiserror::Error)]
pub enum AggregateError {
    /// The payload is of neither trigger.
    #[error("the payload is neither a nightly schedule's nor the shard queue's")]
    UnknownTrigger(#[source] serde_json::Error),
    /// The message is no part of a run.
    #[error("the message is no part of a run")]
    Malformed(#[source] serde_json::Error),
    /// The run asked for would take the picture of a day that is not over, and keep it.
    #[error("the day {0} is not over")]
    DayNotOver(Day),
    /// No such run was planned.
    #[error("there is no run of {0}")]
    NoRun(Day),
    /// The run has fewer segments.
    #[error("the run of {run} has no segment {segment}")]
    NoSegment {
        /// The day of the run.
        run: Day,
        /// The segment asked for.
        segment: u32,
    },
    /// A run is closed after its last segment only.
    #[error("the run of {0} is not finished")]
    Unfinished(Day),
    /// The lead was scored by newer code.
    #[error("lead {0} was scored by a newer version")]
    Outdated(HomeId),
    /// A table did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Events could not be read.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The keys of a tenant could not be had.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// What is left of somebody who was erased could not be removed.
    #[error(transparent)]
    Clean(#[from] CleanError),
    /// The queue did not take the work.
    #[error(transparent)]
    Queue(#[from] SendError),
    /// None of the messages was done.
    #[error("all {0} messages failed")]
    AllFailed(usize),
}

#[derive(Deserialize)]
#[serde(tag = "run", rename_all = "snake_case", deny_unknown_fields)]
enum Schedule {
    Nightly { scheduled_time: Timestamp },
}

impl<S: Shards, K: Keyrings> Aggregate<S, K> {
    /// Takes the tables with the archive, the shard queue, the keys of tenants, where the files of
    /// jobs lie, and the number of segments of new runs.
    pub fn new(
        shelf: impl Into<Shelf>,
        shards: S,
        keyrings: K,
        files: Arc<dyn Files>,
        segments: NonZeroU32,
    ) -> Self {
        let shelf = shelf.into();
        let store = shelf.store().clone();
        Self {
            shards,
            keyrings,
            scorer: Scorer::new(shelf.clone()),
            cleaner: Cleaner::new(shelf.clone(), files),
            segments,
            settings: SettingsCache::default(),
            refolds: Semaphore::new(REFOLDS_AT_ONCE as usize),
            store,
            shelf,
        }
    }

    /// Plans a run, or works the parts of one that the queue brings, within the time of an
    /// invocation.
    pub async fn handle(
        &self,
        payload: Value,
        clock: Clock,
        budget: Budget,
    ) -> Result<Value, AggregateError> {
        if payload.get("Records").is_some() {
            let batch = serde_json::from_value(payload).map_err(AggregateError::UnknownTrigger)?;
            // On the heap: in one piece the future is deeper than the compiler follows.
            let response = Box::pin(self.work_all(batch, clock, budget)).await?;
            return serde_json::to_value(response).map_err(AggregateError::UnknownTrigger);
        }
        let Schedule::Nightly { scheduled_time } =
            serde_json::from_value(payload).map_err(AggregateError::UnknownTrigger)?;
        self.plan(scheduled_time, clock.began()).await?;
        Ok(Value::Null)
    }

    /// Works each message and names those that are to come again.
    ///
    /// # Errors
    /// `AllFailed` when that are all of them, so that the function's error metric fires.
    async fn work_all(
        &self,
        batch: SqsEvent,
        clock: Clock,
        budget: Budget,
    ) -> Result<SqsBatchResponse, AggregateError> {
        let work = async |message: &SqsMessage| self.work(message, clock, budget).await;
        let answer = batch::each(batch, work).await;
        answer.map_err(|AllFailed(messages)| AggregateError::AllFailed(messages))
    }

    async fn work(
        &self,
        message: &SqsMessage,
        clock: Clock,
        budget: Budget,
    ) -> Result<(), AggregateError> {
        let body = message.body.as_deref().unwrap_or_default();
        let shard: Shard = serde_json::from_str(body).map_err(AggregateError::Malformed)?;
        match shard {
            Shard::Scan { run, segment, pass } => {
                self.scan(Pass { run, number: pass }, segment, clock, budget).await
            }
            Shard::Close { run, pass } => {
                self.close(Pass { run, number: pass }, clock.began()).await
            }
            Shard::Clean { tenant, after } => {
                self.clean(&tenant, after, clock.began(), budget).await
            }
        }
    }
}
