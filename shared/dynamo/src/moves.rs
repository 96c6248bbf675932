//! Events on their way out of the events table and back, and the mark on their lead.
//!
//! Invariant: a mark is written, and events are removed or put back, only while their lead is as it
//! was read. Events move as the items that they are: nothing is lost of one, not even what a newer
//! version wrote.

mod mark;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{Put, TransactWriteItem},
};
use domain::{
    archived::{Archived, EventHomes, InArchive},
    event::Event,
    home::HomeId,
    lead::Lead,
    tenant::TenantId,
};
use serde_json::Value;

pub(crate) use self::mark::ArchivedItem;
use crate::{
    MAX_ITEMS, Store,
    error::StoreError,
    events,
    items::{self, Item, Place},
    keys::{self, Key},
    metered,
    writes::{self, Unchanged},
};

/// How many bytes of events one transaction moves at most, of the 4 MB that the service allows.
const MOST_BYTES: usize = 3_500_000;

/// How many bytes of events are moved at most, as lines: what they take in memory is a few times
/// as much.
const MOST_MOVED: usize = 32_000_000;

/// The events of a lead as they are stored, in the order of their keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredEvents(Vec<Item>);

/// Some of them, as many as one transaction moves.
#[derive(Clone, Copy, Debug)]
pub struct EventsPart<'e>(&'e [Item]);

/// Says that a line is of another tenant.
#[derive(Debug, thiserror::Error)]
#[error("an event is another tenant's")]
struct NotOfTenant;

impl StoredEvents {
    fn of(mut items: Vec<Item>) -> Self {
        items.sort_by_cached_key(|item| {
            let Place { pk, sk } = Place::of(item);
            (pk, sk)
        });
        Self(items)
    }

    /// Counts them.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes them down, one a line, in DynamoDB's JSON. The same events are the same bytes.
    pub fn to_lines(&self) -> Result<Vec<u8>, StoreError> {
        let mut lines = Vec::new();
        for item in &self.0 {
            serde_json::to_writer(&mut lines, &line(item)?)
                .map_err(|source| Place::of(item).unreadable(source))?;
            lines.push(b'\n');
        }
        Ok(lines)
    }

    /// Reads those of a tenant.
    pub fn of_lines(tenant: &TenantId, lines: &[u8]) -> Result<Self, StoreError> {
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let items = lines.map(|line| {
            let nowhere = Place { pk: tenant.to_string(), sk: "?".to_owned() };
            let read: HashMap<String, serde_dynamo::AttributeValue> =
                serde_json::from_slice(line).map_err(|source| nowhere.unreadable(source))?;
            let item: Item = read.into_iter().map(|(name, value)| (name, value.into())).collect();
            let (of, _) = items::home_of(&item)?;
            (of == *tenant).then_some(item).ok_or_else(|| nowhere.unreadable(NotOfTenant))
        });
        Ok(Self::of(items.collect::<Result<_, _>>()?))
    }

    /// Reads the events.
    pub fn into_events(self) -> Result<Vec<Event>, StoreError> {
        let read = |item: Item| {
            let (_, home) = items::home_of(&item)?;
            events::from_item(home, item)
        };
        self.0.into_iter().map(read).collect()
    }

    /// Cuts them into parts that fit a transaction, with room for one more item.
    pub fn parts(&self) -> Vec<EventsPart<'_>> {
        let mut parts = Vec::new();
        let mut rest = self.0.as_slice();
        while !rest.is_empty() {
            let sizes = rest.iter().take(MAX_ITEMS - 1).scan(0, |bytes, item| {
                *bytes += size(item);
                Some(*bytes)
            });
            let fitting = sizes.take_while(|bytes| *bytes <= MOST_BYTES).count().max(1);
            let (part, others) = rest.split_at(fitting.min(rest.len()));
            parts.push(EventsPart(part));
            rest = others;
        }
        parts
    }
}

/// Writes an item in DynamoDB's JSON, its names in order.
fn line(item: &Item) -> Result<Value, StoreError> {
    let written: HashMap<&str, serde_dynamo::AttributeValue> =
        item.iter().map(|(name, value)| (name.as_str(), value.clone().into())).collect();
    let written = serde_json::to_value(written);
    Ok(in_order(written.map_err(|source| Place::of(item).unreadable(source))?))
}

/// Brings the names of all objects into their order.
fn in_order(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let sorted: BTreeMap<_, _> =
                object.into_iter().map(|(name, value)| (name, in_order(value))).collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(in_order).collect()),
        other => other,
    }
}

/// Estimates the bytes of an item from above.
fn size(item: &Item) -> usize {
    128 + metered::size(item) * 3 / 2
}

