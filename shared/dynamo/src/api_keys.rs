//! API keys in the leads table.

use std::collections::BTreeSet;

use domain::{
    api_key::{ApiKey, KeyHash, Scope},
    tenant::TenantId,
};
use serde::{Deserialize, Serialize};

use crate::{Store, error::StoreError, items, keys};

/// A key with what its tenant needs to be served: the wrapped keyring, copied from the tenant so
/// that one read is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredApiKey {
    /// The key.
    pub key: ApiKey,
    /// The tenant's keyring as KMS wrapped it, base64.
    pub wrapped_keyring: String,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ApiKeyItem {
    name: String,
    scopes: BTreeSet<Scope>,
    wrapped_keyring: String,
}

impl From<&StoredApiKey> for ApiKeyItem {
    fn from(stored: &StoredApiKey) -> Self {
        Self {
            name: stored.key.name.clone(),
            scopes: stored.key.scopes.clone(),
            wrapped_keyring: stored.wrapped_keyring.clone(),
        }
    }
}

impl Store {
    /// Looks a key up by its hash, within the tenant that it claims.
    ///
    /// One eventually consistent read; `None` when the tenant has no such key.
    pub async fn api_key(
        &self,
        tenant: &TenantId,
        hash: &KeyHash,
    ) -> Result<Option<StoredApiKey>, StoreError> {
        let Some(item) = self.get_lead_item(&keys::api_key(tenant, hash), false).await? else {
            return Ok(None);
        };
        let ApiKeyItem { name, scopes, wrapped_keyring } = items::read(item)?;
        let key = ApiKey { tenant: tenant.clone(), name, scopes };
        Ok(Some(StoredApiKey { key, wrapped_keyring }))
    }
}
