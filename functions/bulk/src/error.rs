//! Why an invocation or a message was not done.

use domain::{home::HomeId, job::JobId};
use dynamo::StoreError;
use files::{ChunkError, FileError};
use queue::SendError;
use scoring::ScoreError;
use vault::SealError;

use lambda::keyrings::KeyringError;

/// Why an invocation or a message was not done. Its text never carries a personal value.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// The payload is not the queue's.
    #[error("the payload is not the bulk queue's")]
    UnknownTrigger(#[source] serde_json::Error),
    /// The message is no part of a job.
    #[error("the message is no part of a job")]
    Malformed(#[source] serde_json::Error),
    /// No such job was made.
    #[error("there is no job {0}")]
    NoJob(JobId),
    /// The job, or what is to be done of it, is another function's.
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
    /// A job is closed after its last segment only.
    #[error("job {0} is not finished")]
    Unfinished(JobId),
    /// What was staged or noted for the job is gone: it was kept for a week.
    #[error("what job {0} was to work with is gone")]
    Lapsed(JobId),
    /// A lead was not written.
    #[error("lead {0} was not written")]
    Lead(HomeId, #[source] ScoreError),
    /// Leads were not made findable.
    #[error("the leads were not made findable")]
    Search(#[from] search::IndexError),
    /// The keys of the tenant cannot be had.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// A staged chunk could not be read.
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    /// A value could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A part of an export could not be written as CSV.
    #[error("a part of an export could not be written down")]
    Unwritable(#[from] csv::Error),
    /// The bucket did not do its part.
    #[error(transparent)]
    File(#[from] FileError),
    /// A table did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
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
