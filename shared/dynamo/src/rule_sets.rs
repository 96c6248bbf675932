//! Rule sets in the leads table.
//!
//! Invariant: a version, once written, never changes; only the note of which one is active does.

use domain::{rule_set::RuleSet, tenant::TenantId};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys::{self, Key},
};

#[derive(Serialize, Deserialize)]
struct ActiveItem {
    version: u32,
}

/// A version of the rules, as the JSON that people publish.
#[derive(Serialize, Deserialize)]
struct RuleSetItem {
    content: String,
}

/// Says that a tenant has no rules to score with.
#[derive(Debug, thiserror::Error)]
#[error("the tenant has no such item")]
struct Absent;

impl Store {
    /// Reads the active rule set of a tenant, strongly consistent.
    pub async fn active_rule_set(&self, tenant: &TenantId) -> Result<RuleSet, StoreError> {
        let active: ActiveItem = items::read(self.must_get(keys::active_rule_set(tenant)).await?)?;
        self.rule_set(tenant, active.version).await
    }

    /// Reads one version of a tenant's rules.
    pub async fn rule_set(&self, tenant: &TenantId, version: u32) -> Result<RuleSet, StoreError> {
        let item = self.must_get(keys::rule_set(tenant, version)).await?;
        let place = Place::of(&item);
        let item: RuleSetItem = items::read(item)?;
        serde_json::from_str(&item.content).map_err(|source| place.unreadable(source))
    }

    pub(crate) async fn must_get(&self, key: Key) -> Result<Item, StoreError> {
        let item = self.get_lead_item(&key, true).await?;
        item.ok_or_else(|| Place { pk: key.pk, sk: key.sk }.unreadable(Absent))
    }
}

/// Writes a rule set and the note that it is active, as two items.
pub(crate) fn to_items(tenant: &TenantId, set: &RuleSet) -> Result<[Item; 2], StoreError> {
    let key = keys::rule_set(tenant, set.version);
    let place = Place { pk: key.pk.clone(), sk: key.sk.clone() };
    let content = serde_json::to_string(set).map_err(|source| place.unreadable(source))?;
    Ok([
        items::write(&key, &RuleSetItem { content })?,
        items::write(&keys::active_rule_set(tenant), &ActiveItem { version: set.version })?,
    ])
}
