//! Reading one lead whole: by any id of its family, with a state that is exact under the rules it
//! is shown by.
//!
//! Invariant: what is shown was true at some instant during the request. Home and lead are two
//! reads; a merge between them is noticed and both are read again. Nobody finds a lead here whom
//! they may not see.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    event::Event,
    fold,
    home::HomeId,
    lead::Lead,
    rules::Rules,
    state::{MAX_EVENTS, State},
    tenant::TenantId,
    time::Timestamp,
    user::UserId,
};
use dynamo::{Settings, SettingsCache, Store, StoreError};
use files::Files;
use intake::edit::Held;
use scoring::Scorer;
use shelf::Shelf;

use crate::{
    accounts::{auth::Accounts, pool::UserPool},
    adapters::Adapters,
    error::ApiError,
    guard::Admitted,
    job_queue::JobQueue,
};

/// How often a lead that changes meanwhile is read again.
const ATTEMPTS: usize = 5;

/// How many events of a lead are read for one answer, its edits aside: twice as many as are scored.
const MOST_EVENTS: usize = 2 * MAX_EVENTS as usize;

/// The tables, and what is remembered of them.
#[derive(Debug)]
pub struct Reads {
    /// The tables.
    pub store: Store,
    /// The same with the bucket in which the events of idle leads lie.
    pub shelf: Shelf,
    /// Writes leads where people change families.
    pub scorer: Scorer,
    /// Where jobs over all leads begin.
    pub jobs: Arc<dyn JobQueue>,
    /// Where jobs over the leads that somebody chose begin.
    pub bulk: Arc<dyn JobQueue>,
    /// Where the files of those lie.
    pub files: Arc<dyn Files>,
    /// Where people's accounts are.
    pub pool: Arc<dyn UserPool>,
    /// Where people sign in.
    pub accounts: Arc<Accounts>,
    settings: SettingsCache,
}

impl Reads {
    /// Takes the tables and what is beside them.
    pub fn new(shelf: Shelf, Adapters { jobs, bulk, files, pool, accounts }: Adapters) -> Self {
        let (store, scorer) = (shelf.store().clone(), Scorer::new(shelf.clone()));
        Self {
            store,
            shelf,
            scorer,
            jobs,
            bulk,
            files,
            pool,
            accounts,
            settings: SettingsCache::default(),
        }
    }

    /// Finds the lead that answers for a home, if there is one and the caller may see it.
    ///
    /// This is the one way to a single lead: a deleted one is not there for anybody, and one that
    /// somebody else works is not there for who sees only their own.
    pub async fn find(&self, admitted: &Admitted, id: HomeId) -> Result<Option<Lead>, ApiError> {
        let lead = self.find_even_deleted(admitted, id).await?;
        Ok(lead.filter(|lead| !lead.is_deleted()))
    }

    /// Does the same and finds a deleted lead too, for who restores it.
    pub async fn find_even_deleted(
        &self,
        admitted: &Admitted,
        id: HomeId,
    ) -> Result<Option<Lead>, ApiError> {
        let lead = self.lead_of(admitted.tenant(), id).await?;
        Ok(lead.filter(|lead| is_within_reach(admitted, lead)))
    }

    /// Finds the lead that answers for a home, whoever asks.
    async fn lead_of(&self, tenant: &TenantId, id: HomeId) -> Result<Option<Lead>, ApiError> {
        let mut last_survivor = None;
        for _ in 0..ATTEMPTS {
            let found = self.store.homes(tenant, [id]).await?.remove(&id);
            let Some(home) = found.filter(|home| !home.is_tombstone()) else {
                return Ok(None);
            };
            let survivor = home.survivor.id;
            match self.store.lead(tenant, survivor).await? {
                Some(lead) if lead.erased.is_some() => return Ok(None),
                Some(lead) if lead.has_member(id) => return Ok(Some(lead)),
                // Twice the same survivor without a lead: the family has no events.
                None if last_survivor == Some(survivor) => return Ok(None),
                _ => last_survivor = Some(survivor),
            }
        }
        Err(ApiError::Restless(id))
    }

    /// Reads what is set by hand of a lead now, opened.
    pub async fn held(&self, admitted: &Admitted, lead: &Lead) -> Result<Held, ApiError> {
        let ids: BTreeSet<_> = lead.members.iter().map(|member| member.home.id).collect();
        let homes = self.store.homes(admitted.tenant(), ids).await?;
        Ok(Held::of(homes.values(), admitted.keyring()))
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
        let events = self.shelf.events_at_most(tenant, lead, MOST_EVENTS).await?;
        events.ok_or_else(|| ApiError::too_many_events(MOST_EVENTS))
    }
}

/// Tells whether a caller may see a lead that is there: not deleted, and their own where they see
/// only their own.
pub fn is_visible(admitted: &Admitted, lead: &Lead) -> bool {
    !lead.is_deleted() && is_within_reach(admitted, lead)
}

/// Tells whether a lead is the caller's own, where they see only their own.
fn is_within_reach(admitted: &Admitted, lead: &Lead) -> bool {
    let own = |user: &UserId| lead.state.work.assigned_to.as_ref() == Some(user);
    admitted.own_leads_only().is_none_or(own)
}
