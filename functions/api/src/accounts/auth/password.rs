//! Forgotten passwords.
//!
//! Invariant: whether an address is known shows in nobody's answer, only in its mailbox; and a new
//! password ends every session, because the old one may be known to somebody else.

use axum::{http::StatusCode, response::Response};
use cognito::Refusal;

use super::{
    Desk,
    answer::{CodeSent, code_sent},
    body::{OfAddress, ResetPassword},
    refusal::{Refused, told},
};
use crate::{error::ApiError, input::Input};

/// Asks for a new password
///
/// Mails a code to choose one with. The answer is the same for an address that nobody knows, that
/// is not confirmed, or whose invitation is not accepted yet; no mail is sent then.
#[utoipa::path(
    post,
    path = "/v1/auth/forgot-password",
    operation_id = "forget_password",
    tag = "accounts",
    request_body = OfAddress,
    responses(
        (status = 202, description = "A code is on its way, if the address is one that takes it.", body = CodeSent),
        (status = 422, description = "The body is not of this shape: `invalid_body`, with the fields."),
        Refused,
    )
)]
pub async fn forgot(desk: Desk, Input(body): Input<OfAddress>) -> Result<Response, ApiError> {
    use Refusal::{InvalidCredentials, InvalidInput, NotConfirmed, UnknownUser, WrongState};
    desk.attempt(&body.email)?;
    match desk.accounts.pool.forgot_password(&body.email).await {
        Err(error) => match error.refusal() {
            Some(InvalidCredentials | InvalidInput | NotConfirmed | UnknownUser | WrongState) => {
                Ok(code_sent(&body.email))
            }
            _ => Err(told(error, "email")),
        },
        Ok(()) => Ok(code_sent(&body.email)),
    }
}

/// Chooses a new password
///
/// By the code that was mailed. Every session of the user ends: refresh tokens give no more tokens,
/// access tokens work until they expire.
#[utoipa::path(
    post,
    path = "/v1/auth/reset-password",
    operation_id = "reset_password",
    tag = "accounts",
    request_body = ResetPassword,
    responses(
        (status = 204, description = "The new password is the one to sign in with."),
        (status = 422, description = "Another code is needed: `invalid_code`; another password: `password_too_weak`; or the body is not of this shape: `invalid_body`, with the fields."),
        Refused,
    )
)]
pub async fn reset(desk: Desk, Input(body): Input<ResetPassword>) -> Result<StatusCode, ApiError> {
    let ResetPassword { email, code, password } = body;
    desk.attempt(&email)?;
    let (pool, password) = (&desk.accounts.pool, password.checked()?);
    if let Err(error) = pool.reset_password(&email, &code.0, password).await {
        return Err(match error.refusal() {
            Some(Refusal::InvalidCredentials | Refusal::UnknownUser | Refusal::NotConfirmed) => {
                super::refusal::invalid_code("code").into()
            }
            _ => told(error, "code"),
        });
    }
    pool.sign_out_everywhere(&email).await.map_err(|error| told(error, "code"))?;
    Ok(StatusCode::NO_CONTENT)
}
