//! The arrivals of one home on their way into commits: which are new, and how many fit one.

use std::collections::{BTreeSet, HashSet};

use domain::{
    event::{Arrival, EventId},
    home::{HomeId, HomeRef},
    tenant::TenantId,
};
use dynamo::{Store, StoreError};

use crate::{plan::Context, snapshot::Snapshot};

/// How many bytes of events go into one commit at most, of the 4 MB that the service allows.
const MAX_BYTES: usize = 3_500_000;

/// What names an event.
pub(crate) type EventKey = (HomeId, EventId);

/// Finds the kind of a home: from the home itself, or from an arrival that carries its identity.
///
/// `None` when events only address the home by its id and no such home exists.
pub(crate) async fn resolve(
    store: &Store,
    tenant: &TenantId,
    home: HomeId,
    arrivals: &[Arrival],
) -> Result<Option<HomeRef>, StoreError> {
    let carrying = arrivals.iter().find(|arrival| arrival.identities.contains_key(&home));
    if let Some(arrival) = carrying {
        return Ok(Some(arrival.event.home));
    }
    let homes = store.homes(tenant, [home]).await?;
    Ok(homes.get(&home).map(|home| home.home))
}

/// Looks up which arrivals are stored already, among those that can be: a stored event is never
/// later than the last one folded. Redelivered batches cost reads that way, and no writes.
pub(crate) async fn known(
    context: Context<'_>,
    home: HomeRef,
    arrivals: &[Arrival],
    snapshot: &Snapshot,
) -> Result<BTreeSet<EventKey>, StoreError> {
    let lead = snapshot.lead_of(home.id);
    let Some(last) = lead.and_then(|lead| lead.state.last_position.as_ref()) else {
        return Ok(BTreeSet::new());
    };
    let late = arrivals.iter().filter(|arrival| arrival.event.position() <= *last);
    let late: Vec<EventKey> = late.map(key).collect();
    context.store.stored_events(context.tenant, late).await
}

/// Drops arrivals that repeat an earlier one.
pub(crate) fn distinct(arrivals: Vec<Arrival>) -> Vec<Arrival> {
    let mut seen = HashSet::new();
    arrivals.into_iter().filter(|arrival| seen.insert(key(arrival))).collect()
}

pub(crate) fn key(arrival: &Arrival) -> EventKey {
    (arrival.event.home.id, arrival.event.event_id.clone())
}

/// Counts the first arrivals, at most `most`, that fit the bytes of a commit; at least one.
pub(crate) fn fitting(arrivals: &[Arrival], most: usize) -> usize {
    let sizes = arrivals.iter().take(most).scan(0, |bytes, arrival| {
        *bytes += size(arrival);
        Some(*bytes)
    });
    sizes.take_while(|bytes| *bytes <= MAX_BYTES).count().max(1)
}

/// Estimates the bytes of an event's item from above: its free-form parts as JSON text, and 1 KB.
fn size(arrival: &Arrival) -> usize {
    let event = &arrival.event;
    let parts = [&event.properties, &event.context, &event.traits];
    let text = |map: &&serde_json::Map<String, serde_json::Value>| {
        map.iter().map(|(name, value)| name.len() + value.to_string().len() + 4).sum::<usize>()
    };
    // Text that cannot be written fails where it is stored.
    let edit = event.edit.as_ref().and_then(|edit| serde_json::to_string(edit).ok());
    1_024 + parts.iter().map(text).sum::<usize>() + edit.map_or(0, |edit| edit.len())
}
