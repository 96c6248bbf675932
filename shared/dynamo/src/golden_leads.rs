//! Golden leads in the leads table: one item each.
//!
//! Invariant: one is replaced or removed only as it was read.

use std::collections::BTreeSet;

use domain::{golden_lead::GoldenLead, tenant::TenantId};

use crate::{
    Store,
    error::StoreError,
    items::{Item, Place},
    keys, revisions,
};

/// A golden lead as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredGoldenLead {
    /// The golden lead.
    pub golden: GoldenLead,
    /// Tells this content from any other.
    pub revision: u64,
}

/// Says that an item between two golden leads is none.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a golden lead")]
struct NotAGoldenLead;

pub(crate) fn from_item(item: Item) -> Result<StoredGoldenLead, StoreError> {
    let (golden, revision) = revisions::from_item(item)?;
    Ok(StoredGoldenLead { golden, revision })
}

impl Store {
    /// Reads all golden leads of a tenant by id, strongly consistent.
    pub async fn golden_leads(
        &self,
        tenant: &TenantId,
    ) -> Result<Vec<StoredGoldenLead>, StoreError> {
        let (first, last) = keys::golden_leads_after(None);
        let items = self.lead_items_between(tenant.as_str(), first, last).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Reads the next golden leads of a tenant by id, strongly consistent: those after `after`,
    /// at most `limit`.
    pub async fn golden_leads_after(
        &self,
        tenant: &TenantId,
        after: Option<&str>,
        limit: u16,
    ) -> Result<Vec<StoredGoldenLead>, StoreError> {
        let (first, last) = keys::golden_leads_after(after);
        let pk = tenant.as_str();
        let items = self.some_lead_items_between(pk, first, last, limit, true).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Reads the ids of all golden leads of a tenant, strongly consistent, without their content.
    pub async fn golden_lead_ids(&self, tenant: &TenantId) -> Result<BTreeSet<String>, StoreError> {
        let (first, last) = keys::golden_leads_after(None);
        let query = self.lead_items_query(tenant.as_str(), first, last);
        let mut items = query.projection_expression("pk, sk").into_paginator().items().send();
        let mut ids = BTreeSet::new();
        while let Some(item) = items.next().await {
            let place = Place::of(&item.map_err(|error| StoreError::from_sdk("Query", &error))?);
            let id = keys::parse_golden_lead(&place.sk);
            ids.insert(id.ok_or_else(|| place.unreadable(NotAGoldenLead))?.to_owned());
        }
        Ok(ids)
    }

    /// Reads a golden lead, strongly consistent.
    pub async fn golden_lead(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<StoredGoldenLead>, StoreError> {
        let item = self.get_lead_item(&keys::golden_lead(tenant, id), true).await?;
        item.map(from_item).transpose()
    }

    /// Replaces the golden lead that had the revision read, or adds one where there was none.
    ///
    /// `false`: somebody else changed it meanwhile, to another than this, and nothing was written.
    pub async fn put_golden_lead(
        &self,
        tenant: &TenantId,
        golden: &GoldenLead,
        read_revision: Option<u64>,
    ) -> Result<bool, StoreError> {
        let item = revisions::to_item(&keys::golden_lead(tenant, &golden.id), golden)?;
        self.put_edited(item, read_revision).await
    }

    /// Removes the golden lead that had the revision read, unless it is gone; `false` when it is
    /// another one by now.
    pub async fn delete_golden_lead(
        &self,
        tenant: &TenantId,
        id: &str,
        read_revision: u64,
    ) -> Result<bool, StoreError> {
        self.delete_edited(&keys::golden_lead(tenant, id), read_revision).await
    }
}

impl StoredGoldenLead {
    /// Returns the revision that a golden lead of a tenant has once it is kept.
    pub fn revision_of(tenant: &TenantId, golden: &GoldenLead) -> Result<u64, StoreError> {
        revisions::revision(&keys::golden_lead(tenant, &golden.id), golden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_item(golden: &str) -> Item {
        serde_dynamo::to_item(serde_json::from_str::<serde_json::Value>(golden).unwrap()).unwrap()
    }

    #[test]
    fn a_golden_lead_is_written_and_read_as_ever() {
        let golden = as_item(include_str!("../../../tests/golden/golden-lead-1.json"));
        let acme: TenantId = "acme".parse().unwrap();
        let read = from_item(golden.clone()).unwrap();
        assert_eq!((read.golden.events.len(), read.golden.expected.score), (1, 48));
        let key = keys::golden_lead(&acme, &read.golden.id);
        assert_eq!(revisions::to_item(&key, &read.golden).unwrap(), golden);
    }
}