impl Store {
    /// Reads a lead that is to be changed.
    ///
    /// # Errors
    /// `Archived` if its events do not all lie in the table to stay: they are to be brought back
    /// before anything else is done.
    pub async fn changeable_lead(
        &self,
        tenant: &TenantId,
        survivor: HomeId,
    ) -> Result<Option<Lead>, StoreError> {
        match self.lead(tenant, survivor).await? {
            Some(lead) if lead.is_archived() => Err(StoreError::Archived(InArchive(survivor))),
            found => Ok(found),
        }
    }

    /// Marks a lead, if it is as it was read, and returns it as it is then.
    pub async fn mark_archived(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        mark: Archived,
    ) -> Result<Option<Lead>, StoreError> {
        let item = serde_dynamo::to_attribute_value(ArchivedItem::from(&mark));
        let version = lead.version + 1;
        // What the write before did to the stage, this one did not.
        let sent = self
            .client
            .update_item()
            .table_name(&self.leads_table)
            .set_key(Some(items::key_attributes(&keys::lead(tenant, lead.survivor.id))))
            .update_expression("SET version = :next, #archived = :mark REMOVE crossing")
            .condition_expression("version = :read")
            .expression_attribute_names("#archived", "archived")
            .expression_attribute_values(":read", items::number(lead.version))
            .expression_attribute_values(":next", items::number(version))
            .expression_attribute_values(":mark", item.map_err(StoreError::Unwritable)?)
            .send()
            .await;
        match sent {
            Ok(_) => {
                Ok(Some(Lead { version, crossing: None, archived: Some(mark), ..lead.clone() }))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(None),
                _ => Err(StoreError::from_sdk("UpdateItem", &error)),
            },
        }
    }

    /// Reads the events of a lead as they are stored, strongly consistent; `None` when there are
    /// more than are ever moved: `at_most`, or 32 MB.
    pub async fn movable_events(
        &self,
        tenant: &TenantId,
        homes: EventHomes,
        at_most: usize,
    ) -> Result<Option<StoredEvents>, StoreError> {
        let (mut all, mut bytes) = (Vec::new(), 0);
        for home in homes.into_vec() {
            let mut pages = self.events_query(tenant, home).into_paginator().items().send();
            while let Some(item) = pages.next().await {
                let item = item.map_err(|error| StoreError::from_sdk("Query", &error))?;
                bytes += size(&item);
                if all.len() >= at_most || bytes > MOST_MOVED {
                    return Ok(None);
                }
                all.push(item);
            }
        }
        Ok(Some(StoredEvents::of(all)))
    }

    /// Returns those of a lead's events that are not in the table, strongly consistent: one query
    /// for each home that has some. That takes a unit for 4 KB; to look for each takes one for each.
    pub async fn missing_events(&self, stored: StoredEvents) -> Result<StoredEvents, StoreError> {
        let homes: Result<BTreeSet<_>, _> = stored.0.iter().map(items::home_of).collect();
        let mut there = HashSet::new();
        for (tenant, home) in homes? {
            let keys = self.events_query(&tenant, home).projection_expression("pk, sk");
            let mut pages = keys.into_paginator().items().send();
            while let Some(item) = pages.next().await {
                let item = item.map_err(|error| StoreError::from_sdk("Query", &error))?;
                there.insert(Place::of(&item));
            }
        }
        let missing = stored.0.into_iter().filter(|item| !there.contains(&Place::of(item)));
        Ok(StoredEvents(missing.collect()))
    }

    /// Removes events from the table if their lead is as it was read, and tells whether it was.
    pub async fn take_out(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        part: EventsPart<'_>,
    ) -> Result<bool, StoreError> {
        let remove = |item: &Item| {
            let Place { pk, sk } = Place::of(item);
            writes::delete(&self.events_table, &Key { pk, sk })
        };
        self.move_if_unchanged(tenant, lead, part.0.iter().map(remove)).await
    }

    /// Puts events back into the table if their lead is as it was read, and tells whether it was.
    /// One that is there stays as it is: events never change.
    pub async fn put_back(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        part: EventsPart<'_>,
    ) -> Result<bool, StoreError> {
        let put = |item: &Item| {
            let put = Put::builder().table_name(&self.events_table).set_item(Some(item.clone()));
            let put = put.build().map_err(|error| StoreError::incomplete(&error))?;
            Ok(TransactWriteItem::builder().put(put).build())
        };
        self.move_if_unchanged(tenant, lead, part.0.iter().map(put)).await
    }

    async fn move_if_unchanged(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        moves: impl Iterator<Item = Result<TransactWriteItem, StoreError>> + Send,
    ) -> Result<bool, StoreError> {
        let unchanged = Unchanged::numbers([("version", lead.version)]);
        let look = self.check(&keys::lead(tenant, lead.survivor.id), &unchanged);
        self.transact(std::iter::once(look).chain(moves).collect::<Result<_, _>>()?).await
    }
}

#[cfg(test)]
mod tests;
