//! How the pool's refusals are told.
//!
//! Invariant: what the pool tells of somebody who is known and what it tells of somebody who is
//! not are the same problem here, wherever the pool itself knows no better.

use axum::http::{StatusCode, header::RETRY_AFTER};
use cognito::{PoolError, Refusal};
use lambda::problem::Problem;
use utoipa::IntoResponses;

use super::fields::too_weak;
use crate::error::ApiError;

/// When an attempt may be made again. The pool does not say; its shortest lock is a second long,
/// its longest some fifteen minutes.
const RETRY_AFTER_SECONDS: u32 = 60;

/// What each of these routes refuses.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its description is of use")]
pub enum Refused {
    /// The query or the body cannot be understood: `invalid_query`, or `invalid_json` with line
    /// and column.
    #[response(status = 400)]
    NotUnderstood,
    /// The body has more than 1 MB: `payload_too_large`.
    #[response(status = 413)]
    TooLarge,
    /// The body is not JSON: `unsupported_content_type`.
    #[response(status = 415)]
    NotJson,
    /// Too many attempts: `too_many_attempts`, of an address more than 20 a minute at the latest.
    /// Come back after `Retry-After` seconds.
    #[response(status = 429)]
    TooOften,
    /// Something is wrong on our side: `internal_error`.
    #[response(status = 500)]
    Failed,
    /// The same request may succeed after `Retry-After` seconds: `temporarily_unavailable`.
    #[response(status = 503)]
    Unavailable,
}

/// Tells why the pool said no. `code_field` is where a code was given, if one was.
pub(super) fn told(error: PoolError, code_field: &'static str) -> ApiError {
    let Some(refusal) = error.refusal() else { return ApiError::Pool(error) };
    match refusal {
        Refusal::InvalidCredentials | Refusal::UnknownUser => invalid_credentials(),
        Refusal::NotConfirmed => {
            let message = "the address is not confirmed yet; a code was mailed to it";
            Problem::forbidden("not_confirmed", message)
        }
        Refusal::PasswordResetRequired => {
            let message = "a new password is needed; ask for a code as if it were forgotten";
            Problem::forbidden("password_reset_required", message)
        }
        Refusal::PasswordTooWeak => too_weak(),
        // Which of these it is would tell whether the address is known.
        Refusal::InvalidCode | Refusal::ExpiredCode | Refusal::WrongState | Refusal::Exists => {
            invalid_code(code_field)
        }
        Refusal::TooManyAttempts => {
            let message = "too many attempts; wait before the next one";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", message)
                .with_header(RETRY_AFTER, RETRY_AFTER_SECONDS.into())
        }
        Refusal::InvalidInput => {
            let message = "the user pool does not take one of these values";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", message)
        }
    }
    .into()
}

/// 401: nobody is known by this.
pub(super) fn invalid_credentials() -> Problem {
    Problem::unauthorized("invalid_credentials", "nobody can be signed in with this")
}

/// 403: it is known who this is, and that they may do nothing.
pub(super) fn no_membership() -> Problem {
    let message = "you belong to no tenant or were deactivated; an admin can let you in";
    Problem::forbidden("no_membership", message)
}

/// 422: the code is not the one, or no longer.
pub(super) fn invalid_code(field: &'static str) -> Problem {
    let message = "this code is not valid, or no longer; ask for another";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_code", message).with_error(
        field,
        "invalid_code",
        message,
    )
}
