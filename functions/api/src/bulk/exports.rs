//! `GET /v1/exports/{job}/parts/{part}`: a part of an export as CSV.
//!
//! Invariant: the header comes before the first part alone, so that all parts put together are one
//! file. An answer is never kept by anybody on the way.

use std::sync::Arc;

use axum::{
    extract::{Path, RawQuery, State},
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use domain::{
    bulk::ExportOutcome,
    job::{JobId, JobStatus, Outcome},
};
use files::{FileKey, export_header};
use lambda::problem::Problem;
use utoipa::IntoParams;

use crate::{error::ApiError, guard::Admitted, query::Query, reads::Reads};

/// Which part is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PartPath {
    /// The job that wrote it.
    #[param(example = "job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    pub job: String,
    /// Its number, from 1.
    #[param(minimum = 1, example = 1)]
    pub part: u32,
}

/// Downloads a part of an export
///
/// UTF-8, commas, CRLF, quoted where that is needed (RFC 4180). The header stands in part 1 alone.
#[utoipa::path(
    get,
    path = "/v1/exports/{job}/parts/{part}",
    operation_id = "download_export_part",
    tag = "leads",
    params(PartPath),
    responses(
        (
            status = 200,
            description = "The part.",
            body = String,
            content_type = "text/csv",
            headers(
                ("Cache-Control" = String, description = "`no-store`."),
                ("Content-Disposition" = String, description = "A name for the file."),
            ),
            example = json!("id,user_id,email\r\nlead_5beiexgvm3fyfbysxs6stwaya4,u1,ana@example.com\r\n"),
        ),
        (status = 404, description = "There is no such export, it is not done, or it has fewer parts: `export_not_found` or `part_not_found`."),
        (status = 410, description = "It was written more than 7 days ago, or withdrawn because somebody was erased: `export_expired`."),
    )
)]
pub async fn part(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path((job, part)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let (job, outcome) = find(&reads, &admitted, &job).await?;
    let part: usize = part.parse().map_err(|_| no_part())?;
    let mut csv = if part == 1 { export_header().into_bytes() } else { Vec::new() };
    match part.checked_sub(1).and_then(|place| outcome.parts.get(place)) {
        Some(written) => {
            let key = FileKey::export(admitted.tenant(), &job, &written.name);
            let sealed = reads.files.get(&key).await?.ok_or_else(expired)?;
            csv.extend(admitted.keyring().open_item(&sealed)?);
        }
        // An export of nobody is a header.
        None if part == 1 => {}
        None => return Err(no_part().into()),
    }
    let name = format!("attachment; filename=\"{job}-{part}.csv\"");
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
        (CONTENT_DISPOSITION, name),
    ];
    Ok((headers, csv).into_response())
}

async fn find(
    reads: &Reads,
    admitted: &Admitted,
    job: &str,
) -> Result<(JobId, ExportOutcome), ApiError> {
    let not_found = || {
        let message = "there is no export that is done with this id";
        Problem::not_found("export_not_found", message)
    };
    let id: JobId = job.parse().map_err(|_| not_found())?;
    let found = reads.store.job(admitted.tenant(), &id).await?;
    found.filter(|job| job.status == JobStatus::Done).ok_or_else(not_found)?;
    match reads.store.job_result(admitted.tenant(), &id).await? {
        Some(Outcome::Export(outcome)) => Ok((id, outcome)),
        _ => Err(not_found().into()),
    }
}

fn no_part() -> Problem {
    Problem::not_found("part_not_found", "the export has no such part; see the job's result")
}

fn expired() -> Problem {
    let message =
        "the part is gone: it is kept for 7 days, or until somebody is erased; export again";
    Problem::new(StatusCode::GONE, "export_expired", message)
}
