//! What sending can fail with, told apart by the one question a caller asks: try again?

use std::sync::Arc;

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use sdk::Failure;

/// A message that was not queued. Its text never carries the message's content.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SendError {
    /// The queue did not answer, or asked to be asked again.
    #[error("the queue did not take the message this time: {code}")]
    Unavailable {
        /// The service's error code, or what went wrong on the way.
        code: String,
    },
    /// The queue refused the message; the same message will be refused again.
    #[error("the queue refused the message: {code}, request {request_id}")]
    Refused {
        /// The service's error code.
        code: String,
        /// The service's id of the request.
        request_id: String,
    },
    /// The message could not be written as JSON.
    #[error("a message could not be written down")]
    Unwritable(#[source] Arc<serde_json::Error>),
}

const RETRYABLE: &[&str] = &[
    "InternalError",
    "InternalFailure",
    "KmsThrottled",
    "OverLimit",
    "RequestThrottled",
    "ServiceUnavailable",
    "ThrottlingException",
];

impl SendError {
    /// Tells whether the same message may be taken later.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Classifies an SDK error. Only codes and request ids are kept: messages may quote bodies.
    pub(crate) fn from_sdk<E>(error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata,
    {
        match Failure::of(error, RETRYABLE) {
            Failure::Unavailable { code } => Self::Unavailable { code },
            Failure::Refused { code, request_id } => Self::Refused { code, request_id },
        }
    }
}
