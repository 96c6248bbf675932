//! Where callers are found: API keys and members in the leads table, keyrings through KMS.
//!
//! Invariant: that somebody came is noted on the side: once a day for each caller and container, and
//! a note that fails refuses nobody. That they came for the first time is in the audit log, once.

use std::{future::Future, sync::Arc};

use domain::{
    actor::Actor, api_key::ApiKeyText, audit::AuditEntry, rate_limit::RateLimits, tenant::TenantId,
    time::Timestamp, user::UserId,
};
use dynamo::{KnownApiKey, Member, MemberStatus, Store, StoreError, audit_id};
use vault::{Keyring, Vault, VaultError};

use super::{Caller, Who};

/// Where callers are found.
pub trait CallerDirectory {
    /// Finds a key by its hash, within the tenant that it names; `None` when there is none.
    fn find(
        &self,
        key: &ApiKeyText,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Caller>, FindError>> + Send;

    /// Finds a user's membership; `None` when there is none or it is not active.
    fn find_user(
        &self,
        user: &UserId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Caller>, FindError>> + Send;
}

/// Says why a caller could be neither found nor missed.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The table failed.
    #[error("the caller could not be looked up")]
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

impl Directory {
    /// Takes the table of callers and the vault that unwraps the keyring of their tenant.
    pub const fn new(store: Store, vault: Vault) -> Self {
        Self { store, vault }
    }

    /// Returns the table.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    async fn keyring(&self, tenant: &TenantId, wrapped: &str) -> Result<Arc<Keyring>, FindError> {
        self.vault.unwrap(tenant, wrapped).await.map_err(FindError::Vault)
    }

    /// Reads the membership with what the tenant needs to be served.
    async fn membership(
        &self,
        user: &UserId,
    ) -> Result<Option<(Member, (String, RateLimits))>, StoreError> {
        let Some(tenant) = self.store.tenant_of_user(user).await? else { return Ok(None) };
        let member = self.store.member(&tenant, user).await?;
        let Some(member) = member.filter(|member| member.active) else { return Ok(None) };
        let access = self.store.tenant_access(&tenant).await?;
        Ok(access.map(|access| (member, access)))
    }

    async fn note_seen(&self, member: &Member, now: Timestamp) {
        let Member { tenant, id, .. } = member;
        let was_seen = member.last_seen_at.is_some_and(|seen| seen.day() >= now.day());
        let noted = match member.status {
            MemberStatus::Invited => {
                let recording = self.store.recording(tenant, joined(id, now));
                recording.note_joined(tenant, id, now).await.map(drop)
            }
            MemberStatus::Active if was_seen => return,
            MemberStatus::Active => self.store.note_seen(tenant, id, now).await,
        };
        if let Err(error) = noted {
            tracing::warn!(%tenant, user = %id, %error, "not noted as seen");
        }
    }
}

/// Writes down that somebody who was invited has come.
fn joined(user: &UserId, now: Timestamp) -> AuditEntry {
    AuditEntry {
        id: audit_id(now),
        at: now,
        actor: Actor::User(user.clone()),
        action: "user.joined".to_owned(),
        object_type: "user".to_owned(),
        object_id: user.to_string(),
        fields: Vec::new(),
    }
}

impl CallerDirectory for Directory {
    async fn find(&self, key: &ApiKeyText, now: Timestamp) -> Result<Option<Caller>, FindError> {
        let hash = key.hash();
        let known = self.store.api_key(key.tenant(), &hash).await.map_err(FindError::Store)?;
        let Some(KnownApiKey { stored, wrapped_keyring, limits }) = known else { return Ok(None) };
        let keyring = self.keyring(key.tenant(), &wrapped_keyring).await?;
        if stored.last_used_on.is_none_or(|day| day < now.day())
            && let Err(error) = self.store.note_used(key.tenant(), &hash, now.day()).await
        {
            let id = &stored.key.id;
            tracing::warn!(tenant = %key.tenant(), key = %id, %error, "not noted as used");
        }
        Ok(Some(Caller { who: Who::Key(stored.key), keyring, limits }))
    }

    async fn find_user(&self, user: &UserId, now: Timestamp) -> Result<Option<Caller>, FindError> {
        let found = self.membership(user).await.map_err(FindError::Store)?;
        let Some((member, (wrapped_keyring, limits))) = found else { return Ok(None) };
        let keyring = self.keyring(&member.tenant, &wrapped_keyring).await?;
        self.note_seen(&member, now).await;
        Ok(Some(Caller { who: Who::User(member), keyring, limits }))
    }
}
