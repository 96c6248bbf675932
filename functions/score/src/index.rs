//! Lets leads be found by what was scored: the step after the commit.
//!
//! Invariant: events that say nothing that leads are found by cost nothing here. For the others
//! the index is in step with the homes before their message is done; a message that comes again
//! repeats it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use domain::{home::HomeId, tenant::TenantId};
use dynamo::{Store, StoreError};
use search::{IndexError, Indexer};
use vault::{Keyring, Vault, VaultError};

/// How many keyrings a container remembers. The cache is emptied when one more comes.
const CACHED: usize = 1_024;

/// Lets homes be found by what they say.
pub trait Finder {
    /// Brings the index in step with homes, or fails.
    fn refresh(
        &self,
        tenant: &TenantId,
        homes: BTreeSet<HomeId>,
    ) -> impl Future<Output = Result<(), FindError>> + Send;
}

/// Where the keys of tenants are found.
pub trait Keyrings {
    /// Returns the keys of a tenant.
    fn keyring(
        &self,
        tenant: &TenantId,
    ) -> impl Future<Output = Result<Arc<Keyring>, KeyringError>> + Send;
}

/// Says why homes could not be made to be found. The same message may succeed later.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The tenant's keys could not be had.
    #[error("the keys of the tenant are missing")]
    Keyring(#[from] KeyringError),
    /// The index was not written to its end.
    #[error("the index is not in step")]
    Index(#[from] IndexError),
}

/// Says why a tenant's keys could not be had.
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

/// The index of an installation.
#[derive(Debug)]
pub struct Index<K> {
    indexer: Indexer,
    keyrings: K,
}

/// The keys of tenants as the leads table has them, wrapped. What was unwrapped is remembered for
/// the life of the container: a keyring never becomes another one.
#[derive(Debug)]
pub struct TenantKeyrings {
    store: Store,
    vault: Vault,
    known: Mutex<HashMap<TenantId, Arc<Keyring>>>,
}

impl<K> Index<K> {
    /// Takes the tables and where keys are found.
    pub const fn new(store: Store, keyrings: K) -> Self {
        Self { indexer: Indexer::new(store), keyrings }
    }
}

impl<K: Keyrings + Sync> Finder for Index<K> {
    async fn refresh(&self, tenant: &TenantId, homes: BTreeSet<HomeId>) -> Result<(), FindError> {
        if homes.is_empty() {
            return Ok(());
        }
        let keyring = self.keyrings.keyring(tenant).await?;
        Ok(self.indexer.refresh(tenant, &keyring, homes).await?)
    }
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
