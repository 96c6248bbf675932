//! Cleans up after erasures: those of the night, and those that somebody began by day and left.
//!
//! Invariant: an erasure is found by its open receipt until nothing is left of it, so whatever dies
//! on the way is cleaned up by the next delivery, or in the next night.

use domain::{home::HomeId, tenant::TenantId, time::Timestamp};
use lambda::budget::Budget;

use lambda::keyrings::Keyrings;

use crate::{
    handler::{Aggregate, AggregateError},
    shard::{Shard, Shards},
};

/// How many erasures are cleaned up together. What is a whole tenant's is looked through once for
/// all of them.
const TOGETHER: u16 = 200;

impl<S: Shards, K: Keyrings> Aggregate<S, K> {
    /// Queues the cleaning up of a tenant, if there is any.
    pub(crate) async fn queue_cleaning(&self, tenant: &TenantId) -> Result<(), AggregateError> {
        if !self.store.open_erasures(tenant, None, 1).await?.is_empty() {
            self.shards.send(&[Shard::Clean { tenant: tenant.clone(), after: None }]).await?;
        }
        Ok(())
    }

    /// Cleans up after a tenant's erasures that come after one, and queues those for which the time
    /// does not last.
    pub(crate) async fn clean(
        &self,
        tenant: &TenantId,
        mut after: Option<HomeId>,
        now: Timestamp,
        budget: Budget,
    ) -> Result<(), AggregateError> {
        let (mut done, mut open) = (0, 0);
        loop {
            let found = self.store.open_erasures(tenant, after, TOGETHER).await?;
            let Some(last) = found.last().map(|erasure| erasure.lead) else { break };
            let keyring = self.keyrings.keyring(tenant).await?;
            let finished = self.cleaner.finish(&keyring, found, now).await?;
            let over = finished.iter().filter(|erasure| erasure.done_at.is_some()).count();
            (done, open) = (done + over, open + finished.len() - over);
            after = Some(last);
            if budget.is_over() {
                self.shards.send(&[Shard::Clean { tenant: tenant.clone(), after }]).await?;
                break;
            }
        }
        tracing::info!(%tenant, done, open, "cleaned up after erasures");
        Ok(())
    }
}
