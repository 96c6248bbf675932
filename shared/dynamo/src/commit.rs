//! The commit: everything that one step of scoring changes, all of it or nothing.
//!
//! Invariant: every home and lead is written on condition that it still is as it was read, and
//! every event on condition that it is not stored yet. A second run of the same commit therefore
//! finds its events stored and changes nothing.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError},
    types::{
        CancellationReason, ConditionCheck, Delete, Put, ReturnConsumedCapacity, TransactWriteItem,
    },
};
use domain::{
    audit::AuditEntry,
    erasure::Erasure,
    event::{Event, EventId},
    home::HomeId,
    lead::{Home, Lead},
    notification::Notification,
    tenant::TenantId,
    user::UserId,
};

use crate::{
    Store,
    error::StoreError,
    events, homes,
    items::{self, Item},
    keys::{self, Key},
    leads::{self, Standing},
};

/// The most items that one transaction may write.
pub const MAX_ITEMS: usize = 100;

/// What one step of scoring changes. A service refuses more than [`MAX_ITEMS`] in all.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// New events.
    pub events: Vec<Event>,
    /// Changed homes, each with the version that was read.
    pub homes: Vec<Home>,
    /// Changed leads, each with the version that it will have.
    pub leads: Vec<ChangedLead>,
    /// Leads that other leads took in, with the version that was read.
    pub gone: Vec<(HomeId, u64)>,
    /// Leads that the step relied on and leaves as they are, with the version that was read.
    pub unchanged: Vec<(HomeId, u64)>,
    /// What the audit log says of it, where people asked for it.
    pub audit: Option<AuditEntry>,
    /// Who is told of it, and what.
    pub told: Vec<(UserId, Notification)>,
    /// The erasure that it is: its receipt, while traces are left to be cleaned away.
    pub erasure: Option<Erasure>,
}

/// A lead as it will be.
#[derive(Clone, Debug)]
pub struct ChangedLead {
    /// The lead, with its new version.
    pub lead: Lead,
    /// The version that was read; `None` when there was no such lead.
    pub read_version: Option<u64>,
    /// What it will be listed by.
    pub standing: Standing,
}

/// Why a commit changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// These events are stored already.
    #[error("{} events are stored already", .0.len())]
    Stored(BTreeSet<(HomeId, EventId)>),
    /// A home or lead changed since it was read, or another transaction is changing it.
    #[error("a home or lead changed since it was read")]
    Changed,
    /// The table did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Commit {
    /// Counts the items that the transaction would write.
    pub fn len(&self) -> usize {
        let leads = self.leads.len() + self.gone.len() + self.unchanged.len();
        let beside = usize::from(self.audit.is_some()) + self.told.len();
        let beside = beside + usize::from(self.erasure.is_some());
        self.events.len() + self.homes.len() + leads + beside
    }

    /// Tells whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Store {
    /// Writes a commit, all of it or nothing, and returns the write units that it took, those of
    /// the indexes included.
    ///
    /// # Errors
    /// `Stored` names events to leave out; `Changed` asks to read again; both changed nothing.
    pub async fn commit(&self, tenant: &TenantId, commit: &Commit) -> Result<f64, CommitError> {
        if let (1, Some(changed)) = (commit.len(), commit.leads.first()) {
            return self.put_lead(tenant, changed).await;
        }
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(self.writes(tenant, commit)?))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let error = match sent {
            Ok(answer) => {
                let consumed = answer.consumed_capacity();
                return Ok(consumed.iter().filter_map(|table| table.capacity_units).sum());
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                Err(classify(commit, canceled.cancellation_reasons()))
            }
            _ => Err(StoreError::from_sdk("TransactWriteItems", &error).into()),
        }
    }

    /// Writes a single lead: alone it needs no transaction, which would cost twice as much.
    async fn put_lead(&self, tenant: &TenantId, changed: &ChangedLead) -> Result<f64, CommitError> {
        let item = leads::to_item(tenant, &changed.lead, changed.standing)?;
        let request = self
            .client
            .put_item()
            .table_name(&self.leads_table)
            .set_item(Some(item))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let request = match changed.read_version {
            Some(version) => request
                .condition_expression("version = :read")
                .expression_attribute_values(":read", items::number(version)),
            None => request.condition_expression("attribute_not_exists(pk)"),
        };
        match request.send().await {
            Ok(answer) => {
                let consumed = answer.consumed_capacity();
                Ok(consumed.and_then(|table| table.capacity_units).unwrap_or_default())
            }
            Err(error) => match error.as_service_error() {
                Some(
                    PutItemError::ConditionalCheckFailedException(_)
                    | PutItemError::TransactionConflictException(_),
                ) => Err(CommitError::Changed),
                _ => Err(StoreError::from_sdk("PutItem", &error).into()),
            },
        }
    }

    fn writes(
        &self,
        tenant: &TenantId,
        commit: &Commit,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut writes = Vec::with_capacity(commit.len());
        for event in &commit.events {
            writes.push(put(&self.events_table, events::to_item(tenant, event)?, None)?);
        }
        for home in &commit.homes {
            let read = (home.version > 0).then_some(home.version);
            writes.push(put(&self.leads_table, homes::to_item(tenant, home)?, read)?);
        }
        for changed in &commit.leads {
            let item = leads::to_item(tenant, &changed.lead, changed.standing)?;
            writes.push(put(&self.leads_table, item, changed.read_version)?);
        }
        for (lead, read) in &commit.gone {
            writes.push(delete(&self.leads_table, &keys::lead(tenant, *lead), *read)?);
        }
        for (lead, read) in &commit.unchanged {
            writes.push(check(&self.leads_table, &keys::lead(tenant, *lead), *read)?);
        }
        if let Some(entry) = &commit.audit {
            writes.push(self.audit_put(tenant, entry)?);
        }
        for (user, notification) in &commit.told {
            writes.push(self.notify_part(tenant, user, notification)?);
        }
        if let Some(erasure) = &commit.erasure {
            writes.push(self.erasing_part(tenant, erasure)?);
        }
        Ok(writes)
    }
}

