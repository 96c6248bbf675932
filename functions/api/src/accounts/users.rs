//! `/v1/users`: the people of a tenant.
//!
//! Invariant: a change of role or of `active` counts for every request within a minute, and a tenant
//! whose admin has come always keeps one.

pub mod body;
mod invitation;
mod keep;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{
        StatusCode,
        header::{CACHE_CONTROL, LOCATION},
    },
    response::{IntoResponse, Response},
};
use domain::user::UserId;
use dynamo::{Changed, Member};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use self::{
    body::{InviteUser, InvitedUser, PatchUser, UserBody},
    keep::{find, last_admin, put, sign_out},
};
use crate::{
    body::Page,
    cursor,
    error::ApiError,
    guard::Admitted,
    input::Input,
    query::Query,
    reads::Reads,
    revision::{self, ATTEMPTS, IfMatch},
};

const LIMIT: u16 = 50;
const MOST: u16 = 250;

/// How users are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UsersQuery {
    /// How many users a page has at most; 50 by default.
    #[param(minimum = 1, maximum = 250)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was.
    pub cursor: Option<String>,
}

/// Which user is asked about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct UserPath {
    /// The user's id.
    #[param(
        pattern = "^user_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        example = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071"
    )]
    pub id: String,
}

/// What a cursor holds: the last user listed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    after: UserId,
}

/// Lists users
///
/// By id, those who are not active included.
#[utoipa::path(
    get,
    path = "/v1/users",
    operation_id = "list_users",
    tag = "accounts",
    params(UsersQuery),
    responses((status = 200, description = "A page of users.", body = Page<UserBody>))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<UserBody>>, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["limit", "cursor"]);
    let limit = query.limit(LIMIT, MOST);
    let cursor = query.text("cursor");
    query.finish()?;
    let place: Option<Place> = cursor.as_deref().map(cursor::read).transpose()?;
    let after = place.as_ref().map(|place| &place.after);
    let more = limit.saturating_add(1);
    let mut members = reads.store.members(admitted.tenant(), after, more).await?;
    let next_cursor = cursor::cut(&mut members, limit, |last| Place { after: last.id.clone() })?;
    let open = |member: &Member| UserBody::open(member, admitted.keyring());
    let data = members.iter().map(open).collect::<Result<_, _>>()?;
    Ok(Json(Page { data, next_cursor }))
}

/// Shows a user
#[utoipa::path(
    get,
    path = "/v1/users/{id}",
    operation_id = "show_user",
    tag = "accounts",
    params(UserPath),
    responses(
        (
            status = 200,
            description = "The user.",
            body = UserBody,
            headers(("ETag" = String, description = "Its revision.")),
        ),
        (status = 404, description = "There is no such user: `user_not_found`."),
    )
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    shown(&admitted, &find(&reads, &admitted, &id).await?)
}

/// Invites a user
///
/// A code is mailed to the address and answered once. With it the person chooses a password, within
/// 7 days. An account that the address has without being anybody's user, as of somebody who signed
/// up and never signed in, is deleted: its password works no more. A person belongs to one tenant.
#[utoipa::path(
    post,
    path = "/v1/users",
    operation_id = "invite_user",
    tag = "accounts",
    request_body = InviteUser,
    responses(
        (
            status = 201,
            description = "The user, who may begin at once.",
            body = InvitedUser,
            headers(
                ("ETag" = String, description = "The user's revision."),
                ("Location" = String, description = "Where the user is."),
            ),
        ),
        (status = 409, description = "The address belongs to a user already: `user_exists`."),
    )
)]
pub async fn invite(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
    Input(body): Input<InviteUser>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let invitation = invitation::invite(&reads, &admitted, &body).await?;
    let member = &invitation.member;
    let headers =
        [(LOCATION, format!("/v1/users/{}", member.id)), (CACHE_CONTROL, "no-store".to_owned())];
    let etag = revision::header(revision::etag(member.revision));
    let answer = InvitedUser {
        user: UserBody::open(member, admitted.keyring())?,
        expires_at: invitation.code.as_ref().map(|_| invitation::expiry(member)),
        invitation_code: invitation.code.map(|code| code.reveal().to_owned()),
    };
    Ok((StatusCode::CREATED, etag, headers, Json(answer)).into_response())
}

