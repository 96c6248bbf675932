//! Tenants: made in one transaction with their first keys, settings and rule set.
//!
//! Invariant: a tenant exists whole or not at all, and is never made twice.

use aws_sdk_dynamodb::{
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError},
    types::{CancellationReason, Put, TransactWriteItem},
};
use domain::{
    api_key::KeyHash, family::IdentitySettings, rule_set::RuleSet, tenant::TenantId,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    api_keys::{ApiKeyItem, StoredApiKey},
    commit::is_passing,
    error::StoreError,
    items::{self, Item},
    keys, rule_sets,
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
        new.extend(rule_sets::to_items(&tenant.id, rule_set)?);
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

    /// Puts an item of the leads table unless there is one, and tells whether there was none.
    pub(crate) async fn put_new(&self, item: Item) -> Result<bool, StoreError> {
        let sent = self
            .client
            .put_item()
            .table_name(&self.leads_table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match sent {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(StoreError::from_sdk("PutItem", &error)),
            },
        }
    }

    async fn put_all_new(&self, new: Vec<Item>) -> Result<bool, StoreError> {
        let put = |item: Item| {
            let put = Put::builder()
                .table_name(&self.leads_table)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(pk)")
                .build()
                .map_err(|error| StoreError::incomplete(&error))?;
            Ok(TransactWriteItem::builder().put(put).build())
        };
        let puts: Result<Vec<_>, StoreError> = new.into_iter().map(put).collect();
        let sent = self.client.transact_write_items().set_transact_items(Some(puts?)).send().await;
        let Err(error) = sent else { return Ok(true) };
        let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
            error.as_service_error()
        else {
            return Err(StoreError::from_sdk("TransactWriteItems", &error));
        };
        let codes: Vec<_> =
            canceled.cancellation_reasons().iter().filter_map(CancellationReason::code).collect();
        if codes.contains(&"ConditionalCheckFailed") {
            return Ok(false);
        }
        match codes.into_iter().find(|code| is_passing(code)) {
            Some(code) => Err(StoreError::Unavailable {
                operation: "TransactWriteItems",
                code: code.to_owned(),
            }),
            None => Err(StoreError::from_sdk("TransactWriteItems", &error)),
        }
    }
}
