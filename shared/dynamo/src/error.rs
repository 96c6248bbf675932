//! What a store can fail with, told apart by the one question a caller asks: try again?

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use domain::archived::InArchive;
use sdk::Failure;

/// A failed call of the store. Its text never carries an item's content.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The table did not answer, or asked to be asked again.
    #[error("{operation} did not succeed this time: {code}")]
    Unavailable {
        /// The call.
        operation: &'static str,
        /// The service's error code, or what went wrong on the way.
        code: String,
    },
    /// The table refused the call; the same call will be refused again.
    #[error("{operation} was refused: {code}, request {request_id}")]
    Refused {
        /// The call.
        operation: &'static str,
        /// The service's error code.
        code: String,
        /// The service's id of the request.
        request_id: String,
    },
    /// A stored item has not the form that this version reads.
    #[error("item {sk} of {pk} is not readable")]
    Unreadable {
        /// The item's partition key.
        pk: String,
        /// The item's sort key.
        sk: String,
        /// What did not fit.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A domain value did not become an item.
    #[error("an item could not be written down")]
    Unwritable(#[source] serde_dynamo::Error),
    /// What was asked for needs events that lie in the archive: bring them back first.
    #[error(transparent)]
    Archived(InArchive),
}

const RETRYABLE: &[&str] = &[
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

impl StoreError {
    /// Tells whether the same call may succeed later.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Tells whether another transaction had to do with the same items at the same time.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Unavailable { code, .. } if code.starts_with("TransactionConflict"))
    }

    /// Classifies an SDK error. Only codes and request ids are kept: messages may quote items.
    pub(crate) fn from_sdk<E>(operation: &'static str, error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata,
    {
        match Failure::of(error, RETRYABLE) {
            Failure::Unavailable { code } => Self::Unavailable { operation, code },
            Failure::Refused { code, request_id } => Self::Refused { operation, code, request_id },
        }
    }

    /// Says that a request lacked a part, which is a mistake of this crate.
    pub(crate) fn incomplete(error: &BuildError) -> Self {
        let (code, request_id) = (error.to_string(), "not sent".to_owned());
        Self::Refused { operation: "request", code, request_id }
    }
}
