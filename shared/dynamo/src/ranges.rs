//! Items of one partition of a table between two sort keys.
//!
//! Invariant: every read is strongly consistent and in the order of the sort keys.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item},
    keys::Key,
};

/// How many removals are under way at once.
const AT_ONCE: usize = 8;

impl Store {
    /// Reads all items of a partition of the leads table between two sort keys, both included.
    pub(crate) async fn lead_items_between(
        &self,
        pk: &str,
        first: String,
        last: String,
    ) -> Result<Vec<Item>, StoreError> {
        let query = self.lead_items_query(pk, first, last);
        let mut items = query.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            found.push(item.map_err(|error| StoreError::from_sdk("Query", &error))?);
        }
        Ok(found)
    }

    /// Reads the first, or last, `limit` items of a partition of the leads table between two sort
    /// keys, both included, from that end on.
    pub(crate) async fn some_lead_items_between(
        &self,
        pk: &str,
        first: String,
        last: String,
        limit: u16,
        forward: bool,
    ) -> Result<Vec<Item>, StoreError> {
        some(self.lead_items_query(pk, first, last).scan_index_forward(forward), limit).await
    }

    /// Reads the first `limit` items of a partition of the search table between two sort keys, both
    /// included.
    pub(crate) async fn some_search_items_between(
        &self,
        pk: &str,
        first: String,
        last: String,
        limit: u16,
    ) -> Result<Vec<Item>, StoreError> {
        some(self.items_query(&self.search_table, pk, first, last), limit).await
    }

    /// Removes items of the leads table, several at a time and in any order.
    pub(crate) async fn delete_lead_items(&self, keys: &[Key]) -> Result<(), StoreError> {
        let removals = keys.iter().map(|key| self.delete_lead_item(key));
        stream::iter(removals).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Removes an item of the leads table.
    pub(crate) async fn delete_lead_item(&self, key: &Key) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(key)))
            .send()
            .await
            .map(drop)
            .map_err(|error| StoreError::from_sdk("DeleteItem", &error))
    }

    /// Asks for the items of a partition of the leads table between two sort keys, both included.
    pub(crate) fn lead_items_query(
        &self,
        pk: &str,
        first: String,
        last: String,
    ) -> QueryFluentBuilder {
        self.items_query(&self.leads_table, pk, first, last)
    }

    fn items_query(
        &self,
        table: &str,
        pk: &str,
        first: String,
        last: String,
    ) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", items::text(pk))
            .expression_attribute_values(":first", items::text(first))
            .expression_attribute_values(":last", items::text(last))
    }
}

/// Reads the first `limit` items that a query asks for.
async fn some(query: QueryFluentBuilder, limit: u16) -> Result<Vec<Item>, StoreError> {
    let mut items = query.limit(i32::from(limit)).into_paginator().items().send();
    let mut found = Vec::new();
    while found.len() < usize::from(limit)
        && let Some(item) = items.next().await
    {
        found.push(item.map_err(|error| StoreError::from_sdk("Query", &error))?);
    }
    Ok(found)
}
