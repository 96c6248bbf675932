//! `POST /v1/rule-sets/publish` and `…/{version}/rollback`: other rules become the active ones.
//!
//! Invariant: what is published is sound and passes every golden lead, and it is exactly what was
//! checked: a draft or an active version that changed meanwhile makes the publish fail.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    comparison::{GoldenFailure, examine},
    job::Work,
    rule_set::RuleSet,
    rules::Rules,
};
use dynamo::{Job, Publication, PublishedSet, SCAN_SEGMENTS};
use lambda::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    draft,
    error::ApiError,
    guard::{Admitted, Change},
    input::Input,
    job_queue,
    jobs::{self, JobBody},
    query::Query,
    reads::Reads,
    revision::{self, IfMatch},
    rule_sets,
};

const MOST_NOTE_CHARS: usize = 500;

/// How a publish is asked for.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishInput {
    /// What the publisher says about it.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// What was published.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Published)]
pub struct PublishBody {
    /// The version, which is the active one now.
    pub version: u32,
    /// The job that brings all leads to it.
    pub job: JobBody,
}

/// What is about to be published.
struct Candidate {
    active: RuleSet,
    set: RuleSet,
    restored_from: Option<u32>,
    draft_revision: Option<u64>,
    note: Option<String>,
}

/// Publishes the draft
///
/// It becomes the next version, if it is sound and every golden lead passes. From now on every
/// event counts under it; a job brings all leads to it, and tells nobody of stages that it
/// changes. There is no draft afterwards. A draft that was begun from another version than the
/// active one is not published, so a rollback is never undone unseen. With `If-Match` only if the
/// draft is still that revision, such as the one that was previewed.
#[utoipa::path(
    post,
    path = "/v1/rule-sets/publish",
    operation_id = "publish_draft",
    tag = "rules",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the draft as it was read.")),
    request_body = Option<PublishInput>,
    responses(
        (
            status = 202,
            description = "The version, and the job that was begun.",
            body = PublishBody,
            headers(("Location" = String, description = "Where the job is.")),
        ),
        (status = 409, description = "There is no draft, or it says what the active version says: `nothing_to_publish`; or it was begun from another version than the active one: `draft_outdated`; or somebody changed either meanwhile: `rules_changed`."),
        (status = 412, description = "The draft has changed: `precondition_failed`."),
        (status = 422, description = "A golden lead comes to something else: `golden_lead_failed`, with what was expected; or the draft is not sound: `invalid_rule_set`."),
    )
)]
pub async fn publish(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
    input: Option<Input<PublishInput>>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let note = note(input)?;
    let (store, tenant) = (&reads.store, admitted.tenant());
    // In this order a draft that was begun meanwhile is not taken for an outdated one.
    let active = store.active_rule_set(tenant).await?;
    let draft = store.draft(tenant).await?.ok_or_else(nothing)?;
    if_match.require(&revision::etag(draft.revision))?;
    if draft.based_on < active.version {
        return Err(outdated(draft.based_on, active.version).into());
    }
    let draft_revision = Some(draft.revision);
    let set = draft.set;
    make(&reads, &admitted, Candidate { active, set, restored_from: None, draft_revision, note })
        .await
}

/// Goes back to an older version
///
/// Publishes its content as the next version, if every golden lead passes under it; numbers only
/// grow. The draft stays as it is. All leads are brought to it like after any publish.
#[utoipa::path(
    post,
    path = "/v1/rule-sets/{version}/rollback",
    operation_id = "roll_back",
    tag = "rules",
    params(("version" = u32, Path, description = "The version to go back to.", example = 2)),
    request_body = Option<PublishInput>,
    responses(
        (
            status = 202,
            description = "The new version, and the job that was begun.",
            body = PublishBody,
            headers(("Location" = String, description = "Where the job is.")),
        ),
        (status = 404, description = "There is no such version: `rule_set_not_found`."),
        (status = 409, description = "It is the active version, or says the same: `nothing_to_publish`; or somebody published meanwhile: `rules_changed`."),
        (status = 422, description = "A golden lead comes to something else: `golden_lead_failed`, with what was expected; or the version is no longer sound: `invalid_rule_set`."),
    )
)]
pub async fn rollback(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(version): Path<String>,
    RawQuery(query): RawQuery,
    input: Option<Input<PublishInput>>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let note = note(input)?;
    let (store, tenant) = (&reads.store, admitted.tenant());
    let version: u32 = version.parse().map_err(|_| rule_sets::not_found())?;
    let restored = store.published_set(tenant, version).await?;
    let set = restored.ok_or_else(rule_sets::not_found)?.set;
    let active = store.active_rule_set(tenant).await?;
    let restored_from = Some(version);
    make(&reads, &admitted, Candidate { active, set, restored_from, draft_revision: None, note })
        .await
}

