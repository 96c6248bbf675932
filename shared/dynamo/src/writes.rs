//! Writes that are made only under a condition, and transactions of them.
//!
//! Invariant: a refused condition is an answer, never an error, and nothing is written then.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::SdkError,
    operation::{
        delete_item::DeleteItemError,
        put_item::{PutItemError, PutItemOutput},
        transact_write_items::TransactWriteItemsError,
    },
    types::{
        AttributeValue, CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem, Update,
    },
};

use crate::{
    Store,
    commit::is_passing,
    error::StoreError,
    items::{self, Item},
    keys::Key,
};

pub(crate) const IS_NEW: &str = "attribute_not_exists(pk)";

/// The condition that an item has just the attributes that were read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unchanged(Vec<(&'static str, AttributeValue)>);

impl Unchanged {
    /// Takes numbers that were read, by attribute.
    pub fn numbers<const N: usize>(read: [(&'static str, u64); N]) -> Self {
        Self(read.map(|(name, read)| (name, items::number(read))).into())
    }

    /// Takes one more attribute that was read.
    pub fn and(mut self, name: &'static str, read: AttributeValue) -> Self {
        self.0.push((name, read));
        self
    }

    fn expression(&self) -> String {
        let equal: Vec<_> = self.0.iter().map(|(name, _)| format!("#{name} = :{name}")).collect();
        equal.join(" AND ")
    }

    fn names(&self) -> HashMap<String, String> {
        self.0.iter().map(|(name, _)| (format!("#{name}"), (*name).to_owned())).collect()
    }

    fn values(&self) -> HashMap<String, AttributeValue> {
        self.0.iter().map(|(name, value)| (format!(":{name}"), value.clone())).collect()
    }
}

impl Store {
    /// Puts an item of the leads table unless there is one, and tells whether there was none.
    pub(crate) async fn put_new(&self, item: Item) -> Result<bool, StoreError> {
        if self.is_recording() {
            return self.transact(vec![self.put_if_new(item)?]).await;
        }
        let sent = self
            .client
            .put_item()
            .table_name(&self.leads_table)
            .set_item(Some(item))
            .condition_expression(IS_NEW)
            .send()
            .await;
        held_of_put(sent)
    }

    /// Puts an item of the leads table in place of an unchanged one, and tells whether it was.
    pub(crate) async fn put_over(
        &self,
        item: Item,
        unchanged: &Unchanged,
    ) -> Result<bool, StoreError> {
        if self.is_recording() {
            return self.transact(vec![self.put_if(item, unchanged)?]).await;
        }
        let sent = self
            .client
            .put_item()
            .table_name(&self.leads_table)
            .set_item(Some(item))
            .condition_expression(unchanged.expression())
            .set_expression_attribute_names(Some(unchanged.names()))
            .set_expression_attribute_values(Some(unchanged.values()))
            .send()
            .await;
        held_of_put(sent)
    }

    /// Removes an unchanged item of the leads table, and tells whether it was.
    pub(crate) async fn delete_unchanged(
        &self,
        key: &Key,
        unchanged: &Unchanged,
    ) -> Result<bool, StoreError> {
        if self.is_recording() {
            return self.transact(vec![self.delete_if(key, unchanged)?]).await;
        }
        let sent = self
            .client
            .delete_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(key)))
            .condition_expression(unchanged.expression())
            .set_expression_attribute_names(Some(unchanged.names()))
            .set_expression_attribute_values(Some(unchanged.values()))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(StoreError::from_sdk("DeleteItem", &error)),
            },
        }
    }

    /// Puts items of the leads table unless one of them is there, and tells whether none was.
    pub(crate) async fn put_all_new(&self, new: Vec<Item>) -> Result<bool, StoreError> {
        let puts: Result<Vec<_>, _> = new.into_iter().map(|item| self.put_if_new(item)).collect();
        self.transact(puts?).await
    }

    /// Makes the part of a transaction that puts an item where there is none.
    pub(crate) fn put_if_new(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.leads_table)
            .set_item(Some(item))
            .condition_expression(IS_NEW)
            .build()
            .map_err(|error| StoreError::incomplete(&error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Makes the part of a transaction that puts an item in place of an unchanged one.
    pub(crate) fn put_if(
        &self,
        item: Item,
        unchanged: &Unchanged,
    ) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.leads_table)
            .set_item(Some(item))
            .condition_expression(unchanged.expression())
            .set_expression_attribute_names(Some(unchanged.names()))
            .set_expression_attribute_values(Some(unchanged.values()))
            .build()
            .map_err(|error| StoreError::incomplete(&error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Makes the part of a transaction that removes an unchanged item.
    pub(crate) fn delete_if(
        &self,
        key: &Key,
        unchanged: &Unchanged,
    ) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(key)))
            .condition_expression(unchanged.expression())
            .set_expression_attribute_names(Some(unchanged.names()))
            .set_expression_attribute_values(Some(unchanged.values()))
            .build()
            .map_err(|error| StoreError::incomplete(&error))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Makes the part of a transaction that updates an item on a condition.
    pub(crate) fn update_if(
        &self,
        key: &Key,
        update: &str,
        condition: &str,
        names: HashMap<String, String>,
        values: HashMap<String, AttributeValue>,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(key)))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .build()
            .map_err(|error| StoreError::incomplete(&error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Makes the part of a transaction that looks whether an item is unchanged.
    pub(crate) fn check(
        &self,
        key: &Key,
        unchanged: &Unchanged,
    ) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(key)))
            .condition_expression(unchanged.expression())
            .set_expression_attribute_names(Some(unchanged.names()))
            .set_expression_attribute_values(Some(unchanged.values()))
            .build()
            .map_err(|error| StoreError::incomplete(&error))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// Makes writes all together or not at all, and tells whether their conditions held. A handle
    /// that records writes its entry with them.
    pub(crate) async fn transact(
        &self,
        mut writes: Vec<TransactWriteItem>,
    ) -> Result<bool, StoreError> {
        writes.extend(self.recorded()?);
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        let Err(error) = sent else { return Ok(true) };
        let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
            error.as_service_error()
        else {
            return Err(StoreError::from_sdk("TransactWriteItems", &error));
        };
        let codes: Vec<_> =
            canceled.cancellation_reasons().iter().filter_map(CancellationReason::code).collect();
        if codes.contains(&"ConditionalCheckFailed") {
            return Ok(false);
        }
        match codes.into_iter().find(|code| is_passing(code)) {
            Some(code) => Err(StoreError::Unavailable {
                operation: "TransactWriteItems",
                code: code.to_owned(),
            }),
            None => Err(StoreError::from_sdk("TransactWriteItems", &error)),
        }
    }
}

/// Makes the part of a transaction that removes an item of a table, if it is there.
pub(crate) fn delete(table: &str, key: &Key) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(items::key_attributes(key)))
        .build()
        .map_err(|error| StoreError::incomplete(&error))?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

/// Tells whether the condition of a put held.
pub(crate) fn held_of_put(
    sent: Result<PutItemOutput, SdkError<PutItemError, HttpResponse>>,
) -> Result<bool, StoreError> {
    match sent {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(StoreError::from_sdk("PutItem", &error)),
        },
    }
}
