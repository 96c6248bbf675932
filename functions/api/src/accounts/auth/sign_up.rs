//! Signing up, by invitation or openly, and confirming the address.
//!
//! Invariant: every request may be repeated. Who signs up twice gets another code; who accepts an
//! invitation twice with the same password is signed in twice.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cognito::{Challenge, PoolError, Refusal, SignIn};
use domain::name::Name;
use lambda::problem::Problem;

use super::{
    Desk,
    answer::{CodeSent, SignedInBody, code_sent},
    body::{AcceptInvitation, Confirm, OfAddress, OpenSignUp, SignUp, SignUpSchema},
    refusal::{Refused, invalid_code, told},
    session::answered,
};
use crate::{accounts::invalid_field, error::ApiError, input::Input};

/// Signs up
///
/// With the code of an invitation, which is answered with tokens; or for an organisation of one's
/// own, where the installation allows it, which is answered with where a code to confirm the
/// address went. That answer is the same for an address that has an account already: if it was
/// never confirmed another code is mailed, else nothing is sent or changed.
#[utoipa::path(
    post,
    path = "/v1/auth/sign-up",
    operation_id = "sign_up",
    tag = "accounts",
    request_body = SignUpSchema,
    responses(
        (status = 200, description = "The invitation is accepted, and they are in.", body = SignedInBody),
        (status = 202, description = "A code is on its way, if the address is one that takes it. Confirm it, then sign in.", body = CodeSent),
        (status = 403, description = "Only who was invited may sign up: `sign_up_closed`; or who was invited has been deactivated since: `no_membership`."),
        (status = 422, description = "Another invitation is needed: `invalid_code`; another password: `password_too_weak`; or the body is not of this shape: `invalid_body`, with the fields."),
        Refused,
    )
)]
pub async fn sign_up(desk: Desk, Input(body): Input<SignUp>) -> Result<Response, ApiError> {
    match body {
        SignUp::Invited(accepted) => accept(&desk, accepted).await,
        SignUp::Open(new) => open(&desk, new).await,
    }
}

/// Confirms an address
///
/// By the code that was mailed. Then sign in.
#[utoipa::path(
    post,
    path = "/v1/auth/confirm",
    operation_id = "confirm_sign_up",
    tag = "accounts",
    request_body = Confirm,
    responses(
        (status = 204, description = "The address is confirmed."),
        (status = 422, description = "Another code is needed: `invalid_code`, also when the address is confirmed already; or the body is not of this shape: `invalid_body`, with the fields."),
        Refused,
    )
)]
pub async fn confirm(desk: Desk, Input(body): Input<Confirm>) -> Result<StatusCode, ApiError> {
    desk.attempt(&body.email)?;
    match desk.accounts.pool.confirm(&body.email, &body.code.0).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(match error.refusal() {
            Some(Refusal::InvalidCredentials | Refusal::UnknownUser) => invalid_code("code").into(),
            _ => told(error, "code"),
        }),
    }
}

/// Asks for another code
///
/// To confirm an address with. The answer is the same for an address that nobody knows, or that is
/// confirmed; no mail is sent then.
#[utoipa::path(
    post,
    path = "/v1/auth/confirm/resend",
    operation_id = "resend_confirmation",
    tag = "accounts",
    request_body = OfAddress,
    responses(
        (status = 202, description = "A code is on its way, if the address is one that takes it.", body = CodeSent),
        (status = 422, description = "The body is not of this shape: `invalid_body`, with the fields."),
        Refused,
    )
)]
pub async fn resend(desk: Desk, Input(body): Input<OfAddress>) -> Result<Response, ApiError> {
    desk.attempt(&body.email)?;
    quietly(desk.accounts.pool.resend_code(&body.email).await)?;
    Ok(code_sent(&body.email))
}

/// Makes the code of an invitation the first sign-in: it is the user's password so far.
async fn accept(desk: &Desk, accepted: AcceptInvitation) -> Result<Response, ApiError> {
    let AcceptInvitation { email, password, invitation_code, .. } = accepted;
    desk.attempt(&email)?;
    let (pool, password) = (&desk.accounts.pool, password.checked()?);
    let signed_in = match pool.sign_in(&email, &invitation_code.0).await {
        Ok(SignIn::Challenge { challenge: Challenge::NewPassword, session }) => {
            pool.answer(&session, Challenge::NewPassword, password).await
        }
        // This was somebody's password, not a code.
        Ok(_) => return Err(invalid_code("invitation_code").into()),
        // The answer to an earlier call may have been lost.
        Err(error) if error.refusal() == Some(Refusal::InvalidCredentials) => {
            let again = pool.sign_in(&email, password).await;
            let is_other = |error: &PoolError| error.refusal() == Some(Refusal::InvalidCredentials);
            if again.as_ref().is_err_and(is_other) {
                return Err(invalid_code("invitation_code").into());
            }
            again
        }
        Err(error) => return Err(told(error, "invitation_code")),
    };
    Ok(answered(desk, signed_in).await?.into_response())
}

async fn open(desk: &Desk, new: OpenSignUp) -> Result<Response, ApiError> {
    if !desk.accounts.is_open {
        let message = "only who was invited may sign up here";
        return Err(Problem::forbidden("sign_up_closed", message).into());
    }
    let OpenSignUp { email, password, name, organisation } = new;
    desk.attempt(&email)?;
    let (pool, password) = (&desk.accounts.pool, password.checked()?);
    let organisation = Name::trimmed(organisation.as_str())
        .map_err(|error| invalid_field("organisation", &error.to_string()))?;
    let name = name.as_ref().map(Name::as_str);
    match pool.sign_up(&email, password, name, organisation.as_str()).await {
        Ok(()) => {}
        Err(error) if error.refusal() == Some(Refusal::Exists) => {
            quietly(pool.resend_code(&email).await)?;
        }
        Err(error) => return Err(told(error, "email")),
    }
    Ok(code_sent(&email))
}

/// Passes over a refusal that would tell whether an address is known.
fn quietly(sent: Result<(), PoolError>) -> Result<(), ApiError> {
    use Refusal::{InvalidCredentials, InvalidInput, UnknownUser, WrongState};
    match sent {
        Err(error) => match error.refusal() {
            Some(InvalidCredentials | InvalidInput | UnknownUser | WrongState) => Ok(()),
            _ => Err(told(error, "email")),
        },
        Ok(()) => Ok(()),
    }
}
