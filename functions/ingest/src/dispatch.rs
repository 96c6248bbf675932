//! Sending: the events of one home together, failed items to their own queue.
//!
//! Invariant: nothing is sent before everything was read, and what was sent is known item by
//! item.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
};

use domain::{
    event::{Arrival, EventId},
    home::{HomeId, HomeRef},
    tenant::TenantId,
};
use queue::{EventsMessage, EventsQueue, FailedItem, SendError, StandardQueue};

/// Where events and failed items go.
pub trait Outbox {
    /// Sends messages and returns what became of each, in the order given.
    fn send_events(
        &self,
        messages: &[EventsMessage],
    ) -> impl Future<Output = Vec<Result<(), SendError>>> + Send;

    /// Sends failed items; the first failure is returned.
    fn send_failed(
        &self,
        items: &[FailedItem],
    ) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// The queues of an installation.
#[derive(Debug)]
pub struct Queues {
    /// The queue that `score` reads.
    pub events: EventsQueue,
    /// The queue of items that were not accepted.
    pub failed: StandardQueue,
}

impl Outbox for Queues {
    async fn send_events(&self, messages: &[EventsMessage]) -> Vec<Result<(), SendError>> {
        self.events.send(messages).await
    }

    async fn send_failed(&self, items: &[FailedItem]) -> Result<(), SendError> {
        self.failed.send_all(items).await
    }
}

/// The events that were not queued.
#[derive(Debug, Default)]
pub struct Unsent(HashSet<(HomeId, EventId)>);

impl Unsent {
    /// Tells whether that event was not queued.
    pub fn contains(&self, home: HomeId, event_id: &EventId) -> bool {
        self.0.contains(&(home, event_id.clone()))
    }

    /// Counts the events that were not queued.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether everything was queued.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Queues events, those of one home in as few messages as they fit into.
pub async fn queue<O: Outbox>(outbox: &O, tenant: &TenantId, arrivals: Vec<Arrival>) -> Unsent {
    let messages: Vec<EventsMessage> = by_home(arrivals)
        .into_iter()
        .flat_map(|(home, events)| EventsMessage::split(tenant, home, events))
        .collect();
    if messages.is_empty() {
        return Unsent::default();
    }
    let outcomes = outbox.send_events(&messages).await;
    let mut unsent = Unsent::default();
    for (message, outcome) in messages.iter().zip(outcomes) {
        let Err(error) = outcome else { continue };
        tracing::error!(%tenant, home = %message.home.id, %error, "a message was not queued");
        let events = message.events.iter().map(|arrival| arrival.event.event_id.clone());
        unsent.0.extend(events.map(|event_id| (message.home.id, event_id)));
    }
    unsent
}

/// Groups events by home in the order in which homes first appear. Of two copies of an event the
/// first is the event.
fn by_home(arrivals: Vec<Arrival>) -> Vec<(HomeRef, Vec<Arrival>)> {
    let mut seen = HashSet::new();
    let mut places: HashMap<HomeRef, usize> = HashMap::new();
    let mut groups: Vec<(HomeRef, Vec<Arrival>)> = Vec::new();
    for arrival in arrivals {
        let home = arrival.event.home;
        if !seen.insert((home.id, arrival.event.event_id.clone())) {
            continue;
        }
        let place = *places.entry(home).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, events)) => events.push(arrival),
            None => groups.push((home, vec![arrival])),
        }
    }
    groups
}
