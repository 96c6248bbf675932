//! Dirty days in the leads table: past days whose counts late events have changed, and what a run
//! does to count them again.
//!
//! Invariant: which days a pass of a run recounts for a tenant is decided once, so that every
//! segment counts the same days and their sum is whole. A mark is cleared only by the age it has
//! then.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
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
    runs::Pass,
};

/// Which days of a tenant a pass of a run recounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecountPlan {
    /// The tenant.
    pub tenant: TenantId,
    /// The days, in order.
    pub days: Vec<Day>,
}

#[derive(Serialize, Deserialize)]
struct DirtyDayItem {
    marked_at: i64,
}

#[derive(Serialize, Deserialize)]
struct RecountPlanItem {
    days: Vec<Day>,
}

/// What one segment counted: new leads by day.
#[derive(Serialize, Deserialize)]
struct RecountItem {
    new_leads: BTreeMap<Day, u64>,
}

/// Says that an item between two others is of another kind.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a {0}")]
struct NotA(&'static str);

impl Store {
    /// Marks a past day of a tenant as changed. Another mark replaces it.
    ///
    /// Call it before the change is committed, with the instant at which the work on the change
    /// began: a mark without a change costs a recount, a change without a mark is never counted.
    pub async fn mark_dirty_day(
        &self,
        tenant: &TenantId,
        day: Day,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let content = DirtyDayItem { marked_at: at.millis() };
        self.client
            .put_item()
            .table_name(&self.leads_table)
            .set_item(Some(items::write(&keys::dirty_day(tenant, day), &content)?))
            .send()
            .await
            .map(drop)
            .map_err(|error| StoreError::from_sdk("PutItem", &error))
    }

    /// Removes the mark of a day if it was made before `before`, and only then.
    pub async fn clear_dirty_day(
        &self,
        tenant: &TenantId,
        day: Day,
        before: Timestamp,
    ) -> Result<(), StoreError> {
        let sent = self
            .client
            .delete_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(&keys::dirty_day(tenant, day))))
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

    /// Returns the days that a pass of a run recounts for a tenant: those that were marked when it
    /// was first asked and are before the run's day. A pass after the first, which took the
    /// picture of the run's day, recounts that day too.
    pub async fn recount_plan(
        &self,
        pass: Pass,
        tenant: &TenantId,
    ) -> Result<RecountPlan, StoreError> {
        let key = keys::recount_plan(pass, tenant);
        if let Some(item) = self.get_lead_item(&key, true).await? {
            return read_plan(item);
        }
        let end = if pass.number > 1 { pass.run.next() } else { pass.run };
        let (first, last) = keys::dirty_days_before(end);
        let marked = self.lead_items_between(tenant.as_str(), first, last).await?;
        let days: Result<Vec<_>, _> = marked.iter().map(dirty_day).collect();
        self.put_new(items::write(&key, &RecountPlanItem { days: days? })?).await?;
        // Of two segments that ask at once, one decides; both go by what it decided.
        read_plan(self.must_get(key).await?)
    }

    /// Reads which tenants have days that a pass of a run recounts, and which days.
    pub async fn recount_plans(&self, pass: Pass) -> Result<Vec<RecountPlan>, StoreError> {
        let (pk, first, last) = keys::recount_plans(pass);
        self.lead_items_between(pk, first, last).await?.into_iter().map(read_plan).collect()
    }

    /// Keeps what a segment counted for the days of a tenant's plan, unless it has already.
    pub async fn keep_recount(
        &self,
        tenant: &TenantId,
        pass: Pass,
        segment: u32,
        new_leads: BTreeMap<Day, u64>,
    ) -> Result<(), StoreError> {
        let key = keys::recount(tenant, pass, segment);
        self.put_new(items::write(&key, &RecountItem { new_leads })?).await.map(drop)
    }

    /// Sums what all segments counted in a pass of a run for a tenant, by day.
    pub async fn recounted(
        &self,
        tenant: &TenantId,
        pass: Pass,
    ) -> Result<BTreeMap<Day, u64>, StoreError> {
        let mut sums = BTreeMap::new();
        for item in self.recount_items(tenant, pass).await? {
            for (day, count) in items::read::<RecountItem>(item)?.new_leads {
                *sums.entry(day).or_default() += count;
            }
        }
        Ok(sums)
    }

    /// Removes a tenant's plan and all that was counted for it; the plan goes last.
    pub async fn drop_recount(&self, tenant: &TenantId, pass: Pass) -> Result<(), StoreError> {
        for item in self.recount_items(tenant, pass).await? {
            let Place { pk, sk } = Place::of(&item);
            self.delete_lead_item(&Key { pk, sk }).await?;
        }
        self.delete_lead_item(&keys::recount_plan(pass, tenant)).await
    }

    async fn recount_items(&self, tenant: &TenantId, pass: Pass) -> Result<Vec<Item>, StoreError> {
        let (first, last) = keys::recount_range(pass);
        self.lead_items_between(tenant.as_str(), first, last).await
    }

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
}

fn dirty_day(item: &Item) -> Result<Day, StoreError> {
    let place = Place::of(item);
    keys::parse_dirty_day(&place.sk).ok_or_else(|| place.unreadable(NotA("dirty day")))
}

fn read_plan(item: Item) -> Result<RecountPlan, StoreError> {
    let place = Place::of(&item);
    let tenant = keys::parse_recount_plan(&place.sk)
        .ok_or_else(|| place.unreadable(NotA("recount plan")))?;
    let RecountPlanItem { days } = items::read(item)?;
    Ok(RecountPlan { tenant, days })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_written_and_read_as_ever() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/golden/dirty-day-1.json")).unwrap();
        let golden: Item = serde_dynamo::to_item(golden).unwrap();
        let day = dirty_day(&golden).unwrap();
        let marked: DirtyDayItem = items::read(golden.clone()).unwrap();
        let key = keys::dirty_day(&"acme".parse().unwrap(), day);
        assert_eq!(items::write(&key, &marked).unwrap(), golden);
    }
}
