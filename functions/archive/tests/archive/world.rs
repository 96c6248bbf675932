//! An archive and what is done to it.

use std::time::Duration;

use archive::{Archive, ArchiveError};
use bytes::Bytes;
use domain::{event::Event, tenant::TenantId};
use lake::Row;
use lambda::budget::Budget;
use serde_json::{Value, json};
use testing::an_event;

use crate::memory::Memory;

/// The archive with the memory that it works on.
pub(crate) struct World {
    pub(crate) memory: Memory,
    archive: Archive<Memory, Memory>,
    budget: Duration,
}

impl World {
    /// A bucket with nothing in it.
    pub(crate) fn new() -> Self {
        Self::on(Memory::default(), usize::MAX)
    }

    /// An archive that puts at most that many bytes of events together.
    pub(crate) fn with_group_bytes(group_bytes: usize) -> Self {
        Self::on(Memory::default(), group_bytes)
    }

    /// An archive whose invocations have time for the least only.
    pub(crate) fn in_a_hurry() -> Self {
        Self { budget: Duration::ZERO, ..Self::new() }
    }

    fn on(memory: Memory, group_bytes: usize) -> Self {
        let archive = Archive::new(memory.clone(), memory.clone(), group_bytes);
        Self { memory, archive, budget: Duration::from_mins(1) }
    }

    pub(crate) async fn handle(&self, payload: Value) -> Result<Value, ArchiveError> {
        self.archive.handle(payload, Budget::of(self.budget)).await
    }

    /// Archives events of a tenant as one batch; the first has that position.
    pub(crate) async fn store(
        &self,
        tenant: &TenantId,
        first: usize,
        events: &[Event],
    ) -> Result<(), ArchiveError> {
        let records = events.iter().enumerate();
        let records = records.map(|(index, event)| record(first + index, tenant, event));
        self.handle(batch(records)).await.map(drop)
    }

    /// Does what a night does: plans it, and works what the queue brings.
    pub(crate) async fn night(&self) -> Result<(), ArchiveError> {
        let schedule = json!({ "run": "compact", "scheduled_time": "2026-11-21T02:10:00Z" });
        self.handle(schedule).await?;
        self.drain().await
    }

    /// Works what the queue brings.
    pub(crate) async fn drain(&self) -> Result<(), ArchiveError> {
        while let Some(work) = self.memory.take() {
            self.deliver(&serde_json::to_string(&work).unwrap()).await?;
        }
        Ok(())
    }

    pub(crate) async fn deliver(&self, body: &str) -> Result<(), ArchiveError> {
        let message = json!({ "messageId": "m", "body": body, "eventSource": "aws:sqs" });
        self.handle(json!({ "Records": [message] })).await.map(drop)
    }

    /// Returns the keys of the objects with events.
    pub(crate) fn keys(&self) -> Vec<String> {
        let objects = self.memory.objects();
        objects.into_keys().filter(|key| key.starts_with("events/")).collect()
    }

    /// Returns every row of every object.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let objects = self.memory.objects().into_iter();
        let files = objects.filter(|(key, _)| key.starts_with("events/"));
        files.flat_map(|(_, content)| rows(content)).collect()
    }
}

/// Reads an object.
pub(crate) fn rows(content: Bytes) -> Vec<Row> {
    lake::read(content).unwrap()
}

/// What is to be seen of events when copies are left out.
pub(crate) fn seen(events: &[Event]) -> Vec<Row> {
    lake::once_each(events.iter().map(|event| Row::try_from(event).unwrap()).collect())
}

/// Page views at noon of a day, each of somebody else.
pub(crate) fn events(day: i64, count: usize) -> Vec<Event> {
    let of = |n: usize| {
        let event = an_event(format!("{day}-{n}")).days_later(day);
        event.by(domain::identity::Kind::UserId, &format!("u{n}")).event()
    };
    (0..count).map(of).collect()
}

/// A batch of the stream.
pub(crate) fn batch(records: impl IntoIterator<Item = Value>) -> Value {
    json!({ "Records": records.into_iter().collect::<Vec<_>>() })
}

/// The record of an event that was put.
pub(crate) fn record(position: usize, tenant: &TenantId, event: &Event) -> Value {
    json!({
        "eventID": format!("{position:032x}"),
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "SequenceNumber": sequence(position),
            "NewImage": image(tenant, event),
            "StreamViewType": "NEW_IMAGE",
        },
    })
}

pub(crate) fn sequence(position: usize) -> String {
    format!("4421584500000000{position:010}")
}

fn image(tenant: &TenantId, event: &Event) -> Value {
    let home = &event.home;
    let mut image = json!({
        "pk": { "S": format!("{tenant}#{}", home.id) },
        "sk": { "S": event.event_id },
        "event_type": { "S": event.event_type },
        "kind": { "S": home.kind },
        "timestamp": { "N": event.timestamp.millis().to_string() },
        "received_at": { "N": event.received_at.millis().to_string() },
    });
    if !event.properties.is_empty() {
        image["properties"] = json!({ "S": Value::from(event.properties.clone()).to_string() });
    }
    image
}
