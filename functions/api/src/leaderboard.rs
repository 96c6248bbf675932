//! `GET /v1/leaderboard`: the leads with the highest scores as of the request.
//!
//! Invariant: the order is by the score shown. The index holds older scores, but a score only
//! falls while nothing happens, so each entry tells the most that it and all after it can show,
//! and the walk ends where nothing further down can still belong to the best.

use std::{cmp::Reverse, sync::Arc};

use axum::{
    Json,
    extract::{RawQuery, State},
};
use domain::stage::Stage;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    body::{Page, RankedLead},
    error::ApiError,
    guard::Admitted,
    query::Query,
    reads::{Reads, is_visible},
    show::{self, Lens, Seen},
    walk::{self, Walk},
};

const LIMIT: u16 = 10;
const MOST: u16 = 100;
const MOST_PER_STAGE: u16 = 50;

/// How a leaderboard is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LeaderboardQuery {
    /// How many leads; 10 by default.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
}

/// How a leaderboard by stage is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ByStageQuery {
    /// How many leads of each stage; 10 by default.
    #[param(minimum = 1, maximum = 50)]
    pub limit: Option<u16>,
}

/// The best leads of each stage.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LeaderboardByStage {
    /// From the qualified threshold.
    pub qualified: Vec<RankedLead>,
    /// From the hot threshold.
    pub hot: Vec<RankedLead>,
    /// From the warm threshold.
    pub warm: Vec<RankedLead>,
    /// Below the warm threshold.
    pub cold: Vec<RankedLead>,
}

/// Lists the leads with the highest scores
///
/// Ordered by the score as of the request; `rank` begins with 1.
#[utoipa::path(
    get,
    path = "/v1/leaderboard",
    operation_id = "list_leaderboard",
    tag = "leaderboard",
    params(LeaderboardQuery),
    responses((status = 200, description = "The best leads; `next_cursor` is always `null`.", body = Page<RankedLead>))
)]
pub async fn top(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<RankedLead>>, ApiError> {
    let limit = limit(query.as_deref(), MOST)?;
    let best = best(&reads, &admitted, None, limit).await?;
    Ok(Json(Page { data: ranked(&reads, &admitted, &best).await?, next_cursor: None }))
}

/// Lists the leads with the highest scores of each stage
///
/// Each list is ordered by the score as of the request, and `rank` begins with 1 in each.
#[utoipa::path(
    get,
    path = "/v1/leaderboard/by-stage",
    operation_id = "show_leaderboard_by_stage",
    tag = "leaderboard",
    params(ByStageQuery),
    responses((status = 200, description = "The best leads of each stage.", body = LeaderboardByStage))
)]
pub async fn by_stage(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Json<LeaderboardByStage>, ApiError> {
    let limit = limit(query.as_deref(), MOST_PER_STAGE)?;
    let of = async |stage| {
        let best = best(&reads, &admitted, Some(stage), limit).await?;
        ranked(&reads, &admitted, &best).await
    };
    let (qualified, hot, warm, cold) =
        tokio::try_join!(of(Stage::Qualified), of(Stage::Hot), of(Stage::Warm), of(Stage::Cold))?;
    Ok(Json(LeaderboardByStage { qualified, hot, warm, cold }))
}

fn limit(raw: Option<&str>, most: u16) -> Result<u16, ApiError> {
    let mut query = Query::parse(raw, &["limit"]);
    let limit = query.limit(LIMIT, most);
    query.finish()?;
    Ok(limit)
}

/// Finds the leads with the highest scores, of one stage or of all.
async fn best(
    reads: &Reads,
    admitted: &Admitted,
    only: Option<Stage>,
    limit: u16,
) -> Result<Vec<Seen>, ApiError> {
    let stages: Vec<_> = only.map_or_else(|| walk::highest_first().collect(), |stage| vec![stage]);
    let mut lens = Lens::new(reads, admitted).await?;
    let mut walk = Walk::new(&reads.store, admitted.tenant(), stages, limit);
    let mut best: Vec<Seen> = Vec::new();
    while let Some(entry) = walk.next().await? {
        let is_full = best.len() >= usize::from(limit);
        if is_full && best.last().is_some_and(|last| entry.standing.score < last.view.score) {
            break;
        }
        let seen = lens.see(entry.lead).await?;
        let is_meant = only.is_none_or(|stage| stage == seen.view.stage);
        if is_meant && is_visible(admitted, &seen.lead) {
            let index = best.partition_point(|other| place(other) <= place(&seen));
            best.insert(index, seen);
            best.truncate(limit.into());
        }
    }
    Ok(best)
}

/// What the best come first by; equal scores in the order of lists.
fn place(seen: &Seen) -> Reverse<(i64, String)> {
    Reverse((seen.view.score, seen.lead.survivor.id.to_string()))
}

async fn ranked(
    reads: &Reads,
    admitted: &Admitted,
    best: &[Seen],
) -> Result<Vec<RankedLead>, ApiError> {
    let bodies = show::bodies(reads, admitted, best).await?;
    Ok(bodies.into_iter().zip(1..).map(|(lead, rank)| RankedLead { rank, lead }).collect())
}
