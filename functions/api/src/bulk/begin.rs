//! Beginning a job that takes leads by the thousand.
//!
//! Invariant: the message of a job is queued before the job is made, so that no job is ever
//! without it; and a request that comes again under its `Idempotency-Key` makes the same job.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{home::HomeId, job::Work};
use dynamo::Job;

use crate::{
    error::ApiError,
    guard::Admitted,
    job_queue,
    jobs::{self, JobBody},
    reads::Reads,
    revision,
};

/// What a job is made of.
#[derive(Debug)]
pub struct Beginning {
    /// What it does.
    pub work: Work,
    /// In how many segments.
    pub segments: u32,
    /// The leads that somebody named.
    pub leads: Option<Vec<HomeId>>,
    /// The names of the fields that it changes, for the audit log.
    pub fields: Vec<String>,
}

/// Makes a job and answers it.
pub async fn begin(
    reads: &Reads,
    admitted: &Admitted,
    beginning: Beginning,
) -> Result<Response, ApiError> {
    let Beginning { work, segments, leads, fields } = beginning;
    let tenant = admitted.tenant();
    let job = Job::new(jobs::named(admitted)?, work, segments, admitted.now);
    job_queue::announce(&*reads.bulk, tenant, &job.id).await?;
    let store = admitted.recording(&reads.store, "job", job.id.as_str(), fields);
    if store.create_job(tenant, &job, leads.as_deref()).await? {
        return Ok(begun(job));
    }
    // An earlier try made it.
    begun_before(reads, admitted).await?.ok_or_else(|| revision::contended().into())
}

/// Answers the job that an earlier try of the same request made, if there was one.
pub async fn begun_before(
    reads: &Reads,
    admitted: &Admitted,
) -> Result<Option<Response>, ApiError> {
    if !admitted.creation().is_repeated {
        return Ok(None);
    }
    let job = reads.store.job(admitted.tenant(), &jobs::named(admitted)?).await?;
    Ok(job.map(begun))
}

fn begun(job: Job) -> Response {
    let location = jobs::location(&job.id);
    (StatusCode::ACCEPTED, location, Json(JobBody::new(job, None))).into_response()
}
