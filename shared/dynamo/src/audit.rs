//! The audit log in the leads table: one item for each change, written together with it.
//!
//! Invariant: an entry is put once, in the transaction of the change that it tells of, and nothing
//! here changes or removes one. A change whose answer was lost finds itself made when it is
//! repeated, is refused, and so writes no second entry.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::{actor::Actor, audit::AuditEntry, tenant::TenantId, time::Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys,
};

/// What a store writes down beside the writes that it makes.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    tenant: TenantId,
    entry: AuditEntry,
}

/// Which entries of the audit log are asked for; both instants included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditRange {
    /// The earliest instant.
    pub from: Option<Timestamp>,
    /// The latest instant.
    pub to: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct AuditItem {
    at: i64,
    actor: Actor,
    action: String,
    object_type: String,
    object_id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
}

/// Says that an item of the audit log has another key.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of an entry of the audit log")]
struct NotAnEntry;

impl Recording {
    /// Returns the entry for the next write, under an id of its own: there may be several.
    fn next(&self) -> AuditEntry {
        AuditEntry { id: audit_id(self.entry.at), ..self.entry.clone() }
    }
}

/// Makes the id of a new entry: a UUID of version 7 with the instant of the entry.
///
/// Ids of one instant lie in the order in which they are made in a process; otherwise chance tells
/// them apart. An id decides nothing: whether a change is made, and with it the entry, is up to the
/// condition of the change.
pub fn audit_id(at: Timestamp) -> String {
    // Within a process these only grow: milliseconds, then a counter that begins at random.
    let now = Uuid::now_v7().as_u128();
    let [clock, counter, more] = [bits(now, 80, 26), bits(now, 64, 12), bits(now, 26, 36)];
    let order = (clock << 48) | (counter << 36) | more;
    let millis = u128::try_from(at.millis()).unwrap_or(0);
    let id = (millis << 80) | (bits(order, 62, 12) << 64) | bits(order, 0, 62);
    // The version and the variant lie where nothing of the order is.
    Uuid::from_u128(id | (7 << 76) | (0b10 << 62)).to_string()
}

/// Returns `count` bits of a number, from the place `from` on.
const fn bits(number: u128, from: u32, count: u32) -> u128 {
    (number >> from) & ((1 << count) - 1)
}

pub(crate) fn to_item(tenant: &TenantId, entry: &AuditEntry) -> Result<Item, StoreError> {
    let content = AuditItem {
        at: entry.at.millis(),
        actor: entry.actor.clone(),
        action: entry.action.clone(),
        object_type: entry.object_type.clone(),
        object_id: entry.object_id.clone(),
        fields: entry.fields.clone(),
    };
    items::write(&keys::audit(tenant, &entry.id), &content)
}

pub(crate) fn from_item(item: Item) -> Result<AuditEntry, StoreError> {
    let place = Place::of(&item);
    let id = keys::parse_audit(&place.sk).ok_or_else(|| place.unreadable(NotAnEntry))?.to_owned();
    let AuditItem { at, actor, action, object_type, object_id, fields } = items::read(item)?;
    let at = Timestamp::from_millis(at).map_err(|source| place.unreadable(source))?;
    Ok(AuditEntry { id, at, actor, action, object_type, object_id, fields })
}

impl Store {
    /// Returns the same tables by a handle that writes an entry of the audit log with everything
    /// that it puts, replaces, removes or transacts: both happen or neither does.
    ///
    /// Each write gets an entry of its own, with an id of its own. A [`Commit`](crate::Commit)
    /// brings its entry itself.
    #[must_use]
    pub fn recording(&self, tenant: &TenantId, entry: AuditEntry) -> Self {
        let recording = Recording { tenant: tenant.clone(), entry };
        Self { recording: Some(recording), ..self.clone() }
    }

    /// Makes the part of a transaction that adds an entry to the audit log.
    ///
    /// Its condition fails only when an entry of this id is there: the transaction was made
    /// before.
    pub(crate) fn audit_put(
        &self,
        tenant: &TenantId,
        entry: &AuditEntry,
    ) -> Result<TransactWriteItem, StoreError> {
        self.put_if_new(to_item(tenant, entry)?)
    }

    /// Makes the part of the next transaction that this handle is to record it by, if it is.
    pub(crate) fn recorded(&self) -> Result<Option<TransactWriteItem>, StoreError> {
        let Some(recording) = &self.recording else { return Ok(None) };
        self.audit_put(&recording.tenant, &recording.next()).map(Some)
    }

    /// Returns the same tables by a handle that writes nothing down, for a write that changes
    /// nothing.
    pub(crate) fn unrecorded(&self) -> Self {
        Self { recording: None, ..self.clone() }
    }

    /// Tells whether the handle writes down what it does.
    pub(crate) const fn is_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// Reads the next entries of a tenant's audit log, newest first, strongly consistent: those
    /// within `range` that are older than the entry `after`, at most `limit`.
    pub async fn audit_entries(
        &self,
        tenant: &TenantId,
        range: AuditRange,
        after: Option<Uuid>,
        limit: u16,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let (first, last) = keys::audit_range(range.from, range.to, after);
        if first > last {
            return Ok(Vec::new());
        }
        let pk = tenant.as_str();
        let items = self.some_lead_items_between(pk, first, last, limit, false).await?;
        items.into_iter().map(from_item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_instant_lie_in_the_order_in_which_they_are_made() {
        let at = Timestamp::from_millis(1_768_478_400_123).unwrap();
        let ids: Vec<_> = (0..10_000).map(|_| audit_id(at)).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        for id in [&ids[0], &ids[9_999]] {
            let id: Uuid = id.parse().unwrap();
            assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
            assert!(id.to_string().starts_with("019bc186-de7b-7"), "{id}");
        }
        let later = at.plus_millis(1);
        assert!(audit_id(later) > audit_id(at));
    }

    #[test]
    fn an_entry_is_written_and_read_as_ever() {
        let golden = include_str!("../../../tests/golden/audit-entry-1.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let golden: Item = serde_dynamo::to_item(golden).unwrap();
        let entry = from_item(golden.clone()).unwrap();
        assert_eq!((entry.at.millis(), entry.fields.len()), (1_768_478_400_123, 2));
        assert_eq!(to_item(&"acme".parse().unwrap(), &entry).unwrap(), golden);
    }
}
