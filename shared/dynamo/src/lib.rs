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
mod erasures;
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
mod moves;
mod nightly_runs;
mod notifications;
mod places;
mod publish;
mod ranges;
mod rates;
mod reads;
mod recounts;
mod revisions;
mod rollups;
mod rule_failures;
mod rule_sets;
mod runs;
mod scan;
mod search;
mod settings;
mod states;
mod stream;
mod tenants;
mod writes;

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::{Client, types::KeysAndAttributes};

pub use crate::{
    api_keys::{KnownApiKey, StoredApiKey},
    audit::{AuditRange, audit_id},
    commit::{ChangedLead, Commit, CommitError, MAX_ITEMS},
    companies::{CompanyPage, CompanyWrite, StoredCompany},
    dirty_days::DirtyDays,
    draft::Draft,
    entries::StoredEntry,
    error::StoreError,
    golden_leads::StoredGoldenLead,
    idempotency::{Begun, KEPT_MS, KeptAnswer, LEASE_MS, Lease, Request},
    job_parts::Progress,
    jobs::Job,
    leads::{ListedLead, ScorePlace, Standing},
    lists::{InvalidListPlace, ListKey, ListPage, ListPlace},
    members::{Changed, EMAIL_FIELD, Member, MemberStatus, NAME_FIELD},
    moves::{EventsPart, StoredEvents},
    nightly_runs::{MOST_DRIFT_LEADS, NightCounts, NightlyRun},
    publish::Publication,
    recounts::{MOST_RECOUNTED_DAYS, RecountPlan},
    rollups::DayRollup,
    rule_sets::PublishedSet,
    runs::{InvalidPass, Run},
    scan::{LeadPage, SCAN_SEGMENTS, ScanPlace},
    search::{FindableHome, Finding, SearchRecord},
    settings::{FRESH, Settings, SettingsCache},
    stream::event_of_image,
    tenants::{Tenant, TenantSettings},
};
use crate::{items::Item, keys::Key};

/// How many items one BatchGetItem may ask for.
const BATCH: usize = 100;

/// The names of an installation's tables. A function leaves those empty that it never touches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableNames {
    /// Leads, their homes, and all that is a tenant's.
    pub leads: String,
    /// Events.
    pub events: String,
    /// What leads are found by.
    pub search: String,
}

/// The tables of an installation.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    leads_table: String,
    events_table: String,
    search_table: String,
    recording: Option<audit::Recording>,
}

impl Store {
    /// Takes the SDK's configuration and the tables' names.
    pub fn connect(config: impl Into<aws_sdk_dynamodb::Config>, tables: TableNames) -> Self {
        Self::new(Client::from_conf(config.into()), tables)
    }

    /// Takes a client and the tables' names.
    pub fn new(client: Client, tables: TableNames) -> Self {
        let TableNames { leads: leads_table, events: events_table, search: search_table } = tables;
        Self { client, leads_table, events_table, search_table, recording: None }
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

    /// Reads items of a table, each key once.
    async fn batch_get_as(
        &self,
        table: &str,
        keys: impl IntoIterator<Item = Key>,
        attributes: Option<&str>,
        consistent: bool,
    ) -> Result<Vec<Item>, StoreError> {
        let keys = keys.into_iter().map(|key| (table, key)).collect();
        self.batch_get_from(keys, attributes, consistent).await
    }

    /// Reads items, each by its table and key; asks again for what the service left unread.
    async fn batch_get_from(
        &self,
        keys: HashSet<(&str, Key)>,
        attributes: Option<&str>,
        consistent: bool,
    ) -> Result<Vec<Item>, StoreError> {
        let wanted = |(table, key): &(&str, Key)| ((*table).to_owned(), items::key_attributes(key));
        let mut wanted: Vec<_> = keys.iter().map(wanted).collect();
        let mut found = Vec::with_capacity(wanted.len());
        let mut rounds = 2 + wanted.len() / BATCH * 2;
        while !wanted.is_empty() {
            rounds = rounds.checked_sub(1).ok_or_else(|| StoreError::Unavailable {
                operation: "BatchGetItem",
                code: "items left unread".to_owned(),
            })?;
            let rest = wanted.split_off(wanted.len().min(BATCH));
            let batch = batch(wanted, attributes, consistent)?;
            let answer = self
                .client
                .batch_get_item()
                .set_request_items(Some(batch))
                .send()
                .await
                .map_err(|error| StoreError::from_sdk("BatchGetItem", &error))?;
            found.extend(answer.responses.unwrap_or_default().into_values().flatten());
            let unread = answer.unprocessed_keys.unwrap_or_default().into_iter();
            let of_table = |(table, unread): (String, KeysAndAttributes)| {
                unread.keys.into_iter().map(move |key| (table.clone(), key))
            };
            wanted = unread.flat_map(of_table).collect();
            wanted.extend(rest);
        }
        Ok(found)
    }
}

/// Sorts keys by their tables, for one request.
fn batch(
    keys: Vec<(String, Item)>,
    attributes: Option<&str>,
    consistent: bool,
) -> Result<HashMap<String, KeysAndAttributes>, StoreError> {
    let mut by_table: HashMap<String, Vec<Item>> = HashMap::new();
    for (table, key) in keys {
        by_table.entry(table).or_default().push(key);
    }
    let wanted = |(table, keys)| {
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(consistent)
            .set_projection_expression(attributes.map(str::to_owned));
        let wanted = wanted.build().map_err(|error| StoreError::incomplete(&error))?;
        Ok((table, wanted))
    };
    by_table.into_iter().map(wanted).collect()
}
