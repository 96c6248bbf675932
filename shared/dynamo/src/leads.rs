//! Leads in the leads table: the hot item, written with every commit, so it is kept small.
//!
//! Invariant: what the index by score is keyed by (`stage`, `score`) is the lead as of the commit or
//! the last nightly run; everything else is exact.

use std::collections::BTreeMap;

use domain::{
    family::Member,
    home::{HomeId, HomeRef},
    identity::Kind,
    lead::{Crossing, Lead},
    stage::Stage,
    tenant::TenantId,
    time::Timestamp,
};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    error::StoreError,
    items::{self, Item, Place},
    keys,
    moves::ArchivedItem,
    places::Places,
    states::StateItem,
};

/// The score and stage that a lead is listed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The score shown.
    pub score: i64,
    /// The stage of that score.
    pub stage: Stage,
}

/// A lead with the standing that it is listed by.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedLead {
    /// The lead.
    pub lead: Lead,
    /// What the index is keyed by.
    pub standing: Standing,
    /// Whether it lies in every index where it belongs. One that former code wrote does not,
    /// until it is written again.
    pub is_placed: bool,
    /// When a nightly run last gave it its standing; `None` where a commit did since.
    pub relisted_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct LeadItem {
    version: u64,
    /// The homes with events, by id.
    homes: BTreeMap<HomeId, Kind>,
    /// The homes without events, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    silent_homes: BTreeMap<HomeId, Kind>,
    #[serde(default, skip_serializing_if = "is_false")]
    identity_limit: bool,
    #[serde(flatten)]
    state: StateItem,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crossing: Option<Crossing>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    erased_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    relisted_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    archived: Option<ArchivedItem>,
    score: i64,
    stage: Stage,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Says that a lead's item does not hold its own survivor.
#[derive(Debug, thiserror::Error)]
#[error("the survivor is not among the homes")]
struct NoSurvivor;

/// Writes a lead as its item; `lead.version` is the version it will have.
pub(crate) fn to_item(
    tenant: &TenantId,
    lead: &Lead,
    standing: Standing,
) -> Result<Item, StoreError> {
    let id = lead.survivor.id;
    let key = keys::lead(tenant, id);
    let place = || Place { pk: key.pk.clone(), sk: key.sk.clone() };
    let state = StateItem::new(&lead.state).map_err(|source| place().unreadable(source))?;
    let homes = |with_events: bool| {
        let wanted = lead.members.iter().filter(move |member| member.has_events == with_events);
        wanted.map(|member| (member.home.id, member.home.kind)).collect()
    };
    let content = LeadItem {
        version: lead.version,
        homes: homes(true),
        silent_homes: homes(false),
        identity_limit: lead.identity_limit,
        state,
        crossing: lead.crossing,
        erased_at: lead.erased.map(Timestamp::millis),
        relisted_at: None,
        archived: lead.archived.as_ref().map(ArchivedItem::from),
        score: standing.score,
        stage: standing.stage,
    };
    let mut item = items::write(&key, &content)?;
    Places::of(tenant, id, &lead.state, standing).write(&mut item);
    Ok(item)
}

/// Reads a lead from its item, in the table or in the index.
pub(crate) fn from_item(item: Item) -> Result<ListedLead, StoreError> {
    let place = Place::of(&item);
    let (_, id) = items::home_of(&item)?;
    let is_in_indexes = Places::are_in(&item);
    let content: LeadItem = items::read(item)?;
    let member = |has_events| move |(id, kind)| Member { home: HomeRef { kind, id }, has_events };
    let mut members: Vec<_> = content.homes.into_iter().map(member(true)).collect();
    members.extend(content.silent_homes.into_iter().map(member(false)));
    members.sort_by_key(|member| member.home.id);
    let survivor = members.iter().find(|member| member.home.id == id).map(|member| member.home);
    let state = content.state.into_state(&place, id)?;
    let is_placed = is_in_indexes || state.work.is_deleted(id);
    let instant = |millis: Option<i64>| {
        let instant = millis.map(Timestamp::from_millis).transpose();
        instant.map_err(|source| place.unreadable(source))
    };
    let relisted_at = instant(content.relisted_at)?;
    let archived = content.archived.map(|archived| archived.read(&place)).transpose()?;
    let lead = Lead {
        survivor: survivor.ok_or_else(|| place.unreadable(NoSurvivor))?,
        version: content.version,
        members,
        identity_limit: content.identity_limit,
        state,
        crossing: content.crossing,
        erased: instant(content.erased_at)?,
        archived,
    };
    let standing = Standing { score: content.score, stage: content.stage };
    Ok(ListedLead { lead, standing, is_placed, relisted_at })
}

/// A place in the list by score: that of the last lead seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScorePlace {
    /// The score that it was listed by.
    pub score: i64,
    /// The lead.
    pub lead: HomeId,
}

impl Store {
    /// Reads a lead by its survivor, strongly consistent.
    pub async fn lead(
        &self,
        tenant: &TenantId,
        survivor: HomeId,
    ) -> Result<Option<Lead>, StoreError> {
        Ok(self.listed_lead(tenant, survivor).await?.map(|listed| listed.lead))
    }

    /// Reads a lead by its survivor with the standing that it is listed by, strongly consistent.
    pub async fn listed_lead(
        &self,
        tenant: &TenantId,
        survivor: HomeId,
    ) -> Result<Option<ListedLead>, StoreError> {
        let item = self.get_lead_item(&keys::lead(tenant, survivor), true).await?;
        item.map(from_item).transpose()
    }

    /// Lists the leads of one stage by descending score as it was materialised, after a place.
    ///
    /// Reads at most `limit` entries from each shard of the index and returns the first `limit`.
    pub async fn leads_by_score(
        &self,
        tenant: &TenantId,
        stage: Stage,
        after: Option<ScorePlace>,
        limit: u16,
    ) -> Result<Vec<ListedLead>, StoreError> {
        let shards = (0..keys::LIST_SHARDS).map(|shard| {
            self.score_shard(keys::score_partition(tenant, stage, shard), after, limit)
        });
        let items = try_join_all(shards).await?.into_iter().flatten();
        let mut listed = items.map(from_item).collect::<Result<Vec<_>, _>>()?;
        listed.sort_by_key(|listed| {
            std::cmp::Reverse((listed.standing.score, listed.lead.survivor.id.to_string()))
        });
        listed.truncate(limit.into());
        Ok(listed)
    }

    async fn score_shard(
        &self,
        partition: String,
        after: Option<ScorePlace>,
        limit: u16,
    ) -> Result<Vec<Item>, StoreError> {
        let mut query = self
            .client
            .query()
            .table_name(&self.leads_table)
            .index_name("by_score")
            .scan_index_forward(false)
            .limit(limit.into())
            .expression_attribute_values(":pk", items::text(partition));
        query = match after {
            Some(place) => query
                .key_condition_expression("by_score_pk = :pk AND by_score_sk < :after")
                .expression_attribute_values(
                    ":after",
                    items::text(keys::score_rank(place.score, place.lead)),
                ),
            None => query.key_condition_expression("by_score_pk = :pk"),
        };
        let mut pages = query.into_paginator().items().send();
        let mut items = Vec::new();
        while items.len() < usize::from(limit) {
            match pages.next().await {
                Some(Ok(item)) => items.push(item),
                Some(Err(error)) => return Err(StoreError::from_sdk("Query", &error)),
                None => break,
            }
        }
        Ok(items)
    }
}
