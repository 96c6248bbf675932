//! Works one segment of a job: what all kinds of jobs have in common.
//!
//! Invariant: a segment is noted as finished only after what it counted is kept, and what it
//! counted comes from going through all that it has once, in however many invocations.

use std::{sync::Arc, time::Instant};

use domain::{job::Work, lead::Lead, tenant::TenantId, time::Timestamp};
use dynamo::{Job, Progress, ScanPlace, Settings};
use lambda::budget::Budget;
use queue::{JobPart, Parts};
use serde::{Serialize, de::DeserializeOwned};

use lambda::keyrings::Keyrings;

use crate::{
    error::BulkError,
    handler::{Bulk, Owned},
};

/// How many leads or rows are under way at once.
pub(crate) const AT_ONCE: usize = 16;

/// A segment of a job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'j> {
    pub owned: Owned<'j>,
    pub segment: u32,
}

/// How far a worker came with a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// To the end, with so many rows or leads.
    Through(u64),
    /// To where it noted; the rest is queued.
    Partway,
}

impl<Q: Parts, K: Keyrings> Bulk<Q, K> {
    /// Works a segment, unless it is done, and lets the last one close the job.
    pub(crate) async fn segment(
        &self,
        owned: Owned<'_>,
        segment: u32,
        budget: Budget,
        now: Timestamp,
    ) -> Result<(), BulkError> {
        let Owned { tenant, job } = owned;
        if segment >= job.segments {
            return Err(BulkError::NoSegment { job: job.id.clone(), segment });
        }
        let after = if job.finished.contains(&segment) {
            Some(job.clone())
        } else {
            self.go_through(Place { owned, segment }, budget, now).await?
        };
        if after.is_some_and(|job| job.is_finished()) {
            self.needs.parts.send(&[owned.part(JobPart::Close { pass: 1 })]).await?;
        }
        tracing::debug!(%tenant, job = %job.id, segment, "a segment's message is done");
        Ok(())
    }

    /// Returns the job with the segment noted as finished; `None` when the rest is queued.
    async fn go_through(
        &self,
        place: Place<'_>,
        budget: Budget,
        now: Timestamp,
    ) -> Result<Option<Job>, BulkError> {
        let began = Instant::now();
        let Place { owned: Owned { tenant, job }, segment } = place;
        let came = match &job.work {
            Work::Import { by, .. } => self.import(place, by, now).await?,
            Work::BulkEdit { by, change, leads } => {
                self.edit(place, by, change, leads, budget, now).await?
            }
            Work::Export { leads, .. } => self.export(place, leads, budget).await?,
            Work::Preview { .. } | Work::Rescore { .. } => {
                return Err(BulkError::Foreign(job.id.clone()));
            }
        };
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (job, kind) = (&job.id, job.work.kind());
        let Came::Through(leads) = came else {
            tracing::info!(%tenant, %job, kind, segment, duration_ms, "segment to go on with");
            let rest = place.owned.part(JobPart::Segment { pass: 1, segment });
            self.needs.parts.send(&[rest]).await?;
            return Ok(None);
        };
        tracing::info!(%tenant, %job, kind, segment, leads, duration_ms, "segment done");
        Ok(self.store.finish_job_segment(tenant, job, 1, segment, leads).await?)
    }

    /// Reads how far a segment has come: what was counted, where it is, and whether it is done.
    pub(crate) async fn known<T: DeserializeOwned + Default>(
        &self,
        Place { owned: Owned { tenant, job }, segment }: Place<'_>,
    ) -> Result<Progress<T>, BulkError> {
        let known = self.store.job_part(tenant, &job.id, 1, segment).await?;
        Ok(known.unwrap_or_else(|| Progress { tally: T::default(), after: None, done: false }))
    }

    /// Returns settings under which all these leads can be shown: a minute old, or new when a lead
    /// is newer than those.
    pub(crate) async fn settings_for(
        &self,
        tenant: &TenantId,
        leads: &[Lead],
    ) -> Result<Arc<Settings>, BulkError> {
        let known = self.settings.get(&self.store, tenant).await?;
        let version = known.rules.version();
        if leads.iter().any(|lead| lead.state.is_newer_than(version)) {
            return Ok(self.settings.refresh(&self.store, tenant).await?);
        }
        Ok(known)
    }

    /// Keeps how far a segment has come, and tells whether another worker has not ended it
    /// meanwhile: what that one counted stays.
    pub(crate) async fn keep<T: Serialize>(
        &self,
        Place { owned: Owned { tenant, job }, segment }: Place<'_>,
        tally: T,
        after: Option<ScanPlace>,
        done: bool,
    ) -> Result<bool, BulkError> {
        let progress = Progress { tally, after, done };
        Ok(self.store.keep_job_part(tenant, &job.id, (1, segment), &progress).await?)
    }
}
