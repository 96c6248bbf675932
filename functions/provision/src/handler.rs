//! Does the operations.
//!
//! Invariant: nobody who belongs to a tenant is invited to another, an account that belongs to none
//! proves nothing and is replaced, and an admin who could not be invited leaves no tenant behind.

use std::collections::BTreeSet;

use cognito::{InvitationCode, PoolError, UserPool};
use domain::{
    api_key::{ApiKeyText, Scope},
    name::Name,
    tenant::TenantId,
    time::Timestamp,
    user::UserId,
};
use dynamo::{MemberStatus, Store, StoreError};
use founding::{FirstAdmin, FirstKeys, Founded, Founder, FoundingError, Fresh, NewTenant, new_key};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::operation::{Admin, Operation, Refusal};

/// How often an account is replaced that others keep making.
const ATTEMPTS: usize = 5;

/// Makes tenants and keys.
#[derive(Debug)]
pub struct Provision {
    founder: Founder,
    pool: UserPool,
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
        /// Its first admin, if one was named.
        #[serde(skip_serializing_if = "Option::is_none")]
        admin: Option<InvitedAdmin>,
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

/// The first admin of a tenant.
#[derive(Debug, Serialize)]
pub struct InvitedAdmin {
    /// Who it is.
    pub user: UserId,
    /// Accepts the invitation, shown this once.
    #[serde(serialize_with = "reveal_code")]
    pub invitation_code: InvitationCode,
}

/// What failed here, so that the invocation failed.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// A table did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tenant could not be made.
    #[error(transparent)]
    Founding(#[from] FoundingError),
    /// The user pool did not do its part.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The first admin's account was made by somebody else every time.
    #[error("the account of the first admin kept changing")]
    Contended,
}

fn reveal<S: Serializer>(key: &ApiKeyText, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.reveal())
}

fn reveal_code<S: Serializer>(code: &InvitationCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(code.reveal())
}

impl Provision {
    /// Takes what makes tenants and the user pool.
    pub const fn new(founder: Founder, pool: UserPool) -> Self {
        Self { founder, pool }
    }

    /// Does the operation that a payload asks for.
    pub async fn handle(
        &self,
        payload: Value,
        now: Timestamp,
        fresh: &Fresh,
    ) -> Result<Answer, ProvisionError> {
        match Operation::read(payload) {
            Ok(Operation::CreateTenant { tenant, name, admin }) => {
                self.create_tenant(tenant, name, admin, now, fresh).await
            }
            Ok(Operation::CreateKey { tenant, name, scopes }) => {
                self.create_key(tenant, &name, scopes, now, fresh).await
            }
            Err(error) => Ok(Answer::Refused { error }),
        }
    }

    async fn create_tenant(
        &self,
        id: TenantId,
        name: Name,
        admin: Option<Admin>,
        now: Timestamp,
        fresh: &Fresh,
    ) -> Result<Answer, ProvisionError> {
        // The look beforehand spares somebody an invitation to nothing; the founder decides.
        if self.store().tenant(&id).await?.is_some() {
            return Ok(exists(&id));
        }
        let invited = match &admin {
            Some(admin) => match self.invite(admin, now, fresh).await? {
                Some(invited) => Some(invited),
                None => return Ok(taken()),
            },
            None => None,
        };
        let first = |invited: &InvitedAdmin, admin: Admin| FirstAdmin {
            user: invited.user.clone(),
            email: admin.email.into(),
            name: admin.name.map(String::from),
            status: MemberStatus::Invited,
        };
        let admin = invited.as_ref().zip(admin).map(|(invited, admin)| first(invited, admin));
        let new = NewTenant { id: id.clone(), name, with_keys: true, admin };
        match self.founder.found(new, now, fresh).await? {
            Founded::Made(Some(keys)) => Ok(Answer::Tenant { tenant: id, keys, admin: invited }),
            Founded::UserTaken(_) => Ok(taken()),
            Founded::Exists | Founded::Made(None) => Ok(exists(&id)),
        }
    }

    /// Invites the first admin, unless they belong to a tenant.
    async fn invite(
        &self,
        admin: &Admin,
        now: Timestamp,
        fresh: &Fresh,
    ) -> Result<Option<InvitedAdmin>, ProvisionError> {
        let code = InvitationCode::new(fresh.invitation);
        let name = admin.name.as_ref().map(Name::as_str);
        for _ in 0..ATTEMPTS {
            if let Some(person) = self.pool.find(&admin.email).await? {
                // Retired first: meanwhile they might sign in for the first time and found a tenant.
                if !self.store().retire_user(&person.user, now).await? {
                    return Ok(None);
                }
                self.pool.delete(&person.user).await?;
            }
            if let Some(user) = self.pool.invite(&admin.email, name, &code).await? {
                return Ok(Some(InvitedAdmin { user, invitation_code: code }));
            }
            // Somebody else made an account of this address meanwhile.
        }
        Err(ProvisionError::Contended)
    }

    async fn create_key(
        &self,
        tenant: TenantId,
        name: &Name,
        scopes: BTreeSet<Scope>,
        now: Timestamp,
        fresh: &Fresh,
    ) -> Result<Answer, ProvisionError> {
        if self.store().tenant(&tenant).await?.is_none() {
            let message = format!("there is no tenant {tenant}");
            return Ok(Answer::Refused { error: Refusal::new("tenant_not_found", message) });
        }
        let [secret, _] = &fresh.api_keys;
        let key = ApiKeyText::compose(&tenant, secret);
        let (hash, stored) = new_key(&key, name.as_str(), scopes, now);
        self.store().create_api_key(&hash, &stored).await?;
        tracing::info!(%tenant, "API key made");
        Ok(Answer::Key { key })
    }

    const fn store(&self) -> &Store {
        self.founder.store()
    }
}

fn exists(tenant: &TenantId) -> Answer {
    let message = format!("there is a tenant {tenant} already");
    Answer::Refused { error: Refusal::new("tenant_exists", message) }
}

fn taken() -> Answer {
    let message = "somebody with this address belongs to a tenant already";
    Answer::Refused { error: Refusal::new("user_exists", message) }
}
