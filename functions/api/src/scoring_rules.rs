//! `/v1/scoring-rules`: the rules of the draft, one by one.
//!
//! Invariant: a rule is written only when it is sound by itself, into the draft only, so nothing
//! here changes a score; other edits made at the same time are kept.

mod body;
mod edits;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{HeaderName, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use domain::{rule::Rule, rule_set::RuleSet};
use serde::Serialize;
use utoipa::IntoParams;

pub use self::body::{CapBody, KeptRuleBody, RuleBody};
use self::edits::{add, added_before, unknown};
use crate::{
    body::Page,
    draft::{self, Current},
    error::ApiError,
    guard::Admitted,
    input::Input,
    query::Query,
    reads::Reads,
    revision::{self, IfMatch},
};

/// Which rule is asked about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct RulePath {
    /// The id of a rule of the draft.
    #[param(example = "large_orders")]
    pub id: String,
}

/// A rule with how often its condition failed.
#[derive(Debug, Serialize)]
struct ShownRule {
    #[serde(flatten)]
    rule: Rule,
    failures: u64,
}

/// Lists the rules of the draft
///
/// In the order in which they apply; while there is no draft, those of the active version. The
/// `ETag` is that of the draft. `failures` counts under the active version.
#[utoipa::path(
    get,
    path = "/v1/scoring-rules",
    operation_id = "list_scoring_rules",
    tag = "rules",
    responses((
        status = 200,
        description = "All rules; `next_cursor` is always `null`.",
        body = Page<KeptRuleBody>,
        headers(("ETag" = String, description = "The revision of the draft.")),
    ))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let current = Current::read(&reads.store, admitted.tenant()).await?;
    let failures = failures(&reads, &admitted).await?;
    let etag = current.etag();
    let data: Vec<_> =
        current.set.rules.into_iter().map(|rule| ShownRule::new(rule, &failures)).collect();
    Ok((revision::header(etag), Json(Page { data, next_cursor: None })).into_response())
}

/// Adds a rule to the draft
///
/// At its end, and for nobody's score yet: a publish does that. To be safe to repeat, give it an
/// `id`: where the draft has just this rule already, the answer is the same and nothing changes.
/// Without `id` one is made from the name, each time another. With `If-Match` only if the draft is
/// still that revision.
#[utoipa::path(
    post,
    path = "/v1/scoring-rules",
    operation_id = "create_scoring_rule",
    tag = "rules",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the draft as it was read.")),
    request_body = RuleBody,
    responses(
        (
            status = 201,
            description = "The rule as it was added, now or before.",
            body = KeptRuleBody,
            headers(
                ("ETag" = String, description = "The revision of the draft."),
                ("Location" = String, description = "Where the rule is."),
            ),
        ),
        (status = 409, description = "Another rule has the id: `rule_exists`."),
        (status = 412, description = "The draft has changed: `precondition_failed`."),
        (status = 422, description = "The rule is not sound: `invalid_rule`, with every fault, of a condition with line and column."),
    )
)]
pub async fn create(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
    Input(body): Input<RuleBody>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let added = added_before(&reads, &admitted, &if_match, &body).await?;
    let (rule, etag) = if let Some(added) = added {
        added
    } else {
        let add = |set: &mut RuleSet| add(set, &body);
        draft::edit(&reads.store, &admitted, &if_match, add).await?
    };
    let location: [(HeaderName, String); 1] =
        [(LOCATION, format!("/v1/scoring-rules/{}", rule.id))];
    let failures = failures(&reads, &admitted).await?;
    let shown = Json(ShownRule::new(rule, &failures));
    Ok((StatusCode::CREATED, location, revision::header(etag), shown).into_response())
}

/// Shows a rule of the draft
///
/// While there is no draft, of the active version. The `ETag` is that of the draft. `failures`
/// counts under the active version.
#[utoipa::path(
    get,
    path = "/v1/scoring-rules/{id}",
    operation_id = "show_scoring_rule",
    tag = "rules",
    params(RulePath),
    responses(
        (
            status = 200,
            description = "The rule.",
            body = KeptRuleBody,
            headers(("ETag" = String, description = "The revision of the draft.")),
        ),
        (status = 404, description = "The draft has no such rule: `rule_not_found`."),
    )
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let current = Current::read(&reads.store, admitted.tenant()).await?;
    let etag = current.etag();
    let rule = current.set.rules.into_iter().find(|rule| rule.id == id).ok_or_else(unknown)?;
    let failures = failures(&reads, &admitted).await?;
    Ok((revision::header(etag), Json(ShownRule::new(rule, &failures))).into_response())
}

/// Replaces a rule of the draft
///
/// It keeps its place. What the body leaves out the rule does not have; an `id` in it is that of
/// the path. With `If-Match` only if the draft is still that revision.
#[utoipa::path(
    put,
    path = "/v1/scoring-rules/{id}",
    operation_id = "replace_scoring_rule",
    tag = "rules",
    params(
        RulePath,
        ("If-Match" = Option<String>, Header, description = "The ETag of the draft as it was read."),
    ),
    request_body = RuleBody,
    responses(
        (
            status = 200,
            description = "The rule as it is now.",
            body = KeptRuleBody,
            headers(("ETag" = String, description = "The revision of the draft.")),
        ),
        (status = 404, description = "The draft has no such rule: `rule_not_found`."),
        (status = 412, description = "The draft has changed: `precondition_failed`."),
        (status = 422, description = "The rule is not sound: `invalid_rule`, with every fault, of a condition with line and column."),
    )
)]
pub async fn replace(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
    Input(body): Input<RuleBody>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let replace = |set: &mut RuleSet| edits::replace(set, &id, &body);
    let (rule, etag) = draft::edit(&reads.store, &admitted, &if_match, replace).await?;
    let failures = failures(&reads, &admitted).await?;
    Ok((revision::header(etag), Json(ShownRule::new(rule, &failures))).into_response())
}

/// Removes a rule from the draft
///
/// One that the draft does not have is gone already: repeating it answers the same. With
/// `If-Match` only if the draft is still that revision.
#[utoipa::path(
    delete,
    path = "/v1/scoring-rules/{id}",
    operation_id = "delete_scoring_rule",
    tag = "rules",
    params(
        RulePath,
        ("If-Match" = Option<String>, Header, description = "The ETag of the draft as it was read."),
    ),
    responses(
        (
            status = 204,
            description = "The draft does not have it, or no longer.",
            headers(("ETag" = String, description = "The revision of the draft.")),
        ),
        (status = 412, description = "The draft has changed: `precondition_failed`."),
    )
)]
pub async fn delete(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let etag = edits::remove(&reads, &admitted, &if_match, &id).await?;
    Ok((StatusCode::NO_CONTENT, revision::header(etag)).into_response())
}

impl ShownRule {
    fn new(rule: Rule, failures: &BTreeMap<String, u64>) -> Self {
        let failures = failures.get(&rule.id).copied().unwrap_or_default();
        Self { rule, failures }
    }
}

/// Reads how often the conditions failed under the active version.
async fn failures(reads: &Reads, admitted: &Admitted) -> Result<BTreeMap<String, u64>, ApiError> {
    let version = reads.store.active_version(admitted.tenant()).await?;
    Ok(reads.store.rule_failures(admitted.tenant(), version).await?)
}
