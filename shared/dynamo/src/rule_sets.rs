//! Rule sets in the leads table.
//!
//! Invariant: a version, once written, never changes; only the note of which one is active does.

use domain::{rule_set::RuleSet, tenant::TenantId, time::Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys::{self, Key},
};

#[derive(Serialize, Deserialize)]
struct ActiveItem {
    version: u32,
}

/// A version of the rules, as the JSON that people publish.
#[derive(Serialize, Deserialize)]
struct RuleSetItem {
    content: String,
    /// In milliseconds; absent from the first version of tenants made before there were others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restored_from: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A version of the rules, with how it came to be.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedSet {
    /// The rules; their version says which it is.
    pub set: RuleSet,
    /// When it was published; `None` for the first version of an old tenant.
    pub published_at: Option<Timestamp>,
    /// The version whose content it took over, when it was a rollback.
    pub restored_from: Option<u32>,
    /// What its publisher said about it.
    pub note: Option<String>,
}

/// Says that a tenant has no rules to score with.
#[derive(Debug, thiserror::Error)]
#[error("the tenant has no such item")]
struct Absent;

impl Store {
    /// Reads the active rule set of a tenant, strongly consistent.
    pub async fn active_rule_set(&self, tenant: &TenantId) -> Result<RuleSet, StoreError> {
        let version = self.active_version(tenant).await?;
        self.rule_set(tenant, version).await
    }

    /// Reads which version of a tenant's rules is active, strongly consistent.
    pub async fn active_version(&self, tenant: &TenantId) -> Result<u32, StoreError> {
        let active: ActiveItem = items::read(self.must_get(keys::active_rule_set(tenant)).await?)?;
        Ok(active.version)
    }

    /// Reads one version of a tenant's rules.
    pub async fn rule_set(&self, tenant: &TenantId, version: u32) -> Result<RuleSet, StoreError> {
        Ok(from_item(self.must_get(keys::rule_set(tenant, version)).await?)?.set)
    }

    /// Reads one version of a tenant's rules with how it came to be; `None` when there is none of
    /// that number.
    pub async fn published_set(
        &self,
        tenant: &TenantId,
        version: u32,
    ) -> Result<Option<PublishedSet>, StoreError> {
        let item = self.get_lead_item(&keys::rule_set(tenant, version), true).await?;
        item.map(from_item).transpose()
    }

    /// Reads the versions of a tenant's rules before `before`, newest first, at most `limit`.
    pub async fn rule_sets(
        &self,
        tenant: &TenantId,
        before: Option<u32>,
        limit: u16,
    ) -> Result<Vec<PublishedSet>, StoreError> {
        let (first, last) = keys::rule_sets_before(before);
        let pk = tenant.as_str();
        let items = self.some_lead_items_between(pk, first, last, limit, false).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Reads the rules that were active at an instant: the newest version published by then, or
    /// the first one.
    pub async fn rule_set_at(
        &self,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<RuleSet, StoreError> {
        let (first, last) = keys::rule_sets_before(None);
        let mut items = self
            .lead_items_query(tenant.as_str(), first, last)
            .scan_index_forward(false)
            .projection_expression("#pk, #sk, #published_at")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_names("#published_at", "published_at")
            .into_paginator()
            .items()
            .send();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| StoreError::from_sdk("Query", &error))?;
            let (version, published_at) = publication(item)?;
            if published_at.is_none_or(|published_at| published_at <= at.millis()) {
                return self.rule_set(tenant, version).await;
            }
        }
        self.rule_set(tenant, FIRST_VERSION).await
    }

    pub(crate) async fn must_get(&self, key: Key) -> Result<Item, StoreError> {
        let item = self.get_lead_item(&key, true).await?;
        item.ok_or_else(|| Place { pk: key.pk, sk: key.sk }.unreadable(Absent))
    }
}

const FIRST_VERSION: u32 = 1;

/// Says that an item between two rule sets is none.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a rule set")]
struct NotARuleSet;

/// When a version was published, read without its content.
#[derive(Deserialize)]
struct Publication {
    published_at: Option<i64>,
}

fn publication(item: Item) -> Result<(u32, Option<i64>), StoreError> {
    let place = Place::of(&item);
    let version = keys::parse_rule_set(&place.sk).ok_or_else(|| place.unreadable(NotARuleSet))?;
    Ok((version, items::read::<Publication>(item)?.published_at))
}

