//! What the key service can fail with, told apart by the one question a caller asks: try again?

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use sdk::Failure;

/// A failed call of the key service. Its text never carries a key.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The service did not answer, or asked to be asked again.
    #[error("{operation} did not succeed this time: {code}")]
    Unavailable {
        /// The call.
        operation: &'static str,
        /// The service's error code, or what went wrong on the way.
        code: String,
    },
    /// The service refused the call; the same call will be refused again.
    #[error("{operation} was refused: {code}, request {request_id}")]
    Refused {
        /// The call.
        operation: &'static str,
        /// The service's error code.
        code: String,
        /// The service's id of the request.
        request_id: String,
    },
    /// What was wrapped, or what came out of it, has not the expected form.
    #[error("a wrapped key is not readable: {0}")]
    Unreadable(&'static str),
}

const RETRYABLE: &[&str] = &[
    "DependencyTimeoutException",
    "InternalFailure",
    "KMSInternalException",
    "KeyUnavailableException",
    "LimitExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
];

impl VaultError {
    /// Tells whether the same call may succeed later.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Classifies an SDK error. Only codes and request ids are kept.
    pub(crate) fn from_sdk<E>(operation: &'static str, error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata,
    {
        match Failure::of(error, RETRYABLE) {
            Failure::Unavailable { code } => Self::Unavailable { operation, code },
            Failure::Refused { code, request_id } => Self::Refused { operation, code, request_id },
        }
    }
}
