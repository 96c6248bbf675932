//! `DELETE /v1/leads/{id}` and `POST /v1/leads/{id}/restore`: hides a lead and brings it back.
//!
//! Invariant: a deleted lead answers to nothing but its restoration. Its events go on being stored
//! and scored, so a restored lead is what it would have been.

use std::sync::Arc;

use axum::{
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::Response,
};
use domain::home::HomeId;

use super::change::{Wanted, change};
use crate::{
    body::LeadBody,
    error::ApiError,
    guard::Admitted,
    lead::{LeadPath, tagged},
    query::Query,
    reads::Reads,
    revision::IfMatch,
};

/// Deletes a lead
///
/// Hides it from every list, search, leaderboard and look-up until it is restored; events that come
/// for it are stored and scored all the same. Another lead that turns out to be the same person, by
/// a stronger identity, is not hidden by it. With `If-Match` only if it is still what was read.
/// Repeated, it answers `lead_not_found`: the lead is gone, as was asked.
#[utoipa::path(
    delete,
    path = "/v1/leads/{id}",
    operation_id = "delete_lead",
    tag = "leads",
    params(LeadPath),
    responses(
        (status = 204, description = "It is hidden."),
        (status = 412, description = "It was edited since it was read: `precondition_failed`."),
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
    let id: HomeId = id.parse().map_err(|_| ApiError::lead_not_found())?;
    let wanted = Wanted { deleted: Some(true), ..Wanted::default() };
    change(&reads, &admitted, id, &if_match, &wanted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restores a deleted lead
///
/// It is again what it would have been, with all events that came meanwhile. A lead that is not
/// deleted stays as it is.
#[utoipa::path(
    post,
    path = "/v1/leads/{id}/restore",
    operation_id = "restore_lead",
    tag = "leads",
    params(LeadPath),
    responses(
        (
            status = 200,
            description = "The lead.",
            body = LeadBody,
            headers(("ETag" = String, description = "Names what people edit of it.")),
        ),
        (status = 412, description = "It was edited since it was read: `precondition_failed`."),
    )
)]
pub async fn restore(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let id: HomeId = id.parse().map_err(|_| ApiError::lead_not_found())?;
    let wanted = Wanted { deleted: Some(false), ..Wanted::default() };
    let lead = change(&reads, &admitted, id, &if_match, &wanted).await?;
    tagged(&reads, &admitted, lead).await
}
