//! How many requests somebody made in a minute, summed over all containers.
//!
//! Invariant: a counter only grows, and removes itself some minutes after its minute.

use aws_sdk_dynamodb::{
    config::{Config, retry::RetryConfig},
    types::ReturnValue,
};
use domain::tenant::TenantId;
use serde::Deserialize;

use crate::{Store, error::StoreError, items, keys};

/// How long a counter is kept after its minute began: long enough for a clock that is behind.
const KEPT_SECONDS: i64 = 600;

#[derive(Deserialize)]
struct RateItem {
    used: u64,
}

impl Store {
    /// Adds requests to a subject's counter of a minute, counted from 1970, and returns its new
    /// sum. It is sent once: sent again because an answer was lost, it would count twice.
    pub async fn settle_requests(
        &self,
        tenant: &TenantId,
        subject: &str,
        minute: i64,
        used: u64,
    ) -> Result<u64, StoreError> {
        let key = keys::rate(tenant, subject, minute);
        let expires_at = minute.saturating_mul(60).saturating_add(KEPT_SECONDS);
        let answer = self
            .client
            .update_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(&key)))
            .update_expression("ADD used :used SET expires_at = :expires_at")
            .expression_attribute_values(":used", items::number(used))
            .expression_attribute_values(":expires_at", items::number(expires_at))
            .return_values(ReturnValue::UpdatedNew)
            .customize()
            .config_override(Config::builder().retry_config(RetryConfig::disabled()))
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("UpdateItem", &error))?;
        let mut item = answer.attributes.unwrap_or_default();
        item.extend(items::key_attributes(&key));
        Ok(items::read::<RateItem>(item)?.used)
    }
}
