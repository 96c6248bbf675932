//! How often the conditions of rules failed at run time, in the leads table.
//!
//! Invariant: each segment of a scan keeps its own count of a version, whole; writing it again
//! replaces it, so no failure is counted twice.

use std::collections::BTreeMap;

use domain::tenant::TenantId;
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item},
    keys,
};

#[derive(Serialize, Deserialize)]
struct FailuresItem {
    failures: BTreeMap<String, u64>,
}

pub(crate) fn to_item(
    tenant: &TenantId,
    version: u32,
    segment: u32,
    counts: &BTreeMap<String, u64>,
) -> Result<Item, StoreError> {
    let content = FailuresItem { failures: counts.clone() };
    items::write(&keys::rule_failures(tenant, version, segment), &content)
}

pub(crate) fn from_item(item: Item) -> Result<BTreeMap<String, u64>, StoreError> {
    Ok(items::read::<FailuresItem>(item)?.failures)
}

impl Store {
    /// Keeps what a segment counted under a version of the rules, instead of what it counted
    /// before.
    pub async fn put_rule_failures(
        &self,
        tenant: &TenantId,
        version: u32,
        segment: u32,
        counts: &BTreeMap<String, u64>,
    ) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.leads_table)
            .set_item(Some(to_item(tenant, version, segment, counts)?))
            .send()
            .await
            .map(drop)
            .map_err(|error| StoreError::from_sdk("PutItem", &error))
    }

    /// Sums what all segments counted under a version of the rules, by rule.
    pub async fn rule_failures(
        &self,
        tenant: &TenantId,
        version: u32,
    ) -> Result<BTreeMap<String, u64>, StoreError> {
        let (first, last) = keys::rule_failures_range(version);
        let mut sums = BTreeMap::<String, u64>::new();
        for item in self.lead_items_between(tenant.as_str(), first, last).await? {
            for (rule, count) in from_item(item)? {
                let sum = sums.entry(rule).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        Ok(sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_item(golden: &str) -> Item {
        serde_dynamo::to_item(serde_json::from_str::<serde_json::Value>(golden).unwrap()).unwrap()
    }

    #[test]
    fn counts_are_written_and_read_as_ever() {
        let golden = as_item(include_str!("../../../tests/golden/rule-failures-1.json"));
        let counts = from_item(golden.clone()).unwrap();
        assert_eq!(counts["orders"], 7);
        assert_eq!(to_item(&"acme".parse().unwrap(), 3, 2, &counts).unwrap(), golden);
    }
}
