//! Tenants: made in one transaction with their first keys, admin, settings and rule set.
//!
//! Invariant: a tenant exists whole or not at all, and is never made twice. What people set of it
//! is changed only as it was read.

use std::collections::HashMap;

use domain::{
    api_key::KeyHash, family::IdentitySettings, rate_limit::RateLimits, retention::Retention,
    rule_set::RuleSet, tenant::TenantId, time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    Member, Store,
    api_keys::{self, StoredApiKey},
    error::StoreError,
    items::{self, Item, Place},
    keys, members, rule_sets,
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

/// What people set of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantSettings {
    /// What people call it.
    pub name: String,
    /// How its people are told apart. That is decided when a tenant is made.
    pub identity: IdentitySettings,
    /// How many requests its callers may make.
    pub rate_limits: RateLimits,
    /// For how long it keeps people.
    pub retention: Retention,
    /// How often the settings were changed.
    pub version: u64,
}

#[derive(Serialize, Deserialize)]
struct TenantItem {
    name: String,
    created_at: i64,
    join_by_email: bool,
    wrapped_keyring: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate_limits: Option<RateLimits>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retention: Option<Retention>,
    #[serde(default, skip_serializing_if = "is_zero")]
    version: u64,
}

#[derive(Serialize, Deserialize)]
struct SecretItem {
    wrapped_secret: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(version: &u64) -> bool {
    *version == 0
}

/// Reads of a tenant's item what its callers need to be served: the wrapped keyring and the limits.
pub(crate) fn access(item: Item) -> Result<(String, RateLimits), StoreError> {
    let TenantItem { wrapped_keyring, rate_limits, .. } = items::read(item)?;
    Ok((wrapped_keyring, rate_limits.unwrap_or_default()))
}

fn settings(item: Item) -> Result<TenantSettings, StoreError> {
    let TenantItem { name, join_by_email, rate_limits, retention, version, .. } =
        items::read(item)?;
    Ok(TenantSettings {
        name,
        identity: IdentitySettings { join_by_email },
        rate_limits: rate_limits.unwrap_or_default(),
        retention: retention.unwrap_or_default(),
        version,
    })
}

impl Store {
    /// Reads a tenant, strongly consistent.
    pub async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, StoreError> {
        let Some(item) = self.get_lead_item(&keys::tenant(id), true).await? else {
            return Ok(None);
        };
        let place = Place::of(&item);
        let TenantItem { name, created_at, join_by_email, wrapped_keyring, .. } =
            items::read(item)?;
        let created_at =
            Timestamp::from_millis(created_at).map_err(|source| place.unreadable(source))?;
        let identity = IdentitySettings { join_by_email };
        Ok(Some(Tenant { id: id.clone(), name, created_at, identity, wrapped_keyring }))
    }

    /// Reads what people set of a tenant, strongly consistent.
    pub async fn tenant_settings(
        &self,
        id: &TenantId,
    ) -> Result<Option<TenantSettings>, StoreError> {
        let item = self.get_lead_item(&keys::tenant(id), true).await?;
        item.map(settings).transpose()
    }

    /// Reads what the callers of a tenant need to be served, strongly consistent: its keyring as KMS
    /// wrapped it, base64, and their limits.
    pub async fn tenant_access(
        &self,
        id: &TenantId,
    ) -> Result<Option<(String, RateLimits)>, StoreError> {
        let item = self.get_lead_item(&keys::tenant(id), true).await?;
        item.map(access).transpose()
    }

    /// Gives a tenant the name, limits and retention of `next` in place of the settings that were
    /// read; its version counts up. The rest of them stays.
    ///
    /// `false`: somebody else changed them meanwhile, and nothing was written.
    pub async fn put_tenant_settings(
        &self,
        id: &TenantId,
        read: &TenantSettings,
        next: &TenantSettings,
    ) -> Result<bool, StoreError> {
        let version = read.version.saturating_add(1);
        let limits = serde_dynamo::to_attribute_value(next.rate_limits);
        let retention = serde_dynamo::to_attribute_value(next.retention);
        let values = HashMap::from([
            (":name".to_owned(), items::text(&next.name)),
            (":limits".to_owned(), limits.map_err(StoreError::Unwritable)?),
            (":retention".to_owned(), retention.map_err(StoreError::Unwritable)?),
            (":read".to_owned(), items::number(read.version)),
            (":next".to_owned(), items::number(version)),
            (":never".to_owned(), items::number(0)),
        ]);
        let names = ["name", "rate_limits", "retention", "version"];
        let names = names.map(|name| (format!("#{name}"), name.to_owned()));
        let update = "SET #name = :name, #rate_limits = :limits, #retention = :retention, \
                      #version = :next";
        // Settings that were never changed have no version.
        let condition = "#version = :read OR (:read = :never AND attribute_not_exists(#version) AND \
             attribute_exists(pk))";
        let write =
            self.update_if(&keys::tenant(id), update, condition, HashMap::from(names), values)?;
        if self.transact(vec![write]).await? {
            return Ok(true);
        }
        // The answer to an earlier call may have been lost.
        let kept = self.tenant_settings(id).await?;
        Ok(kept == Some(TenantSettings { identity: read.identity, version, ..next.clone() }))
    }

    /// Makes a tenant with its first keys, rule set and admin, and tells whether there was none
    /// before and the admin belonged to nobody.
    ///
    /// An existing tenant is left as it is.
    pub async fn create_tenant(
        &self,
        tenant: &Tenant,
        rule_set: &RuleSet,
        api_keys: &[(KeyHash, StoredApiKey)],
        first_admin: Option<&Member>,
    ) -> Result<bool, StoreError> {
        let content = TenantItem {
            name: tenant.name.clone(),
            created_at: tenant.created_at.millis(),
            join_by_email: tenant.identity.join_by_email,
            wrapped_keyring: tenant.wrapped_keyring.clone(),
            rate_limits: None,
            retention: None,
            version: 0,
        };
        let mut new = vec![items::write(&keys::tenant(&tenant.id), &content)?];
        new.extend(rule_sets::first_items(&tenant.id, rule_set, tenant.created_at)?);
        for (hash, stored) in api_keys {
            new.push(api_keys::to_item(hash, stored)?);
        }
        if let Some(admin) = first_admin {
            new.extend(members::to_items(admin)?);
        }
        self.put_all_new(new).await
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

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(text: &str) -> Item {
        serde_dynamo::to_item(serde_json::from_str::<serde_json::Value>(text).unwrap()).unwrap()
    }

    #[test]
    fn a_tenant_is_read_as_ever() {
        let first = golden(include_str!("../../../tests/golden/tenant-1.json"));
        let second = golden(include_str!("../../../tests/golden/tenant-2.json"));
        let third = golden(include_str!("../../../tests/golden/tenant-3.json"));
        let (old, new) = (settings(first.clone()).unwrap(), settings(second.clone()).unwrap());
        assert_eq!((old.version, old.rate_limits), (0, RateLimits::default()));
        assert_eq!((new.version, new.rate_limits.people), (3, 200));
        assert_eq!((old.retention, new.retention), Default::default());
        let expected = Retention { anonymise_after_days: None, archive_after_days: Some(400) };
        assert_eq!(settings(third.clone()).unwrap().retention, expected);
        for item in [first, second, third] {
            let content: TenantItem = items::read(item.clone()).unwrap();
            let key = keys::tenant(&"acme".parse().unwrap());
            assert_eq!(items::write(&key, &content).unwrap(), item);
        }
    }
}
