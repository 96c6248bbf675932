//! API keys in the leads table.
//!
//! Invariant: only the hash of a key is stored, as part of its sort key. A key that was revoked is
//! gone, and noting that it was used does not bring it back.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::TransactWriteItem;
use aws_sdk_dynamodb::{operation::update_item::UpdateItemError, types::Delete};
use domain::{
    actor::Actor,
    api_key::{ApiKey, KeyHash, KeyId, Scope},
    rate_limit::RateLimits,
    tenant::TenantId,
    time::{Day, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys, tenants,
};

/// A key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredApiKey {
    /// The key.
    pub key: ApiKey,
    /// When it was made; not known of the oldest keys.
    pub created_at: Option<Timestamp>,
    /// Who made it; not known of the oldest keys.
    pub created_by: Option<Actor>,
    /// The last day on which somebody used it.
    pub last_used_on: Option<Day>,
}

/// A key with what its tenant needs to be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownApiKey {
    /// The key.
    pub stored: StoredApiKey,
    /// The tenant's keyring as KMS wrapped it, base64.
    pub wrapped_keyring: String,
    /// How many requests the tenant's callers may make.
    pub limits: RateLimits,
}

#[derive(Serialize, Deserialize)]
struct ApiKeyItem {
    name: String,
    scopes: BTreeSet<Scope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_by: Option<Actor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_used_on: Option<Day>,
}

/// Says that an item between two API keys is none.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of an API key")]
struct NotAKey;

impl StoredApiKey {
    /// Makes a key that nobody has used yet.
    pub const fn new(key: ApiKey, created_at: Timestamp, created_by: Actor) -> Self {
        Self { key, created_at: Some(created_at), created_by: Some(created_by), last_used_on: None }
    }
}

pub(crate) fn to_item(hash: &KeyHash, stored: &StoredApiKey) -> Result<Item, StoreError> {
    let content = ApiKeyItem {
        name: stored.key.name.clone(),
        scopes: stored.key.scopes.clone(),
        created_at: stored.created_at.map(Timestamp::millis),
        created_by: stored.created_by.clone(),
        last_used_on: stored.last_used_on,
    };
    items::write(&keys::api_key(&stored.key.tenant, hash), &content)
}

fn from_item(tenant: &TenantId, item: Item) -> Result<StoredApiKey, StoreError> {
    let place = Place::of(&item);
    let id = keys::parse_api_key(&place.sk).ok_or_else(|| place.unreadable(NotAKey))?;
    let ApiKeyItem { name, scopes, created_at, created_by, last_used_on } = items::read(item)?;
    let created_at = created_at.map(Timestamp::from_millis).transpose();
    Ok(StoredApiKey {
        key: ApiKey { id, tenant: tenant.clone(), name, scopes },
        created_at: created_at.map_err(|source| place.unreadable(source))?,
        created_by,
        last_used_on,
    })
}

impl Store {
    /// Looks a key up by its hash, within the tenant that it claims, with what its tenant needs.
    ///
    /// One call; `None` when the tenant has no such key.
    pub async fn api_key(
        &self,
        tenant: &TenantId,
        hash: &KeyHash,
    ) -> Result<Option<KnownApiKey>, StoreError> {
        let wanted = [keys::api_key(tenant, hash), keys::tenant(tenant)];
        let found = self.batch_get(&self.leads_table, wanted, None).await?;
        let is_key = |item: &Item| keys::parse_api_key(&Place::of(item).sk).is_some();
        let (found, tenants): (Vec<_>, Vec<_>) = found.into_iter().partition(is_key);
        let (Some(key), Some(item)) = (found.into_iter().next(), tenants.into_iter().next()) else {
            return Ok(None);
        };
        let (wrapped_keyring, limits) = tenants::access(item)?;
        Ok(Some(KnownApiKey { stored: from_item(tenant, key)?, wrapped_keyring, limits }))
    }

    /// Reads the next API keys of a tenant by id, strongly consistent: those after `after`, at most
    /// `limit`.
    pub async fn api_keys(
        &self,
        tenant: &TenantId,
        after: Option<&KeyId>,
        limit: u16,
    ) -> Result<Vec<StoredApiKey>, StoreError> {
        let (first, last) = keys::api_keys_after(after);
        let pk = tenant.as_str();
        let items = self.some_lead_items_between(pk, first, last, limit, true).await?;
        items.into_iter().map(|item| from_item(tenant, item)).collect()
    }

    /// Adds an API key. The same key again changes nothing.
    pub async fn create_api_key(
        &self,
        hash: &KeyHash,
        stored: &StoredApiKey,
    ) -> Result<(), StoreError> {
        self.put_new(to_item(hash, stored)?).await.map(drop)
    }

    /// Revokes an API key for ever, and tells whether there was one.
    pub async fn revoke_api_key(&self, tenant: &TenantId, id: &KeyId) -> Result<bool, StoreError> {
        let (first, last) = keys::api_keys_with_id(id);
        let found = self.lead_items_between(tenant.as_str(), first, last).await?;
        let mut writes = Vec::with_capacity(found.len());
        for item in found {
            let Place { pk, sk } = Place::of(&item);
            writes.push(self.remove(&keys::Key { pk, sk })?);
        }
        // Of two who revoke it at once, the second finds nothing.
        if writes.is_empty() { Ok(false) } else { self.transact(writes).await }
    }

    /// Notes the day on which a key is used, if it is a later one; nothing happens to a key that is
    /// gone.
    pub async fn note_used(
        &self,
        tenant: &TenantId,
        hash: &KeyHash,
        day: Day,
    ) -> Result<(), StoreError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(&keys::api_key(tenant, hash))))
            .update_expression("SET last_used_on = :day")
            .condition_expression(
                "attribute_exists(pk) AND \
                 (attribute_not_exists(last_used_on) OR last_used_on < :day)",
            )
            .expression_attribute_values(":day", items::text(day.to_string()))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(StoreError::from_sdk("UpdateItem", &error)),
            },
        }
    }

    fn remove(&self, key: &keys::Key) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(key)))
            .condition_expression("attribute_exists(pk)")
            .build()
            .map_err(|error| StoreError::incomplete(&error))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn golden(text: &str) -> Item {
        serde_dynamo::to_item(serde_json::from_str::<serde_json::Value>(text).unwrap()).unwrap()
    }

    #[test]
    fn a_key_is_written_and_read_as_ever() {
        let item = golden(include_str!("../../../tests/golden/api-key-2.json"));
        let acme: TenantId = "acme".parse().unwrap();
        let stored = from_item(&acme, item.clone()).unwrap();
        assert_eq!(stored.key.id.as_str(), "key_0123456789abcdef");
        assert_eq!(stored.last_used_on, Some("2026-11-21".parse().unwrap()));
        let hash: KeyHash = serde_json::from_value(HASH.into()).unwrap();
        assert_eq!(to_item(&hash, &stored).unwrap(), item);
    }

    #[test]
    fn a_key_that_knows_less_of_itself_is_still_read() {
        let item = golden(include_str!("../../../tests/golden/api-key-1.json"));
        let stored = from_item(&"acme".parse().unwrap(), item).unwrap();
        assert_eq!((stored.key.name.as_str(), stored.key.scopes.len()), ("web", 1));
        assert_eq!((stored.created_at, stored.created_by, stored.last_used_on), (None, None, None));
    }
}
