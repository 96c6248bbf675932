//! What a function needs to know of a tenant to score and show its leads, read through a cache.
//!
//! Invariant: what a function goes on with is at most a minute old, and never older than what it
//! went on with before.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::{
    family::IdentitySettings, retention::Retention, rule_set::RuleSet, rules::Rules,
    tenant::TenantId, time::Timestamp,
};

use crate::{Store, error::StoreError};

/// How long a function goes on with the settings it knows.
pub const FRESH: Duration = Duration::from_mins(1);

/// The settings of a tenant.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The active rules.
    pub rules: Rules,
    /// How people are told apart.
    pub identity: IdentitySettings,
    /// For how long people are kept.
    pub retention: Retention,
}

/// The settings of each tenant, read at most once a minute.
#[derive(Debug, Default)]
pub struct SettingsCache {
    known: Mutex<HashMap<TenantId, (Instant, Arc<Settings>)>>,
}

/// Says that a tenant was asked about that was never made.
#[derive(Debug, thiserror::Error)]
#[error("there is no such tenant")]
struct NoTenant;

impl SettingsCache {
    /// Returns the settings of a tenant, at most a minute old.
    pub async fn get(&self, store: &Store, tenant: &TenantId) -> Result<Arc<Settings>, StoreError> {
        if let Some(settings) = self.fresh(tenant) {
            return Ok(settings);
        }
        self.refresh(store, tenant).await
    }

    /// Reads the settings of a tenant anew, whatever is known of them.
    pub async fn refresh(
        &self,
        store: &Store,
        tenant: &TenantId,
    ) -> Result<Arc<Settings>, StoreError> {
        let began = Instant::now();
        let settings = Arc::new(store.settings(tenant).await?);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Of two reads at once, the one that saw the older rules may end last.
        if let Some((_, newer)) = known.get(tenant)
            && newer.rules.version() > settings.rules.version()
        {
            return Ok(Arc::clone(newer));
        }
        known.insert(tenant.clone(), (began, Arc::clone(&settings)));
        Ok(settings)
    }

    /// Returns the settings of a tenant with the rules that are active now, for one small read
    /// when they are known; the rest is at most a minute old.
    pub async fn current(
        &self,
        store: &Store,
        tenant: &TenantId,
    ) -> Result<Arc<Settings>, StoreError> {
        let Some(known) = self.fresh(tenant) else { return self.refresh(store, tenant).await };
        if store.active_version(tenant).await? == known.rules.version() {
            return Ok(known);
        }
        self.refresh(store, tenant).await
    }

    fn fresh(&self, tenant: &TenantId) -> Option<Arc<Settings>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, settings) = known.get(tenant)?;
        (since.elapsed() < FRESH).then(|| Arc::clone(settings))
    }
}

impl Store {
    /// Reads the settings of a tenant, strongly consistent.
    pub async fn settings(&self, id: &TenantId) -> Result<Settings, StoreError> {
        let key = crate::keys::tenant(id);
        let place = crate::items::Place { pk: key.pk, sk: key.sk };
        let set = self.tenant_settings(id).await?.ok_or_else(|| place.unreadable(NoTenant))?;
        let rules = self.rules(id, self.active_version(id).await?).await?;
        Ok(Settings { rules, identity: set.identity, retention: set.retention })
    }

    /// Reads one version of a tenant's rules, ready to score with.
    pub async fn rules(&self, tenant: &TenantId, version: u32) -> Result<Rules, StoreError> {
        prepared(tenant, self.rule_set(tenant, version).await?)
    }

    /// Reads the rules that were active at an instant, ready to score with.
    pub async fn rules_at(&self, tenant: &TenantId, at: Timestamp) -> Result<Rules, StoreError> {
        prepared(tenant, self.rule_set_at(tenant, at).await?)
    }
}

fn prepared(tenant: &TenantId, set: RuleSet) -> Result<Rules, StoreError> {
    let key = crate::keys::rule_set(tenant, set.version);
    let place = crate::items::Place { pk: key.pk, sk: key.sk };
    Rules::prepare(set).map_err(|source| place.unreadable(source))
}
