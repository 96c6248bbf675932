//! Signing in and out.
//!
//! Invariant: whoever gets tokens here belongs to a tenant already, or does so by now, if there is
//! one that they are to belong to.

use axum::http::StatusCode;
use cognito::{PoolError, Refusal, SignIn};
use lambda::problem::ProblemDocument;

use super::{
    Desk,
    answer::{ChallengeBody, SignInBody, SignedInBody},
    body::{ChallengeInput, ChallengeSchema, OfSession, SignInInput},
    fields::word,
    membership::tenant_of,
    refusal::{Refused, told},
};
use crate::{error::ApiError, input::Input};

/// Signs in
///
/// With the address and the password. The answer has tokens, or a challenge that the user pool
/// wants answered first. Somebody who signed up for an organisation gets their tenant at the first
/// sign-in.
#[utoipa::path(
    post,
    path = "/v1/auth/sign-in",
    operation_id = "sign_in",
    tag = "accounts",
    request_body = SignInInput,
    responses(
        (status = 200, description = "They are in, or have a challenge to answer.", body = SignInBody),
        (status = 401, description = "Nobody can be signed in with this: `invalid_credentials`.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The address has to be confirmed first, `not_confirmed`, or a new password chosen, `password_reset_required`.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The body is not of this shape: `invalid_body`, with the fields.", body = ProblemDocument, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn sign_in(desk: Desk, Input(body): Input<SignInInput>) -> Result<SignInBody, ApiError> {
    let SignInInput { email, password } = body;
    let signed_in = desk.accounts.pool.sign_in(&email, &password.0).await;
    answered(&desk, signed_in).await
}

/// Answers a challenge
///
/// Goes on with a sign-in that asked for more: a code, or a password of one's own.
#[utoipa::path(
    post,
    path = "/v1/auth/challenge",
    operation_id = "answer_challenge",
    tag = "accounts",
    request_body = ChallengeSchema,
    responses(
        (status = 200, description = "They are in, or have another challenge to answer.", body = SignInBody),
        (status = 401, description = "The session is not known, or no longer: `invalid_credentials`. Sign in again.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Another code is needed: `invalid_code`; another password: `password_too_weak`; or the body is not of this shape: `invalid_body`, with the fields.", body = ProblemDocument, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn challenge(
    desk: Desk,
    Input(body): Input<ChallengeInput>,
) -> Result<SignInBody, ApiError> {
    let (session, challenge, given) = body.parts()?;
    let signed_in = desk.accounts.pool.answer(session, challenge, given).await;
    answered(&desk, signed_in).await
}

/// Goes on with a session
///
/// Gives new tokens for the refresh token of a sign-in, which goes on to work.
#[utoipa::path(
    post,
    path = "/v1/auth/refresh",
    operation_id = "refresh_session",
    tag = "accounts",
    request_body = OfSession,
    responses(
        (status = 200, description = "New tokens.", body = SignedInBody),
        (status = 401, description = "The token is not known, or no longer: `invalid_credentials`. Sign in again.", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The body is not of this shape: `invalid_body`, with the fields.", body = ProblemDocument, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn refresh(desk: Desk, Input(body): Input<OfSession>) -> Result<SignInBody, ApiError> {
    let refreshed = desk.accounts.pool.refresh(&body.refresh_token.0).await;
    answered(&desk, refreshed).await
}

/// Signs out
///
/// Ends the session: its refresh token gives no more tokens. An access token that it gave works
/// until it expires. A token that is not known is as good as one whose session has ended.
#[utoipa::path(
    post,
    path = "/v1/auth/sign-out",
    operation_id = "sign_out",
    tag = "accounts",
    request_body = OfSession,
    responses(
        (status = 204, description = "The session has ended."),
        (status = 422, description = "The body is not of this shape: `invalid_body`, with the fields.", body = ProblemDocument, content_type = "application/problem+json"),
        Refused,
    )
)]
pub async fn sign_out(desk: Desk, Input(body): Input<OfSession>) -> Result<StatusCode, ApiError> {
    match desk.accounts.pool.sign_out(&body.refresh_token.0).await {
        Err(error) if !is_unknown(&error) => Err(told(error, "refresh_token")),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

/// Tells whether a token was refused because it is none, or none of ours.
fn is_unknown(error: &PoolError) -> bool {
    use Refusal::{InvalidCredentials, InvalidInput};
    matches!(error.refusal(), Some(InvalidCredentials | InvalidInput))
}

/// Tells what a sign-in gave.
pub(super) async fn answered(
    desk: &Desk,
    signed_in: Result<SignIn, PoolError>,
) -> Result<SignInBody, ApiError> {
    match signed_in.map_err(|error| told(error, "code"))? {
        SignIn::In(signed_in) => {
            let tenant = tenant_of(desk, &signed_in).await?;
            Ok(SignInBody::In(SignedInBody::new(&signed_in, tenant)))
        }
        SignIn::Challenge { challenge, session } => Ok(SignInBody::Challenged(ChallengeBody {
            challenge: word(challenge),
            session: session.reveal(),
        })),
    }
}
