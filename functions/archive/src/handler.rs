//! Takes the three triggers and tells them apart.
//!
//! Invariant: an invocation by the stream succeeds only when all its records are in the bucket.
//! No single records are given back: a stream whose reader ignores that would lose them.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::time::Timestamp;
use files::{FileError, Objects};
use lake::LakeError;
use lambda::{
    batch::{self, AllFailed},
    budget::Budget,
};
use queue::SendError;
use serde::Deserialize;
use serde_json::Value;

use crate::work::{Work, Works};

/// Keeps the archive.
#[derive(Debug)]
pub struct Archive<O, W> {
    pub(crate) objects: O,
    pub(crate) works: W,
    pub(crate) group_bytes: usize,
}

/// Why an invocation or a message was not done.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The payload is of none of the triggers.
    #[error("the payload is neither a schedule's, nor the stream's, nor the archive queue's")]
    UnknownTrigger(#[source] serde_json::Error),
    /// The message is no work.
    #[error("the message is no work of the archive")]
    Malformed(#[source] serde_json::Error),
    /// The bucket did not do its part.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file of the archive could not be written or read.
    #[error("the file {file} could not be written or read")]
    Lake {
        /// The key of the file, or what it is of.
        file: String,
        /// Why.
        #[source]
        source: LakeError,
    },
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
    Compact { scheduled_time: Timestamp },
}

impl<O: Objects, W: Works> Archive<O, W> {
    /// Takes the bucket, the archive queue, and about how much memory the events may take that
    /// are put together at once.
    pub const fn new(objects: O, works: W, group_bytes: usize) -> Self {
        Self { objects, works, group_bytes }
    }

    /// Archives a batch of the stream, plans a night, or works the parts of one.
    pub async fn handle(&self, payload: Value, budget: Budget) -> Result<Value, ArchiveError> {
        match payload.get("Records") {
            Some(Value::Array(records)) if is_of_the_stream(records) => {
                self.archive(records).await?;
                Ok(Value::Null)
            }
            Some(_) => {
                let batch =
                    serde_json::from_value(payload).map_err(ArchiveError::UnknownTrigger)?;
                let response = self.work_all(batch, budget).await?;
                serde_json::to_value(response).map_err(ArchiveError::UnknownTrigger)
            }
            None => {
                let Schedule::Compact { scheduled_time } =
                    serde_json::from_value(payload).map_err(ArchiveError::UnknownTrigger)?;
                tracing::info!(%scheduled_time, "the night's work is planned");
                self.plan(None).await?;
                Ok(Value::Null)
            }
        }
    }

    /// Works each message and names those that are to come again.
    ///
    /// # Errors
    /// `AllFailed` when that are all of them, so that the function's error metric fires.
    async fn work_all(
        &self,
        batch: SqsEvent,
        budget: Budget,
    ) -> Result<SqsBatchResponse, ArchiveError> {
        let work = async |message: &SqsMessage| {
            self.work(message.body.as_deref().unwrap_or_default(), budget).await
        };
        let answer = batch::each(batch, work).await;
        answer.map_err(|AllFailed(messages)| ArchiveError::AllFailed(messages))
    }

    async fn work(&self, body: &str, budget: Budget) -> Result<(), ArchiveError> {
        match serde_json::from_str(body).map_err(ArchiveError::Malformed)? {
            Work::List { after } => self.plan(after).await,
            Work::Compact { tenant, day } => self.compact(tenant, day, budget).await,
        }
    }
}

/// Tells whether records are those of a table's stream, by the first of them.
fn is_of_the_stream(records: &[Value]) -> bool {
    let source = records.first().and_then(|record| record.get("eventSource"));
    source.is_some_and(|source| source == "aws:dynamodb")
}
