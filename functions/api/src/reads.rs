//! Reading one lead whole: by any id of its family, with a state that is exact under the rules it
//! is shown by.
//!
//! Invariant: what is shown was true at some instant during the request. Home and lead are two
//! reads; a merge between them is noticed and both are read again.

use std::sync::Arc;

use domain::{
    event::Event,
    fold,
    home::HomeId,
    lead::Lead,
    rules::Rules,
    state::{MAX_EVENTS, State},
    tenant::TenantId,
    time::Timestamp,
};
use dynamo::{Settings, SettingsCache, Store, StoreError};
use scoring::Scorer;

use crate::{error::ApiError, job_queue::JobQueue};

/// How often a lead that changes meanwhile is read again.
const ATTEMPTS: usize = 5;

/// How many events of a lead are read for one answer: twice as many as are scored.
const MOST_EVENTS: usize = 2 * MAX_EVENTS as usize;

/// The tables, and what is remembered of them.
#[derive(Debug)]
pub struct Reads {
    /// The tables.
    pub store: Store,
    /// Writes leads where people change families.
    pub scorer: Scorer,
    /// Where jobs begin.
    pub jobs: Arc<dyn JobQueue>,
    settings: SettingsCache,
}

impl Reads {
    /// Takes the tables and the job queue.
    pub fn new(store: Store, jobs: Arc<dyn JobQueue>) -> Self {
        let scorer = Scorer::new(store.clone());
        Self { store, scorer, jobs, settings: SettingsCache::default() }
    }

    /// Finds the lead that answers for a home; `None` when the home has none.
    pub async fn find(&self, tenant: &TenantId, id: HomeId) -> Result<Option<Lead>, ApiError> {
        let mut last_survivor = None;
        for _ in 0..ATTEMPTS {
            let Some(home) = self.store.homes(tenant, [id]).await?.remove(&id) else {
                return Ok(None);
            };
            let survivor = home.survivor.id;
            match self.store.lead(tenant, survivor).await? {
                Some(lead) if lead.has_member(id) => return Ok(Some(lead)),
                // Twice the same survivor without a lead: the family has no events.
                None if last_survivor == Some(survivor) => return Ok(None),
                _ => last_survivor = Some(survivor),
            }
        }
        Err(ApiError::Restless(id))
    }

    /// Returns settings under which all these states can be shown: a minute old, or new when a
    /// state is newer than those.
    pub async fn settings_for(
        &self,
        tenant: &TenantId,
        states: impl IntoIterator<Item = &State>,
    ) -> Result<Arc<Settings>, StoreError> {
        let known = self.settings.get(&self.store, tenant).await?;
        if states.into_iter().any(|state| state.is_newer_than(known.rules.version())) {
            return self.settings.refresh(&self.store, tenant).await;
        }
        Ok(known)
    }

    /// Brings a lead's state up to the rules that are active now, and returns them.
    pub async fn make_exact(
        &self,
        tenant: &TenantId,
        lead: &mut Lead,
    ) -> Result<Arc<Settings>, ApiError> {
        let settings = self.settings.current(&self.store, tenant).await?;
        let version = settings.rules.version();
        if lead.state.is_newer_than(version) {
            return Err(ApiError::Newer(lead.survivor.id));
        }
        if !lead.state.is_current(version) {
            let events = self.events(tenant, lead).await?;
            lead.state = fold::fold(&settings.rules, events);
        }
        Ok(settings)
    }

    /// Reads the events of a lead in the order of the fold, with the rules that are active now.
    pub async fn history(
        &self,
        tenant: &TenantId,
        lead: &Lead,
    ) -> Result<(Vec<Event>, Arc<Settings>), ApiError> {
        let settings = self.settings.current(&self.store, tenant).await?;
        if lead.state.is_newer_than(settings.rules.version()) {
            return Err(ApiError::Newer(lead.survivor.id));
        }
        Ok((fold::sorted(self.events(tenant, lead).await?), settings))
    }

    /// Returns the rules that were active at an instant.
    pub async fn rules_at(&self, tenant: &TenantId, at: Timestamp) -> Result<Rules, StoreError> {
        self.store.rules_at(tenant, at).await
    }

    async fn events(&self, tenant: &TenantId, lead: &Lead) -> Result<Vec<Event>, ApiError> {
        let with_events = lead.members.iter().filter(|member| member.has_events);
        let homes = with_events.map(|member| member.home.id);
        let events = self.store.events_of_homes(tenant, homes, MOST_EVENTS).await?;
        events.ok_or_else(|| ApiError::too_many_events(MOST_EVENTS))
    }
}
