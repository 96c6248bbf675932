//! Changes of members.
//!
//! Invariant: a tenant that has an acting admin never loses the last one. A change that takes one
//! away checks, in its own transaction, that another one stays; of two such changes that would each
//! have relied on the other's admin, the tables let one through.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::user::{Role, UserId};

use super::{Member, MemberStatus, item};
use crate::{
    Store,
    error::StoreError,
    items::{self, Item},
    keys, revisions,
    writes::Unchanged,
};

/// How often a change is tried again that others keep getting ahead of.
const ATTEMPTS: usize = 10;

/// What came of a change of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is made.
    Made,
    /// Somebody else changed or removed the member meanwhile; nothing was written.
    Stale,
    /// It would take away the last acting admin; nothing was written.
    LastAdmin,
}

impl Store {
    /// Changes role, name and `active` of the member that was read.
    ///
    /// One transaction. To change nothing writes nothing.
    pub async fn put_member(&self, read: &Member, next: &Member) -> Result<Changed, StoreError> {
        let key = keys::user(&read.tenant, &read.id);
        let revision = item::revision(next)?;
        if revision == read.revision {
            return Ok(Changed::Made);
        }
        let set = "SET #role = :role, #active = :active, #revision = :next";
        let update = match next.name {
            Some(_) => format!("{set}, #name = :name"),
            None => format!("{set} REMOVE #name"),
        };
        // Who was not an acting admin when this was read may have become one by signing in.
        let condition = "#revision = :read AND #status = :status";
        let names = ["role", "active", "revision", "status", "name"];
        let mut values = HashMap::from([
            (":role".to_owned(), items::text(next.role.as_str())),
            (":active".to_owned(), AttributeValue::Bool(next.active)),
            (":next".to_owned(), items::number(revision)),
            (":read".to_owned(), items::number(read.revision)),
            (":status".to_owned(), items::text(read.status.as_str())),
        ]);
        let name = next.name.as_ref().map(|name| (":name".to_owned(), items::text(&name.0)));
        values.extend(name);
        let write = self.update_if(&key, &update, condition, item::named(&names), values)?;
        let made = |kept: Option<Member>| kept.is_some_and(|kept| kept.revision == revision);
        let retires = read.is_acting_admin() && !next.is_acting_admin();
        self.change_member(read, vec![write], retires, made).await
    }

    /// Removes the member that was read, and the pointer to the tenant: the user may join another.
    pub async fn remove_member(&self, read: &Member) -> Result<Changed, StoreError> {
        let key = keys::user(&read.tenant, &read.id);
        let status = items::text(read.status.as_str());
        let member =
            self.delete_if(&key, &revisions::unchanged(read.revision).and("status", status))?;
        let ours = Unchanged::default().and("tenant", items::text(read.tenant.as_str()));
        let pointer = self.delete_if(&keys::tenant_of_user(&read.id), &ours)?;
        let gone = |kept: Option<Member>| kept.is_none();
        self.change_member(read, vec![member, pointer], read.is_acting_admin(), gone).await
    }

    /// Makes a change of a member, guarded by another acting admin where it `retires` one. `made`
    /// tells by what is kept whether an earlier call did it, whose answer was lost.
    async fn change_member(
        &self,
        read: &Member,
        writes: Vec<TransactWriteItem>,
        retires: bool,
        made: impl Fn(Option<Member>) -> bool,
    ) -> Result<Changed, StoreError> {
        let mut conflict = None;
        for _ in 0..ATTEMPTS {
            let mut guarded = writes.clone();
            if retires {
                let Some(other) = self.other_acting_admin(read).await? else {
                    return Ok(Changed::LastAdmin);
                };
                guarded.push(self.still_acting_admin(read, &other)?);
            }
            match self.transact(guarded).await {
                Ok(true) => return Ok(Changed::Made),
                Ok(false) => {}
                // Two changes at once: one of them is through, or neither.
                Err(error) if error.is_conflict() => conflict = Some(error),
                Err(error) => return Err(error),
            }
            let kept = self.member(&read.tenant, &read.id).await?;
            let is_unchanged =
                |kept: &Member| (kept.revision, kept.status) == (read.revision, read.status);
            if !kept.as_ref().is_some_and(is_unchanged) {
                return Ok(if made(kept) { Changed::Made } else { Changed::Stale });
            }
        }
        // The other admin changed every time.
        Err(conflict.unwrap_or_else(|| StoreError::Unavailable {
            operation: "TransactWriteItems",
            code: "the admins kept changing".to_owned(),
        }))
    }

    async fn other_acting_admin(&self, read: &Member) -> Result<Option<UserId>, StoreError> {
        let (first, last) = keys::users_after(None);
        let mut found = self
            .lead_items_query(read.tenant.as_str(), first, last)
            .filter_expression("#role = :admin AND #active = :true AND #status = :active")
            .set_expression_attribute_names(Some(item::named(&["role", "active", "status"])))
            .expression_attribute_values(":admin", items::text(Role::Admin.as_str()))
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":active", items::text(MemberStatus::Active.as_str()))
            .into_paginator()
            .items()
            .send();
        while let Some(item) = found.next().await {
            let item: Item = item.map_err(|error| StoreError::from_sdk("Query", &error))?;
            let member = item::read(&read.tenant, item)?;
            if member.id != read.id {
                return Ok(Some(member.id));
            }
        }
        Ok(None)
    }

    fn still_acting_admin(
        &self,
        read: &Member,
        other: &UserId,
    ) -> Result<TransactWriteItem, StoreError> {
        let acting = Unchanged::default()
            .and("role", items::text(Role::Admin.as_str()))
            .and("active", AttributeValue::Bool(true))
            .and("status", items::text(MemberStatus::Active.as_str()));
        self.check(&keys::user(&read.tenant, other), &acting)
    }
}
