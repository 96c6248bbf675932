//! Retention: what becomes of a lead by the clock.
//!
//! Invariant: only what was due when the pass began is done, and what was done since then counts for
//! the pass, whoever tried first. So a segment that is worked again comes to the same counts. It is
//! done only if it is due by the lead and the settings of that very moment. What there is no time
//! for, or what fails for one lead alone or for now, waits for the next night and stops nobody
//! else's.

use domain::{
    actor::Actor, audit::AuditEntry, erasure::Reason, home::HomeId, lead::Lead,
    retention::Retention, state::State, tenant::TenantId, time::Timestamp,
};
use dynamo::{StoreError, TenantSettings, audit_id};
use scoring::{EraseError, Order, ScoreError};

use lambda::{
    keyrings::{KeyringError, Keyrings},
    telemetry::told,
};

use crate::{
    failing::is_of_all,
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
    /// A table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
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
        if retention.erases(lead, state, round.began).is_none() {
            return Ok(Kept::Stays);
        }
        if round.budget.is_over() {
            return Ok(Kept::Postponed);
        }
        match self.erase(round, tenant, (lead, state)).await {
            Ok(erased) => Ok(erased.map_or(Kept::Stays, Kept::Erased)),
            Err(error) => match error.into_that_of_all() {
                Ok(error) => Err(error.into()),
                Err(error) => {
                    let error = told(&error);
                    tracing::error!(%tenant, lead = %id, error, "the lead is not erased");
                    Ok(Kept::Postponed)
                }
            },
        }
    }

    /// Erases a lead if that is due by what its tenant set until now, and still by the lead when it
    /// is done. Returns why it was erased, which somebody else may have done; `None` where it stays.
    async fn erase(
        &self,
        round: Round,
        tenant: &TenantId,
        (lead, state): (&Lead, &State),
    ) -> Result<Option<Reason>, NotErased> {
        let settings = self.store.tenant_settings(tenant).await?;
        let retention = settings.map(|TenantSettings { retention, .. }| retention);
        let due = |lead: &Lead, state: &State| retention?.erases(lead, state, round.began);
        let Some(reason) = due(lead, state) else { return Ok(None) };
        let keyring = self.keyrings.keyring(tenant).await?;
        let id = lead.survivor.id;
        // Whoever came back, agreed to something, or became one with somebody, is not erased.
        let still = |now: &Lead| now.survivor.id == id && due(now, &now.state) == Some(reason);
        // By the time at which it is done, not at which the segment was begun: who made something of
        // the person meanwhile is looked for, too.
        let at = round.clock.now().max(round.now);
        let audit = entry(id, at);
        let order = Order { by: &Actor::System, reason, audit: Some(&audit), still: &still };
        match self.scorer.erase(&keyring, id, order, at).await {
            Ok(erasure) => Ok(Some(erasure.reason)),
            Err(EraseError::Changed(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Writes down an erasure for the audit log.
fn entry(lead: HomeId, at: Timestamp) -> AuditEntry {
    AuditEntry {
        id: audit_id(at),
        at,
        actor: Actor::System,
        action: "lead.erased".to_owned(),
        object_type: "lead".to_owned(),
        object_id: lead.to_string(),
        fields: Vec::new(),
    }
}

impl NotErased {
    /// Returns the error of the tables that fails for all leads alike, or this one back.
    fn into_that_of_all(self) -> Result<StoreError, Self> {
        match self {
            Self::Store(error)
            | Self::Keyring(KeyringError::Store(error))
            | Self::Erase(EraseError::Score(ScoreError::Store(error)))
                if is_of_all(&error) =>
            {
                Ok(error)
            }
            other => Err(other),
        }
    }
}
