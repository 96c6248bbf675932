//! Works one segment of a job: what both kinds of jobs have in common.
//!
//! Invariant: a segment is noted as finished only after what it counted is kept, and what it
//! counted comes from going through all its leads once, in however many invocations.

use std::time::Instant;

use domain::{job::Work, time::Timestamp};
use dynamo::{Job, Progress, ScanPlace};
use lambda::budget::Budget;
use queue::{JobPart, Parts};
use serde::Serialize;

use crate::handler::{Owned, Rescore, RescoreError};

/// How many leads are one step: between two of them the budget is looked at.
pub(crate) const STEP: usize = 64;

/// How many leads are under way at once.
pub(crate) const AT_ONCE: usize = 16;

/// A segment in a pass of a job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'j> {
    pub owned: Owned<'j>,
    pub pass: u32,
    pub segment: u32,
}

/// How far a worker came with a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// To the end, with so many leads.
    Through(u64),
    /// To where it noted; the rest is queued.
    Partway,
}

impl<Q: Parts> Rescore<Q> {
    /// Works a segment, unless it is done, and lets the last one close the pass.
    pub(crate) async fn segment(
        &self,
        owned: Owned<'_>,
        pass: u32,
        segment: u32,
        now: Timestamp,
        budget: Budget,
    ) -> Result<(), RescoreError> {
        let Owned { tenant, job } = owned;
        if segment >= job.segments {
            return Err(RescoreError::NoSegment { job: job.id.clone(), segment });
        }
        if job.pass != pass {
            return Ok(());
        }
        let place = Place { owned, pass, segment };
        let after = if job.finished.contains(&segment) {
            Some(job.clone())
        } else {
            self.go_through(place, now, budget).await?
        };
        if after.is_some_and(|job| job.is_finished()) {
            self.parts.send(&[owned.part(JobPart::Close { pass })]).await?;
        }
        tracing::debug!(%tenant, job = %job.id, pass, segment, "a segment's message is done");
        Ok(())
    }

    /// Returns the job with the segment noted as finished; `None` when the rest is queued, or the
    /// job went on to another pass meanwhile.
    async fn go_through(
        &self,
        place: Place<'_>,
        now: Timestamp,
        budget: Budget,
    ) -> Result<Option<Job>, RescoreError> {
        let began = Instant::now();
        let Place { owned: Owned { tenant, job }, pass, segment } = place;
        let came = match job.work {
            Work::Preview { active, sample_percent } => {
                self.preview(place, (active, sample_percent), budget).await?
            }
            Work::Rescore { version } => self.rescore(place, version, now, budget).await?,
            _ => return Err(RescoreError::Foreign(job.id.clone())),
        };
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (job, kind) = (&job.id, job.work.kind());
        let Came::Through(leads) = came else {
            tracing::info!(%tenant, %job, kind, pass, segment, duration_ms, "segment to go on with");
            let rest = place.owned.part(JobPart::Segment { pass, segment });
            self.parts.send(&[rest]).await?;
            return Ok(None);
        };
        tracing::info!(%tenant, %job, kind, pass, segment, leads, duration_ms, "segment done");
        Ok(self.store.finish_job_segment(tenant, job, pass, segment, leads).await?)
    }

    /// Keeps how far a segment has come.
    pub(crate) async fn keep<T: Serialize>(
        &self,
        Place { owned: Owned { tenant, job }, pass, segment }: Place<'_>,
        tally: T,
        after: Option<ScanPlace>,
        done: bool,
    ) -> Result<(), RescoreError> {
        let progress = Progress { tally, after, done };
        // Where another worker was faster, what it counted stays.
        self.store.keep_job_part(tenant, &job.id, (pass, segment), &progress).await?;
        Ok(())
    }
}
