//! Does the operations.
//!
//! Invariant: nobody who belongs to a tenant is invited to another, and an admin who could not be
//! invited leaves no tenant behind.

use std::collections::BTreeSet;

use cognito::{InvitationCode, Invited, PoolError, UserPool};
use domain::{
    api_key::{ApiKeyText, Scope},
    tenant::TenantId,
    time::Timestamp,
    user::UserId,
};
use dynamo::{MemberStatus, Store, StoreError};
use founding::{
    FirstAdmin, FirstKeys, Founded, Founder, FoundingError, Fresh, Name, NewTenant, new_key,
};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::operation::{Admin, Operation, Refusal};

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
    /// Accepts the invitation, shown this once; none for somebody who has signed in before.
    #[serde(serialize_with = "reveal_code", skip_serializing_if = "Option::is_none")]
    pub invitation_code: Option<InvitationCode>,
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
}

fn reveal<S: Serializer>(key: &ApiKeyText, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.reveal())
}

#[expect(clippy::ref_option, reason = "serde hands over a reference")]
fn reveal_code<S: Serializer>(
    code: &Option<InvitationCode>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    code.as_ref().map(InvitationCode::reveal).serialize(serializer)
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
            Some(admin) => match self.invite(admin, fresh).await? {
                Some(invited) => Some(invited),
                None => return Ok(taken()),
            },
            None => None,
        };
        let first = |invited: &Invited, admin: Admin| FirstAdmin {
            user: invited.user().clone(),
            email: admin.email.into(),
            name: admin.name.map(String::from),
            status: match invited {
                Invited::Sent { .. } => MemberStatus::Invited,
                Invited::AlreadyThere { .. } => MemberStatus::Active,
            },
        };
        let admin = invited.as_ref().zip(admin).map(|(invited, admin)| first(invited, admin));
        let new = NewTenant { id: id.clone(), name, with_keys: true, admin };
        match self.founder.found(new, now, fresh).await? {
            Founded::Made(Some(keys)) => {
                Ok(Answer::Tenant { tenant: id, keys, admin: invited.map(InvitedAdmin::from) })
            }
            Founded::UserTaken(_) => Ok(taken()),
            Founded::Exists | Founded::Made(None) => Ok(exists(&id)),
        }
    }

    /// Invites the first admin, unless they belong to a tenant.
    async fn invite(
        &self,
        admin: &Admin,
        fresh: &Fresh,
    ) -> Result<Option<Invited>, ProvisionError> {
        if let Some(person) = self.pool.find(&admin.email).await?
            && self.store().tenant_of_user(&person.user).await?.is_some()
        {
            return Ok(None);
        }
        let code = InvitationCode::new(fresh.invitation);
        let name = admin.name.as_ref().map(Name::as_str);
        Ok(Some(self.pool.invite(&admin.email, name, code).await?))
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

impl From<Invited> for InvitedAdmin {
    fn from(invited: Invited) -> Self {
        match invited {
            Invited::Sent { user, code } => Self { user, invitation_code: Some(code) },
            Invited::AlreadyThere { user } => Self { user, invitation_code: None },
        }
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
