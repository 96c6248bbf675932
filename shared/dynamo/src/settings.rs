//! What a function needs to know of a tenant to score and show its leads, read through a cache.
//!
//! Invariant: what a function goes on with is at most a minute old.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::{family::IdentitySettings, rule_set::Rules, tenant::TenantId};

use crate::{Store, error::StoreError};

/// How long a function goes on with the settings it knows.
const FRESH: Duration = Duration::from_mins(1);

/// The settings of a tenant.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The active rules.
    pub rules: Rules,
    /// How people are told apart.
    pub identity: IdentitySettings,
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
        let settings = Arc::new(store.settings(tenant).await?);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(tenant.clone(), (Instant::now(), Arc::clone(&settings)));
        Ok(settings)
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
        let tenant = self.tenant(id).await?.ok_or_else(|| place.unreadable(NoTenant))?;
        let rules = Rules::prepare(self.active_rule_set(id).await?);
        Ok(Settings { rules, identity: tenant.identity })
    }
}
