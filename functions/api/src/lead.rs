//! `GET /v1/leads/{id}`: one lead, exact, by any id of its family.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use domain::{home::HomeId, lead::Lead};
use utoipa::IntoParams;

use crate::{
    body::LeadBody, error::ApiError, guard::Admitted, query::Query, reads::Reads, revision, show,
};

/// Which lead is asked about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct LeadPath {
    /// Any id of the lead's family.
    #[param(
        pattern = "^lead_[a-z2-7]{25}[aeimquy4]$",
        example = "lead_5beiexgvm3fyfbysxs6stwaya4"
    )]
    pub id: String,
}

/// Shows one lead
///
/// Every id of a family answers the same lead. The score is exact as of the request.
#[utoipa::path(
    get,
    path = "/v1/leads/{id}",
    operation_id = "show_lead",
    tag = "leads",
    params(LeadPath),
    responses((
        status = 200,
        description = "The lead.",
        body = LeadBody,
        headers(("ETag" = String, description = "Names what people edit; it does not change with the score.")),
    ))
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let lead = find(&reads, &admitted, &id).await?;
    tagged(&reads, &admitted, lead).await
}

/// Shows a lead with the `ETag` of what people edit.
pub async fn tagged(reads: &Reads, admitted: &Admitted, lead: Lead) -> Result<Response, ApiError> {
    let header = revision::header(etag(&lead));
    Ok((header, Json(show::exact(reads, admitted, lead).await?)).into_response())
}

/// Writes the `ETag` of what people edit of a lead: its own id, and which edits there are.
pub fn etag(lead: &Lead) -> String {
    format!("\"{}.{:016x}\"", lead.survivor.id, lead.state.edition)
}

/// Finds the lead of an id as it stands in a path, or answers 404: so it does for a deleted lead,
/// and for another's where the caller sees only their own.
pub async fn find(reads: &Reads, admitted: &Admitted, id: &str) -> Result<Lead, ApiError> {
    // What has not the form of an id names no lead either.
    let id: HomeId = id.parse().map_err(|_| ApiError::lead_not_found())?;
    reads.find(admitted, id).await?.ok_or_else(ApiError::lead_not_found)
}
