//! The founder: read, wrap, one write.
//!
//! Invariant: a tenant is written with everything it needs in one transaction, which also decides
//! that the first admin belongs to no other tenant, and begins its audit log.

use std::collections::BTreeSet;

use domain::{
    actor::Actor,
    api_key::{ApiKey, ApiKeyText, KeyHash, Scope},
    audit::AuditEntry,
    family::IdentitySettings,
    name::Name,
    rule_set::RuleSet,
    tenant::TenantId,
    time::Timestamp,
    user::{Role, UserId},
};
use dynamo::{
    EMAIL_FIELD, Member, MemberStatus, NAME_FIELD, Store, StoreError, StoredApiKey, Tenant,
    audit_id,
};
use serde::{Serialize, Serializer};
use vault::{InstallationKey, Keyring, SealError, Vault, VaultError};

use crate::fresh::Fresh;

/// Makes tenants.
#[derive(Debug)]
pub struct Founder {
    store: Store,
    vault: Vault,
}

/// A tenant that is to be made.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// Its id.
    pub id: TenantId,
    /// What people call it.
    pub name: Name,
    /// Whether it gets its first two keys at once.
    pub with_keys: bool,
    /// Who administers it.
    pub admin: Option<FirstAdmin>,
}

/// The first admin of a tenant. Its `Debug` hides the person.
#[derive(Clone)]
pub struct FirstAdmin {
    /// The user.
    pub user: UserId,
    /// The address.
    pub email: String,
    /// The name.
    pub name: Option<String>,
    /// Whether they have signed in, or have yet to accept an invitation.
    pub status: MemberStatus,
}

/// What came of making a tenant.
#[derive(Debug)]
pub enum Founded {
    /// It is made, with these keys if it was to have some.
    Made(Option<FirstKeys>),
    /// There is a tenant of that id already; it stays as it is.
    Exists,
    /// The first admin belongs to a tenant already; none was made.
    UserTaken(TenantId),
}

/// The keys that a tenant is made with, shown this once.
#[derive(Debug, Serialize)]
pub struct FirstKeys {
    /// Sends events and can do nothing else.
    #[serde(serialize_with = "reveal")]
    pub ingest: ApiKeyText,
    /// Reads and administers.
    #[serde(serialize_with = "reveal")]
    pub admin: ApiKeyText,
}

/// What failed here, so that nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum FoundingError {
    /// A table did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key service did not do its part.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The admin's address could not be sealed.
    #[error("the first admin's address could not be sealed")]
    Seal(#[from] SealError),
    /// The installation secret was kept and is not there.
    #[error("the installation secret is not there after it was kept")]
    NoSecret,
    /// The rules that are part of the code do not read.
    #[error("the default rule set is not readable")]
    DefaultRules(#[source] serde_json::Error),
}

impl FoundingError {
    /// Tells whether the same may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            Self::Vault(error) => error.is_retryable(),
            Self::Seal(_) | Self::NoSecret | Self::DefaultRules(_) => false,
        }
    }
}

fn reveal<S: Serializer>(key: &ApiKeyText, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.reveal())
}

