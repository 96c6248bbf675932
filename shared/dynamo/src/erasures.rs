//! Receipts of erasures in the leads table.
//!
//! Invariant: a receipt is put in the transaction that erases, so nobody is erased without one, and
//! what is left to be cleaned away is found until all of it is.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::{erasure::Erasure, home::HomeId, tenant::TenantId};

use crate::{Store, error::StoreError, items::Item, keys, revisions, writes::Unchanged};

fn from_item(item: Item) -> Result<Erasure, StoreError> {
    Ok(revisions::from_item(item)?.0)
}

impl Store {
    /// Makes the part of a transaction that notes what is to be cleaned away.
    pub(crate) fn erasing_part(
        &self,
        tenant: &TenantId,
        erasure: &Erasure,
    ) -> Result<TransactWriteItem, StoreError> {
        self.put_if_new(revisions::to_item(&keys::erasing(tenant, erasure.lead), erasure)?)
    }

    /// Reads the erasure of a lead, by the id that it had when it was erased.
    pub async fn erasure(
        &self,
        tenant: &TenantId,
        lead: HomeId,
    ) -> Result<Option<Erasure>, StoreError> {
        // Between the two keys of one read it may move from one to the other, but not back.
        for _ in 0..2 {
            let keys = [keys::erasure(tenant, lead), keys::erasing(tenant, lead)];
            let found = self.batch_get(&self.leads_table, keys, None).await?;
            if let Some(item) = found.into_iter().next() {
                return from_item(item).map(Some);
            }
        }
        Ok(None)
    }

    /// Reads the erasures that are not cleaned up yet, after that of a lead, at most `limit`.
    pub async fn open_erasures(
        &self,
        tenant: &TenantId,
        after: Option<HomeId>,
        limit: u16,
    ) -> Result<Vec<Erasure>, StoreError> {
        let (first, last) = keys::erasing_after(after);
        let found = self.some_lead_items_between(tenant.as_str(), first, last, limit, true).await?;
        found.into_iter().map(from_item).collect()
    }

    /// Reads receipts after that of a lead, whether all is cleaned up or not, at most `limit`, by
    /// lead.
    pub async fn erasures(
        &self,
        tenant: &TenantId,
        after: Option<HomeId>,
        limit: u16,
    ) -> Result<Vec<Erasure>, StoreError> {
        let mut found = BTreeMap::new();
        // What moves from the first range to the second between the reads is in one of them.
        for (first, last) in [keys::erasing_after(after), keys::erasures_after(after)] {
            let pk = tenant.as_str();
            for item in self.some_lead_items_between(pk, first, last, limit, true).await? {
                let erasure = from_item(item)?;
                found.insert(erasure.lead.to_string(), erasure);
            }
        }
        Ok(found.into_values().take(limit.into()).collect())
    }

    /// Notes more of an erasure whose traces are not all gone; `false` when somebody else noted
    /// something meanwhile.
    pub async fn note_erasure(
        &self,
        tenant: &TenantId,
        begun: &Erasure,
        noted: &Erasure,
    ) -> Result<bool, StoreError> {
        let open = keys::erasing(tenant, begun.lead);
        let read = revisions::revision(&open, begun)?;
        self.put_edited(revisions::to_item(&open, noted)?, Some(read)).await
    }

    /// Notes that all traces of an erased lead are gone, which `done` says with its counts. `false`
    /// when somebody noted it before; their receipt stays.
    pub async fn finish_erasure(
        &self,
        tenant: &TenantId,
        begun: &Erasure,
        done: &Erasure,
    ) -> Result<bool, StoreError> {
        let open = keys::erasing(tenant, begun.lead);
        let read = Unchanged::numbers([("revision", revisions::revision(&open, begun)?)]);
        let receipt = revisions::to_item(&keys::erasure(tenant, done.lead), done)?;
        self.transact(vec![self.delete_if(&open, &read)?, self.put_if_new(receipt)?]).await
    }
}

#[cfg(test)]
mod tests {
    use domain::erasure::{Reason, Trace};
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_receipt_is_written_and_read_as_ever() {
        let golden = include_str!("../../../tests/golden/erasure-1.json");
        let golden: Value = serde_json::from_str(golden).unwrap();
        let item: Item = serde_dynamo::to_item(golden.clone()).unwrap();
        let erasure = from_item(item).unwrap();
        assert_eq!((erasure.reason, erasure.homes.len()), (Reason::Asked, 2));
        assert_eq!(erasure.traces.get(&Trace::Identities), Some(&2));
        assert_eq!(erasure.backups_lapse_at(), "2026-02-19T12:00:00Z".parse().unwrap());
        let key = keys::erasure(&"acme".parse().unwrap(), erasure.lead);
        let written: Value =
            serde_dynamo::from_item(revisions::to_item(&key, &erasure).unwrap()).unwrap();
        assert_eq!(written, golden, "\n{}", serde_json::to_string_pretty(&written).unwrap());
    }

    #[test]
    fn what_is_not_cleaned_up_lies_in_one_range_and_what_is_does_not() {
        let tenant: TenantId = "acme".parse().unwrap();
        let (one, other) = (HomeId::from_bytes([1; 16]), HomeId::from_bytes([2; 16]));
        let mut keys = [one, other].map(|lead| keys::erasing(&tenant, lead).sk);
        keys.sort();
        let (first, last) = keys::erasing_after(None);
        assert!(keys.iter().all(|key| first <= *key && *key <= last));
        let (after, _) =
            keys::erasing_after(keys[0].strip_prefix("erasing#").unwrap().parse().ok());
        assert!(keys[0] < after && after < keys[1]);
        assert!(keys::erasure(&tenant, one).sk > last);
        let mut keys = [one, other].map(|lead| (keys::erasure(&tenant, lead).sk, lead));
        keys.sort();
        let [(_, one), (other, _)] = &keys;
        let (first, last) = keys::erasures_after(None);
        assert!(keys.iter().all(|(key, _)| first <= *key && *key <= last));
        let (after, _) = keys::erasures_after(Some(*one));
        assert!(keys[0].0 < after && after < *other);
    }
}
