//! Dirty days in the leads table: past days whose counts have changed since they were counted.
//!
//! Invariant: a mark stands for all days from its own up to `until`, and grows until it is counted.
//! It is cleared, or made shorter, only by the age it has then, so a change that a run did not see
//! keeps its mark.

use std::ops::RangeInclusive;

use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, update_item::UpdateItemError},
    types::AttributeValue,
};
use domain::{
    tenant::TenantId,
    time::{Day, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys::{self, Key},
};

/// A mark: the counts of these days have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirtyDays {
    /// The first day, which names the mark.
    pub first: Day,
    /// The last day.
    pub until: Day,
}

#[derive(Serialize, Deserialize)]
struct DirtyDayItem {
    marked_at: i64,
    /// Former code marked single days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Day>,
}

/// Says that an item between two others is of another kind.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a dirty day")]
struct NotADirtyDay;

/// How often a mark is tried that others change meanwhile.
const ATTEMPTS: usize = 5;

impl Store {
    /// Marks past days of a tenant as changed. A mark of the same first day grows to hold them.
    ///
    /// Call it before the change is committed, with the instant at which the work on the change
    /// began: a mark without a change costs a recount, a change without a mark is never counted.
    pub async fn mark_dirty_days(
        &self,
        tenant: &TenantId,
        days: &RangeInclusive<Day>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let key = keys::dirty_day(tenant, *days.start());
        let (until, at) = (items::text(days.end().to_string()), items::number(at.millis()));
        for _ in 0..ATTEMPTS {
            let grown = "SET #marked_at = :at, #until = :until";
            let if_shorter = "attribute_not_exists(#until) OR #until <= :until";
            if self.mark(&key, grown, if_shorter, &until, &at).await? {
                return Ok(());
            }
            // It is there, and longer: its age is all that changes.
            let if_longer = "#until > :until";
            if self.mark(&key, "SET #marked_at = :at", if_longer, &until, &at).await? {
                return Ok(());
            }
        }
        let code = "the mark kept changing".to_owned();
        Err(StoreError::Unavailable { operation: "UpdateItem", code })
    }

    /// Updates a mark under a condition, and tells whether it held.
    async fn mark(
        &self,
        key: &Key,
        update: &str,
        condition: &str,
        until: &AttributeValue,
        at: &AttributeValue,
    ) -> Result<bool, StoreError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(key)))
            .update_expression(update)
            .condition_expression(condition)
            .expression_attribute_names("#marked_at", "marked_at")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":at", at.clone())
            .expression_attribute_values(":until", until.clone())
            .send()
            .await;
        match sent {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(StoreError::from_sdk("UpdateItem", &error)),
            },
        }
    }

    /// Reads a tenant's marks whose first day is before `day`, in order.
    pub async fn dirty_days_before(
        &self,
        tenant: &TenantId,
        day: Day,
    ) -> Result<Vec<DirtyDays>, StoreError> {
        let (first, last) = keys::dirty_days_before(day);
        let marked = self.lead_items_between(tenant.as_str(), first, last).await?;
        marked.into_iter().map(read).collect()
    }

    /// Removes a mark if it was made before `before`, and only then.
    pub async fn clear_dirty_days(
        &self,
        tenant: &TenantId,
        mark: DirtyDays,
        before: Timestamp,
    ) -> Result<(), StoreError> {
        let sent = self
            .client
            .delete_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(&keys::dirty_day(tenant, mark.first))))
            .condition_expression("attribute_not_exists(#pk) OR #marked_at < :before")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#marked_at", "marked_at")
            .expression_attribute_values(":before", items::number(before.millis()))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(StoreError::from_sdk("DeleteItem", &error)),
            },
        }
    }

    /// Makes a mark end with an earlier day if it was made before `before`, and only then.
    pub async fn shorten_dirty_days(
        &self,
        tenant: &TenantId,
        mark: DirtyDays,
        until: Day,
        before: Timestamp,
    ) -> Result<(), StoreError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(&keys::dirty_day(tenant, mark.first))))
            .update_expression("SET #until = :until")
            .condition_expression("#marked_at < :before AND #until = :was")
            .expression_attribute_names("#marked_at", "marked_at")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":before", items::number(before.millis()))
            .expression_attribute_values(":until", items::text(until.to_string()))
            .expression_attribute_values(":was", items::text(mark.until.to_string()))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(StoreError::from_sdk("UpdateItem", &error)),
            },
        }
    }
}

impl DirtyDays {
    /// Tells whether a day is one of them.
    pub fn holds(self, day: Day) -> bool {
        (self.first..=self.until).contains(&day)
    }
}

fn read(item: Item) -> Result<DirtyDays, StoreError> {
    let place = Place::of(&item);
    let first = keys::parse_dirty_day(&place.sk).ok_or_else(|| place.unreadable(NotADirtyDay))?;
    let DirtyDayItem { until, .. } = items::read(item)?;
    Ok(DirtyDays { first, until: until.unwrap_or(first) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(text: &str) -> Item {
        let golden: serde_json::Value = serde_json::from_str(text).unwrap();
        serde_dynamo::to_item(golden).unwrap()
    }

    #[test]
    fn a_mark_is_written_and_read_as_ever() {
        let golden = golden(include_str!("../../../tests/golden/dirty-day-2.json"));
        let mark = read(golden.clone()).unwrap();
        assert_eq!(
            (mark.first.to_string(), mark.until.to_string()),
            ("2026-11-20".to_owned(), "2026-11-23".to_owned())
        );
        let written: DirtyDayItem = items::read(golden.clone()).unwrap();
        let key = keys::dirty_day(&"acme".parse().unwrap(), mark.first);
        assert_eq!(items::write(&key, &written).unwrap(), golden);
    }

    #[test]
    fn a_mark_of_former_code_is_of_its_day_alone() {
        let mark = read(golden(include_str!("../../../tests/golden/dirty-day-1.json"))).unwrap();
        assert_eq!(mark.first, mark.until);
        assert!(mark.holds(mark.first) && !mark.holds(mark.first.next()));
    }
}
