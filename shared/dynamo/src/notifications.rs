//! Notifications in the leads table, each in the partition of its user.
//!
//! Invariant: what is told twice is kept once, and telling again does not unread it. Whoever is told
//! of an edit is told in the transaction that stores it.

use aws_sdk_dynamodb::{operation::update_item::UpdateItemError, types::TransactWriteItem};
use domain::{
    notification::{KEPT_DAYS, Notification, NotificationId, Topic},
    tenant::TenantId,
    time::{DAY_MS, Timestamp},
    user::UserId,
};
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys,
};

#[derive(Serialize, Deserialize)]
struct NotificationItem {
    topic: Topic,
    object_id: String,
    at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_at: Option<i64>,
    /// When the table may forget it, in seconds.
    expires_at: i64,
}

/// Says that an item among notifications is none.
#[derive(Debug, thiserror::Error)]
#[error("the sort key is not that of a notification")]
struct NotANotification;

fn to_item(
    tenant: &TenantId,
    user: &UserId,
    notification: &Notification,
) -> Result<Item, StoreError> {
    let content = NotificationItem {
        topic: notification.topic,
        object_id: notification.object_id.clone(),
        at: notification.at.millis(),
        read_at: notification.read_at.map(Timestamp::millis),
        expires_at: (notification.at.millis() + KEPT_DAYS * DAY_MS) / 1_000,
    };
    items::write(&keys::notification(tenant, user, &notification.id), &content)
}

fn from_item(item: Item) -> Result<Notification, StoreError> {
    let place = Place::of(&item);
    let content: NotificationItem = items::read(item)?;
    let id = place.sk.parse().map_err(|_| place.unreadable(NotANotification))?;
    let instant =
        |millis| Timestamp::from_millis(millis).map_err(|source| place.unreadable(source));
    let (at, read_at) = (instant(content.at)?, content.read_at.map(instant).transpose()?);
    let NotificationItem { topic, object_id, .. } = content;
    Ok(Notification { id, topic, object_id, at, read_at })
}

impl Store {
    /// Tells a user something, once.
    pub async fn notify(
        &self,
        tenant: &TenantId,
        user: &UserId,
        notification: &Notification,
    ) -> Result<(), StoreError> {
        self.put_new(to_item(tenant, user, notification)?).await.map(drop)
    }

    /// Makes the part of a transaction that tells a user something.
    ///
    /// Its condition fails only when they were told: the transaction was made before.
    pub(crate) fn notify_part(
        &self,
        tenant: &TenantId,
        user: &UserId,
        notification: &Notification,
    ) -> Result<TransactWriteItem, StoreError> {
        self.put_if_new(to_item(tenant, user, notification)?)
    }

    /// Reads what a user was told, the latest first: before `before`, at most `limit`.
    pub async fn notifications(
        &self,
        tenant: &TenantId,
        user: &UserId,
        before: Option<&NotificationId>,
        limit: u16,
    ) -> Result<Vec<Notification>, StoreError> {
        let (first, last) = keys::notifications_before(before);
        let partition = keys::user_partition(tenant, user);
        let items = self.some_lead_items_between(&partition, first, last, limit, false).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Reads a notification of a user, strongly consistent.
    pub async fn notification(
        &self,
        tenant: &TenantId,
        user: &UserId,
        id: &NotificationId,
    ) -> Result<Option<Notification>, StoreError> {
        let item = self.get_lead_item(&keys::notification(tenant, user, id), true).await?;
        item.map(from_item).transpose()
    }

    /// Marks a notification as read, and tells whether there is one. The first time stays.
    pub async fn mark_read(
        &self,
        tenant: &TenantId,
        user: &UserId,
        id: &NotificationId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sent = self
            .client
            .update_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(&keys::notification(tenant, user, id))))
            .update_expression("SET read_at = if_not_exists(read_at, :now)")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":now", items::number(now.millis()))
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
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn user() -> UserId {
        "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap()
    }

    #[test]
    fn a_notification_is_written_and_read_as_ever() {
        let golden = include_str!("../../../tests/golden/notification-1.json");
        let golden: Value = serde_json::from_str(golden).unwrap();
        let told = from_item(serde_dynamo::to_item(golden.clone()).unwrap()).unwrap();
        let item = to_item(&"acme".parse().unwrap(), &user(), &told).unwrap();
        let written: Value = serde_dynamo::from_item(item).unwrap();
        assert_eq!(written, golden, "\n{}", serde_json::to_string_pretty(&written).unwrap());
        assert_eq!((told.topic, told.read_at.is_some()), (Topic::LeadAssigned, true));
    }

    #[test]
    fn an_unread_notification_reads_back() {
        let at = Timestamp::from_millis(1_760_000_000_000).unwrap();
        let told = Notification::new(&user(), Topic::JobDone, "job_a", "e1", at);
        let item = to_item(&"acme".parse().unwrap(), &user(), &told).unwrap();
        assert_eq!(from_item(item).unwrap(), told);
    }
}
