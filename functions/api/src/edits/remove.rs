//! `DELETE /v1/leads/{id}` and `POST /v1/leads/{id}/restore`: hides a lead and brings it back.
//!
//! Invariant: a deleted lead answers to nothing but its restoration and its erasure. Its events go
//! on being stored and scored, so a restored lead is what it would have been. An erasure that was
//! scheduled is taken back only by who could have scheduled it.

use std::{str::FromStr, sync::Arc};

use axum::{
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::home::HomeId;
use lambda::problem::Problem;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::change::{Wanted, change, failed};
use crate::{
    body::LeadBody,
    error::ApiError,
    guard::Admitted,
    lead::{LeadPath, tagged},
    privacy::{
        erase::{self, ScheduledErasure},
        erasures::ErasureBody,
    },
    query::Query,
    reads::Reads,
    revision::IfMatch,
};

/// How a lead is to be deleted.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeleteQuery {
    /// Erases the person for good, after 30 days.
    #[param(inline)]
    pub mode: Option<DeleteMode>,
    /// Erases at once; only with `mode`.
    pub now: Option<bool>,
}

/// What else than to be hidden.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeleteMode {
    /// To be erased.
    Erase,
}

/// What is asked for.
#[derive(Clone, Copy)]
enum Mode {
    Hide,
    Erase,
    EraseNow,
}

/// Deletes a lead
///
/// Hides it from every list, search, leaderboard and look-up until it is restored; events that come
/// for it are stored and scored all the same. Another lead that turns out to be the same person, by
/// a stronger identity, is not hidden by it. With `If-Match` only if it is still what was read.
/// Repeated, it answers `lead_not_found`: the lead is gone, as was asked.
///
/// With `mode=erase`, which needs the permission `privacy`, the person is erased after 30 days
/// unless the lead is restored before; with `now=true` at once, and for good: every key is
/// destroyed that opens what is kept of them, wherever a copy lies. Their events stay for the
/// statistics and are nobody's. What comes later of the same identity makes a new lead, under a
/// new id. A deleted lead can be erased as well. Repeated, it answers the same, and cleans up what
/// was left to be cleaned up.
#[utoipa::path(
    delete,
    path = "/v1/leads/{id}",
    operation_id = "delete_lead",
    tag = "leads",
    params(LeadPath, DeleteQuery),
    responses(
        (status = 200, description = "With `mode=erase` and `now=true`: the receipt.", body = ErasureBody),
        (status = 202, description = "With `mode=erase`: it is hidden, and will be erased.", body = ScheduledErasure),
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
) -> Result<Response, ApiError> {
    let mode = Mode::read(query.as_deref())?;
    let id: HomeId = id.parse().map_err(|_| ApiError::lead_not_found())?;
    match mode {
        Mode::EraseNow => return erase::now(&reads, &admitted, id, &if_match).await,
        Mode::Erase => return erase::schedule(&reads, &admitted, id, &if_match).await,
        Mode::Hide => {}
    }
    let wanted = Wanted { deleted: Some(true), ..Wanted::default() };
    change(&reads, &admitted, id, &if_match, &wanted).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl Mode {
    fn read(query: Option<&str>) -> Result<Self, Problem> {
        let mut query = Query::parse(query, &["mode", "now"]);
        let mode: Option<DeleteMode> = query.parsed("mode");
        let now = query.flag("now");
        if now.is_some() && mode.is_none() {
            let message = "it says when to erase; give mode=erase with it";
            query.refuse("now", "invalid_value", message.to_owned());
        }
        query.finish()?;
        Ok(match (mode, now) {
            (None, _) => Self::Hide,
            (Some(DeleteMode::Erase), Some(true)) => Self::EraseNow,
            (Some(DeleteMode::Erase), _) => Self::Erase,
        })
    }
}

impl FromStr for DeleteMode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "erase" { Ok(Self::Erase) } else { Err("a mode is `erase`") }
    }
}

/// Restores a deleted lead
///
/// It is again what it would have been, with all events that came meanwhile. A lead that is not
/// deleted stays as it is. One that was to be erased is kept, which needs the permission `privacy`.
/// The events of one that was idle for so long that they were archived are brought back, and stay
/// for as long again.
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
        (status = 403, description = "The caller may not: `missing_scope`, `missing_permission` or `no_membership`. A lead that is to be erased is restored only by who has the permission `privacy`."),
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
    if lead.is_archived() {
        let brought = reads.scorer.bring_back(admitted.tenant(), lead.survivor.id, admitted.now);
        brought.await.map_err(failed)?;
    }
    tagged(&reads, &admitted, lead).await
}
