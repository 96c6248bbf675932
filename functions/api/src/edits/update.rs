//! `PATCH` and `PUT /v1/leads/{id}`: changes what people edit of a lead.
//!
//! Invariant: both need the `ETag` of the lead as it was read, so nobody overwrites what they have
//! not seen. Content that is there already writes nothing and keeps its `ETag`.

use std::sync::Arc;

use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use domain::{edit::Choice, home::HomeId};

use super::{
    body::{PatchLead, ReplaceLead},
    change::{Wanted, change},
    fields,
};
use crate::{
    body::LeadBody,
    error::ApiError,
    guard::Admitted,
    input::Input,
    lead::{LeadPath, tagged},
    query::Query,
    reads::Reads,
    revision::IfMatch,
};

/// Changes a lead
///
/// A JSON merge patch over what people edit: what is left out stays as it is, and a field of the
/// profile that is `null` is released. What is set by hand wins over what events declare, later
/// ones too, until it is released. Needs the `ETag` of the lead as it was read.
///
/// A change whose answer got lost answers `precondition_failed` when it is repeated: read the lead
/// to see whether it was made.
#[utoipa::path(
    patch,
    path = "/v1/leads/{id}",
    operation_id = "update_lead",
    tag = "leads",
    params(LeadPath),
    request_body(content((PatchLead = "application/json"), (PatchLead = "application/merge-patch+json"))),
    responses(
        (
            status = 200,
            description = "The lead as it is now.",
            body = LeadBody,
            headers(("ETag" = String, description = "Names what people edit of it.")),
        ),
        (status = 403, description = "The caller may not: `missing_scope`, `missing_permission` or `no_membership`. Who sees only their own leads assigns none to another."),
        (status = 412, description = "It was edited since it was read: `precondition_failed`."),
        (status = 422, description = "There is no such active user: `unknown_user`; or the lead is of too many identities: `family_too_large`."),
    )
)]
pub async fn update(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
    Input(body): Input<PatchLead>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let id: HomeId = id.parse().map_err(|_| ApiError::lead_not_found())?;
    if_match.require_present()?;
    let wanted = Wanted {
        hand: fields::profile(body.profile)?,
        status: body.status,
        assigned_to: fields::assignee(&admitted, body.assigned_to)?,
        segment: body.segment,
        ..Wanted::default()
    };
    let lead = change(&reads, &admitted, id, &if_match, &wanted).await?;
    tagged(&reads, &admitted, lead).await
}

/// Replaces what people edit of a lead
///
/// The whole of it: a field of the profile that is left out is released, and status, owner and
/// segment that are left out are those of a new lead. Events, scores, consent and what events
/// declare stay as they are. Needs the `ETag` of the lead as it was read.
#[utoipa::path(
    put,
    path = "/v1/leads/{id}",
    operation_id = "replace_lead",
    tag = "leads",
    params(LeadPath),
    request_body = ReplaceLead,
    responses(
        (
            status = 200,
            description = "The lead as it is now.",
            body = LeadBody,
            headers(("ETag" = String, description = "Names what people edit of it.")),
        ),
        (status = 403, description = "The caller may not: `missing_scope`, `missing_permission` or `no_membership`. Who sees only their own leads assigns none to another."),
        (status = 412, description = "It was edited since it was read: `precondition_failed`."),
        (status = 422, description = "There is no such active user: `unknown_user`; or the lead is of too many identities: `family_too_large`."),
        (status = 428, description = "There is no `If-Match`: `precondition_required`."),
    )
)]
pub async fn replace(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
    Input(body): Input<ReplaceLead>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let id: HomeId = id.parse().map_err(|_| ApiError::lead_not_found())?;
    if_match.require_present()?;
    // Who sees only their own leads keeps what they replace.
    let nobody = admitted.own_leads_only().is_none().then_some(Choice::Clear);
    let assigned_to = body.assigned_to.or(nobody);
    let wanted = Wanted {
        hand: fields::profile(body.profile)?,
        whole: true,
        status: Some(body.status),
        assigned_to: fields::assignee(&admitted, assigned_to)?,
        segment: Some(body.segment.into()),
        ..Wanted::default()
    };
    let lead = change(&reads, &admitted, id, &if_match, &wanted).await?;
    tagged(&reads, &admitted, lead).await
}
