//! Notes and activities in the leads table, each in the partition of its home.
//!
//! Invariant: one is replaced or removed only as it was read.

use domain::{
    entry::{Content, Entry, EntryId},
    home::HomeId,
    lead::WrappedKey,
    tenant::TenantId,
};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item},
    keys, revisions,
    writes::Unchanged,
};

/// How many homes are asked for their entries at once.
const AT_ONCE: usize = 8;

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry<C> {
    /// The entry.
    pub entry: Entry<C>,
    /// Tells this content from any other.
    pub revision: u64,
}

fn from_item<C: Content>(item: Item) -> Result<StoredEntry<C>, StoreError> {
    let (entry, revision) = revisions::from_item(item)?;
    Ok(StoredEntry { entry, revision })
}

impl<C: Content> StoredEntry<C> {
    /// Returns an entry with the revision that it has once it is kept.
    pub fn new(tenant: &TenantId, entry: Entry<C>) -> Result<Self, StoreError> {
        let revision = revisions::revision(&keys::entry(tenant, entry.home, &entry.id), &entry)?;
        Ok(Self { entry, revision })
    }
}

impl Store {
    /// Reads the entries of a kind beside some homes, strongly consistent, the latest first: those
    /// before `before`, at most `limit`.
    ///
    /// One query for each home: a family has 85 at most.
    pub async fn entries<C: Content>(
        &self,
        tenant: &TenantId,
        homes: impl IntoIterator<Item = HomeId>,
        before: Option<&EntryId>,
        limit: u16,
    ) -> Result<Vec<StoredEntry<C>>, StoreError> {
        let of_home = |home| {
            let (first, last) = keys::entries_before(C::KIND, before);
            let partition = keys::home_partition(tenant, home);
            async move { self.some_lead_items_between(&partition, first, last, limit, false).await }
        };
        let reads: Vec<_> = homes.into_iter().map(of_home).collect();
        let mut pages = stream::iter(reads).buffer_unordered(AT_ONCE);
        let mut latest: Vec<StoredEntry<C>> = Vec::new();
        while let Some(items) = pages.try_next().await? {
            for item in items {
                latest.push(from_item(item)?);
            }
            latest.sort_by(|one, other| other.entry.id.cmp(&one.entry.id));
            latest.truncate(limit.into());
        }
        Ok(latest)
    }

    /// Reads an entry beside one of some homes, strongly consistent.
    pub async fn entry<C: Content>(
        &self,
        tenant: &TenantId,
        homes: impl IntoIterator<Item = HomeId>,
        id: &EntryId,
    ) -> Result<Option<StoredEntry<C>>, StoreError> {
        if id.kind() != C::KIND {
            return Ok(None);
        }
        let keys = homes.into_iter().map(|home| keys::entry(tenant, home, id));
        let found = self.batch_get(&self.leads_table, keys, None).await?;
        found.into_iter().next().map(from_item).transpose()
    }

    /// Replaces the entry that had the revision read, or adds one where there was none, as long as
    /// its home has the key under which its words are sealed: no words outlive an erasure.
    ///
    /// `false`: somebody else changed it meanwhile, to another than this, or the home lost its key,
    /// and nothing was written.
    pub async fn put_entry<C: Content>(
        &self,
        tenant: &TenantId,
        entry: &Entry<C>,
        read_revision: Option<u64>,
        key: &WrappedKey,
    ) -> Result<bool, StoreError> {
        let item = revisions::to_item(&keys::entry(tenant, entry.home, &entry.id), entry)?;
        let has_key = Unchanged::default().and("key", items::text(&key.0));
        let condition = self.check(&keys::home(tenant, entry.home), &has_key)?;
        self.put_edited_if(item, read_revision, condition).await
    }

    /// Removes the entry that had the revision read, unless it is gone; `false` when it is another
    /// one by now.
    pub async fn delete_entry<C: Content>(
        &self,
        tenant: &TenantId,
        stored: &StoredEntry<C>,
    ) -> Result<bool, StoreError> {
        let key = keys::entry(tenant, stored.entry.home, &stored.entry.id);
        self.delete_edited(&key, stored.revision).await
    }
}

#[cfg(test)]
mod tests {
    use domain::entry::{Activity, Note};
    use serde_json::Value;

    use super::*;

    /// Reads a golden item, and checks that it is written as it was.
    fn golden<C: Content>(golden: &str) -> Entry<C> {
        let golden: Value = serde_json::from_str(golden).unwrap();
        let item: Item = serde_dynamo::to_item(golden.clone()).unwrap();
        let StoredEntry { entry, revision } = from_item::<C>(item).unwrap();
        let acme: TenantId = "acme".parse().unwrap();
        let key = keys::entry(&acme, entry.home, &entry.id);
        let written: Value =
            serde_dynamo::from_item(revisions::to_item(&key, &entry).unwrap()).unwrap();
        assert_eq!(written, golden, "\n{}", serde_json::to_string_pretty(&written).unwrap());
        assert_eq!(StoredEntry::new(&acme, entry.clone()).unwrap().revision, revision);
        entry
    }

    #[test]
    fn a_note_is_written_and_read_as_ever() {
        let note: Entry<Note> = golden(include_str!("../../../tests/golden/note-1.json"));
        assert_eq!((note.content.text.0.as_str(), note.updated_at), ("c2VhbGVk", None));
    }

    #[test]
    fn an_activity_is_written_and_read_as_ever() {
        let golden = golden(include_str!("../../../tests/golden/activity-1.json"));
        let Entry { content: Activity { subject, due_at, done_at, .. }, updated_at, .. } = golden;
        assert_eq!(subject.0, "c2VhbGVk");
        assert_eq!((due_at, done_at), (Some("2026-01-16T09:00:00Z".parse().unwrap()), None));
        assert_eq!(updated_at, Some("2026-01-15T12:30:00Z".parse().unwrap()));
    }
}
