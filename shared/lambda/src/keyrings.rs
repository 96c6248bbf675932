//! The keys of tenants, as the functions need them that open or seal what is kept of people.
//!
//! Invariant: a tenant's keys are unwrapped once in the life of a container.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::tenant::TenantId;
use dynamo::{Store, StoreError};
use vault::{Keyring, Vault, VaultError};

/// How many keyrings a container remembers. The cache is emptied when one more comes.
const CACHED: usize = 1_024;

/// Where the keys of tenants are found.
pub trait Keyrings {
    /// Returns the keys of a tenant.
    fn keyring(
        &self,
        tenant: &TenantId,
    ) -> impl Future<Output = Result<Arc<Keyring>, KeyringError>> + Send;
}

/// Says why a tenant's keys could not be had. The same message may succeed later.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The table failed.
    #[error("the tenant could not be read")]
    Store(#[from] StoreError),
    /// The key service failed.
    #[error("the keyring could not be unwrapped")]
    Vault(#[from] VaultError),
    /// Nobody made the tenant.
    #[error("there is no tenant {0}")]
    NoTenant(TenantId),
}

/// The keys of tenants as the leads table has them, wrapped. What was unwrapped is remembered for
/// the life of the container: a keyring never becomes another one.
#[derive(Debug)]
pub struct TenantKeyrings {
    store: Store,
    vault: Vault,
    known: Mutex<HashMap<TenantId, Arc<Keyring>>>,
}

impl TenantKeyrings {
    /// Takes the leads table and the vault that unwraps what is stored there.
    pub fn new(store: Store, vault: Vault) -> Self {
        Self { store, vault, known: Mutex::default() }
    }
}

impl Keyrings for TenantKeyrings {
    async fn keyring(&self, tenant: &TenantId) -> Result<Arc<Keyring>, KeyringError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned();
        if let Some(keyring) = known {
            return Ok(keyring);
        }
        let found = self.store.tenant(tenant).await?;
        let found = found.ok_or_else(|| KeyringError::NoTenant(tenant.clone()))?;
        let keyring = self.vault.unwrap(tenant, &found.wrapped_keyring).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CACHED {
            known.clear();
        }
        known.insert(tenant.clone(), Arc::clone(&keyring));
        Ok(keyring)
    }
}
