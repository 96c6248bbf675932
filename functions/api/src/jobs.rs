//! `/v1/jobs`: how far the work over many leads has come, and what came of it.
//!
//! Invariant: a job only shows what its worker noted. To resume one queues what is not done, and
//! never begins a job anew.

mod body;
mod bulk;
mod result;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{HeaderName, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use domain::job::{JobId, JobStatus};
use dynamo::Job;
use lambda::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

pub use self::{body::JobBody, bulk::LineErrorBody};
use crate::{
    body::Page, cursor, error::ApiError, guard::Admitted, job_queue, query::Query, reads::Reads,
};

const LIMIT: u16 = 20;
const MOST: u16 = 100;

/// How jobs are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobsQuery {
    /// How many jobs a page has at most; 20 by default.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
    /// Continues after the page whose `next_cursor` it was.
    pub cursor: Option<String>,
}

/// Which job is asked about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct JobPath {
    /// Its id.
    #[param(example = "job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    pub id: String,
}

/// What a cursor holds: the last job listed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    before: JobId,
}

/// Lists jobs
///
/// Newest first, without their results.
#[utoipa::path(
    get,
    path = "/v1/jobs",
    operation_id = "list_jobs",
    tag = "jobs",
    params(JobsQuery),
    responses((status = 200, description = "A page of jobs.", body = Page<JobBody>))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<JobBody>>, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["limit", "cursor"]);
    let limit = query.limit(LIMIT, MOST);
    let cursor = query.text("cursor");
    query.finish()?;
    let place: Option<Place> = cursor.as_deref().map(cursor::read).transpose()?;
    let before = place.as_ref().map(|place| &place.before);
    let more = limit.saturating_add(1);
    let mut jobs = reads.store.jobs(admitted.tenant(), before, more).await?;
    let next_cursor = cursor::cut(&mut jobs, limit, |last| Place { before: last.id.clone() })?;
    let data = jobs.into_iter().map(|job| JobBody::new(job, None)).collect();
    Ok(Json(Page { data, next_cursor }))
}

/// Shows a job
///
/// With its progress and, once it is done, its result.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}",
    operation_id = "show_job",
    tag = "jobs",
    params(JobPath),
    responses(
        (status = 200, description = "The job.", body = JobBody),
        (status = 404, description = "There is no such job: `job_not_found`."),
    )
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<JobBody>, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let job = find(&reads, &admitted, &id).await?;
    let outcome = match job.status {
        JobStatus::Done => reads.store.job_result(admitted.tenant(), &job.id).await?,
        _ => None,
    };
    Ok(Json(JobBody::new(job, outcome)))
}

/// Resumes a job
///
/// Queues again what is not done of it, so that a job that failed goes on. One that goes on already
/// comes to the same leads; parts of it may then be worked twice at once, and `rescored`,
/// `crossings` and `changed` of its result can miss some.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/resume",
    operation_id = "resume_job",
    tag = "jobs",
    params(JobPath),
    responses(
        (status = 202, description = "The job goes on.", body = JobBody),
        (status = 404, description = "There is no such job: `job_not_found`."),
        (status = 409, description = "It is done or superseded: `job_is_over`."),
    )
)]
pub async fn resume(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let mut job = find(&reads, &admitted, &id).await?;
    if job.status.is_over() {
        let message = format!("the job is {} and has nothing left to do", job.status.as_str());
        return Err(Problem::new(StatusCode::CONFLICT, "job_is_over", message).into());
    }
    let tenant = admitted.tenant();
    let status = if job.pass < job.work.passes() { JobStatus::Running } else { last_status(&job) };
    let failed = [JobStatus::Failed];
    let store = admitted.recording(&reads.store, "job", job.id.as_str(), ["status".to_owned()]);
    let turned = store.turn_job(tenant, &job.id, &failed, status, admitted.now).await?;
    job = turned.unwrap_or(job);
    let queue = if job.work.is_bulk() { &*reads.bulk } else { &*reads.jobs };
    job_queue::resume(queue, tenant, &job.id).await?;
    Ok((StatusCode::ACCEPTED, Json(JobBody::new(job, None))).into_response())
}

/// Returns the status of a job in its last pass.
fn last_status(job: &Job) -> JobStatus {
    if job.work.passes() > 1 { JobStatus::Settling } else { JobStatus::Running }
}

async fn find(reads: &Reads, admitted: &Admitted, id: &str) -> Result<Job, ApiError> {
    let not_found = || Problem::not_found("job_not_found", "there is no job with this id");
    let id: JobId = id.parse().map_err(|_| not_found())?;
    let job = reads.store.job(admitted.tenant(), &id).await?;
    job.ok_or_else(|| not_found().into())
}

/// Names the job that a request makes: it has the same name when the request comes again.
pub fn named(admitted: &Admitted) -> Result<JobId, ApiError> {
    let id = format!("job_{}", admitted.creation().uuid()).parse();
    // A UUID is always written like this.
    Ok(id.map_err(|_| Problem::bad_request("invalid_id", "no job could be named"))?)
}

/// Says where a job is.
pub fn location(id: &JobId) -> [(HeaderName, String); 1] {
    [(LOCATION, format!("/v1/jobs/{id}"))]
}