/// Checks what is to be published, and publishes it.
async fn make(
    reads: &Reads,
    admitted: &Admitted,
    candidate: Candidate,
) -> Result<Response, ApiError> {
    let Candidate { active, set, restored_from, draft_revision, note } = candidate;
    if set == (RuleSet { version: set.version, ..active.clone() }) {
        return Err(nothing().into());
    }
    let (tenant, now) = (admitted.tenant(), admitted.now);
    let version = active.version.saturating_add(1);
    let set = RuleSet { version, ..set };
    let change = Change::of(draft::RULE_SET, version.to_string(), Some(&active), Some(&set))?;
    let active = active.version;
    let rules = Rules::prepare(set.clone())
        .map_err(|found| draft::invalid("invalid_rule_set", "the rule set", found.0))?;
    check_golden_leads(reads, admitted, &rules).await?;
    let published = PublishedSet { set, published_at: Some(now), restored_from, note };
    let segments = SCAN_SEGMENTS.get();
    let job = Job::new(jobs::named(admitted)?, Work::Rescore { version }, segments, now);
    let publication = Publication { active, published: &published, draft_revision, job: &job };
    job_queue::announce(&*reads.jobs, tenant, &job.id).await?;
    let store = admitted.recording_change(&reads.store, change);
    if !store.publish(tenant, &publication).await? {
        return Err(changed().into());
    }
    tracing::info!(version, job = %job.id, restored_from, "rules are published");
    let location = jobs::location(&job.id);
    let body = PublishBody { version, job: JobBody::new(job, None) };
    Ok((StatusCode::ACCEPTED, location, Json(body)).into_response())
}

/// Refuses rules under which a golden lead comes to something else.
async fn check_golden_leads(
    reads: &Reads,
    admitted: &Admitted,
    rules: &Rules,
) -> Result<(), ApiError> {
    let golden_leads = reads.store.golden_leads(admitted.tenant()).await?;
    let report = examine(golden_leads.iter().map(|stored| &stored.golden), rules);
    let report = report.map_err(|(id, error)| {
        let message = format!("golden lead {id} cannot be folded: {error}");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "golden_lead_failed", message)
    })?;
    match report.first_failure {
        Some(failure) => Err(failed(&failure, report.failed).into()),
        None => Ok(()),
    }
}

/// 422: names the first golden lead that fails, and what it comes to.
fn failed(failure: &GoldenFailure, count: u64) -> Problem {
    let GoldenFailure { id, expected, actual, .. } = failure;
    let more = match count {
        0 | 1 => String::new(),
        count => format!("; {} more fail", count - 1),
    };
    let stage = expected.stage.map_or_else(String::new, |stage| format!(" and be {stage}"));
    let message = format!(
        "golden lead {id} should come to {}{stage}; it comes to {} and is {}{more}",
        expected.score, actual.score, actual.stage
    );
    let code = "golden_lead_failed";
    let mut problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, message);
    let field = |name: &str| format!("golden_leads.{id}.expected.{name}");
    if expected.score != actual.score {
        let message = format!("expected {}, is {}", expected.score, actual.score);
        problem = problem.with_error(field("score"), "unexpected", message);
    }
    if let Some(stage) = expected.stage.filter(|stage| *stage != actual.stage) {
        let message = format!("expected {stage}, is {}", actual.stage);
        problem = problem.with_error(field("stage"), "unexpected", message);
    }
    problem
}

fn note(input: Option<Input<PublishInput>>) -> Result<Option<String>, Problem> {
    let Some(Input(PublishInput { note })) = input else { return Ok(None) };
    if note.as_ref().is_some_and(|note| note.chars().count() > MOST_NOTE_CHARS) {
        let message = format!("a note has at most {MOST_NOTE_CHARS} characters");
        let problem =
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", message.clone());
        return Err(problem.with_error("note", "too_long", message));
    }
    Ok(note.filter(|note| !note.trim().is_empty()))
}

/// 409: publishing would undo what was published since the draft was begun.
fn outdated(based_on: u32, active: u32) -> Problem {
    let message = format!(
        "the draft is based on version {based_on}, and version {active} is active: look at how \
         they differ, then PUT the draft again as a whole to base it on that version"
    );
    Problem::new(StatusCode::CONFLICT, "draft_outdated", message)
}

fn nothing() -> Problem {
    let message = "publishing this would change nothing: it is what the active version says";
    Problem::new(StatusCode::CONFLICT, "nothing_to_publish", message)
}

fn changed() -> Problem {
    let message = "the rules were changed or published by somebody else meanwhile; look again";
    Problem::new(StatusCode::CONFLICT, "rules_changed", message)
}
