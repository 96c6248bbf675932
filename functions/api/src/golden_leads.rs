//! `/v1/golden-leads`: examples that say what a rule set must make of them.
//!
//! Invariant: a golden lead is kept only when it can be folded and holds no personal data; what it
//! says of the draft is computed at each answer, as a publish will.

mod body;
mod keep;
mod personal;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::check::is_id;
use dynamo::StoredGoldenLead;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use self::{
    body::{GoldenLeadBody, ShownGoldenLead},
    keep::{GOLDEN_LEAD, added, added_before, draft_rules, find, free_id, invalid, sound},
};
use crate::{
    body::Page,
    cursor,
    error::ApiError,
    guard::{Admitted, Change},
    input::Input,
    query::Query,
    reads::Reads,
    revision::{self, ATTEMPTS, IfMatch},
    show,
};

const LIMIT: u16 = 50;
const MOST: u16 = 200;

/// How golden leads are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GoldenLeadsQuery {
    /// How many golden leads a page has at most; 50 by default.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was.
    pub cursor: Option<String>,
}

/// Which golden lead is asked about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct GoldenLeadPath {
    /// Its id.
    #[param(example = "cto_who_asked_for_a_demo")]
    pub id: String,
}

/// What a cursor holds: the last golden lead listed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    after: String,
}

/// Lists golden leads
///
/// By id, each with what the draft makes of it; while there is no draft, the active version. Large
/// ones make a page short while `next_cursor` goes on.
#[utoipa::path(
    get,
    path = "/v1/golden-leads",
    operation_id = "list_golden_leads",
    tag = "rules",
    params(GoldenLeadsQuery),
    responses((status = 200, description = "A page of golden leads.", body = Page<GoldenLeadBody>))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["limit", "cursor"]);
    let limit = query.limit(LIMIT, MOST);
    let cursor = query.text("cursor");
    query.finish()?;
    let place: Option<Place> = cursor.as_deref().map(cursor::read).transpose()?;
    if place.as_ref().is_some_and(|place| !is_id(&place.after)) {
        return Err(cursor::invalid().into());
    }
    let after = place.as_ref().map(|place| place.after.as_str());
    let more = limit.saturating_add(1);
    let mut kept = reads.store.golden_leads_after(admitted.tenant(), after, more).await?;
    let has_more = kept.len() > usize::from(limit);
    kept.truncate(limit.into());
    let rules = draft_rules(&reads, &admitted).await?;
    let show = |kept: StoredGoldenLead| ShownGoldenLead::new(kept.golden, rules.as_ref());
    let rows: Vec<_> = kept.into_iter().map(show).collect();
    let data = show::fitting(&rows)?;
    let last = data.len().checked_sub(1).and_then(|last| rows.get(last));
    let last = last.filter(|_| has_more || data.len() < rows.len());
    let last = last.map(|row| Place { after: row.golden.id.clone() });
    let next_cursor = last.map(|place| cursor::write(&place)).transpose()?;
    Ok(Json(Page { data, next_cursor }).into_response())
}

/// Adds a golden lead
///
/// At most 200 are kept, each with 1 to 200 events and at most 32 KB of JSON. Events must not
/// hold personal data: real events reach the rules without it. Without `id` one is made from the
/// name.
#[utoipa::path(
    post,
    path = "/v1/golden-leads",
    operation_id = "create_golden_lead",
    tag = "rules",
    request_body = GoldenLeadBody,
    responses(
        (
            status = 201,
            description = "The golden lead as it is kept.",
            body = GoldenLeadBody,
            headers(
                ("ETag" = String, description = "Its revision."),
                ("Location" = String, description = "Where it is."),
            ),
        ),
        (status = 409, description = "The id is taken: `golden_lead_exists`; or there are 200: `too_many_golden_leads`."),
        (status = 422, description = "It cannot be folded, or holds personal data: `invalid_golden_lead`."),
    )
)]
pub async fn create(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
    Input(body): Input<GoldenLeadBody>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let (store, tenant) = (&reads.store, admitted.tenant());
    if let Some(made) = added_before(&reads, &admitted, &body).await? {
        let rules = draft_rules(&reads, &admitted).await?;
        return Ok(added(ShownGoldenLead::new(made.golden, rules.as_ref()), made.revision));
    }
    let id = free_id(store, tenant, body.id.as_deref(), &body.name).await?;
    let mut shown = sound(&reads, &admitted, body.clone().into_golden(id)).await?;
    for _ in 0..ATTEMPTS {
        let golden = &shown.golden;
        let revision = StoredGoldenLead::revision_of(tenant, golden)?;
        let change = Change::of(GOLDEN_LEAD, &golden.id, None, Some(golden))?;
        let recording = admitted.recording_change(store, change);
        if recording.put_golden_lead(tenant, golden, None).await? {
            return Ok(added(shown, revision));
        }
        shown.golden.id = free_id(store, tenant, body.id.as_deref(), &body.name).await?;
    }
    Err(revision::contended().into())
}

