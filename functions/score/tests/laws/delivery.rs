//! Ways in which events arrive: in any order, split anywhere, some of them twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use domain::{event::Arrival, home::HomeId, tenant::TenantId, time::Timestamp};
use lambda::keyrings::{KeyringError, Keyrings};
use queue::{EventsMessage, SendError};
use score::{Finder, Needs, StrayEvent, Strays};
use scoring::Scorer;
use search::IndexError;
use testing::{Random, a_tenant, keyring};
use vault::Keyring;

/// How a set of events is delivered.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    /// Decides the order, the splits and which events come twice.
    pub seed: u64,
}

impl proptest::arbitrary::Arbitrary for Delivery {
    type Parameters = ();
    type Strategy = proptest::strategy::BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        use proptest::strategy::Strategy;
        proptest::num::u64::ANY.prop_map(|seed| Self { seed }).boxed()
    }
}

impl Delivery {
    /// Returns the batches: each a list of messages, each message events of one home.
    pub fn batches(self, arrivals: &[Arrival]) -> Vec<Vec<Vec<Arrival>>> {
        let mut random = Random::new(self.seed);
        let mut order: Vec<Arrival> = arrivals.to_vec();
        let twice: Vec<Arrival> =
            arrivals.iter().filter(|_| random.below(3) == 0).cloned().collect();
        order.extend(twice);
        random.shuffle(&mut order);
        let mut batches = Vec::new();
        while !order.is_empty() {
            let size = (1 + random.below(12)).min(order.len());
            let rest = order.split_off(size);
            batches.push(messages(order));
            order = rest;
        }
        batches
    }
}

fn messages(arrivals: Vec<Arrival>) -> Vec<Vec<Arrival>> {
    let mut by_home: BTreeMap<HomeId, Vec<Arrival>> = BTreeMap::new();
    for arrival in arrivals {
        by_home.entry(arrival.event.home.id).or_default().push(arrival);
    }
    by_home.into_values().collect()
}

/// Hands a batch to the handler again and again until every message is done.
pub async fn deliver(scorer: &Scorer, batch: Vec<Vec<Arrival>>, now: Timestamp) {
    let mut left = batch;
    for _ in 0..200 {
        left = try_once(scorer, left, now).await;
        if left.is_empty() {
            return;
        }
    }
    panic!("{} messages were not done after 200 deliveries", left.len());
}

/// Hands a batch to the handler once and returns the messages that are to come again.
pub async fn try_once(
    scorer: &Scorer,
    batch: Vec<Vec<Arrival>>,
    now: Timestamp,
) -> Vec<Vec<Arrival>> {
    let mut event = SqsEvent::default();
    event.records = batch.iter().enumerate().map(|(id, events)| message(id, events)).collect();
    let needs = Needs { scorer, keyrings: &Keys, finder: &NoIndex, strays: &NoStrays };
    let Ok(response) = score::handle(&needs, event, now).await else {
        return batch;
    };
    let failed: Vec<usize> = response
        .batch_item_failures
        .iter()
        .map(|failure| failure.item_identifier.parse().unwrap())
        .collect();
    let again = batch.into_iter().enumerate().filter(|(id, _)| failed.contains(id));
    again.map(|(_, message)| message).collect()
}

fn message(id: usize, events: &[Arrival]) -> SqsMessage {
    let home = events[0].event.home;
    let body = EventsMessage { tenant: a_tenant(), home, events: events.to_vec() };
    let mut message = SqsMessage::default();
    message.message_id = Some(id.to_string());
    message.attributes.insert("MessageGroupId".to_owned(), body.group_id());
    message.body = Some(serde_json::to_string(&body).unwrap());
    message
}

/// The laws are about leads, not about how they are found.
struct NoIndex;

impl Finder for NoIndex {
    async fn refresh(&self, _: &Keyring, _: BTreeSet<HomeId>) -> Result<(), IndexError> {
        Ok(())
    }
}

/// Hands out the keys of the test tenant.
struct Keys;

impl Keyrings for Keys {
    async fn keyring(&self, tenant: &TenantId) -> Result<Arc<Keyring>, KeyringError> {
        assert_eq!(*tenant, a_tenant());
        Ok(Arc::new(keyring()))
    }
}

struct NoStrays;

impl Strays for NoStrays {
    async fn keep(&self, strays: &[StrayEvent]) -> Result<(), SendError> {
        panic!("no event of these tests is stray, but {} were", strays.len());
    }
}
