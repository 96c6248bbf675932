//! Retention: what becomes of a lead by the clock.
//!
//! Invariant: only what was due when the pass began is done, and what was done since then counts for
//! the pass, whoever tried first. So a segment that is worked again comes to the same counts. What
//! there is no time for, or what fails for one lead alone, waits for the next night and stops nobody
//! else's.

use domain::{
    actor::Actor, audit::AuditEntry, erasure::Reason, home::HomeId, lead::Lead,
    retention::Retention, state::State, tenant::TenantId, time::Timestamp,
};
use dynamo::{StoreError, audit_id};
use scoring::{EraseError, Order, ScoreError};

use lambda::keyrings::{KeyringError, Keyrings};

use crate::{
    handler::{Aggregate, AggregateError},
    look::Round,
    tally::Kept,
};

/// Why a lead was not erased.
#[derive(Debug, thiserror::Error)]
enum NotErased {
    /// The keys of its tenant could not be had.
    #[error("the keys of the tenant could not be had")]
    Keyring(#[from] KeyringError),
    /// The erasure failed.
    #[error(transparent)]
    Erase(#[from] EraseError),
}

impl<S, K: Keyrings> Aggregate<S, K> {
    /// Does to a lead what is due. Its state is that by the active rules.
    pub(crate) async fn retain(
        &self,
        round: Round,
        tenant: &TenantId,
        (lead, state): (&Lead, &State),
        retention: Retention,
    ) -> Result<Kept, AggregateError> {
        let id = lead.survivor.id;
        if lead.erased.is_some_and(|at| at >= round.began) {
            let receipt = self.store.erasure(tenant, id).await?;
            return Ok(receipt.map_or(Kept::Stays, |receipt| Kept::Erased(receipt.reason)));
        }
        let Some(reason) = retention.erases(lead, state, round.began) else {
            return Ok(Kept::Stays);
        };
        if round.budget.is_over() {
            return Ok(Kept::Postponed);
        }
        // Whoever came back, or agreed to something, since the lead was read is not erased.
        let is_unchanged = |now: Lead| now.version == lead.version;
        if !self.store.lead(tenant, id).await?.is_some_and(is_unchanged) {
            return Ok(Kept::Stays);
        }
        match self.erase(tenant, id, reason, round.now).await {
            Ok(reason) => Ok(Kept::Erased(reason)),
            Err(error) => match error.into_store() {
                Ok(error) => Err(error.into()),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(%tenant, lead = %id, error, "the lead is not erased");
                    Ok(Kept::Postponed)
                }
            },
        }
    }

    /// Erases a lead, and returns why it was erased: somebody else may have been faster.
    async fn erase(
        &self,
        tenant: &TenantId,
        lead: HomeId,
        reason: Reason,
        now: Timestamp,
    ) -> Result<Reason, NotErased> {
        let keyring = self.keyrings.keyring(tenant).await?;
        let audit = AuditEntry {
            id: audit_id(now),
            at: now,
            actor: Actor::System,
            action: "lead.erased".to_owned(),
            object_type: "lead".to_owned(),
            object_id: lead.to_string(),
            fields: Vec::new(),
        };
        let order = Order { by: &Actor::System, reason, audit: Some(&audit) };
        Ok(self.scorer.erase(&keyring, lead, order, now).await?.reason)
    }
}

impl NotErased {
    /// Returns the error of the table, which fails for all leads alike, or this one back.
    fn into_store(self) -> Result<StoreError, Self> {
        match self {
            Self::Keyring(KeyringError::Store(error))
            | Self::Erase(EraseError::Score(ScoreError::Store(error))) => Ok(error),
            other => Err(other),
        }
    }
}