/// Shows a golden lead
///
/// With what the draft makes of it; while there is no draft, the active version.
#[utoipa::path(
    get,
    path = "/v1/golden-leads/{id}",
    operation_id = "show_golden_lead",
    tag = "rules",
    params(GoldenLeadPath),
    responses(
        (
            status = 200,
            description = "The golden lead.",
            body = GoldenLeadBody,
            headers(("ETag" = String, description = "Its revision.")),
        ),
        (status = 404, description = "There is no such one: `golden_lead_not_found`."),
    )
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let kept = find(&reads.store, admitted.tenant(), &id).await?;
    let rules = draft_rules(&reads, &admitted).await?;
    let etag = revision::etag(kept.revision);
    let shown = ShownGoldenLead::new(kept.golden, rules.as_ref());
    Ok((revision::header(etag), Json(shown)).into_response())
}

/// Replaces a golden lead
///
/// An `id` in the body is that of the path. With `If-Match` only if it is still that revision.
#[utoipa::path(
    put,
    path = "/v1/golden-leads/{id}",
    operation_id = "replace_golden_lead",
    tag = "rules",
    params(
        GoldenLeadPath,
        ("If-Match" = Option<String>, Header, description = "Its ETag as it was read."),
    ),
    request_body = GoldenLeadBody,
    responses(
        (
            status = 200,
            description = "The golden lead as it is now.",
            body = GoldenLeadBody,
            headers(("ETag" = String, description = "Its revision.")),
        ),
        (status = 404, description = "There is no such one: `golden_lead_not_found`."),
        (status = 412, description = "It has changed: `precondition_failed`."),
        (status = 422, description = "It cannot be folded, or holds personal data: `invalid_golden_lead`."),
    )
)]
pub async fn replace(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
    Input(body): Input<GoldenLeadBody>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let (store, tenant) = (&reads.store, admitted.tenant());
    find(store, tenant, &id).await?;
    if body.id.as_ref().is_some_and(|given| *given != id) {
        let message = "a golden lead keeps its id; leave it out, or repeat the one of the path";
        return Err(invalid(message).with_error("id", "id_mismatch", message).into());
    }
    let shown = sound(&reads, &admitted, body.into_golden(id.clone())).await?;
    let next = StoredGoldenLead::revision_of(tenant, &shown.golden)?;
    for _ in 0..ATTEMPTS {
        let kept = find(store, tenant, &id).await?;
        if_match.require(&revision::etag(kept.revision))?;
        let change = Change::of(GOLDEN_LEAD, &id, Some(&kept.golden), Some(&shown.golden))?;
        let store = admitted.recording_change(store, change);
        if store.put_golden_lead(tenant, &shown.golden, Some(kept.revision)).await? {
            return Ok((revision::header(revision::etag(next)), Json(shown)).into_response());
        }
    }
    Err(revision::contended().into())
}

/// Removes a golden lead
///
/// With `If-Match` only if it is still that revision.
#[utoipa::path(
    delete,
    path = "/v1/golden-leads/{id}",
    operation_id = "delete_golden_lead",
    tag = "rules",
    params(
        GoldenLeadPath,
        ("If-Match" = Option<String>, Header, description = "Its ETag as it was read."),
    ),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is no such one: `golden_lead_not_found`."),
        (status = 412, description = "It has changed: `precondition_failed`."),
    )
)]
pub async fn delete(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let (store, tenant) = (&reads.store, admitted.tenant());
    for _ in 0..ATTEMPTS {
        let kept = find(store, tenant, &id).await?;
        if_match.require(&revision::etag(kept.revision))?;
        let store = admitted.recording(store, GOLDEN_LEAD, &id, []);
        if store.delete_golden_lead(tenant, &id, kept.revision).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(revision::contended().into())
}
