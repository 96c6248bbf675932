//! `GET /v1/nightly-runs`: what the nights did with the tenant's leads, and whether what is stored
//! of them is what their events say.
//!
//! Invariant: only a run that is closed is listed, so its numbers are final.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::{RawQuery, State},
};
use domain::{
    home::HomeId,
    time::{Day, Timestamp},
};
use dynamo::{MOST_DRIFT_LEADS, NightCounts, NightlyRun, keys::Pass};
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{Array, ArrayBuilder},
};

use crate::{
    body::Page, cursor, error::ApiError, guard::Admitted, query::Query, reads::Reads, words,
};

const LIMIT: u16 = 20;
const MOST: u16 = 100;

/// How nightly runs are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NightlyRunsQuery {
    /// How many runs a page has at most; 20 by default.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was.
    pub cursor: Option<String>,
}

/// What a nightly run did with the tenant's leads.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NightlyRun)]
pub struct NightlyRunBody {
    /// The day that it looked back at, in UTC: the one before the night.
    #[schema(schema_with = words::day)]
    pub date: Day,
    /// 1; more when the day was run again, which recounts it and takes no picture.
    #[schema(minimum = 1)]
    pub pass: u32,
    /// When it began.
    #[schema(schema_with = words::timestamp)]
    pub started_at: Timestamp,
    /// When it was closed.
    #[schema(schema_with = words::timestamp)]
    pub finished_at: Timestamp,
    /// The time between the two. All tenants of an installation share a run.
    #[schema(minimum = 0)]
    pub duration_ms: i64,
    /// In how many parts the leads were looked at.
    pub shards: u32,
    /// Leads that it looked at: all, deleted and erased ones too.
    pub leads: u64,
    /// Leads that are listed by another score or stage since, because time went by.
    pub refreshed: u64,
    /// Leads that it replayed from their events, to compare: one of a hundred, and some 150 of a
    /// tenant that has fewer than 15,000, so at least a hundred or all it has.
    pub audited: u64,
    /// Those of them that are stored as something else than their events say.
    pub drift: DriftBody,
    /// Leads that it erased as somebody had asked, the time to restore them being over.
    pub erased: u64,
    /// Leads that it made anonymous: they consented to nothing and were silent for too long.
    pub anonymised: u64,
    /// Leads that it moved to the archive.
    pub archived: u64,
    /// Leads that it was to erase or to move, and left to the next night.
    pub postponed: u64,
}

/// Leads that are stored as something else than their events say. There should be none.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Drift)]
pub struct DriftBody {
    /// How many.
    pub count: u64,
    /// Which: the first by id, at most 100.
    #[schema(schema_with = lead_ids)]
    pub leads: BTreeSet<HomeId>,
}

fn lead_ids() -> Array {
    let ids = ArrayBuilder::new().items(words::lead_id());
    ids.max_items(Some(MOST_DRIFT_LEADS)).unique_items(true).build()
}

/// What a cursor holds: the last run listed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    before: String,
}

impl From<NightlyRun> for NightlyRunBody {
    fn from(run: NightlyRun) -> Self {
        let NightlyRun { pass, started_at, finished_at, shards, counts } = run;
        let NightCounts { leads, refreshed, audited, drift, drift_leads, .. } = counts;
        Self {
            date: pass.run,
            pass: pass.number,
            started_at,
            finished_at,
            duration_ms: finished_at.millis_since(started_at).max(0),
            shards,
            leads,
            refreshed,
            audited,
            drift: DriftBody { count: drift, leads: drift_leads },
            erased: counts.erased,
            anonymised: counts.anonymised,
            archived: counts.archived,
            postponed: counts.postponed,
        }
    }
}

/// Lists nightly runs
///
/// What each night did with the tenant's leads, newest first, once it is closed. `drift` should be
/// 0: a lead that is stored as something else than its events say is a fault, and an alarm goes off.
#[utoipa::path(
    get,
    path = "/v1/nightly-runs",
    operation_id = "list_nightly_runs",
    tag = "analytics",
    params(NightlyRunsQuery),
    responses((status = 200, description = "A page of runs.", body = Page<NightlyRunBody>))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<NightlyRunBody>>, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["limit", "cursor"]);
    let limit = query.limit(LIMIT, MOST);
    let cursor = query.text("cursor");
    query.finish()?;
    let place: Option<Place> = cursor.as_deref().map(cursor::read).transpose()?;
    let before = place.map(|place| place.before.parse::<Pass>()).transpose();
    let before = before.map_err(|_| cursor::invalid())?;
    let more = limit.saturating_add(1);
    let mut runs = reads.store.nightly_runs(admitted.tenant(), before, more).await?;
    let place = |last: &NightlyRun| Place { before: last.pass.to_string() };
    let next_cursor = cursor::cut(&mut runs, limit, place)?;
    Ok(Json(Page { data: runs.into_iter().map(NightlyRunBody::from).collect(), next_cursor }))
}
