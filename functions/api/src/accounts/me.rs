//! `GET /v1/me`: who is signed in, and what they may do.
//!
//! Invariant: role and permissions are those by which the caller's other requests are let in at the
//! same instant, not yet those of a change that counts within a minute.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
};
use domain::{permission::Permission, tenant::TenantId, user::Role};
use dynamo::Member;
use lambda::{auth::Who, problem::Problem};
use serde::Serialize;
use utoipa::ToSchema;

use super::{users::body::UserBody, words};
use crate::{error::ApiError, guard::Admitted, query::Query, reads::Reads};

/// The person who is signed in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeBody {
    /// The person.
    user: UserBody,
    /// The tenant that they belong to.
    tenant: TenantBody,
    /// What they are there for, as their requests are served: a change counts within a minute.
    #[schema(schema_with = words::role)]
    role: Role,
    /// What they may do, by that role.
    #[schema(schema_with = words::permissions)]
    permissions: Vec<&'static str>,
}

/// An organisation or project.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
pub struct TenantBody {
    /// Its id.
    #[schema(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$", example = "acme")]
    id: TenantId,
    /// What people call it.
    #[schema(example = "Acme")]
    name: String,
}

/// Shows who is signed in
///
/// And what they may do, so that a client can hide what they may not. A change of the role shows
/// here once it counts, which is within a minute; `GET /v1/users/{id}` shows it at once. Only for
/// people: an API key is nobody.
#[utoipa::path(
    get,
    path = "/v1/me",
    operation_id = "show_me",
    tag = "accounts",
    responses((status = 200, description = "The person who is signed in.", body = MeBody))
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Json<MeBody>, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    // By this the request was let in. It may be a minute old, like that of any other.
    let Who::User(known) = &admitted.caller().who else { return Err(nobody().into()) };
    let tenant = admitted.tenant();
    let read = reads.store.member(tenant, &known.id).await?.unwrap_or_else(|| known.clone());
    let member = Member { role: known.role, active: known.active, ..read };
    let settings = reads.store.tenant_settings(tenant).await?.ok_or_else(nobody)?;
    let role = member.role;
    let may = Permission::ALL.into_iter().filter(|permission| role.allows(*permission));
    Ok(Json(MeBody {
        user: UserBody::open(&member, admitted.keyring())?,
        tenant: TenantBody { id: tenant.clone(), name: settings.name },
        role,
        permissions: may.map(Permission::as_str).collect(),
    }))
}

/// 403: the membership was removed within the last minute.
fn nobody() -> Problem {
    Problem::forbidden("no_membership", "you are signed in, but belong to no tenant any more")
}
