//! `GET /v1/erasures` and `GET /v1/erasures/{id}`: the receipts of erasures.
//!
//! Invariant: a receipt tells what was erased and how much of it, never what it was.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, RawQuery, State},
};
use domain::{
    actor::Actor,
    erasure::{Erasure, Reason, Trace},
    home::HomeId,
    time::Timestamp,
};
use lambda::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    body::Page, cursor, error::ApiError, guard::Admitted, query::Query, reads::Reads, words,
};

const LIMIT: u16 = 50;
const MOST: u16 = 250;

/// The receipt of an erasure.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Erasure)]
pub struct ErasureBody {
    /// The lead's id when it was erased. It answers 404 now.
    #[schema(schema_with = words::lead_id)]
    pub lead_id: HomeId,
    /// Every id that the lead had.
    #[schema(value_type = Vec<String>)]
    pub homes: Vec<HomeId>,
    /// When it was erased: nothing of it can be read since.
    #[schema(schema_with = words::timestamp)]
    pub erased_at: Timestamp,
    /// Who erased it: a user, a key, or `system`.
    #[schema(value_type = String, example = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    pub by: Actor,
    /// Why: somebody asked for it at once, its 30 days were over, or nobody had consented to
    /// anything for as long as the settings say.
    #[schema(schema_with = words::erasure_reason)]
    pub reason: Reason,
    /// How much of what was erased. `files` are those of exports and imports from before,
    /// whomever they held.
    #[schema(value_type = BTreeMap<String, u64>, example = json!({"keys": 2, "identities": 2, "declared_fields": 5}))]
    pub erased: BTreeMap<Trace, u64>,
    /// When the last trace was cleaned away; `null` while a job or request from before is still at
    /// work. The next night finishes it, and so does who asks again.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub done_at: Option<Timestamp>,
    /// When the last backup lapses that was made before.
    #[schema(schema_with = words::timestamp)]
    pub backups_lapse_at: Timestamp,
}

/// How receipts are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ErasuresQuery {
    /// How many a page has at most; 50 by default.
    #[param(minimum = 1, maximum = 250)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was.
    pub cursor: Option<String>,
}

/// Which receipt is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ErasurePath {
    /// Any id that the lead had.
    #[param(
        pattern = "^lead_[a-z2-7]{25}[aeimquy4]$",
        example = "lead_5beiexgvm3fyfbysxs6stwaya4"
    )]
    pub id: String,
}

/// What a cursor holds: the last lead listed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    after: HomeId,
}

impl From<Erasure> for ErasureBody {
    fn from(erasure: Erasure) -> Self {
        let backups_lapse_at = erasure.backups_lapse_at();
        let Erasure { lead, homes, at, by, reason, traces, done_at } = erasure;
        Self {
            lead_id: lead,
            homes,
            erased_at: at,
            by,
            reason,
            erased: traces,
            done_at,
            backups_lapse_at,
        }
    }
}

/// Lists the receipts of erasures
///
/// By lead.
#[utoipa::path(
    get,
    path = "/v1/erasures",
    operation_id = "list_erasures",
    tag = "privacy",
    params(ErasuresQuery),
    responses((status = 200, description = "A page of receipts.", body = Page<ErasureBody>))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<ErasureBody>>, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["limit", "cursor"]);
    let limit = query.limit(LIMIT, MOST);
    let cursor = query.text("cursor");
    query.finish()?;
    let place: Option<Place> = cursor.as_deref().map(cursor::read).transpose()?;
    let (after, one_more) = (place.map(|place| place.after), limit.saturating_add(1));
    let mut found = reads.store.erasures(admitted.tenant(), after, one_more).await?;
    let next_cursor = cursor::cut(&mut found, limit, |last| Place { after: last.lead })?;
    Ok(Json(Page { data: found.into_iter().map(ErasureBody::from).collect(), next_cursor }))
}

/// Shows the receipt of an erasure
#[utoipa::path(
    get,
    path = "/v1/erasures/{id}",
    operation_id = "show_erasure",
    tag = "privacy",
    params(ErasurePath),
    responses(
        (status = 200, description = "The receipt.", body = ErasureBody),
        (status = 404, description = "No lead with this id was erased: `erasure_not_found`."),
    )
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<ErasureBody>, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let id: HomeId = id.parse().map_err(|_| not_found())?;
    let (store, tenant) = (&reads.store, admitted.tenant());
    if let Some(erasure) = store.erasure(tenant, id).await? {
        return Ok(Json(erasure.into()));
    }
    // Perhaps another id of the family.
    let home = store.homes(tenant, [id]).await?.remove(&id);
    let home = home.filter(domain::lead::Home::is_tombstone).ok_or_else(not_found)?;
    let erasure = store.erasure(tenant, home.survivor.id).await?.ok_or_else(not_found)?;
    Ok(Json(erasure.into()))
}

fn not_found() -> Problem {
    Problem::not_found("erasure_not_found", "no lead with this id was erased")
}