impl std::fmt::Debug for FirstAdmin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FirstAdmin").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Founder {
    /// Takes the tables and the key service.
    pub const fn new(store: Store, vault: Vault) -> Self {
        Self { store, vault }
    }

    /// Returns the tables.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Makes a tenant, unless there is one of its id or the admin has another.
    pub async fn found(
        &self,
        new: NewTenant,
        now: Timestamp,
        fresh: &Fresh,
    ) -> Result<Founded, FoundingError> {
        // The look beforehand only spares the key service; the transaction decides.
        if let Some(obstacle) = self.obstacle(&new).await? {
            return Ok(obstacle);
        }
        let NewTenant { id, name, with_keys, admin } = &new;
        let installation = self.installation_key(fresh).await?;
        let wrapped_keyring = self.vault.create(id, &installation, &fresh.tenant).await?;
        let admin = match admin {
            Some(admin) => {
                let keyring = self.vault.unwrap(id, &wrapped_keyring).await?;
                Some(member(&keyring, admin, now)?)
            }
            None => None,
        };
        let (keys, stored) = with_keys.then(|| first_keys(id, fresh, now)).unzip();
        let tenant = Tenant {
            id: id.clone(),
            name: name.as_str().to_owned(),
            created_at: now,
            identity: IdentitySettings::default(),
            wrapped_keyring,
        };
        let rules = RuleSet::default_set().map_err(FoundingError::DefaultRules)?;
        let stored = stored.as_ref().map_or(&[][..], <[_; 2]>::as_slice);
        let store = self.store.recording(id, made(&new, now));
        if store.create_tenant(&tenant, &rules, stored, admin.as_ref()).await? {
            tracing::info!(tenant = %id, "tenant made");
            return Ok(Founded::Made(keys));
        }
        // Somebody was faster; an obstacle that is gone again already was the tenant's id.
        Ok(self.obstacle(&new).await?.unwrap_or(Founded::Exists))
    }

    async fn obstacle(&self, new: &NewTenant) -> Result<Option<Founded>, FoundingError> {
        if let Some(admin) = &new.admin
            && let Some(tenant) = self.store.tenant_of_user(&admin.user).await?
        {
            return Ok(Some(Founded::UserTaken(tenant)));
        }
        let exists = self.store.tenant(&new.id).await?.is_some();
        Ok(exists.then_some(Founded::Exists))
    }

    /// Returns the installation secret, and makes it before the first tenant.
    ///
    /// Of two that make one at once, the first to write decides: both read again what was kept, so
    /// no tenant is ever made with a secret that was not.
    async fn installation_key(&self, fresh: &Fresh) -> Result<InstallationKey, FoundingError> {
        let mut kept = self.store.installation_secret().await?;
        if kept.is_none() {
            let made = InstallationKey::new(fresh.installation);
            let wrapped = self.vault.wrap_installation(&made).await?;
            self.store.keep_installation_secret(wrapped).await?;
            kept = self.store.installation_secret().await?;
        }
        let kept = kept.ok_or(FoundingError::NoSecret)?;
        Ok(self.vault.unwrap_installation(&kept).await?)
    }
}

/// Writes down that a tenant was made: by who signed up for it, else by the operator.
fn made(new: &NewTenant, now: Timestamp) -> AuditEntry {
    let signed_up = new.admin.as_ref().filter(|admin| admin.status == MemberStatus::Active);
    let fields = [("name", true), ("admin", new.admin.is_some()), ("api_keys", new.with_keys)];
    let fields = fields.into_iter().filter(|(_, is_set)| *is_set);
    AuditEntry {
        id: audit_id(now),
        at: now,
        actor: signed_up.map_or(Actor::System, |admin| Actor::User(admin.user.clone())),
        action: "tenant.created".to_owned(),
        object_type: "tenant".to_owned(),
        object_id: new.id.to_string(),
        fields: fields.map(|(name, _)| name.to_owned()).collect(),
    }
}

fn member(keyring: &Keyring, admin: &FirstAdmin, now: Timestamp) -> Result<Member, SealError> {
    let FirstAdmin { user, email, name, status } = admin;
    let seal = |field, value: &str| keyring.seal_value(user.as_str(), field, value);
    let name = name.as_deref().map(|name| seal(NAME_FIELD, name)).transpose()?;
    let (tenant, email) = (keyring.tenant().clone(), seal(EMAIL_FIELD, email)?);
    let invited = Member::invited(tenant, user.clone(), Role::Admin, email, Actor::System, now);
    Ok(Member { name, status: *status, ..invited })
}

fn first_keys(
    id: &TenantId,
    fresh: &Fresh,
    now: Timestamp,
) -> (FirstKeys, [(KeyHash, StoredApiKey); 2]) {
    let [ingest, admin] = fresh.api_keys.map(|secret| ApiKeyText::compose(id, &secret));
    let keys = [
        new_key(&ingest, "ingest", [Scope::Ingest].into(), now),
        new_key(&admin, "admin", [Scope::Read, Scope::Admin].into(), now),
    ];
    (FirstKeys { ingest, admin }, keys)
}

/// Makes a key as it is stored, of nobody's in particular.
pub fn new_key(
    text: &ApiKeyText,
    name: &str,
    scopes: BTreeSet<Scope>,
    now: Timestamp,
) -> (KeyHash, StoredApiKey) {
    let hash = text.hash();
    let key =
        ApiKey { id: hash.id(), tenant: text.tenant().clone(), name: name.to_owned(), scopes };
    (hash, StoredApiKey::new(key, now, Actor::System))
}
