//! `POST /v1/rule-sets/preview`: what publishing the draft would do to all leads.
//!
//! Invariant: the job has its own copy of the draft, so what is edited meanwhile makes no
//! difference to it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{job::Work, rule_set::RuleSet, rules::Rules};
use dynamo::{Job, SCAN_SEGMENTS};
use lambda::problem::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    draft::{self, Current},
    error::ApiError,
    guard::Admitted,
    input::Input,
    job_queue,
    jobs::{self, JobBody},
    query::Query,
    reads::Reads,
    revision::{self, IfMatch},
};

/// How a preview is asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewInput {
    /// How many of a hundred leads to look at; all of them by default.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100)]
    sample_percent: Option<u32>,
}

/// Previews the draft
///
/// Begins a job that folds every lead, or a sample of them, under the active version and under
/// the draft, both at the instant of this request. While there is no draft it compares the active
/// version with itself. What it finds is what a publish then does, to the point, on the same
/// events at the same instant. With `If-Match` only if the draft is still that revision; the same
/// header lets a publish make just this draft active.
#[utoipa::path(
    post,
    path = "/v1/rule-sets/preview",
    operation_id = "preview_draft",
    tag = "rules",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the draft as it was read.")),
    request_body = Option<PreviewInput>,
    responses(
        (
            status = 202,
            description = "The job that was begun.",
            body = JobBody,
            headers(("Location" = String, description = "Where the job is.")),
        ),
        (status = 412, description = "The draft has changed: `precondition_failed`."),
        (status = 422, description = "The draft is not sound: `invalid_rule_set`."),
    )
)]
pub async fn preview(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    if_match: IfMatch,
    RawQuery(query): RawQuery,
    input: Option<Input<PreviewInput>>,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let Input(PreviewInput { sample_percent }) = input.unwrap_or(Input(PreviewInput::default()));
    let sample_percent = sample_percent.unwrap_or(100);
    if !(1..=100).contains(&sample_percent) {
        return Err(out_of_range().into());
    }
    let tenant = admitted.tenant();
    if let Some(job) = begun_before(&reads, &admitted).await? {
        return Ok(begun(job));
    }
    let active = reads.store.active_version(tenant).await?;
    let current = Current::read(&reads.store, tenant).await?;
    if_match.require(&current.etag())?;
    let draft = RuleSet { version: 0, ..current.set };
    Rules::prepare(draft.clone())
        .map_err(|found| draft::invalid("invalid_rule_set", "the draft", found.0))?;
    let work = Work::Preview { active, sample_percent };
    let creation = admitted.creation();
    let job = Job::new(jobs::named(&admitted)?, work, SCAN_SEGMENTS.get(), creation.at);
    job_queue::announce(&*reads.jobs, tenant, &job.id).await?;
    if !reads.store.create_preview(tenant, &job, &draft).await? {
        return Err(revision::contended().into());
    }
    Ok(begun(job))
}

/// Finds the job that an earlier try of this request has made.
async fn begun_before(reads: &Reads, admitted: &Admitted) -> Result<Option<Job>, ApiError> {
    if !admitted.creation().is_repeated {
        return Ok(None);
    }
    let (tenant, id) = (admitted.tenant(), jobs::named(admitted)?);
    Ok(reads.store.job(tenant, &id).await?)
}

/// Answers that a job was begun.
fn begun(job: Job) -> Response {
    let location = jobs::location(&job.id);
    (StatusCode::ACCEPTED, location, Json(JobBody::new(job, None))).into_response()
}

fn out_of_range() -> Problem {
    let message = "sample_percent lies between 1 and 100";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", message).with_error(
        "sample_percent",
        "out_of_range",
        message,
    )
}
