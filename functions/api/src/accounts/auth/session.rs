//! Signing in and out.
//!
//! Invariant: whoever gets tokens here belongs to a tenant, already or by now, and may act in it.
//! Somebody else is known only after the user pool took what they proved themself with.

use axum::http::StatusCode;
use cognito::{PoolError, Refusal, Secret, SignIn};
use lambda::problem::Problem;

use super::{
    Desk,
    answer::{ChallengeBody, SignInBody, SignedInBody},
    body::{ChallengeInput, ChallengeSchema, OfSession, SignInInput},
    fields::word,
    membership::{is_active, tenant_of},
    refusal::{Refused, no_membership, told},
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
        (status = 401, description = "Nobody can be signed in with this: `invalid_credentials`."),
        (status = 403, description = "The address has to be confirmed first, `not_confirmed`, or a new password chosen, `password_reset_required`; or they belong to no tenant or were deactivated: `no_membership`."),
        (status = 422, description = "The body is not of this shape: `invalid_body`, with the fields."),
        Refused,
    )
)]
pub async fn sign_in(desk: Desk, Input(body): Input<SignInInput>) -> Result<SignInBody, ApiError> {
    let SignInInput { email, password } = body;
    desk.attempt(&email)?;
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
        (status = 401, description = "The session is not known, or no longer: `invalid_credentials`. Sign in again."),
        (status = 403, description = "They belong to no tenant or were deactivated: `no_membership`."),
        (status = 422, description = "Another code is needed: `invalid_code`; another password: `password_too_weak`; or the body is not of this shape: `invalid_body`, with the fields."),
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
        (status = 401, description = "The token is not known, or no longer: `invalid_credentials`. Sign in again."),
        (status = 403, description = "They belong to no tenant any more or were deactivated: `no_membership`."),
        (status = 422, description = "The body is not of this shape: `invalid_body`, with the fields."),
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
        (status = 422, description = "The body is not of this shape: `invalid_body`, with the fields."),
        Refused,
    )
)]
pub async fn sign_out(desk: Desk, body: Option<Input<OfSession>>) -> Result<StatusCode, ApiError> {
    let Input(body) = body.ok_or_else(no_session)?;
    end(&desk, &body.refresh_token.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a session, if there is one.
async fn end(desk: &Desk, refresh_token: &Secret) -> Result<(), ApiError> {
    match desk.accounts.pool.sign_out(refresh_token).await {
        Err(error) if !is_unknown(&error) => Err(told(error, "refresh_token")),
        _ => Ok(()),
    }
}

/// 422: an access token names no session, so without a body none can be ended.
fn no_session() -> Problem {
    let message = "the body says which session ends: {\"refresh_token\": …}";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", message).with_error(
        "body",
        "missing_field",
        message,
    )
}

/// Tells whether a token was refused because it is none, or none of ours.
fn is_unknown(error: &PoolError) -> bool {
    use Refusal::{InvalidCredentials, InvalidInput};
    matches!(error.refusal(), Some(InvalidCredentials | InvalidInput))
}

/// Tells what a sign-in gave: no tokens to who may use them for nothing.
pub(super) async fn answered(
    desk: &Desk,
    signed_in: Result<SignIn, PoolError>,
) -> Result<SignInBody, ApiError> {
    match signed_in.map_err(|error| told(error, "code"))? {
        SignIn::In(signed_in) => match tenant_of(desk, &signed_in).await? {
            Some(tenant) if is_active(desk, &tenant, &signed_in.user).await? => {
                Ok(SignInBody::In(SignedInBody::new(&signed_in, tenant)))
            }
            _ => {
                if let Some(token) = &signed_in.refresh_token {
                    end(desk, token).await?;
                }
                Err(no_membership().into())
            }
        },
        SignIn::Challenge { challenge, session } => Ok(SignInBody::Challenged(ChallengeBody {
            challenge: word(challenge),
            session: session.reveal(),
        })),
    }
}
