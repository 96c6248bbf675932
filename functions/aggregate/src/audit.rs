//! The self-audit: is what is stored of a lead what its events say?
//!
//! Invariant: a lead that is written while it is looked at is never taken for one that drifted.

use domain::{fold::fold, lead::Lead, rules::Rules, state::State, tenant::TenantId};

use crate::handler::{Aggregate, AggregateError};

impl<S, K> Aggregate<S, K> {
    /// Tells whether the stored state of a lead differs from that by its events, which were read
    /// after it; `None` where they do not compare: it was folded by other rules, or goes on
    /// changing.
    pub(crate) async fn drifts(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        rules: &Rules,
        replayed: &State,
    ) -> Result<Option<bool>, AggregateError> {
        if !lead.state.is_current(rules.version()) {
            return Ok(None);
        }
        if lead.state == *replayed {
            return Ok(Some(false));
        }
        // Events may have come in between. The version counts every write of the lead, so what is
        // read between two looks at the same one belongs to it.
        let id = lead.survivor.id;
        let Some(lead) = self.store.lead(tenant, id).await? else { return Ok(None) };
        let _permit = self.refolds.acquire().await.ok();
        let events = self.shelf.events(tenant, &lead).await?;
        let after = self.store.lead(tenant, id).await?;
        let is_settled = after.is_some_and(|after| after.version == lead.version);
        let compares = is_settled && lead.state.is_current(rules.version());
        Ok(compares.then(|| lead.state != fold(rules, events)))
    }
}
