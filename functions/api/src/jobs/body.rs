//! A job as it is shown.

use domain::{
    actor::Actor,
    job::{JobId, JobStatus, Outcome, Work},
    time::Timestamp,
};
use dynamo::Job;
use serde::Serialize;
use utoipa::ToSchema;

use super::result::ResultBody;
use crate::words;

/// Work over many leads.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub struct JobBody {
    /// Names it.
    #[schema(value_type = String)]
    pub id: JobId,
    /// What it does.
    #[schema(schema_with = words::job_kind)]
    pub kind: &'static str,
    /// How far it has come.
    #[schema(schema_with = words::job_status)]
    pub status: JobStatus,
    /// When it was asked for; a preview views every lead at this instant.
    #[schema(schema_with = words::timestamp)]
    pub created_at: Timestamp,
    /// When it ended.
    #[schema(schema_with = words::optional_timestamp)]
    pub ended_at: Option<Timestamp>,
    /// Who asked for it; of an import, a bulk edit or an export.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    pub by: Option<Actor>,
    /// What is done to each lead; of a bulk edit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "archive")]
    pub action: Option<&'static str>,
    /// The version that leads are brought to; of a preview, the version that was active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<u32>,
    /// How many of a hundred leads a preview looks at, chosen by a hash of their id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_percent: Option<u32>,
    /// What is done of it.
    pub progress: ProgressBody,
    /// What came of it; only of one job that is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultBody>,
}

/// What is done of a job.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = JobProgress)]
pub struct ProgressBody {
    /// The pass that it is in, counted from 1.
    pub pass: u32,
    /// How often it goes through its leads; the last pass of a re-score catches what was written
    /// under the old rules.
    pub passes: u32,
    /// The segments of this pass.
    pub segments: SegmentsBody,
    /// How many leads, or rows of an import, the segments that are done had.
    pub leads: u64,
    /// How many there are in all, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

/// The segments of a pass.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = JobSegments)]
pub struct SegmentsBody {
    /// How many are done.
    pub done: u64,
    /// How many there are.
    pub total: u32,
}

impl JobBody {
    /// Shows a job, with its outcome where that is wanted.
    pub fn new(job: Job, outcome: Option<Outcome>) -> Self {
        let (rule_set, sample_percent) = match job.work {
            Work::Preview { active, sample_percent } => (Some(active), Some(sample_percent)),
            Work::Rescore { version } => (Some(version), None),
            _ => (None, None),
        };
        let (by, action) = match &job.work {
            Work::Import { by, .. } | Work::Export { by, .. } => (Some(by.clone()), None),
            Work::BulkEdit { by, change, .. } => (Some(by.clone()), Some(change.action())),
            _ => (None, None),
        };
        let segments = SegmentsBody {
            done: u64::try_from(job.finished.len()).unwrap_or(u64::MAX),
            total: job.segments,
        };
        let (pass, passes, leads) = (job.pass, job.work.passes(), job.leads);
        let total = job.work.total();
        Self {
            kind: job.work.kind(),
            status: job.status,
            created_at: job.created_at,
            ended_at: job.ended_at,
            by,
            action,
            rule_set,
            sample_percent,
            progress: ProgressBody { pass, passes, segments, leads, total },
            result: outcome.map(|outcome| ResultBody::new(&job, outcome)),
            id: job.id,
        }
    }
}
