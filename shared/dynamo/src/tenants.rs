//! Tenants: made in one transaction with their first keys, settings and rule set.
//!
//! Invariant: a tenant exists whole or not at all, and is never made twice.

use domain::{
    api_key::KeyHash, family::IdentitySettings, rule_set::RuleSet, tenant::TenantId,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    api_keys::{ApiKeyItem, StoredApiKey},
    error::StoreError,
    items, keys, rule_sets,
};

/// An organisation or project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// How its people are told apart.
    pub identity: IdentitySettings,
    /// Its keyring as KMS wrapped it, base64.
    pub wrapped_keyring: String,
}

#[derive(Serialize, Deserialize)]
struct TenantItem {
    name: String,
    created_at: i64,
    join_by_email: bool,
    wrapped_keyring: String,
}

#[derive(Serialize, Deserialize)]
struct SecretItem {
    wrapped_secret: String,
}

impl Store {
    /// Reads a tenant, strongly consistent.
    pub async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, StoreError> {
        let Some(item) = self.get_lead_item(&keys::tenant(id), true).await? else {
            return Ok(None);
        };
        let place = items::Place::of(&item);
        let TenantItem { name, created_at, join_by_email, wrapped_keyring } = items::read(item)?;
        let created_at =
            Timestamp::from_millis(created_at).map_err(|source| place.unreadable(source))?;
        let identity = IdentitySettings { join_by_email };
        Ok(Some(Tenant { id: id.clone(), name, created_at, identity, wrapped_keyring }))
    }

    /// Makes a tenant with its first keys and rule set, and tells whether there was none before.
    ///
    /// An existing tenant is left as it is.
    pub async fn create_tenant(
        &self,
        tenant: &Tenant,
        rule_set: &RuleSet,
        api_keys: &[(KeyHash, StoredApiKey)],
    ) -> Result<bool, StoreError> {
        let content = TenantItem {
            name: tenant.name.clone(),
            created_at: tenant.created_at.millis(),
            join_by_email: tenant.identity.join_by_email,
            wrapped_keyring: tenant.wrapped_keyring.clone(),
        };
        let mut new = vec![items::write(&keys::tenant(&tenant.id), &content)?];
        new.extend(rule_sets::first_items(&tenant.id, rule_set, tenant.created_at)?);
        for (hash, stored) in api_keys {
            let key = keys::api_key(&tenant.id, hash);
            new.push(items::write(&key, &ApiKeyItem::from(stored))?);
        }
        self.put_all_new(new).await
    }

    /// Adds an API key. The same key again changes nothing.
    pub async fn create_api_key(
        &self,
        hash: &KeyHash,
        stored: &StoredApiKey,
    ) -> Result<(), StoreError> {
        let key = keys::api_key(&stored.key.tenant, hash);
        self.put_new(items::write(&key, &ApiKeyItem::from(stored))?).await.map(drop)
    }

    /// Reads the installation's wrapped secret, strongly consistent.
    pub async fn installation_secret(&self) -> Result<Option<String>, StoreError> {
        let item = self.get_lead_item(&keys::installation_secret(), true).await?;
        item.map(|item| Ok(items::read::<SecretItem>(item)?.wrapped_secret)).transpose()
    }

    /// Keeps the installation's wrapped secret, unless there is one already.
    pub async fn keep_installation_secret(&self, wrapped: String) -> Result<bool, StoreError> {
        let content = SecretItem { wrapped_secret: wrapped };
        self.put_new(items::write(&keys::installation_secret(), &content)?).await
    }
}
