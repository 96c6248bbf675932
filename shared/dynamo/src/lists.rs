//! Lists of leads by owner, by when they came to be and by the day of their last event.
//!
//! Invariant: a page reads as many keys as it has leads, from each shard of its index, and those
//! leads: what it costs does not depend on how many leads there are. A lead that is shown is what
//! the list says when it is read, whatever the index still said.

use std::collections::BTreeMap;

use domain::{
    home::HomeId,
    tenant::TenantId,
    time::{Day, Timestamp},
    user::UserId,
};
use futures_util::{StreamExt, TryStreamExt, future::try_join_all, stream};
use serde::{Deserialize, Serialize};

use crate::{
    BATCH, Store,
    error::StoreError,
    items::{self, Item},
    keys::{self, LIST_SHARDS},
    leads::{self, ListedLead},
};

/// How many batches of leads one page has under way at most.
const AT_ONCE: usize = 4;

/// A place in a list: that of a lead seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ListPlace(String);

/// Says that a text is no place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a place in a list is an instant or a day, and a lead id")]
pub struct InvalidListPlace;

/// What leads are listed by, newest first. Both ends of a range are included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKey<'a> {
    /// Those that a user works, by when they came to be.
    Owner(&'a UserId),
    /// All, by when they came to be.
    Created {
        /// The earliest instant.
        from: Option<Timestamp>,
        /// The latest instant.
        to: Option<Timestamp>,
    },
    /// Those with events, by the day of the last one.
    Activity {
        /// The earliest day.
        from: Option<Day>,
        /// The latest day.
        to: Option<Day>,
    },
}

/// Some leads of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListPage {
    /// The leads, each at its place. There may be fewer than asked for, or none, though more
    /// follow: a lead that is gone or no longer belongs here is passed over.
    pub entries: Vec<(ListPlace, ListedLead)>,
    /// The last place seen, after which the next page begins; `None` when nothing was seen.
    pub last: Option<ListPlace>,
    /// Whether more places follow.
    pub more: bool,
}

impl TryFrom<String> for ListPlace {
    type Error = InvalidListPlace;

    fn try_from(text: String) -> Result<Self, InvalidListPlace> {
        keys::parse_list_place(&text).map(|_| Self(text)).ok_or(InvalidListPlace)
    }
}

impl From<ListPlace> for String {
    fn from(place: ListPlace) -> Self {
        place.0
    }
}

impl ListPlace {
    /// Returns the lead that was seen there.
    fn lead(&self) -> Option<HomeId> {
        keys::parse_list_place(&self.0)
    }
}

/// Where a list lies: an index, its partitions, and the first and last sort key.
struct Range {
    index: &'static str,
    partitions: Vec<String>,
    first: String,
    last: String,
}

impl ListKey<'_> {
    fn range(&self, tenant: &TenantId) -> Range {
        let (index, partitions, (first, last)) = match self {
            Self::Owner(owner) => {
                let partition = keys::owner_partition(tenant, owner);
                ("by_owner", vec![partition], keys::created_range(None, None))
            }
            Self::Created { from, to } => {
                let partitions = (0..LIST_SHARDS).map(|n| keys::created_partition(tenant, n));
                ("by_created", partitions.collect(), keys::created_range(*from, *to))
            }
            Self::Activity { from, to } => {
                let partitions = (0..LIST_SHARDS).map(|n| keys::activity_partition(tenant, n));
                ("by_activity", partitions.collect(), keys::activity_range(*from, *to))
            }
        };
        Range { index, partitions, first, last }
    }

    /// Tells whether a lead belongs to the list.
    fn holds(&self, listed: &ListedLead) -> bool {
        let state = &listed.lead.state;
        let belongs = match self {
            Self::Owner(owner) => state.work.assigned_to.as_ref() == Some(*owner),
            Self::Created { from, to } => state.created_at.is_some_and(|at| {
                from.is_none_or(|from| from <= at) && to.is_none_or(|to| at <= to)
            }),
            Self::Activity { from, to } => state.last_event_at.is_some_and(|at| {
                let day = at.day();
                from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to)
            }),
        };
        belongs && !listed.lead.is_deleted()
    }
}

