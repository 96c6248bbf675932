//! What sending can fail with, told apart by the one question a caller asks: try again?

use std::sync::Arc;

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

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
        let SdkError::ServiceError(service) = error else {
            let code = match error {
                SdkError::TimeoutError(_) => "timeout",
                SdkError::DispatchFailure(_) => "no connection",
                SdkError::ResponseError(_) => "broken response",
                _ => "request not sent",
            };
            return Self::Unavailable { code: code.to_owned() };
        };
        let code = service.err().code().unwrap_or("unknown");
        // The JSON protocol prefixes some codes: `com.amazonaws.sqs#RequestThrottled`.
        let code = code.rsplit('#').next().unwrap_or(code).to_owned();
        if RETRYABLE.contains(&code.as_str()) || service.raw().status().is_server_error() {
            return Self::Unavailable { code };
        }
        let request_id = service.raw().headers().get("x-amzn-requestid").unwrap_or("unknown");
        Self::Refused { code, request_id: request_id.to_owned() }
    }
}
