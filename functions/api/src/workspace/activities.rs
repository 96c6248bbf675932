//! `/v1/leads/{id}/activities`: what people did, or are to do, with a lead.
//!
//! Invariant: an activity is no behaviour of the lead and changes no score; its subject lies sealed
//! in the table.

mod body;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use domain::entry::Activity;
use dynamo::StoredEntry;
use utoipa::IntoParams;

pub use self::body::{ActivityBody, ActivityChange, ActivityInput};
use super::{
    entry::{self, Opening, Writing},
    notes::EntriesQuery,
};
use crate::{
    body::Page,
    error::ApiError,
    guard::Admitted,
    input::Input,
    lead::LeadPath,
    query::Query,
    reads::Reads,
    revision::{self, IfMatch},
};

/// Which activity is asked about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ActivityPath {
    /// Any id of the lead's family.
    #[param(
        pattern = "^lead_[a-z2-7]{25}[aeimquy4]$",
        example = "lead_5beiexgvm3fyfbysxs6stwaya4"
    )]
    pub id: String,
    /// The activity's id.
    #[param(
        pattern = "^activity_[0-9a-f-]{36}$",
        example = "activity_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071"
    )]
    pub activity_id: String,
}

/// Lists the activities with a lead
///
/// The latest written first, of the whole family.
#[utoipa::path(
    get,
    path = "/v1/leads/{id}/activities",
    operation_id = "list_activities",
    tag = "workspace",
    params(LeadPath, EntriesQuery),
    responses((status = 200, description = "A page of activities.", body = Page<ActivityBody>))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(lead): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<ActivityBody>>, ApiError> {
    let (kept, next_cursor) = entry::page(&reads, &admitted, &lead, query.as_deref()).await?;
    let opening = Opening::of(&reads, &admitted, &kept).await?;
    let data = kept.into_iter().map(|stored| ActivityBody::of(&opening, stored.entry)).collect();
    Ok(Json(Page { data, next_cursor }))
}

/// Writes down an activity with a lead
///
/// One with `due_at` and without `done_at` is to be done.
#[utoipa::path(
    post,
    path = "/v1/leads/{id}/activities",
    operation_id = "create_activity",
    tag = "workspace",
    params(LeadPath),
    request_body = ActivityInput,
    responses(
        (
            status = 201,
            description = "The activity.",
            body = ActivityBody,
            headers(
                ("ETag" = String, description = "Its revision."),
                ("Location" = String, description = "Where it is."),
            ),
        ),
    )
)]
pub async fn create(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(lead): Path<String>,
    RawQuery(query): RawQuery,
    Input(input): Input<ActivityInput>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    input.check()?;
    let write = |writing: &Writing<'_>| input.content(writing);
    let stored = entry::create(&reads, &admitted, &lead, write).await?;
    let location = format!("/v1/leads/{lead}/activities/{}", stored.entry.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], tagged(&reads, &admitted, stored).await?)
        .into_response())
}

/// Shows an activity
#[utoipa::path(
    get,
    path = "/v1/leads/{id}/activities/{activity_id}",
    operation_id = "show_activity",
    tag = "workspace",
    params(ActivityPath),
    responses(
        (
            status = 200,
            description = "The activity.",
            body = ActivityBody,
            headers(("ETag" = String, description = "Its revision.")),
        ),
        (status = 404, description = "The lead has no such activity: `activity_not_found`."),
    )
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path((lead, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let stored = entry::find(&reads, &admitted, &lead, &id).await?;
    tagged(&reads, &admitted, stored).await
}

/// Changes an activity
///
/// A JSON merge patch: what is left out stays; `null` takes a time away. Needs the `ETag` of the
/// activity as it was read. Content that is there already changes nothing.
#[utoipa::path(
    patch,
    path = "/v1/leads/{id}/activities/{activity_id}",
    operation_id = "update_activity",
    tag = "workspace",
    params(ActivityPath),
    request_body = ActivityChange,
    responses(
        (
            status = 200,
            description = "The activity as it is now.",
            body = ActivityBody,
            headers(("ETag" = String, description = "Its revision.")),
        ),
        (status = 404, description = "The lead has no such activity: `activity_not_found`."),
    )
)]
pub async fn update(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path((lead, id)): Path<(String, String)>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
    Input(change): Input<ActivityChange>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    change.check()?;
    let write = |writing: &Writing<'_>, before: &Activity| change.applied(writing, before);
    let stored = entry::update(&reads, &admitted, (&lead, &id), &if_match, write).await?;
    tagged(&reads, &admitted, stored).await
}

/// Removes an activity
///
/// With `If-Match` only if it is still that revision. Repeated, it answers `activity_not_found`:
/// the activity is gone, as was asked.
#[utoipa::path(
    delete,
    path = "/v1/leads/{id}/activities/{activity_id}",
    operation_id = "delete_activity",
    tag = "workspace",
    params(ActivityPath),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "The lead has no such activity: `activity_not_found`."),
    )
)]
pub async fn delete(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path((lead, id)): Path<(String, String)>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    entry::delete::<Activity>(&reads, &admitted, (&lead, &id), &if_match).await
}

/// Shows an activity with its `ETag`.
async fn tagged(
    reads: &Reads,
    admitted: &Admitted,
    stored: StoredEntry<Activity>,
) -> Result<Response, ApiError> {
    let opening = Opening::of(reads, admitted, std::slice::from_ref(&stored)).await?;
    let etag = revision::header(revision::etag(stored.revision));
    Ok((etag, Json(ActivityBody::of(&opening, stored.entry))).into_response())
}
