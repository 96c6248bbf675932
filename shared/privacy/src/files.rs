//! Files of exports and imports from before an erasure: they are withdrawn, whomever they hold.
//!
//! Invariant: a file is removed only when nobody works the job that it is of any more. What a job
//! writes that was begun before is waited for; what one brings in of an erased person is dropped,
//! because it is from before.

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

/// For how long after an erasure somebody may put a file who read the person before it was written:
/// it is written within 5 minutes of its instant and what was read is put within 5, for no function
/// that does either runs longer. The rest is for clocks.
const PUT_MS: i64 = 15 * 60_000;

/// How many jobs are read at once.
const PAGE: u16 = 100;

/// What jobs are judged by: the latest erasure, and now.
#[derive(Clone, Copy)]
struct Instants {
    last: Timestamp,
    now: Timestamp,
}

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
    // Who begins after the latest of them finds nothing of anybody.
    let last = erasures.iter().map(|erasure| erasure.at).max().unwrap_or(now);
    let jobs = jobs(store, tenant, Instants { last, now }).await?;
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
    instants: Instants,
) -> Result<BTreeMap<JobId, Known>, StoreError> {
    let (mut jobs, mut before): (_, Option<JobId>) = (BTreeMap::new(), None);
    loop {
        let page = store.jobs(tenant, before.as_ref(), PAGE).await?;
        let is_recent = |job: &&Job| instants.now.millis_since(job.created_at) < MOST_MS;
        let goes_on =
            page.len() == usize::from(PAGE) && page.last().as_ref().is_some_and(is_recent);
        before = page.last().map(|job| job.id.clone());
        let with_files = page.iter().filter(is_recent).filter(|job| has_files(job));
        jobs.extend(with_files.map(|job| (job.id.clone(), Known::of(job, instants))));
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
    /// Tells of a job whether somebody may work it.
    ///
    /// One part that kept failing fails it; the others are worked all the same, for hours: each
    /// comes again until it is done or given up. So it counts as over only when nobody can put
    /// any more what was read before an erasure.
    fn of(job: &Job, Instants { last, now }: Instants) -> Self {
        let is_at_work = match job.status {
            JobStatus::Queued | JobStatus::Running | JobStatus::Settling => true,
            JobStatus::Failed => now.millis_since(last) < PUT_MS,
            JobStatus::Done | JobStatus::Superseded => false,
        };
        Self { created_at: job.created_at, is_at_work }
    }
}
