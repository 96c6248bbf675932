//! Users in the leads table: to which tenant each belongs, and what they are there for.
//!
//! Invariant: a user belongs to one tenant at most: the pointer to it and the membership are made
//! and removed together, and neither is made of a user who is retired.

mod change;
mod item;

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use domain::{
    actor::Actor,
    event::Sealed,
    tenant::TenantId,
    time::Timestamp,
    user::{Role, UserId},
};
use serde::{Deserialize, Serialize};

pub use self::change::Changed;
use crate::{
    Store,
    error::StoreError,
    items::{self, Item},
    keys,
    writes::held_of_put,
};

/// How long a user is kept out of every tenant. Their last token counts for an hour.
const RETIRED_MS: i64 = 24 * 60 * 60 * 1_000;

/// The field under which a user's address is sealed.
pub const EMAIL_FIELD: &str = "email";

/// The field under which a user's name is sealed.
pub const NAME_FIELD: &str = "name";

/// A user as a member of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Names the user.
    pub id: UserId,
    /// The tenant.
    pub tenant: TenantId,
    /// What the user is there for.
    pub role: Role,
    /// Whether the user may do anything at all.
    pub active: bool,
    /// Whether the user has signed in yet.
    pub status: MemberStatus,
    /// The email address, sealed as the user's [`EMAIL_FIELD`].
    pub email: Sealed,
    /// The name, sealed as the user's [`NAME_FIELD`].
    pub name: Option<Sealed>,
    /// Who invited the user.
    pub invited_by: Actor,
    /// When the user was invited.
    pub created_at: Timestamp,
    /// When the user last did something, to the day.
    pub last_seen_at: Option<Timestamp>,
    /// Tells what people edit here from anything else that it was or will be.
    pub revision: u64,
}

/// Whether somebody has come who was invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberStatus {
    /// Not yet.
    Invited,
    /// Yes.
    Active,
}

/// Writes a new member and the pointer to the tenant as items.
pub(crate) fn to_items(member: &Member) -> Result<Vec<Item>, StoreError> {
    item::new(member)
}

impl MemberStatus {
    /// Returns the status's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
        }
    }
}

impl Member {
    /// Makes somebody who is invited and may begin at once.
    pub const fn invited(
        tenant: TenantId,
        id: UserId,
        role: Role,
        email: Sealed,
        invited_by: Actor,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            tenant,
            role,
            active: true,
            status: MemberStatus::Invited,
            email,
            name: None,
            invited_by,
            created_at,
            last_seen_at: None,
            revision: 0,
        }
    }

    /// Returns the member with the revision that it has once it is kept.
    pub fn kept(self) -> Result<Self, StoreError> {
        let revision = item::revision(&self)?;
        Ok(Self { revision, ..self })
    }

    /// Tells whether this is an admin who has come and may do everything.
    pub fn is_acting_admin(&self) -> bool {
        self.active && self.role == Role::Admin && self.status == MemberStatus::Active
    }
}

impl Store {
    /// Finds the tenant that a user belongs to, strongly consistent.
    pub async fn tenant_of_user(&self, id: &UserId) -> Result<Option<TenantId>, StoreError> {
        let pointer = self.get_lead_item(&keys::tenant_of_user(id), true).await?;
        Ok(pointer.map(item::pointed_at).transpose()?.flatten())
    }

    /// Keeps a user out of every tenant for a day, and tells whether they belong to none.
    ///
    /// For one whose account is about to be deleted: whatever is under way with it, no tenant is
    /// founded or joined by a user who is no more.
    pub async fn retire_user(&self, id: &UserId, now: Timestamp) -> Result<bool, StoreError> {
        let sent = self
            .client
            .put_item()
            .table_name(&self.leads_table)
            .set_item(Some(item::retired(id, now.plus_millis(RETIRED_MS))?))
            .condition_expression("attribute_not_exists(tenant)")
            .send()
            .await;
        held_of_put(sent)
    }

    /// Reads a member, strongly consistent.
    pub async fn member(
        &self,
        tenant: &TenantId,
        id: &UserId,
    ) -> Result<Option<Member>, StoreError> {
        let item = self.get_lead_item(&keys::user(tenant, id), true).await?;
        item.map(|item| item::read(tenant, item)).transpose()
    }

    /// Reads the next members of a tenant by id, strongly consistent: those after `after`, at most
    /// `limit`.
    pub async fn members(
        &self,
        tenant: &TenantId,
        after: Option<&UserId>,
        limit: u16,
    ) -> Result<Vec<Member>, StoreError> {
        let (first, last) = keys::users_after(after);
        let pk = tenant.as_str();
        let items = self.some_lead_items_between(pk, first, last, limit, true).await?;
        items.into_iter().map(|item| item::read(tenant, item)).collect()
    }

    /// Adds a member, and tells whether the user belonged to no tenant before. The member's
    /// `revision` is made here, whatever it says.
    pub async fn create_member(&self, member: &Member) -> Result<bool, StoreError> {
        self.put_all_new(item::new(member)?).await
    }

    /// Notes that somebody who was invited has come, and tells whether nobody noted it before. A
    /// handle that records writes its entry with it. Nothing happens to a member who is gone.
    pub async fn note_joined(
        &self,
        tenant: &TenantId,
        id: &UserId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let values = HashMap::from([
            (":now".to_owned(), items::number(now.millis())),
            (":active".to_owned(), items::text(MemberStatus::Active.as_str())),
            (":invited".to_owned(), items::text(MemberStatus::Invited.as_str())),
        ]);
        let update = "SET #last_seen_at = :now, #status = :active";
        let names = item::named(&["last_seen_at", "status"]);
        let key = keys::user(tenant, id);
        let write = self.update_if(&key, update, "#status = :invited", names, values)?;
        self.transact(vec![write]).await
    }

    /// Notes that a member did something. Nothing happens to one who is gone.
    pub async fn note_seen(
        &self,
        tenant: &TenantId,
        id: &UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(&keys::user(tenant, id))))
            .update_expression("SET #last_seen_at = :now")
            .condition_expression("attribute_exists(pk)")
            .set_expression_attribute_names(Some(item::named(&["last_seen_at"])))
            .expression_attribute_values(":now", items::number(now.millis()))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(StoreError::from_sdk("UpdateItem", &error)),
            },
        }
    }
}
