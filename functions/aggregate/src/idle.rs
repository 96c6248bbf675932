//! Idle leads: their events move to the archive.
//!
//! Invariant: what was moved since the pass began counts for it, whoever tried first. What there is
//! no time for, or what fails for one lead alone or for now, waits for the next night and stops
//! nobody else's.

use domain::{archived::Step, lead::Lead, retention::Retention, tenant::TenantId};
use lambda::telemetry::told;
use shelf::{Idle, Moved, Shelf, ShelfError};

use crate::{
    failing::is_of_all,
    handler::{Aggregate, AggregateError, REFOLDS_AT_ONCE},
    look::Round,
    tally::Kept,
};

/// Leads with more events are moved one at a time: of the largest some 200 MB are held.
const LARGE: u32 = 2_000;

/// Tells whether a lead is to be looked at by [`Aggregate::archive`].
pub(crate) fn is_concerned(lead: &Lead, round: Round, retention: Retention) -> bool {
    is_archived(lead) || Shelf::is_due(lead, idle(round, retention))
}

fn is_archived(lead: &Lead) -> bool {
    lead.archived.as_ref().is_some_and(|mark| mark.step == Step::Archived)
}

const fn idle(round: Round, retention: Retention) -> Idle {
    Idle { now: round.now, after_days: retention.archive_after_days }
}

impl<S, K> Aggregate<S, K> {
    /// Moves the events of a lead as far as is due.
    pub(crate) async fn archive(
        &self,
        round: Round,
        tenant: &TenantId,
        lead: &Lead,
        retention: Retention,
    ) -> Result<Kept, AggregateError> {
        if is_archived(lead) {
            let since_it_began = lead.archived.as_ref().is_some_and(|mark| mark.at >= round.began);
            return Ok(if since_it_began { Kept::Archived } else { Kept::Stays });
        }
        if round.budget.is_over() {
            return Ok(Kept::Postponed);
        }
        let permits = if lead.state.folded() > LARGE { REFOLDS_AT_ONCE } else { 1 };
        // The semaphore is never closed.
        let _permit = self.refolds.acquire_many(permits).await.ok();
        match self.shelf.archive_idle(tenant, lead, idle(round, retention)).await {
            Ok(Moved::Archived) => Ok(Kept::Archived),
            Ok(Moved::Not | Moved::Written | Moved::Returned) => Ok(Kept::Stays),
            Err(ShelfError::Store(error)) if is_of_all(&error) => Err(error.into()),
            Err(error) => {
                let (id, error) = (lead.survivor.id, told(&error));
                tracing::error!(%tenant, lead = %id, error, "the lead is not archived");
                Ok(Kept::Postponed)
            }
        }
    }
}
