//! Reads of many items at once.
//!
//! Invariant: at most [`AT_ONCE`] calls are under way for one read, and what is asked for is
//! read whole or not at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
};

use domain::{archived::EventHomes, event::Event, home::HomeId, lead::Home, tenant::TenantId};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{BATCH, Store, error::StoreError, events};

/// How many calls one read has under way at most.
const AT_ONCE: usize = 8;

impl Store {
    /// Reads homes like [`Store::homes`], several batches at a time.
    pub async fn many_homes(
        &self,
        tenant: &TenantId,
        ids: BTreeSet<HomeId>,
    ) -> Result<BTreeMap<HomeId, Home>, StoreError> {
        let ids: Vec<_> = ids.into_iter().collect();
        let batches = ids.chunks(BATCH).map(<[_]>::to_vec);
        let reads = batches.map(|batch| async move { self.homes(tenant, batch).await });
        let found: Vec<_> = stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Reads the events of several homes as far as they are folded, strongly consistent, in no
    /// useful order.
    pub async fn foldable_events(
        &self,
        tenant: &TenantId,
        homes: EventHomes,
    ) -> Result<Vec<Event>, StoreError> {
        Ok(self.metered_events(tenant, homes).await?.0)
    }

    /// Reads the events of several homes, strongly consistent, in no useful order; `None` when
    /// there are more than `at_most`. Edits and changes of consent come with them and are not counted.
    pub async fn events_of_homes(
        &self,
        tenant: &TenantId,
        homes: EventHomes,
        at_most: usize,
    ) -> Result<Option<Vec<Event>>, StoreError> {
        let read = &AtomicUsize::new(0);
        let reads = homes
            .into_vec()
            .into_iter()
            .map(|home| async move { self.events_while(tenant, home, read, at_most).await });
        let events: Vec<_> = stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
        let all: Option<Vec<Vec<_>>> = events.into_iter().collect();
        Ok(all.map(|events| events.into_iter().flatten().collect()))
    }

    /// Reads the events of a home while no more than `at_most` were counted in all; gives up with
    /// `None` beyond that.
    async fn events_while(
        &self,
        tenant: &TenantId,
        home: HomeId,
        read: &AtomicUsize,
        at_most: usize,
    ) -> Result<Option<Vec<Event>>, StoreError> {
        let mut pages = self.events_query(tenant, home).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::from_sdk("Query", &error))?;
            let items = page.items.unwrap_or_default().into_iter();
            let events = items.map(|item| events::from_item(home, item));
            let events: Vec<Event> = events.collect::<Result<_, _>>()?;
            let counted = events.iter().filter(|event| event.is_behaviour()).count();
            if read.fetch_add(counted, Ordering::Relaxed) + counted > at_most {
                return Ok(None);
            }
            found.extend(events);
        }
        Ok(Some(found))
    }
}