/// Changes a user
///
/// It counts within a minute. Who is not active any more is signed out everywhere and may do
/// nothing. The last admin who is active and has signed in stays one.
#[utoipa::path(
    patch,
    path = "/v1/users/{id}",
    operation_id = "update_user",
    tag = "accounts",
    params(
        UserPath,
        ("If-Match" = String, Header, description = "The user's ETag as it was read; `*` is any."),
    ),
    request_body(content = PatchUser, content_type = "application/json"),
    responses(
        (
            status = 200,
            description = "The user as it is now.",
            body = UserBody,
            headers(("ETag" = String, description = "Its revision.")),
        ),
        (status = 404, description = "There is no such user: `user_not_found`."),
        (status = 409, description = "It would leave no admin: `last_admin`."),
        (status = 412, description = "The user has changed: `precondition_failed`."),
    )
)]
pub async fn update(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
    Input(body): Input<PatchUser>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    for _ in 0..ATTEMPTS {
        let read = find(&reads, &admitted, &id).await?;
        if_match.require_present()?;
        if_match.require(&revision::etag(read.revision))?;
        let next = body.apply(&read, admitted.keyring())?;
        if put(&reads, &admitted, &read, &next).await? {
            // Also when they were not active before: an earlier try may have stopped here.
            if body.active == Some(false) {
                sign_out(&reads, &admitted, &read).await?;
            }
            return shown(&admitted, &next.kept()?);
        }
    }
    Err(revision::contended().into())
}

/// Deletes a user
///
/// With the account: within a minute the person may do nothing here. They can be invited again, by
/// any tenant, or sign up, and are another user then. Leads stay assigned to the id, and the audit
/// log keeps it. With `If-Match` only if it is still that revision. The last admin who is active and
/// has signed in stays.
#[utoipa::path(
    delete,
    path = "/v1/users/{id}",
    operation_id = "delete_user",
    tag = "accounts",
    params(
        UserPath,
        ("If-Match" = Option<String>, Header, description = "The user's ETag as it was read."),
    ),
    responses(
        (status = 204, description = "The user is gone."),
        (status = 404, description = "There is no such user: `user_not_found`."),
        (status = 409, description = "It would leave no admin: `last_admin`."),
        (status = 412, description = "The user has changed: `precondition_failed`."),
    )
)]
pub async fn remove(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let mut is_shut_out = false;
    for _ in 0..ATTEMPTS {
        // Shut out first, then the account, then the membership: whoever repeats this after a
        // failure finds the user there and goes on. An account without a membership would be
        // somebody who may sign in and found a tenant.
        let read = find(&reads, &admitted, &id).await?;
        if !is_shut_out {
            if_match.require(&revision::etag(read.revision))?;
        }
        let inactive = Member { active: false, ..read.clone() };
        if !put(&reads, &admitted, &read, &inactive).await? {
            continue;
        }
        is_shut_out = true;
        reads.pool.delete(&read.id).await?;
        let store = admitted.recording(&reads.store, "user", read.id.as_str(), []);
        match store.remove_member(&inactive.kept()?).await? {
            Changed::Made => return Ok(StatusCode::NO_CONTENT),
            Changed::LastAdmin => return Err(last_admin().into()),
            Changed::Stale => {}
        }
    }
    Err(revision::contended().into())
}

fn shown(admitted: &Admitted, member: &Member) -> Result<Response, ApiError> {
    let etag = revision::header(revision::etag(member.revision));
    Ok((etag, Json(UserBody::open(member, admitted.keyring())?)).into_response())
}
