//! The draft of a tenant's next rule set in the leads table.
//!
//! Invariant: there is at most one draft, and none as long as nobody changed the rules. It is
//! replaced or removed only as it was read, so no edit is lost to another; and it is put as based
//! on a version only while that one is active.

use domain::{rule_set::RuleSet, tenant::TenantId};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys, revisions,
    writes::Unchanged,
};

/// A rule set that people are working on.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The rules; their version is 0.
    pub set: RuleSet,
    /// The version that was active when it was begun, or last put as a whole; 0 for a draft of
    /// before this was noted.
    pub based_on: u32,
    /// Tells this content with this base from any other.
    pub revision: u64,
}

#[derive(Serialize, Deserialize)]
struct DraftItem {
    content: String,
    #[serde(default)]
    based_on: u32,
    revision: u64,
}

impl Draft {
    /// Makes the draft of rules that are based on a version.
    pub fn new(tenant: &TenantId, set: &RuleSet, based_on: u32) -> Result<Self, StoreError> {
        let set = RuleSet { version: 0, ..set.clone() };
        let content = revisions::json(&keys::draft(tenant), &set)?;
        Ok(Self { set, based_on, revision: revision(&content, based_on) })
    }
}

fn revision(content: &str, based_on: u32) -> u64 {
    revisions::digest(&format!("{based_on} {content}"))
}

fn to_item(tenant: &TenantId, draft: &Draft) -> Result<Item, StoreError> {
    let Draft { ref set, based_on, revision } = *draft;
    let key = keys::draft(tenant);
    let content = DraftItem { content: revisions::json(&key, set)?, based_on, revision };
    items::write(&key, &content)
}

fn from_item(item: Item) -> Result<Draft, StoreError> {
    let place = Place::of(&item);
    let DraftItem { content, based_on, revision } = items::read(item)?;
    let set = serde_json::from_str(&content).map_err(|source| place.unreadable(source))?;
    Ok(Draft { set, based_on, revision })
}

impl Store {
    /// Reads the draft of a tenant, strongly consistent; `None` while it equals the active set.
    pub async fn draft(&self, tenant: &TenantId) -> Result<Option<Draft>, StoreError> {
        let item = self.get_lead_item(&keys::draft(tenant), true).await?;
        item.map(from_item).transpose()
    }

    /// Begins a draft where there was none, or replaces the one that had the revision read by one
    /// of another base, while its base is the active version.
    ///
    /// `false`: somebody else changed it to another or published meanwhile, and nothing was
    /// written.
    pub async fn base_draft(
        &self,
        tenant: &TenantId,
        draft: &Draft,
        read_revision: Option<u64>,
    ) -> Result<bool, StoreError> {
        let item = to_item(tenant, draft)?;
        let put = match read_revision {
            Some(read) => self.put_if(item.clone(), &revisions::unchanged(read))?,
            None => self.put_if_new(item.clone())?,
        };
        let is_active = Unchanged::numbers([("version", draft.based_on.into())]);
        let is_active = self.check(&keys::active_rule_set(tenant), &is_active)?;
        // To put what was read is no change, and nobody records it.
        let is_change = read_revision != Some(draft.revision);
        let store = if is_change { self.clone() } else { self.unrecorded() };
        Ok(store.transact(vec![is_active, put]).await? || self.is_kept(item).await?)
    }

    /// Replaces the draft that had the revision read by one of the same base.
    ///
    /// `false`: somebody else changed it to another meanwhile, and nothing was written.
    pub async fn edit_draft(
        &self,
        tenant: &TenantId,
        draft: &Draft,
        read_revision: u64,
    ) -> Result<bool, StoreError> {
        self.put_edited(to_item(tenant, draft)?, Some(read_revision)).await
    }

    /// Removes the draft that had the revision read, unless it is gone; `false` when it is another
    /// one by now.
    pub async fn drop_draft(
        &self,
        tenant: &TenantId,
        read_revision: u64,
    ) -> Result<bool, StoreError> {
        self.delete_edited(&keys::draft(tenant), read_revision).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_item(golden: &str) -> Item {
        serde_dynamo::to_item(serde_json::from_str::<serde_json::Value>(golden).unwrap()).unwrap()
    }

    #[test]
    fn a_draft_is_written_and_read_as_ever() {
        let golden = as_item(include_str!("../../../tests/golden/rule-set-draft-2.json"));
        let draft = from_item(golden.clone()).unwrap();
        assert_eq!((draft.set.version, draft.set.rules.len(), draft.based_on), (0, 3, 4));
        let acme: TenantId = "acme".parse().unwrap();
        assert_eq!(Draft::new(&acme, &draft.set, 4).unwrap(), draft);
        assert_ne!(Draft::new(&acme, &draft.set, 5).unwrap().revision, draft.revision);
        assert_eq!(to_item(&acme, &draft).unwrap(), golden);
    }

    #[test]
    fn a_draft_from_before_its_base_was_noted_is_still_read() {
        let golden = as_item(include_str!("../../../tests/golden/rule-set-draft-1.json"));
        let draft = from_item(golden).unwrap();
        assert_eq!((draft.set.rules.len(), draft.based_on), (3, 0));
    }
}
