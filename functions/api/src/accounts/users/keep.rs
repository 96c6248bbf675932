//! Finding and changing the members that the routes are about.
//!
//! Invariant: a change is written down by the names of its fields, and never takes away the last
//! acting admin.

use cognito::Refusal;
use domain::user::UserId;
use dynamo::{Changed, Member};
use lambda::problem::Problem;

use super::body::{self, changed};
use crate::{accounts::conflict, error::ApiError, guard::Admitted, reads::Reads};

/// Finds a member of the caller's tenant, or answers 404.
pub(super) async fn find(reads: &Reads, admitted: &Admitted, id: &str) -> Result<Member, ApiError> {
    let not_found = || Problem::not_found("user_not_found", "there is no user with this id");
    let id: UserId = id.parse().map_err(|_| not_found())?;
    let member = reads.store.member(admitted.tenant(), &id).await?;
    member.ok_or_else(|| not_found().into())
}

/// Changes a member who was read; `false` when somebody else did meanwhile.
pub(super) async fn put(
    reads: &Reads,
    admitted: &Admitted,
    read: &Member,
    next: &Member,
) -> Result<bool, ApiError> {
    let fields = changed(read, next);
    let store = admitted.recording(&reads.store, "user", read.id.as_str(), fields);
    match store.put_member(read, next).await? {
        Changed::Made => Ok(true),
        Changed::Stale => Ok(false),
        Changed::LastAdmin => Err(last_admin().into()),
    }
}

/// Ends the sessions of a member. An account that is not there has none.
pub(super) async fn sign_out(
    reads: &Reads,
    admitted: &Admitted,
    member: &Member,
) -> Result<(), ApiError> {
    let email = body::email(member, admitted.keyring())?;
    // What the pool took as an address is one.
    let Ok(email) = email.parse() else { return Ok(()) };
    match reads.pool.sign_out_everywhere(&email).await {
        Err(error) if error.refusal() != Some(Refusal::UnknownUser) => Err(error.into()),
        _ => Ok(()),
    }
}

/// 409: nobody would be left who may do everything.
pub(super) fn last_admin() -> Problem {
    let message = "this is the last admin who is active and has signed in; make another one first";
    conflict("last_admin", message)
}
