//! The tables: the only crate that names `aws-sdk-dynamodb`.
//!
//! Invariant: no function here takes a key without a tenant, and no SDK type leaves the crate.

mod api_keys;
mod error;
mod items;
pub mod keys;

use aws_sdk_dynamodb::Client;

pub use crate::{api_keys::StoredApiKey, error::StoreError};
use crate::{items::Item, keys::Key};

/// The two tables of an installation.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    leads_table: String,
    events_table: String,
}

impl Store {
    /// Takes a client and the tables' names. A function that never touches events may pass an
    /// empty name for that table.
    pub fn new(client: Client, leads_table: String, events_table: String) -> Self {
        Self { client, leads_table, events_table }
    }

    async fn get_lead_item(&self, key: &Key, consistent: bool) -> Result<Option<Item>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(key)))
            .consistent_read(consistent)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("GetItem", &error))?;
        Ok(answer.item)
    }
}
