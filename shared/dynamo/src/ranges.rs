//! Items of one partition of the leads table between two sort keys.
//!
//! Invariant: every read is strongly consistent and in the order of the sort keys.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use crate::{
    Store,
    error::StoreError,
    items::{self, Item},
};

impl Store {
    /// Reads all items of a partition between two sort keys, both included.
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

    /// Reads the first, or last, `limit` items of a partition between two sort keys, both
    /// included, from that end on.
    pub(crate) async fn some_lead_items_between(
        &self,
        pk: &str,
        first: String,
        last: String,
        limit: u16,
        forward: bool,
    ) -> Result<Vec<Item>, StoreError> {
        let mut pages = self
            .lead_items_query(pk, first, last)
            .scan_index_forward(forward)
            .limit(i32::from(limit))
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while found.len() < usize::from(limit)
            && let Some(item) = pages.next().await
        {
            found.push(item.map_err(|error| StoreError::from_sdk("Query", &error))?);
        }
        Ok(found)
    }

    /// Asks for the items of a partition between two sort keys, both included.
    pub(crate) fn lead_items_query(
        &self,
        pk: &str,
        first: String,
        last: String,
    ) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.leads_table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", items::text(pk))
            .expression_attribute_values(":first", items::text(first))
            .expression_attribute_values(":last", items::text(last))
    }
}
