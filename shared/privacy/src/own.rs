//! What lies beside the homes of a person: what was written down there, and what they are found
//! by.
//!
//! Invariant: nothing new is written beside a tombstone, so what is removed stays so.

use domain::{
    entry::{Activity, Content, Note},
    erasure::{Erasure, Trace},
    tenant::TenantId,
};
use dynamo::{Store, StoreError, StoredEntry};

use crate::traces::note;

/// How many entries are read at once.
const PAGE: u16 = 100;

/// Notes how much lies beside the homes of an erased person.
pub(crate) async fn count(
    store: &Store,
    tenant: &TenantId,
    erasure: &mut Erasure,
) -> Result<(), StoreError> {
    let notes = count_entries::<Note>(store, tenant, erasure).await?;
    let activities = count_entries::<Activity>(store, tenant, erasure).await?;
    let findable = store.findable_homes(tenant, erasure.homes.iter().copied()).await?;
    let entries = findable.values().map(|home| home.record.count()).sum();
    note(erasure, Trace::Notes, notes);
    note(erasure, Trace::Activities, activities);
    note(erasure, Trace::SearchEntries, number(entries));
    Ok(())
}

async fn count_entries<C: Content>(
    store: &Store,
    tenant: &TenantId,
    erasure: &Erasure,
) -> Result<u64, StoreError> {
    let (mut count, mut before) = (0, None);
    loop {
        let homes = erasure.homes.iter().copied();
        let page: Vec<StoredEntry<C>> = store.entries(tenant, homes, before.as_ref(), PAGE).await?;
        count += number(page.len());
        match page.last() {
            Some(last) if page.len() == usize::from(PAGE) => before = Some(last.entry.id.clone()),
            _ => return Ok(count),
        }
    }
}

/// Removes what was written down beside the homes of an erased person.
pub(crate) async fn remove_entries<C: Content>(
    store: &Store,
    tenant: &TenantId,
    erasure: &Erasure,
) -> Result<(), StoreError> {
    loop {
        let homes = erasure.homes.iter().copied();
        let page: Vec<StoredEntry<C>> = store.entries(tenant, homes, None, PAGE).await?;
        if page.is_empty() {
            return Ok(());
        }
        for stored in &page {
            // One that somebody removed meanwhile is gone; nobody changes one any more.
            store.delete_entry(tenant, stored).await?;
        }
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
