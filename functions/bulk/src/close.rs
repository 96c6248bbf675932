//! Closes a job whose segments are all done.
//!
//! Invariant: a job is noted as done only after its result is kept, and the result is made from
//! what all segments kept. Closing again, from the beginning or from the middle, or twice at
//! once, ends in the same items and files.

use domain::{
    actor::Actor,
    bulk::{BulkChange, BulkEditOutcome, ExportOutcome, ImportOutcome, MAX_LISTED},
    job::{JobStatus, Outcome, Work},
    notification::{Notification, Topic},
    time::Timestamp,
    user::UserId,
};
use files::FileKey;
use futures_util::{StreamExt, TryStreamExt, stream};
use queue::Parts;

use lambda::keyrings::Keyrings;

use crate::{
    edit,
    error::BulkError,
    export,
    handler::{Bulk, Owned},
    import,
};

/// How many staged files are removed at once.
const AT_ONCE: usize = 16;

impl<Q: Parts, K: Keyrings> Bulk<Q, K> {
    /// Does what follows the last segment of a job.
    pub(crate) async fn close(&self, owned: Owned<'_>, now: Timestamp) -> Result<(), BulkError> {
        let Owned { tenant, job } = owned;
        if !job.is_finished() {
            return Err(BulkError::Unfinished(job.id.clone()));
        }
        let outcome = match job.work {
            Work::Import { .. } => Outcome::Import(self.imported(owned).await?),
            Work::BulkEdit { .. } => Outcome::BulkEdit(self.edited(owned).await?),
            Work::Export { .. } => Outcome::Export(self.exported(owned).await?),
            Work::Preview { .. } | Work::Rescore { .. } => {
                return Err(BulkError::Foreign(job.id.clone()));
            }
        };
        // Of two that close at once, the slower may find parts removed; the first result stays.
        self.store.keep_job_result(tenant, &job.id, &outcome).await?;
        let going_on = [JobStatus::Queued, JobStatus::Running, JobStatus::Failed];
        let done = self.store.turn_job(tenant, &job.id, &going_on, JobStatus::Done, now).await?;
        let kind = job.work.kind();
        tracing::info!(%tenant, job = %job.id, kind, leads = job.leads, "the job is done");
        match &done {
            Some(done) => self.clear(Owned { tenant, job: done }).await,
            // Another one that closed it clears up.
            None => Ok(()),
        }
    }

    /// Tells who is to know that a job is over, and removes what it leaves behind.
    pub(crate) async fn clear(&self, owned: Owned<'_>) -> Result<(), BulkError> {
        let Owned { tenant, job } = owned;
        self.tell(owned, Topic::JobDone).await?;
        if let Work::Import { .. } = job.work {
            let removed = (0..job.segments).map(|chunk| async move {
                self.needs.files.remove(&FileKey::import(tenant, &job.id, chunk)).await
            });
            let removed: Vec<_> = removed.collect();
            let () = stream::iter(removed).buffer_unordered(AT_ONCE).try_collect().await?;
        }
        Ok(self.store.drop_job_parts(tenant, &job.id).await?)
    }

    /// Tells the person who asked for a job what became of it, once; and of leads that are theirs
    /// now, if there are any, the one who works them.
    pub(crate) async fn tell(&self, owned: Owned<'_>, topic: Topic) -> Result<(), BulkError> {
        let Owned { job, .. } = owned;
        let Some(ended) = job.ended_at else { return Ok(()) };
        let by = match &job.work {
            Work::Import { by, .. } | Work::BulkEdit { by, .. } | Work::Export { by, .. } => by,
            Work::Preview { .. } | Work::Rescore { .. } => return Ok(()),
        };
        if let Actor::User(user) = by {
            self.notify(owned, user, topic, ended).await?;
        }
        match &job.work {
            Work::BulkEdit { change: BulkChange::Assign(Some(user)), .. }
                if topic == Topic::JobDone
                    && *by != Actor::User(user.clone())
                    && self.changed_some(owned).await? =>
            {
                self.notify(owned, user, Topic::LeadAssigned, ended).await
            }
            _ => Ok(()),
        }
    }

    /// Tells whether a bulk edit that is done changed any lead.
    async fn changed_some(&self, Owned { tenant, job }: Owned<'_>) -> Result<bool, BulkError> {
        let outcome: Option<Outcome> = self.store.job_result(tenant, &job.id).await?;
        Ok(matches!(outcome, Some(Outcome::BulkEdit(BulkEditOutcome { changed: 1.., .. }))))
    }

    async fn notify(
        &self,
        Owned { tenant, job }: Owned<'_>,
        user: &UserId,
        topic: Topic,
        at: Timestamp,
    ) -> Result<(), BulkError> {
        let id = job.id.as_str();
        let told = Notification::new(user, topic, id, &format!("{topic:?} {at}"), at);
        Ok(self.store.notify(tenant, user, &told).await?)
    }

    async fn imported(&self, owned: Owned<'_>) -> Result<ImportOutcome, BulkError> {
        let mut outcome = ImportOutcome::default();
        for part in self.tallies::<import::Tally>(owned).await? {
            outcome.rows += part.rows;
            outcome.imported += part.imported;
            outcome.errors.extend(part.errors);
        }
        outcome.errors.sort_by_key(|error| error.line);
        outcome.errors.truncate(MAX_LISTED);
        Ok(outcome)
    }

    async fn edited(&self, owned: Owned<'_>) -> Result<BulkEditOutcome, BulkError> {
        let mut outcome = BulkEditOutcome::default();
        for part in self.tallies::<edit::Tally>(owned).await? {
            outcome.leads += part.leads;
            outcome.changed += part.changed;
            outcome.missing.extend(part.missing);
        }
        outcome.missing.truncate(MAX_LISTED);
        Ok(outcome)
    }

    async fn exported(&self, owned: Owned<'_>) -> Result<ExportOutcome, BulkError> {
        let mut outcome = ExportOutcome::default();
        for part in self.tallies::<export::Tally>(owned).await? {
            outcome.leads += part.leads;
            outcome.parts.extend(part.parts);
            outcome.missing.extend(part.missing);
        }
        outcome.missing.truncate(MAX_LISTED);
        Ok(outcome)
    }

    /// Reads what all segments counted, in their order.
    async fn tallies<T: serde::de::DeserializeOwned>(
        &self,
        Owned { tenant, job }: Owned<'_>,
    ) -> Result<Vec<T>, BulkError> {
        let parts = self.store.job_parts(tenant, &job.id).await?;
        Ok(parts.into_iter().map(|part| part.tally).collect())
    }
}