/// Reads a version from its item.
pub(crate) fn from_item(item: Item) -> Result<PublishedSet, StoreError> {
    let place = Place::of(&item);
    let RuleSetItem { content, published_at, restored_from, note } = items::read(item)?;
    let set = serde_json::from_str(&content).map_err(|source| place.unreadable(source))?;
    let published_at = published_at.map(Timestamp::from_millis).transpose();
    let published_at = published_at.map_err(|source| place.unreadable(source))?;
    Ok(PublishedSet { set, published_at, restored_from, note })
}

/// Writes a version as its item.
pub(crate) fn published_item(
    tenant: &TenantId,
    published: &PublishedSet,
) -> Result<Item, StoreError> {
    let key = keys::rule_set(tenant, published.set.version);
    let place = Place { pk: key.pk.clone(), sk: key.sk.clone() };
    let content = serde_json::to_string(&published.set);
    let content = RuleSetItem {
        content: content.map_err(|source| place.unreadable(source))?,
        published_at: published.published_at.map(Timestamp::millis),
        restored_from: published.restored_from,
        note: published.note.clone(),
    };
    items::write(&key, &content)
}

/// Writes the note which version is active as its item.
pub(crate) fn active_item(tenant: &TenantId, version: u32) -> Result<Item, StoreError> {
    items::write(&keys::active_rule_set(tenant), &ActiveItem { version })
}

/// Writes the first version of a tenant and the note that it is active.
pub(crate) fn first_items(
    tenant: &TenantId,
    set: &RuleSet,
    published_at: Timestamp,
) -> Result<[Item; 2], StoreError> {
    let published = PublishedSet {
        set: set.clone(),
        published_at: Some(published_at),
        restored_from: None,
        note: None,
    };
    Ok([published_item(tenant, &published)?, active_item(tenant, set.version)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_item(golden: &str) -> Item {
        serde_dynamo::to_item(serde_json::from_str::<serde_json::Value>(golden).unwrap()).unwrap()
    }

    #[test]
    fn a_version_is_written_and_read_as_ever() {
        let golden = as_item(include_str!("../../../tests/golden/rule-set-2.json"));
        let published = from_item(golden.clone()).unwrap();
        assert_eq!((published.set.version, published.set.rules.len()), (3, 3));
        assert_eq!(published.published_at.unwrap().to_string(), "2026-01-15T12:00:00.123Z");
        assert_eq!(published.restored_from, Some(1));
        assert_eq!(published.note.as_deref(), Some("Back to before the fair"));
        assert_eq!(published_item(&"acme".parse().unwrap(), &published).unwrap(), golden);
    }

    #[test]
    fn a_version_from_before_there_were_others_is_still_read() {
        let golden = as_item(include_str!("../../../tests/golden/rule-set-1.json"));
        assert_eq!(publication(golden.clone()).unwrap(), (1, None));
        let published = from_item(golden).unwrap();
        assert_eq!((published.set.version, published.published_at), (1, None));
    }

    #[tokio::test]
    async fn the_rules_of_an_instant_are_the_newest_published_by_then() {
        let acme: TenantId = "acme".parse().unwrap();
        let tables = testing::Tables::with_tenant(&acme).await;
        let names =
            crate::TableNames { leads: tables.leads_table().to_owned(), ..Default::default() };
        let store = Store::new(tables.client.clone(), names);
        for version in 2..=4 {
            let set = RuleSet { version, ..RuleSet::default_set().unwrap() };
            let published_at = Some(Timestamp::from_millis(i64::from(version) * 1_000).unwrap());
            let published = PublishedSet { set, published_at, restored_from: None, note: None };
            assert!(store.put_new(published_item(&acme, &published).unwrap()).await.unwrap());
        }
        for (millis, version) in [(0, 1), (1_999, 1), (2_000, 2), (3_999, 3), (9_000, 4)] {
            let at = Timestamp::from_millis(millis).unwrap();
            assert_eq!(store.rule_set_at(&acme, at).await.unwrap().version, version, "{millis}");
        }
        let newest = store.rule_sets(&acme, None, 2).await.unwrap();
        let versions: Vec<_> = newest.iter().map(|published| published.set.version).collect();
        assert_eq!(versions, [4, 3]);
        let older = store.rule_sets(&acme, Some(3), 9).await.unwrap();
        assert_eq!(older.len(), 2);
    }

    #[test]
    fn the_note_of_the_active_version_is_written_and_read_as_ever() {
        let golden = as_item(include_str!("../../../tests/golden/rule-set-active-1.json"));
        let active: ActiveItem = items::read(golden.clone()).unwrap();
        assert_eq!(active_item(&"acme".parse().unwrap(), active.version).unwrap(), golden);
    }
}
