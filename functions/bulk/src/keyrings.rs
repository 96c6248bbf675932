//! The keys of the tenant whose job is worked.

use std::sync::Arc;

use domain::tenant::TenantId;
use dynamo::{Store, StoreError};
use vault::{Keyring, Vault, VaultError};

/// Where the keyring of a tenant comes from.
pub trait Keyrings {
    /// Returns the keyring of a tenant.
    fn keyring(
        &self,
        tenant: &TenantId,
    ) -> impl Future<Output = Result<Arc<Keyring>, KeyringError>> + Send;
}

/// Says why a tenant's keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// No such tenant was made.
    #[error("there is no tenant {0}")]
    NoTenant(TenantId),
    /// The table failed.
    #[error("the tenant could not be read")]
    Store(#[from] StoreError),
    /// The key service failed.
    #[error("the keyring could not be unwrapped")]
    Vault(#[from] VaultError),
}

/// The keyrings of an installation: wrapped in its leads table, unwrapped by its KMS key.
#[derive(Debug)]
pub struct Unwrapped {
    store: Store,
    vault: Vault,
}

impl Unwrapped {
    /// Takes the table of tenants and the vault.
    pub const fn new(store: Store, vault: Vault) -> Self {
        Self { store, vault }
    }
}

impl Keyrings for Unwrapped {
    async fn keyring(&self, tenant: &TenantId) -> Result<Arc<Keyring>, KeyringError> {
        let found = self.store.tenant(tenant).await?;
        let found = found.ok_or_else(|| KeyringError::NoTenant(tenant.clone()))?;
        Ok(self.vault.unwrap(tenant, &found.wrapped_keyring).await?)
    }
}
