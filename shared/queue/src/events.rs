//! Events on their way from `ingest` to `score`: the events of one home, one message or few.
//!
//! Invariant: group and deduplication id are functions of the message, and carry no personal
//! value. Both are optimisations: nothing downstream counts on order or on deduplication.

use std::{fmt, io};

use aws_sdk_sqs::{Client, Config};
use domain::{
    event::{Arrival, EventId},
    home::HomeRef,
    tenant::TenantId,
};
use serde::{Deserialize, Serialize};

use crate::{
    error::SendError,
    outbox::{self, Fifo, Outgoing},
};

/// The most events in one message: what `score` can commit in one transaction.
pub const MAX_EVENTS: usize = 90;

/// The most bytes that the events of one message take, with room below 256 KiB for the rest.
const MAX_BYTES: usize = 240 * 1024;

/// Events of one home.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventsMessage {
    /// Whose events they are.
    pub tenant: TenantId,
    /// The home that all of them are stored in.
    pub home: HomeRef,
    /// The events, in the order in which they came.
    pub events: Vec<Arrival>,
}

/// The queue that `score` reads.
#[derive(Clone)]
pub struct EventsQueue {
    client: Client,
    url: String,
}

impl EventsMessage {
    /// Distributes the events of one home over messages that are small enough, in order.
    pub fn split(
        tenant: &TenantId,
        home: HomeRef,
        events: impl IntoIterator<Item = Arrival>,
    ) -> Vec<Self> {
        let mut messages: Vec<Self> = Vec::new();
        let mut bytes = 0;
        for event in events {
            let size = json_size(&event) + 1;
            match messages.last_mut() {
                Some(message) if message.events.len() < MAX_EVENTS && bytes + size <= MAX_BYTES => {
                    bytes += size;
                    message.events.push(event);
                }
                _ => {
                    bytes = size;
                    messages.push(Self { tenant: tenant.clone(), home, events: vec![event] });
                }
            }
        }
        messages
    }

    /// Returns the group: messages of one home are received in order.
    pub fn group_id(&self) -> String {
        format!("{}#{}", self.tenant, self.home.id)
    }

    /// Returns the id by which the queue drops a message that is sent again within five minutes.
    pub fn deduplication_id(&self) -> String {
        let mut parts: Vec<&[u8]> = vec![self.tenant.as_str().as_bytes(), self.home.id.as_bytes()];
        parts.extend(self.events.iter().map(|arrival| arrival.event.event_id.as_str().as_bytes()));
        EventId::hashed(&parts).into()
    }
}

impl EventsQueue {
    /// Takes the SDK's configuration and the queue's URL.
    pub fn new(config: impl Into<Config>, url: impl Into<String>) -> Self {
        Self { client: Client::from_conf(config.into()), url: url.into() }
    }

    /// Sends messages and returns what became of each, in the order given.
    pub async fn send(&self, messages: &[EventsMessage]) -> Vec<Result<(), SendError>> {
        let outgoing = messages.iter().map(outgoing).collect();
        outbox::send(&self.client, &self.url, outgoing).await
    }
}

fn outgoing(message: &EventsMessage) -> Result<Outgoing, SendError> {
    let fifo = Fifo { group: message.group_id(), deduplication: message.deduplication_id() };
    Ok(Outgoing { body: outbox::body(message)?, fifo: Some(fifo), delay_seconds: None })
}

impl fmt::Debug for EventsQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventsQueue").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Counts the bytes of a value's JSON without keeping them.
fn json_size<T: Serialize>(value: &T) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // What cannot be written is told when it is sent.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

#[cfg(test)]
mod tests {
    use domain::{
        event::{Event, Sealed},
        home::HomeId,
        identity::Kind,
        time::Timestamp,
    };
    use proptest::prelude::*;

    use super::*;

    fn home() -> HomeRef {
        HomeRef { kind: Kind::UserId, id: HomeId::from_bytes([7; 16]) }
    }

    fn arrival(id: usize, bytes: usize) -> Arrival {
        let now = Timestamp::from_millis(0).unwrap();
        Arrival {
            event: Event {
                event_id: EventId::from_sender(&format!("e{id}")).unwrap(),
                event_type: "page_view".into(),
                home: home(),
                timestamp: now,
                received_at: now,
                properties: serde_json::Map::default(),
                context: serde_json::Map::default(),
                traits: serde_json::Map::default(),
                links: Vec::new(),
                edit: None,
            },
            identities: [(home().id, Sealed("x".repeat(bytes)))].into(),
            personal: std::collections::BTreeMap::default(),
            edited: std::collections::BTreeMap::default(),
        }
    }

    fn message(ids: &[usize]) -> EventsMessage {
        let events = ids.iter().map(|id| arrival(*id, 10)).collect();
        EventsMessage { tenant: "acme".parse().unwrap(), home: home(), events }
    }

    #[test]
    fn the_same_events_have_the_same_deduplication_id_and_others_another() {
        assert_eq!(message(&[1, 2]).deduplication_id(), message(&[1, 2]).deduplication_id());
        assert_ne!(message(&[1, 2]).deduplication_id(), message(&[2, 1]).deduplication_id());
        assert_ne!(message(&[12]).deduplication_id(), message(&[1, 2]).deduplication_id());
        let other = EventsMessage { tenant: "acme2".parse().unwrap(), ..message(&[1]) };
        assert_ne!(other.deduplication_id(), message(&[1]).deduplication_id());
        assert_eq!(message(&[1]).group_id(), "acme#lead_a4dqobyha4dqobyha4dqobyha4");
    }

    #[test]
    fn a_message_survives_being_written_and_read() {
        let sent = message(&[1, 2]);
        let body = outbox::body(&sent).unwrap();
        assert_eq!(serde_json::from_str::<EventsMessage>(&body).unwrap(), sent);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn splitting_keeps_every_event_in_order_and_every_message_small(
            sizes in prop::collection::vec(0_usize..110_000, 0..40), small in 0_usize..250,
        ) {
            let sizes: Vec<usize> =
                std::iter::repeat_n(10, small).chain(sizes).collect();
            let events: Vec<_> = sizes.iter().enumerate().map(|(i, n)| arrival(i, *n)).collect();
            let tenant = "acme".parse().unwrap();
            let messages = EventsMessage::split(&tenant, home(), events.clone());
            for message in &messages {
                prop_assert!(message.events.len() <= MAX_EVENTS);
                prop_assert!(outbox::body(message).unwrap().len() < 256 * 1024);
            }
            let kept: Vec<_> = messages.into_iter().flat_map(|m| m.events).collect();
            prop_assert_eq!(kept, events);
        }
    }
}
