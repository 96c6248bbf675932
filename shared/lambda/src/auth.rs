//! Who is calling: an API key in any of the places where senders put one.
//!
//! Invariant: the tenant comes from the credential alone, and only after its hash was found. A
//! store that does not answer makes a 503, never a guess.
//!
//! On time: a key is looked up by its SHA-256, in the cache and in the table alike, and never
//! compared as text. How long a look-up takes tells at most something about hashes, which does
//! not help to find a key with 160 bits of secret; so nothing here has to be constant-time.

mod cache;
mod credential;

use std::{future::Future, sync::Arc};

use domain::{
    api_key::{ApiKey, ApiKeyText, Scope},
    tenant::TenantId,
    time::Timestamp,
};
use dynamo::{Store, StoreError};
use vault::{Keyring, Vault, VaultError};

use self::cache::{Cache, Remembered};
pub use self::credential::{Presented, present};
use crate::problem::Problem;

/// A caller who is known: the key that was presented, and the keyring of its tenant.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The key: its tenant, name and scopes.
    pub key: ApiKey,
    /// The keys of the caller's tenant.
    pub keyring: Arc<Keyring>,
}

/// Where keys are found.
pub trait KeyDirectory {
    /// Finds a key by its hash, within the tenant that it names; `None` when there is none.
    fn find(
        &self,
        key: &ApiKeyText,
    ) -> impl Future<Output = Result<Option<Caller>, FindError>> + Send;
}

/// Says why a key could be neither found nor missed.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The table failed.
    #[error("the key could not be looked up")]
    Store(#[source] StoreError),
    /// The key service failed.
    #[error("the keyring could not be unwrapped")]
    Vault(#[source] VaultError),
}

/// The directory of an installation: its leads table and its KMS key.
#[derive(Debug)]
pub struct Directory {
    store: Store,
    vault: Vault,
}

/// Knows callers by their keys, and remembers for a minute whom it knew and whom not.
///
/// A key that was revoked is therefore served for up to a minute more.
#[derive(Debug)]
pub struct Authenticator<D> {
    directory: D,
    cache: Cache,
}

/// What a caller should do after a failed look-up.
const RETRY_AFTER_SECONDS: u32 = 2;

impl Caller {
    /// Returns the tenant that the caller speaks for.
    pub const fn tenant(&self) -> &TenantId {
        &self.key.tenant
    }

    /// Answers 403 unless the key may be used for `scope`.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.key.allows(scope) {
            return Ok(());
        }
        let needed = match scope {
            Scope::Ingest => "ingest",
            Scope::Read => "read",
            Scope::Admin => "admin",
        };
        let message = format!("this API key does not have the scope that is needed: {needed}");
        Err(Problem::forbidden("missing_scope", message))
    }
}

impl Directory {
    /// Takes the table of keys and the vault that unwraps what is stored with them.
    pub const fn new(store: Store, vault: Vault) -> Self {
        Self { store, vault }
    }

    /// Returns the table.
    pub const fn store(&self) -> &Store {
        &self.store
    }
}

impl KeyDirectory for Directory {
    async fn find(&self, key: &ApiKeyText) -> Result<Option<Caller>, FindError> {
        let stored =
            self.store.api_key(key.tenant(), &key.hash()).await.map_err(FindError::Store)?;
        let Some(stored) = stored else { return Ok(None) };
        let keyring = self
            .vault
            .unwrap(key.tenant(), &stored.wrapped_keyring)
            .await
            .map_err(FindError::Vault)?;
        Ok(Some(Caller { key: stored.key, keyring }))
    }
}

impl<D: KeyDirectory> Authenticator<D> {
    /// Takes the directory to ask.
    pub fn new(directory: D) -> Self {
        Self { directory, cache: Cache::default() }
    }

    /// Returns the directory.
    pub const fn directory(&self) -> &D {
        &self.directory
    }

    /// Finds out who presented a credential: a caller, or a 401 or 503.
    pub async fn authenticate(
        &self,
        presented: &Presented,
        now: Timestamp,
    ) -> Result<Caller, Problem> {
        let key = match presented {
            Presented::Key(key) => key,
            Presented::Unreadable => return Err(unknown_key()),
            Presented::Nothing => {
                let message = "an API key is needed, as the user name of Basic, as Bearer, \
                               or in X-API-Key";
                return Err(Problem::unauthorized("missing_credentials", message));
            }
        };
        let hash = key.hash();
        match self.cache.get(&hash, now) {
            Remembered::Known(caller) => return Ok(caller),
            Remembered::Unknown => return Err(unknown_key()),
            Remembered::Nothing => {}
        }
        let found = self.directory.find(key).await.map_err(|error| unavailable(key, &error))?;
        self.cache.put(hash, found.clone(), now);
        found.ok_or_else(unknown_key)
    }
}

fn unknown_key() -> Problem {
    Problem::unauthorized("invalid_api_key", "this API key is not known")
}

fn unavailable(key: &ApiKeyText, error: &FindError) -> Problem {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    tracing::error!(tenant = %key.tenant(), %error, cause, "no key look-up");
    let message = "the API key could not be checked just now";
    Problem::unavailable("auth_unavailable", message, RETRY_AFTER_SECONDS)
}

#[cfg(test)]
mod tests;