/// Puts an item on condition of the version that was read, or that there was none.
pub(crate) fn put(
    table: &str,
    item: Item,
    read: Option<u64>,
) -> Result<TransactWriteItem, StoreError> {
    let put = Put::builder().table_name(table).set_item(Some(item));
    let put = match read {
        Some(version) => put
            .condition_expression("version = :read")
            .expression_attribute_values(":read", items::number(version)),
        None => put.condition_expression("attribute_not_exists(pk)"),
    };
    let put = put.build().map_err(|error| StoreError::incomplete(&error))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

fn delete(table: &str, key: &Key, read: u64) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(items::key_attributes(key)))
        .condition_expression("version = :read")
        .expression_attribute_values(":read", items::number(read))
        .build()
        .map_err(|error| StoreError::incomplete(&error))?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

fn check(table: &str, key: &Key, read: u64) -> Result<TransactWriteItem, StoreError> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(items::key_attributes(key)))
        .condition_expression("version = :read")
        .expression_attribute_values(":read", items::number(read))
        .build()
        .map_err(|error| StoreError::incomplete(&error))?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

/// Reads the reasons, which stand in the order of the writes: the events come first.
fn classify(commit: &Commit, reasons: &[CancellationReason]) -> CommitError {
    let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
    let refused = reasons.iter().map(code).find(|code| {
        !matches!(code.as_str(), "None" | "ConditionalCheckFailed") && !is_passing(code)
    });
    if let Some(code) = refused {
        return StoreError::Refused {
            operation: "TransactWriteItems",
            code,
            request_id: "unknown".to_owned(),
        }
        .into();
    }
    let failed = |reason: &&CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    let stored: BTreeSet<_> = commit
        .events
        .iter()
        .zip(reasons)
        .filter(|(_, reason)| failed(reason))
        .map(|(event, _)| (event.home.id, event.event_id.clone()))
        .collect();
    if stored.is_empty() { CommitError::Changed } else { CommitError::Stored(stored) }
}

/// Tells whether a transaction was cancelled for a reason that passes.
pub(crate) fn is_passing(code: &str) -> bool {
    matches!(code, "TransactionConflict" | "ProvisionedThroughputExceeded" | "ThrottlingError")
}
