//! Inviting somebody: an account in the user pool, then the membership.
//!
//! Invariant: an account that belongs to a tenant is never touched by an invitation, whoever sends
//! it. Any other proves nothing, not even that the mailbox is its owner's, and is deleted: who is
//! invited gets an account, and with it an id, that nobody has a password, session or token of.
//! Everything random in an invitation follows from the seed of the request, so that a request that
//! is made again after a crash gives the same code.

use cognito::{EmailAddress, InvitationCode, Person, PoolError, Refusal};
use domain::{time::Timestamp, user::UserId};
use dynamo::{EMAIL_FIELD, Member, NAME_FIELD};
use lambda::problem::Problem;

use super::body::InviteUser;
use crate::{
    accounts::{conflict, invalid_field, pool::INVITATION_DAYS},
    error::ApiError,
    guard::Admitted,
    reads::Reads,
    revision::{self, ATTEMPTS},
};

const DAY_MS: i64 = 86_400_000;

/// A member who was invited, and the code that lets them in if they need one.
#[derive(Debug)]
pub(super) struct Invitation {
    pub member: Member,
    pub code: Option<InvitationCode>,
}

/// Invites somebody, or finds that this very request did.
pub(super) async fn invite(
    reads: &Reads,
    admitted: &Admitted,
    body: &InviteUser,
) -> Result<Invitation, ApiError> {
    let code = code(admitted);
    for _ in 0..ATTEMPTS {
        if let Some(person) = reads.pool.find(&body.email).await? {
            if let Some(tenant) = reads.store.tenant_of_user(&person.user).await? {
                let is_ours = tenant == *admitted.tenant();
                let made =
                    if is_ours { made_before(reads, admitted, &person).await? } else { None };
                let member = made.ok_or_else(exists)?;
                return Ok(Invitation { member, code: person.is_expected.then_some(code) });
            }
            // Retired first: meanwhile they might sign in for the first time and found a tenant.
            if !reads.store.retire_user(&person.user, admitted.now).await? {
                continue;
            }
            reads.pool.delete(&person.user).await?;
        }
        let Some(user) = reads.pool.invite(&body.email, &code).await.map_err(refused)? else {
            continue;
        };
        let member = member(admitted, body, &user)?;
        let fields = ["email", "role"].into_iter().chain(body.name.as_ref().map(|_| "name"));
        let fields = fields.map(str::to_owned);
        let store = admitted.recording(&reads.store, "user", member.id.as_str(), fields);
        if store.create_member(&member).await? {
            return Ok(Invitation { member: member.kept()?, code: Some(code) });
        }
        // Somebody else invited the same person meanwhile.
    }
    Err(revision::contended().into())
}

/// Returns until when the code of an invitation works.
pub(super) fn expiry(member: &Member) -> Timestamp {
    member.created_at.plus_millis(i64::from(INVITATION_DAYS) * DAY_MS)
}

fn code(admitted: &Admitted) -> InvitationCode {
    let secret = admitted.keyring().pseudonym("invitation", &admitted.creation().seed);
    InvitationCode::new(secret.first_chunk().copied().unwrap_or_default())
}

/// Returns the member whom an earlier try of this request made.
async fn made_before(
    reads: &Reads,
    admitted: &Admitted,
    person: &Person,
) -> Result<Option<Member>, ApiError> {
    let creation = admitted.creation();
    let member = reads.store.member(admitted.tenant(), &person.user).await?;
    let is_same = |member: &Member| {
        creation.is_repeated
            && member.created_at == creation.at
            && member.invited_by == admitted.actor()
    };
    Ok(member.filter(is_same))
}

fn member(admitted: &Admitted, body: &InviteUser, user: &UserId) -> Result<Member, ApiError> {
    let (tenant, keyring) = (admitted.tenant().clone(), admitted.keyring());
    let seal = |field: &str, text: &str| keyring.seal_value(user.as_str(), field, text);
    let email = seal(EMAIL_FIELD, EmailAddress::as_str(&body.email))?;
    let (actor, at) = (admitted.actor(), admitted.creation().at);
    let name = body.name.as_ref().map(|name| seal(NAME_FIELD, name.as_str())).transpose()?;
    Ok(Member { name, ..Member::invited(tenant, user.clone(), body.role, email, actor, at) })
}

/// 422 when the pool takes no such address.
fn refused(error: PoolError) -> ApiError {
    if error.refusal() == Some(Refusal::InvalidInput) {
        return invalid_field("email", "the user pool does not take this address").into();
    }
    error.into()
}

/// 409: the person belongs to a tenant. It is not told to which.
fn exists() -> Problem {
    let message = "somebody with this address is a user already, here or of another tenant";
    conflict("user_exists", message)
}
