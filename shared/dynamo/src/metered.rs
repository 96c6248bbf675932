//! What reading costs as the tables report it, and what a write would.
//!
//! Invariant: units are counted, never guessed: reads as the service reports them, writes by the
//! size of the item that would be written.

use aws_sdk_dynamodb::types::{AttributeValue, ConsumedCapacity, ReturnConsumedCapacity};
use domain::{
    archived::EventHomes, event::Event, fold::keep_foldable, home::HomeId, lead::Lead,
    tenant::TenantId,
};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    Store,
    error::StoreError,
    events,
    items::Item,
    leads::{self, ListedLead, Standing},
    places::Places,
};

/// How many homes are read at once.
const AT_ONCE: usize = 8;

/// A read unit reads so many bytes.
const READ_BYTES: usize = 4 * 1024;

/// A write unit writes so many bytes.
const WRITE_BYTES: usize = 1024;

/// What writing a lead anew takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RewriteUnits {
    /// Read units for reading it singly, before.
    pub read: u64,
    /// Write units of the table and of the indexes.
    pub write: u64,
}

/// Counts consumed read units in halves: the service reports whole and half ones.
pub(crate) fn half_units(consumed: Option<&ConsumedCapacity>) -> u64 {
    let units = consumed.and_then(|consumed| consumed.capacity_units).unwrap_or_default();
    let halves = (units.max(0.0) * 2.0).round().min(f64::from(u32::MAX));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rounded number from 0 to the highest u32"
    )]
    let halves = halves as u64;
    halves
}

impl Store {
    /// Reads the events of several homes as far as they are folded, strongly consistent and in no
    /// useful order, with the read units that this took, in halves.
    ///
    /// Of a flooded lead no more is ever held than a few times the events of a fold.
    pub async fn metered_events(
        &self,
        tenant: &TenantId,
        homes: EventHomes,
    ) -> Result<(Vec<Event>, u64), StoreError> {
        let reads = homes.into_vec().into_iter().map(|home| self.metered_home(tenant, home));
        let mut reads = stream::iter(reads).buffer_unordered(AT_ONCE);
        let (mut all, mut half_units_read) = (Vec::new(), 0);
        while let Some((events, half_units)) = reads.try_next().await? {
            all.extend(events);
            keep_foldable(&mut all);
            half_units_read += half_units;
        }
        Ok((all, half_units_read))
    }

    async fn metered_home(
        &self,
        tenant: &TenantId,
        home: HomeId,
    ) -> Result<(Vec<Event>, u64), StoreError> {
        let query = self.events_query(tenant, home);
        let query = query.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let mut pages = query.into_paginator().send();
        let (mut found, mut half_units_read) = (Vec::new(), 0);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::from_sdk("Query", &error))?;
            half_units_read += half_units(page.consumed_capacity.as_ref());
            for item in page.items.unwrap_or_default() {
                found.push(events::from_item(home, item)?);
            }
            keep_foldable(&mut found);
        }
        Ok((found, half_units_read))
    }
}

impl ListedLead {
    /// Counts what it would take to read this lead and write another one in its place.
    pub fn rewrite_units(
        &self,
        tenant: &TenantId,
        lead: &Lead,
        standing: Standing,
    ) -> Result<RewriteUnits, StoreError> {
        let before = size(&leads::to_item(tenant, &self.lead, self.standing)?);
        let after = size(&leads::to_item(tenant, lead, standing)?);
        let (read, written) = (units(before, WRITE_BYTES), units(after, WRITE_BYTES));
        let id = lead.survivor.id;
        let mut from = Places::of(tenant, id, &self.lead.state, self.standing);
        if !self.is_placed {
            from = from.of_former_code();
        }
        let to = Places::of(tenant, id, &lead.state, standing);
        let indexes = from.units_to(&to, (read, written));
        let write = units(before.max(after), WRITE_BYTES) + indexes;
        Ok(RewriteUnits { read: units(before, READ_BYTES), write })
    }
}

fn units(bytes: usize, per_unit: usize) -> u64 {
    u64::try_from(bytes.div_ceil(per_unit)).unwrap_or(u64::MAX)
}

/// Counts the bytes of an item as the service does: names and values, in UTF-8.
pub(crate) fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

/// A number takes a byte for two digits and one more; lists and maps take three, and one for each
/// element.
fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        AttributeValue::Ns(numbers) => {
            numbers.iter().map(|number| number.len().div_ceil(2) + 1).sum()
        }
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::L(values) => {
            3 + values.iter().map(|value| 1 + value_size(value)).sum::<usize>()
        }
        AttributeValue::M(map) => {
            3 + map.iter().map(|(name, value)| 1 + name.len() + value_size(value)).sum::<usize>()
        }
        _ => 1,
    }
}
