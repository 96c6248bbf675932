//! A member and the pointer to the tenant as items.
//!
//! Invariant: neither holds a personal value that is not sealed.

use std::collections::HashMap;

use domain::{
    actor::Actor,
    event::Sealed,
    tenant::TenantId,
    time::Timestamp,
    user::{Role, UserId},
};
use serde::{Deserialize, Serialize};

use super::{Member, MemberStatus};
use crate::{
    error::StoreError,
    items::{self, Item, Place},
    keys, revisions,
};

#[derive(Serialize, Deserialize)]
struct MemberItem {
    role: Role,
    active: bool,
    status: MemberStatus,
    email: Sealed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<Sealed>,
    invited_by: Actor,
    created_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_seen_at: Option<i64>,
    revision: u64,
}

/// A pointer of a user who is retired points at no tenant, and lapses.
#[derive(Serialize, Deserialize)]
struct PointerItem {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
    /// In seconds: DynamoDB removes the item some time after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

/// What people edit of a member, and when it was made: one who is removed and invited again is
/// another.
#[derive(Serialize)]
struct Edited<'m> {
    role: Role,
    active: bool,
    name: Option<&'m Sealed>,
    created_at: Timestamp,
}

/// Says that an item between two members is none.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a user")]
struct NotAMember;

/// Writes a new member and the pointer.
pub(super) fn new(member: &Member) -> Result<Vec<Item>, StoreError> {
    let content = MemberItem {
        role: member.role,
        active: member.active,
        status: member.status,
        email: member.email.clone(),
        name: member.name.clone(),
        invited_by: member.invited_by.clone(),
        created_at: member.created_at.millis(),
        last_seen_at: member.last_seen_at.map(Timestamp::millis),
        revision: revision(member)?,
    };
    let pointer = PointerItem { tenant: Some(member.tenant.clone()), expires_at: None };
    Ok(vec![
        items::write(&keys::user(&member.tenant, &member.id), &content)?,
        items::write(&keys::tenant_of_user(&member.id), &pointer)?,
    ])
}

pub(super) fn read(tenant: &TenantId, item: Item) -> Result<Member, StoreError> {
    let place = Place::of(&item);
    let id: UserId = keys::parse_user(&place.sk).ok_or_else(|| place.unreadable(NotAMember))?;
    let content: MemberItem = items::read(item)?;
    let instant =
        |millis| Timestamp::from_millis(millis).map_err(|source| place.unreadable(source));
    Ok(Member {
        id,
        tenant: tenant.clone(),
        role: content.role,
        active: content.active,
        status: content.status,
        email: content.email,
        name: content.name,
        invited_by: content.invited_by,
        created_at: instant(content.created_at)?,
        last_seen_at: content.last_seen_at.map(instant).transpose()?,
        revision: content.revision,
    })
}

/// Writes the pointer of a user who belongs to no tenant until then.
pub(super) fn retired(id: &UserId, until: Timestamp) -> Result<Item, StoreError> {
    let pointer = PointerItem { tenant: None, expires_at: Some(until.millis() / 1_000) };
    items::write(&keys::tenant_of_user(id), &pointer)
}

/// Reads the tenant that a pointer points at.
pub(super) fn pointed_at(item: Item) -> Result<Option<TenantId>, StoreError> {
    items::read(item).map(|PointerItem { tenant, .. }| tenant)
}

/// Returns the revision that a member has once it is kept.
pub(super) fn revision(member: &Member) -> Result<u64, StoreError> {
    let Member { role, active, name, created_at, .. } = member;
    let edited =
        Edited { role: *role, active: *active, name: name.as_ref(), created_at: *created_at };
    revisions::revision(&keys::user(&member.tenant, &member.id), &edited)
}

/// Names attributes by themselves.
pub(super) fn named(names: &[&str]) -> HashMap<String, String> {
    names.iter().map(|name| (format!("#{name}"), (*name).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_item(golden: &str) -> Item {
        serde_dynamo::to_item(serde_json::from_str::<serde_json::Value>(golden).unwrap()).unwrap()
    }

    #[test]
    fn a_member_and_the_pointer_are_written_and_read_as_ever() {
        let acme: TenantId = "acme".parse().unwrap();
        let golden = as_item(include_str!("../../../../tests/golden/user-1.json"));
        let pointer = as_item(include_str!("../../../../tests/golden/user-tenant-1.json"));
        let member = read(&acme, golden.clone()).unwrap();
        assert_eq!((member.role, member.active), (Role::SalesRep, true));
        assert_eq!(member.last_seen_at.unwrap().to_string(), "2026-11-21T00:10:00.000Z");
        assert_eq!(new(&member).unwrap(), [golden, pointer.clone()]);
        assert_eq!(pointed_at(pointer).unwrap(), Some(acme));
        let retired = as_item(include_str!("../../../../tests/golden/user-retired-1.json"));
        let until = "2026-11-22T00:10:00.250Z".parse().unwrap();
        assert_eq!(super::retired(&member.id, until).unwrap(), retired);
        assert_eq!(pointed_at(retired).unwrap(), None);
    }
}
