//! `GET /v1/leads/{id}`: one lead, exact, by any id of its family.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
};
use domain::{home::HomeId, lead::Lead};
use utoipa::IntoParams;

use crate::{body::LeadBody, error::ApiError, guard::Admitted, query::Query, reads::Reads, show};

/// Which lead is asked about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct LeadPath {
    /// Any id of the lead's family.
    #[param(pattern = "^lead_[a-z2-7]{26}$", example = "lead_5beiexgvm3fyfbysxs6stwaya4")]
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
    responses((status = 200, description = "The lead.", body = LeadBody))
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<LeadBody>, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let lead = find(&reads, &admitted, &id).await?;
    Ok(Json(show::exact(&reads, &admitted, lead).await?))
}

/// Finds the lead of an id as it stands in a path, or answers 404.
pub async fn find(reads: &Reads, admitted: &Admitted, id: &str) -> Result<Lead, ApiError> {
    // What has not the form of an id names no lead either.
    let id: HomeId = id.parse().map_err(|_| ApiError::lead_not_found())?;
    reads.find(admitted.tenant(), id).await?.ok_or_else(ApiError::lead_not_found)
}
