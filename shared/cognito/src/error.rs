//! What the user pool says no with, told apart by what a caller can do about it.
//!
//! Invariant: no text of Cognito's goes further than this file: some quote what was sent.

use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use sdk::Failure;

/// Why a call of the pool came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The pool understood and said no.
    #[error("{operation} was refused: {refusal:?}")]
    Refused {
        /// The call.
        operation: &'static str,
        /// Why.
        refusal: Refusal,
    },
    /// The pool did not answer, or asked to be asked again.
    #[error("{operation} did not succeed this time: {code}")]
    Unavailable {
        /// The call.
        operation: &'static str,
        /// Cognito's error code, or what went wrong on the way.
        code: String,
    },
    /// The pool will refuse the same call again: something is set up wrongly.
    #[error("{operation} failed: {code}, request {request_id}")]
    Failed {
        /// The call.
        operation: &'static str,
        /// Cognito's error code.
        code: String,
        /// Cognito's id of the request.
        request_id: String,
    },
}

/// Why the pool said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The address, password, session or token does not prove anything.
    InvalidCredentials,
    /// There is no such user. What anybody may ask never says so.
    UnknownUser,
    /// The address has still to be confirmed.
    NotConfirmed,
    /// An administrator of the pool asked for a new password.
    PasswordResetRequired,
    /// The pool's policy asks for more of a password.
    PasswordTooWeak,
    /// The code is another one.
    InvalidCode,
    /// The code is too old.
    ExpiredCode,
    /// The address has a user already.
    Exists,
    /// The user is not in the state that the call is for.
    WrongState,
    /// Too many attempts; later ones may succeed.
    TooManyAttempts,
    /// The pool takes no such value.
    InvalidInput,
}

const RETRYABLE: &[&str] =
    &["InternalErrorException", "ThrottlingException", "CodeDeliveryFailureException"];

impl PoolError {
    /// Returns why the pool said no, where that is what happened.
    pub const fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(*refusal),
            Self::Unavailable { .. } | Self::Failed { .. } => None,
        }
    }

    /// Tells whether the same call may succeed later.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Classifies an SDK error.
    pub(crate) fn from_sdk<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata,
    {
        if let Some(said) = error.as_service_error()
            && let Some(refusal) =
                refusal(said.code().unwrap_or_default(), said.message().unwrap_or_default())
        {
            return Self::Refused { operation, refusal };
        }
        match Failure::of(error, RETRYABLE) {
            Failure::Unavailable { code } => Self::Unavailable { operation, code },
            Failure::Refused { code, request_id } => Self::Failed { operation, code, request_id },
        }
    }

    /// Says that an answer lacked a part that it always has.
    pub(crate) fn incomplete(operation: &'static str, part: &str) -> Self {
        let code = format!("an answer without {part}");
        Self::Failed { operation, code, request_id: "unknown".to_owned() }
    }
}

/// Reads Cognito's code, and where one code stands for several things its text.
fn refusal(code: &str, message: &str) -> Option<Refusal> {
    Some(match code {
        "NotAuthorizedException" if message.contains("attempts exceeded") => {
            Refusal::TooManyAttempts
        }
        "NotAuthorizedException" if message.contains("emporary password has expired") => {
            Refusal::ExpiredCode
        }
        "NotAuthorizedException"
            if message.contains("Current status is") || message.contains("current state") =>
        {
            Refusal::WrongState
        }
        "NotAuthorizedException" | "RefreshTokenReuseException" => Refusal::InvalidCredentials,
        "UserNotFoundException" => Refusal::UnknownUser,
        "UserNotConfirmedException" => Refusal::NotConfirmed,
        "PasswordResetRequiredException" => Refusal::PasswordResetRequired,
        "InvalidPasswordException" | "PasswordHistoryPolicyViolationException" => {
            Refusal::PasswordTooWeak
        }
        "CodeMismatchException" | "EnableSoftwareTokenMFAException" => Refusal::InvalidCode,
        "ExpiredCodeException" => Refusal::ExpiredCode,
        "UsernameExistsException" | "AliasExistsException" => Refusal::Exists,
        "UnsupportedUserStateException" => Refusal::WrongState,
        "LimitExceededException"
        | "TooManyRequestsException"
        | "TooManyFailedAttemptsException" => Refusal::TooManyAttempts,
        "InvalidParameterException" => Refusal::InvalidInput,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_code_of_cognitos_is_told_apart_by_its_text() {
        for (message, expected) in [
            ("Incorrect username or password.", Refusal::InvalidCredentials),
            ("Password attempts exceeded", Refusal::TooManyAttempts),
            (
                "Temporary password has expired and must be reset by an administrator.",
                Refusal::ExpiredCode,
            ),
            ("User cannot be confirmed. Current status is CONFIRMED", Refusal::WrongState),
            ("User password cannot be reset in the current state.", Refusal::WrongState),
            ("Refresh Token has been revoked", Refusal::InvalidCredentials),
        ] {
            assert_eq!(refusal("NotAuthorizedException", message), Some(expected), "{message}");
        }
        assert_eq!(refusal("ResourceNotFoundException", ""), None);
    }
}
