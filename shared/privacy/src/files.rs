//! Files of exports and imports from before an erasure: they are withdrawn, whomever they hold.
//!
//! Invariant: a file is removed only when the job that it is of has ended. What a job writes that
//! was begun before is waited for; what one brings in of an erased person is dropped, because it is
//! from before.

use std::collections::BTreeMap;

use ::files::{FileKey, FileSort, Files};
use domain::{
    erasure::Erasure,
    job::{JobId, JobStatus, Work},
    tenant::TenantId,
    time::{DAY_MS, Timestamp},
};
use dynamo::{Job, LEASE_MS, Store, StoreError};

use crate::{
    cleaner::CleanError,
    traces::{Found, Traces, there_for},
};

/// For how long a job can be at work: its files lapse after a week.
const MOST_MS: i64 = 8 * DAY_MS;

/// How many jobs are read at once.
const PAGE: u16 = 100;

/// What became of a job that works with files.
#[derive(Clone, Copy)]
struct Known {
    created_at: Timestamp,
    is_at_work: bool,
}

/// Looks for the files that are to be withdrawn.
pub(crate) async fn find(
    store: &Store,
    files: &dyn Files,
    tenant: &TenantId,
    erasures: &[Erasure],
    now: Timestamp,
) -> Result<Traces<FileKey>, CleanError> {
    // Files come first: one that is put after this is put by a job that the list shows at work.
    let mut keys = Vec::new();
    for sort in [FileSort::Imports, FileSort::Exports] {
        keys.extend(files.list(sort, tenant).await?);
    }
    let jobs = jobs(store, tenant, now).await?;
    let mut traces = Traces::default();
    for known in jobs.values().filter(|known| known.is_at_work) {
        traces.open.extend(there_for(erasures, known.created_at));
    }
    for what in keys {
        let Some(job) = what.job() else { continue };
        let known = jobs.get(&job).copied().unwrap_or_else(|| unknown(&job, now));
        let of = there_for(erasures, known.created_at);
        if known.is_at_work {
            traces.open.extend(of);
        } else if !of.is_empty() {
            traces.found.push(Found { what, of });
        }
    }
    Ok(traces)
}

/// Reads the jobs that work with files and may be at work.
async fn jobs(
    store: &Store,
    tenant: &TenantId,
    now: Timestamp,
) -> Result<BTreeMap<JobId, Known>, StoreError> {
    let (mut jobs, mut before): (_, Option<JobId>) = (BTreeMap::new(), None);
    loop {
        let page = store.jobs(tenant, before.as_ref(), PAGE).await?;
        let is_recent = |job: &&Job| now.millis_since(job.created_at) < MOST_MS;
        let goes_on =
            page.len() == usize::from(PAGE) && page.last().as_ref().is_some_and(is_recent);
        before = page.last().map(|job| job.id.clone());
        let with_files = page.iter().filter(is_recent).filter(|job| has_files(job));
        jobs.extend(with_files.map(|job| (job.id.clone(), Known::of(job))));
        if !goes_on {
            return Ok(jobs);
        }
    }
}

fn has_files(job: &Job) -> bool {
    matches!(job.work, Work::Import { .. } | Work::Export { .. })
}

/// Tells of a job that there is none of: a request may be staging its files, or died doing so; or
/// it is an old one.
fn unknown(job: &JobId, now: Timestamp) -> Known {
    let created_at = job.instant().unwrap_or(now);
    Known { created_at, is_at_work: now.millis_since(created_at) < LEASE_MS }
}

impl Known {
    fn of(job: &Job) -> Self {
        let at_work = [JobStatus::Queued, JobStatus::Running, JobStatus::Settling];
        Self { created_at: job.created_at, is_at_work: at_work.contains(&job.status) }
    }
}
