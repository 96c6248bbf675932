//! What stands beside the profile of a lead: who may set whom, and what a refusal says.
//!
//! Invariant: a lead is only ever assigned to an active user of the tenant, and who sees only their
//! own leads neither takes one from somebody nor gives one away.

use axum::http::StatusCode;
use domain::{edit::Choice, permission::Permission, user::UserId};
use dynamo::Store;
use intake::edit::{HandSet, InvalidProfile, hand_set};
use lambda::problem::Problem;
use serde_json::{Map, Value};
use vault::SealError;

use crate::{error::ApiError, guard::Admitted};

/// Reads a profile, or answers 422 with all that is wrong with it.
pub fn profile(profile: Map<String, Value>) -> Result<HandSet, Problem> {
    hand_set(profile).map_err(|error| invalid_profile(&error))
}

/// 422: fields of the profile are not right.
pub fn invalid_profile(error: &InvalidProfile) -> Problem {
    let problem = refusal("invalid_body", format!("the body cannot be taken: {error}"));
    error.0.iter().fold(problem, |problem, field| {
        problem.with_error(field.path(), field.reason.code(), field.reason.to_string())
    })
}

/// Decides whom a lead is assigned to by who asks; 403 for another user where the caller sees only
/// their own leads.
pub fn assignee(
    admitted: &Admitted,
    asked: Option<Choice<UserId>>,
) -> Result<Option<Choice<UserId>>, Problem> {
    let Some(me) = admitted.own_leads_only() else { return Ok(asked) };
    if asked.as_ref().is_none_or(|asked| *asked == Choice::Set(me.clone())) {
        return Ok(asked);
    }
    let message = format!(
        "you may work only the leads that are assigned to you, so you may not assign this one to \
         anybody else: {} is needed",
        Permission::AllLeadsWrite.as_str()
    );
    Err(Problem::forbidden("missing_permission", message))
}

/// Answers 422 unless a user can be assigned leads.
pub async fn require_active(
    store: &Store,
    admitted: &Admitted,
    user: &UserId,
) -> Result<(), ApiError> {
    let member = store.member(admitted.tenant(), user).await?;
    if member.is_some_and(|member| member.active) {
        return Ok(());
    }
    let message = "there is no active user with this id";
    let problem = refusal("unknown_user", format!("the body cannot be taken: {message}"));
    Err(problem.with_error("assigned_to", "unknown_user", message).into())
}

/// 422: a value cannot be sealed.
pub fn unsealable(error: &SealError) -> Problem {
    refusal("invalid_body", format!("the body cannot be taken: {error}"))
}

fn refusal(code: &'static str, message: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
}