impl Store {
    /// Reads the next leads of a list after a place, newest first, eventually consistent: at most
    /// `limit`.
    ///
    /// Two calls, however many leads there are: keys from all shards of the index at once, then
    /// the leads.
    pub async fn leads_by(
        &self,
        tenant: &TenantId,
        key: ListKey<'_>,
        after: Option<&ListPlace>,
        limit: u16,
    ) -> Result<ListPage, StoreError> {
        let mut range = key.range(tenant);
        if let Some(after) = after.filter(|after| after.0 < range.last) {
            range.last.clone_from(&after.0);
        }
        if range.first > range.last {
            return Ok(ListPage::default());
        }
        // One more than the page tells whether more follow, and another one is the place itself,
        // which lies within the range.
        let asked = i32::from(limit) + 2;
        let shards = range.partitions.iter().map(|pk| self.list_shard(&range, pk, asked));
        let mut places: Vec<ListPlace> =
            try_join_all(shards).await?.into_iter().flatten().collect();
        places.retain(|place| after.is_none_or(|after| place < after));
        places.sort_unstable_by(|one, other| other.cmp(one));
        let more = places.len() > usize::from(limit);
        places.truncate(limit.into());
        let mut leads = self.listed_leads(tenant, &places).await?;
        let last = places.last().cloned();
        let entries = places.into_iter().filter_map(|place| {
            let listed = leads.remove(&place.lead()?)?;
            key.holds(&listed).then_some((place, listed))
        });
        Ok(ListPage { entries: entries.collect(), last, more })
    }

    /// Reads the last places of a partition of an index.
    async fn list_shard(
        &self,
        range: &Range,
        partition: &str,
        limit: i32,
    ) -> Result<Vec<ListPlace>, StoreError> {
        let (pk, sk) = (format!("{}_pk", range.index), format!("{}_sk", range.index));
        let mut pages = self
            .client
            .query()
            .table_name(&self.leads_table)
            .index_name(range.index)
            .scan_index_forward(false)
            .limit(limit)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
            .expression_attribute_names("#pk", pk)
            .expression_attribute_names("#sk", &sk)
            .expression_attribute_values(":pk", items::text(partition))
            .expression_attribute_values(":first", items::text(&range.first))
            .expression_attribute_values(":last", items::text(&range.last))
            .into_paginator()
            .items()
            .send();
        let (mut places, most) = (Vec::new(), usize::try_from(limit).unwrap_or(usize::MAX));
        while places.len() < most
            && let Some(item) = pages.next().await
        {
            let item = item.map_err(|error| StoreError::from_sdk("Query", &error))?;
            let rank = item.get(&sk).and_then(|value| value.as_s().ok()).cloned();
            let place = ListPlace::try_from(rank.unwrap_or_default());
            places.push(place.map_err(|source| items::Place::of(&item).unreadable(source))?);
        }
        Ok(places)
    }

    /// Reads the leads of some places, several batches at a time, eventually consistent.
    async fn listed_leads(
        &self,
        tenant: &TenantId,
        places: &[ListPlace],
    ) -> Result<BTreeMap<HomeId, ListedLead>, StoreError> {
        let wanted = places.iter().filter_map(ListPlace::lead);
        let keys: Vec<_> = wanted.map(|lead| keys::lead(tenant, lead)).collect();
        let batches = keys.chunks(BATCH).map(<[_]>::to_vec);
        let reads = batches.map(|batch| self.batch_get_as(&self.leads_table, batch, None, false));
        let read: Vec<Vec<Item>> =
            stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
        let listed = read.into_iter().flatten().map(leads::from_item);
        listed.map(|listed| listed.map(|listed| (listed.lead.survivor.id, listed))).collect()
    }
}
