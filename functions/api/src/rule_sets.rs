//! `/v1/rule-sets`: the draft as a whole, and the published versions.
//!
//! Invariant: a published version is only read here. A draft is kept only when the whole of it is
//! sound, so every draft can be previewed and published.

mod body;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Response},
};
use domain::{
    check::{Finding, check},
    rule_set::RuleSet,
};
use lambda::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use self::body::{DraftBody, PublishedBody, RuleSetInput, VersionRow};
use crate::{
    body::Page,
    cursor,
    draft::{self, Current},
    error::ApiError,
    guard::Admitted,
    input::Input,
    query::Query,
    reads::Reads,
    revision::{self, IfMatch},
};

const LIMIT: u16 = 20;
const MOST: u16 = 50;

/// What an answer says beside the draft: whether publishing it would change anything.
const DRAFT_DIFFERS: HeaderName = HeaderName::from_static("draft-differs");

/// And which version it was begun from.
const DRAFT_BASED_ON: HeaderName = HeaderName::from_static("draft-based-on");

/// How versions are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VersionsQuery {
    /// How many versions a page has at most; 20 by default.
    #[param(minimum = 1, maximum = 50)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was.
    pub cursor: Option<String>,
}

/// Which version is asked about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct VersionPath {
    /// The number of a version, or `active`.
    #[param(example = "3")]
    pub version: String,
}

/// What a cursor holds: the last version listed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    before: u32,
}

/// Shows the draft
///
/// The rules that the next version will have, as plain JSON that can live in a repository; while
/// there is no draft, the content of the active version.
#[utoipa::path(
    get,
    path = "/v1/rule-sets/draft",
    operation_id = "show_draft",
    tag = "rules",
    responses((
        status = 200,
        description = "The draft.",
        body = RuleSetInput,
        headers(
            ("ETag" = String, description = "The revision of the draft."),
            ("Draft-Based-On" = u32, description = "The version that it was begun from; while another one is active it is not published."),
            ("Draft-Differs" = bool, description = "Whether publishing the draft would change anything."),
        ),
    ))
)]
pub async fn show_draft(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let current = Current::read(&reads.store, admitted.tenant()).await?;
    shown(&reads, &admitted, current).await
}

/// Replaces the draft
///
/// By a whole set, such as one of these answers kept in a repository: what an answer says beside
/// the rules, a version's number or a rule's `failures` among it, is ignored. At most 500 rules,
/// each with an `id` of its own, and 300 KB of JSON. It is based on the version that is active now,
/// which an edit of a single rule never changes. With `If-Match` only if the draft is still that
/// revision.
#[utoipa::path(
    put,
    path = "/v1/rule-sets/draft",
    operation_id = "replace_draft",
    tag = "rules",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the draft as it was read.")),
    request_body = RuleSetInput,
    responses(
        (
            status = 200,
            description = "The draft as it is now.",
            body = RuleSetInput,
            headers(
                ("ETag" = String, description = "The revision of the draft."),
                ("Draft-Based-On" = u32, description = "The version that it was begun from; while another one is active it is not published."),
                ("Draft-Differs" = bool, description = "Whether publishing the draft would change anything."),
            ),
        ),
        (status = 412, description = "The draft has changed: `precondition_failed`."),
        (status = 422, description = "The set is not sound: `invalid_rule_set`, with every fault, of a condition with line and column."),
    )
)]
pub async fn replace_draft(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
    Input(body): Input<RuleSetInput>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let (set, without_id) = body.into_set();
    draft::fits(&set, draft::MAX_BYTES)?;
    sound(&set, without_id)?;
    let current = draft::replace(&reads.store, &admitted, &if_match, &set).await?;
    shown(&reads, &admitted, current).await
}

/// Discards the draft
///
/// From then on it is the active version again. With `If-Match` only if the draft is still that
/// revision.
#[utoipa::path(
    delete,
    path = "/v1/rule-sets/draft",
    operation_id = "discard_draft",
    tag = "rules",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the draft as it was read.")),
    responses(
        (status = 204, description = "There is no draft, or no longer."),
        (status = 412, description = "The draft has changed: `precondition_failed`."),
    )
)]
pub async fn discard_draft(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    draft::discard(&reads.store, &admitted, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the published versions
///
/// Newest first. A version never changes; a rollback is a newer version with the content of an
/// older one.
#[utoipa::path(
    get,
    path = "/v1/rule-sets",
    operation_id = "list_rule_sets",
    tag = "rules",
    params(VersionsQuery),
    responses((status = 200, description = "A page of versions.", body = Page<VersionRow>))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<VersionRow>>, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["limit", "cursor"]);
    let limit = query.limit(LIMIT, MOST);
    let cursor = query.text("cursor");
    query.finish()?;
    let place: Option<Place> = cursor.as_deref().map(cursor::read).transpose()?;
    let before = place.map(|place| place.before);
    let active = reads.store.active_version(admitted.tenant()).await?;
    let more = limit.saturating_add(1);
    let mut sets = reads.store.rule_sets(admitted.tenant(), before, more).await?;
    let next_cursor = cursor::cut(&mut sets, limit, |last| Place { before: last.set.version })?;
    let data = sets.into_iter().map(|set| VersionRow::new(set, active)).collect();
    Ok(Json(Page { data, next_cursor }))
}

/// Shows a published version
///
/// With how often each rule's condition failed at run time under it.
#[utoipa::path(
    get,
    path = "/v1/rule-sets/{version}",
    operation_id = "show_rule_set",
    tag = "rules",
    params(VersionPath),
    responses(
        (status = 200, description = "The version.", body = PublishedBody),
        (status = 404, description = "There is no such version: `rule_set_not_found`."),
    )
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(version): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<PublishedBody>, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let (store, tenant) = (&reads.store, admitted.tenant());
    let active = store.active_version(tenant).await?;
    let version = match version.as_str() {
        "active" => active,
        number => number.parse().map_err(|_| not_found())?,
    };
    let published = store.published_set(tenant, version).await?.ok_or_else(not_found)?;
    let failures: BTreeMap<_, _> = store.rule_failures(tenant, version).await?;
    Ok(Json(PublishedBody::new(published, active, failures)))
}

/// 422: tells all that is wrong with a set, and of an id that is missing nothing but that.
fn sound(set: &RuleSet, without_id: Vec<Finding>) -> Result<(), Problem> {
    let Err(mut found) = check(set) else { return Ok(()) };
    found.retain(|found| without_id.iter().all(|missing| missing.path != found.path));
    let all = without_id.into_iter().chain(found).collect();
    Err(draft::invalid("invalid_rule_set", "the rule set", all))
}

async fn shown(reads: &Reads, admitted: &Admitted, current: Current) -> Result<Response, ApiError> {
    let differs = match current.revision() {
        Some(_) => differs(reads, admitted, &current.set).await?,
        None => false,
    };
    let beside =
        [(DRAFT_BASED_ON, current.based_on.to_string()), (DRAFT_DIFFERS, differs.to_string())];
    let etag = revision::header(current.etag());
    Ok((etag, beside, Json(DraftBody::from(current.set))).into_response())
}

/// Tells whether a draft says anything else than the active version.
async fn differs(reads: &Reads, admitted: &Admitted, draft: &RuleSet) -> Result<bool, ApiError> {
    let active = reads.store.active_rule_set(admitted.tenant()).await?;
    Ok(RuleSet { version: active.version, ..draft.clone() } != active)
}

/// 404: the tenant has no version of this number.
pub(crate) fn not_found() -> Problem {
    Problem::not_found("rule_set_not_found", "there is no such version; see /v1/rule-sets")
}
