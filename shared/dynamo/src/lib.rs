//! The tables: the only crate that names `aws-sdk-dynamodb`.
//!
//! Invariant: no function here takes a key without a tenant, but for the few of the installation
//! itself, and no SDK type leaves the crate.

mod api_keys;
mod audit;
mod commit;
mod companies;
mod dirty_days;
mod draft;
mod entries;
mod error;
mod events;
mod factor_weights;
#[cfg(test)]
mod golden;
mod golden_leads;
mod homes;
mod idempotency;
mod items;
mod job_parts;
mod jobs;
pub mod keys;
mod leads;
mod lists;
mod members;
mod metered;
mod notifications;
mod places;
mod publish;
mod ranges;
mod rates;
mod reads;
mod revisions;
mod rollups;
mod rule_failures;
mod rule_sets;
mod runs;
mod scan;
mod search;
mod settings;
mod states;
mod tenants;
mod writes;

use std::collections::HashSet;

use aws_sdk_dynamodb::{Client, types::KeysAndAttributes};

pub use crate::{
    api_keys::{KnownApiKey, StoredApiKey},
    audit::{AuditRange, audit_id},
    commit::{ChangedLead, Commit, CommitError, MAX_ITEMS},
    companies::{CompanyPage, CompanyWrite, StoredCompany},
    dirty_days::RecountPlan,
    draft::Draft,
    entries::StoredEntry,
    error::StoreError,
    golden_leads::StoredGoldenLead,
    idempotency::{Begun, KEPT_MS, KeptAnswer, LEASE_MS, Lease},
    job_parts::Progress,
    jobs::Job,
    leads::{ListedLead, ScorePlace, Standing},
    lists::{InvalidListPlace, ListKey, ListPage, ListPlace},
    members::{Changed, EMAIL_FIELD, Member, MemberStatus, NAME_FIELD},
    publish::Publication,
    rollups::DayRollup,
    rule_sets::PublishedSet,
    runs::Run,
    scan::{LeadPage, SCAN_SEGMENTS, ScanPlace},
    search::{FindableHome, Finding, SearchRecord},
    settings::{FRESH, Settings, SettingsCache},
    tenants::{Tenant, TenantSettings},
};
use crate::{items::Item, keys::Key};

/// How many items one BatchGetItem may ask for.
const BATCH: usize = 100;

/// The two tables of an installation.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    leads_table: String,
    events_table: String,
    recording: Option<audit::Recording>,
}

impl Store {
    /// Takes the SDK's configuration and the tables' names.
    pub fn connect(
        config: impl Into<aws_sdk_dynamodb::Config>,
        leads_table: String,
        events_table: String,
    ) -> Self {
        Self::new(Client::from_conf(config.into()), leads_table, events_table)
    }

    /// Takes a client and the tables' names. A function that never touches events may pass an
    /// empty name for that table.
    pub fn new(client: Client, leads_table: String, events_table: String) -> Self {
        Self { client, leads_table, events_table, recording: None }
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

    /// Reads items of a table, strongly consistent, each key once.
    async fn batch_get(
        &self,
        table: &str,
        keys: impl IntoIterator<Item = Key>,
        attributes: Option<&str>,
    ) -> Result<Vec<Item>, StoreError> {
        self.batch_get_as(table, keys, attributes, true).await
    }

    /// Reads items of a table, each key once; asks again for what the service left unread.
    async fn batch_get_as(
        &self,
        table: &str,
        keys: impl IntoIterator<Item = Key>,
        attributes: Option<&str>,
        consistent: bool,
    ) -> Result<Vec<Item>, StoreError> {
        let keys: HashSet<Key> = keys.into_iter().collect();
        let mut wanted: Vec<Item> = keys.iter().map(items::key_attributes).collect();
        let mut found = Vec::with_capacity(wanted.len());
        let mut rounds = 2 + wanted.len() / BATCH * 2;
        while !wanted.is_empty() {
            rounds = rounds.checked_sub(1).ok_or_else(|| StoreError::Unavailable {
                operation: "BatchGetItem",
                code: "items left unread".to_owned(),
            })?;
            let rest = wanted.split_off(wanted.len().min(BATCH));
            let batch = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .consistent_read(consistent)
                .set_projection_expression(attributes.map(str::to_owned))
                .build()
                .map_err(|error| StoreError::incomplete(&error))?;
            let answer = self
                .client
                .batch_get_item()
                .request_items(table, batch)
                .send()
                .await
                .map_err(|error| StoreError::from_sdk("BatchGetItem", &error))?;
            let mut tables = answer.responses.unwrap_or_default();
            found.extend(tables.remove(table).unwrap_or_default());
            let mut unread = answer.unprocessed_keys.unwrap_or_default();
            wanted = unread.remove(table).map(|unread| unread.keys).unwrap_or_default();
            wanted.extend(rest);
        }
        Ok(found)
    }
}
