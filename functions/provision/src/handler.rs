//! Does the operations: read, wrap, one write.
//!
//! Invariant: a tenant is written with everything it needs in one transaction, and two first
//! invocations at once agree on one installation secret.

use std::collections::BTreeSet;

use domain::{
    api_key::{ApiKey, ApiKeyText, Scope},
    family::IdentitySettings,
    rule_set::RuleSet,
    tenant::TenantId,
    time::Timestamp,
};
use dynamo::{Store, StoreError, StoredApiKey, Tenant};
use serde::{Serialize, Serializer};
use serde_json::Value;
use vault::{InstallationKey, Vault, VaultError};

use crate::{
    fresh::Fresh,
    operation::{Operation, Refusal},
};

/// Makes tenants and keys.
#[derive(Debug)]
pub struct Provision {
    store: Store,
    vault: Vault,
}

/// What an invocation answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// A tenant was made.
    Tenant {
        /// Its id.
        tenant: TenantId,
        /// Its keys, shown this once.
        keys: FirstKeys,
    },
    /// A key was made.
    Key {
        /// The key, shown this once.
        #[serde(serialize_with = "reveal")]
        key: ApiKeyText,
    },
    /// Nothing was changed.
    Refused {
        /// Why.
        error: Refusal,
    },
}

/// The keys that a tenant is made with.
#[derive(Debug, Serialize)]
pub struct FirstKeys {
    /// Sends events and can do nothing else.
    #[serde(serialize_with = "reveal")]
    pub ingest: ApiKeyText,
    /// Reads and administers.
    #[serde(serialize_with = "reveal")]
    pub admin: ApiKeyText,
}

/// What failed here, so that the invocation failed.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// A table did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key service did not do its part.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The installation secret was kept and is not there.
    #[error("the installation secret is not there after it was kept")]
    NoSecret,
    /// The rules that are part of the code do not read.
    #[error("the default rule set is not readable")]
    DefaultRules(#[source] serde_json::Error),
}

fn reveal<S: Serializer>(key: &ApiKeyText, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.reveal())
}

impl Provision {
    /// Takes the tables and the key service.
    pub const fn new(store: Store, vault: Vault) -> Self {
        Self { store, vault }
    }

    /// Does the operation that a payload asks for.
    pub async fn handle(
        &self,
        payload: Value,
        now: Timestamp,
        fresh: &Fresh,
    ) -> Result<Answer, ProvisionError> {
        match Operation::read(payload) {
            Ok(Operation::CreateTenant { tenant, name }) => {
                self.create_tenant(tenant, name, now, fresh).await
            }
            Ok(Operation::CreateKey { tenant, name, scopes }) => {
                self.create_key(tenant, name, scopes, fresh).await
            }
            Err(error) => Ok(Answer::Refused { error }),
        }
    }

    async fn create_tenant(
        &self,
        id: TenantId,
        name: String,
        now: Timestamp,
        fresh: &Fresh,
    ) -> Result<Answer, ProvisionError> {
        // The look beforehand only spares the key service; the transaction decides.
        if self.store.tenant(&id).await?.is_some() {
            return Ok(exists(&id));
        }
        let installation = self.installation_key(fresh).await?;
        let wrapped_keyring = self.vault.create(&id, &installation, &fresh.tenant).await?;
        let [ingest, admin] = fresh.api_keys.map(|secret| ApiKeyText::compose(&id, &secret));
        let stored = |name: &str, scopes: &[Scope]| StoredApiKey {
            key: ApiKey {
                tenant: id.clone(),
                name: name.to_owned(),
                scopes: scopes.iter().copied().collect(),
            },
            wrapped_keyring: wrapped_keyring.clone(),
        };
        let keys = [
            (ingest.hash(), stored("ingest", &[Scope::Ingest])),
            (admin.hash(), stored("admin", &[Scope::Read, Scope::Admin])),
        ];
        let tenant = Tenant {
            id: id.clone(),
            name,
            created_at: now,
            identity: IdentitySettings::default(),
            wrapped_keyring: wrapped_keyring.clone(),
        };
        let rules = RuleSet::default_set().map_err(ProvisionError::DefaultRules)?;
        if !self.store.create_tenant(&tenant, &rules, &keys).await? {
            return Ok(exists(&id));
        }
        tracing::info!(tenant = %id, "tenant made");
        Ok(Answer::Tenant { tenant: id, keys: FirstKeys { ingest, admin } })
    }

    /// Returns the installation secret, and makes it before the first tenant.
    ///
    /// Of two invocations that make one at once, the first to write decides: both read again
    /// what was kept, so no tenant is ever made with a secret that was not.
    async fn installation_key(&self, fresh: &Fresh) -> Result<InstallationKey, ProvisionError> {
        let mut kept = self.store.installation_secret().await?;
        if kept.is_none() {
            let made = InstallationKey::new(fresh.installation);
            let wrapped = self.vault.wrap_installation(&made).await?;
            self.store.keep_installation_secret(wrapped).await?;
            kept = self.store.installation_secret().await?;
        }
        let kept = kept.ok_or(ProvisionError::NoSecret)?;
        Ok(self.vault.unwrap_installation(&kept).await?)
    }

    async fn create_key(
        &self,
        tenant: TenantId,
        name: String,
        scopes: BTreeSet<Scope>,
        fresh: &Fresh,
    ) -> Result<Answer, ProvisionError> {
        let Some(Tenant { wrapped_keyring, .. }) = self.store.tenant(&tenant).await? else {
            let message = format!("there is no tenant {tenant}");
            return Ok(Answer::Refused { error: Refusal::new("tenant_not_found", message) });
        };
        let [secret, _] = &fresh.api_keys;
        let key = ApiKeyText::compose(&tenant, secret);
        let stored = ApiKey { tenant: tenant.clone(), name, scopes };
        let stored = StoredApiKey { key: stored, wrapped_keyring };
        self.store.create_api_key(&key.hash(), &stored).await?;
        tracing::info!(%tenant, "API key made");
        Ok(Answer::Key { key })
    }
}

fn exists(tenant: &TenantId) -> Answer {
    let message = format!("there is a tenant {tenant} already");
    Answer::Refused { error: Refusal::new("tenant_exists", message) }
}
