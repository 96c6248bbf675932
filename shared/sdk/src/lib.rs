//! What a failed call of an AWS service comes to, told apart by the one question a caller asks:
//! try again? Every adapter classifies its SDK's errors by this.
//!
//! Invariant: only codes and request ids are kept; messages may quote keys, items and bodies.

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The headers by which services name a request; the second is S3's.
const REQUEST_ID: [&str; 2] = ["x-amzn-requestid", "x-amz-request-id"];

/// What a failed call comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The service did not answer, or asked to be asked again.
    Unavailable {
        /// The service's error code, or what went wrong on the way.
        code: String,
    },
    /// The service refused the call; the same call will be refused again.
    Refused {
        /// The service's error code.
        code: String,
        /// The service's id of the request.
        request_id: String,
    },
}

impl Failure {
    /// Classifies an SDK error. The `retryable` codes ask to be asked again, as does every error of
    /// the server's.
    pub fn of<E>(error: &SdkError<E, HttpResponse>, retryable: &[&str]) -> Self
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
        if retryable.contains(&code.as_str()) || service.raw().status().is_server_error() {
            return Self::Unavailable { code };
        }
        let headers = service.raw().headers();
        let request_id = REQUEST_ID.iter().find_map(|name| headers.get(name)).unwrap_or("unknown");
        Self::Refused { code, request_id: request_id.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};

    use super::*;

    fn answered(status: u16, code: &str, header: &'static str) -> Failure {
        let mut response =
            HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty());
        response.headers_mut().insert(header, "r-1");
        let error = ErrorMetadata::builder().code(code).message("quotes a key").build();
        Failure::of(&SdkError::service_error(error, response), &["Throttled"])
    }

    #[test]
    fn a_server_in_trouble_and_a_code_that_asks_for_it_are_asked_again() {
        for (status, code) in [(500, "Odd"), (400, "Throttled"), (400, "com.amazonaws.x#Throttled")]
        {
            let code_kept = code.rsplit('#').next().unwrap().to_owned();
            let expected = Failure::Unavailable { code: code_kept };
            assert_eq!(answered(status, code, "x-amzn-requestid"), expected);
        }
        let timeout = SdkError::<ErrorMetadata, HttpResponse>::timeout_error("late");
        let expected = Failure::Unavailable { code: "timeout".to_owned() };
        assert_eq!(Failure::of(&timeout, &[]), expected);
    }

    #[test]
    fn any_other_answer_is_a_refusal_with_the_request_it_was_of() {
        for header in REQUEST_ID {
            let (code, request_id) = ("Odd".to_owned(), "r-1".to_owned());
            assert_eq!(answered(400, "Odd", header), Failure::Refused { code, request_id });
        }
    }
}
