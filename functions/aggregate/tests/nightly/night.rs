//! Drives runs through the handler, with a queue that remembers.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};

use aggregate::{Aggregate, AggregateError, Clock, Shard, Shards};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::time::Timestamp;
use dynamo::Store;
use lambda::budget::Budget;
use queue::SendError;
use serde_json::{Value, json};
use shelf::Shelf;
use testing::{Faults, Tables};

use crate::holdings::{NoFiles, OneKeyring};

/// A shard queue in memory.
#[derive(Clone, Debug, Default)]
pub struct Queue(Arc<Mutex<VecDeque<Shard>>>);

impl Shards for Queue {
    async fn send(&self, shards: &[Shard]) -> Result<(), SendError> {
        self.0.lock().unwrap().extend(shards.iter().cloned());
        Ok(())
    }
}

impl Queue {
    pub fn waiting(&self) -> Vec<Shard> {
        self.0.lock().unwrap().iter().cloned().collect()
    }

    pub fn take(&self) -> Option<Shard> {
        self.0.lock().unwrap().pop_front()
    }
}

/// The function, with the queue that feeds it.
pub struct Night {
    aggregate: Aggregate<Queue, OneKeyring>,
    pub queue: Queue,
    /// Whether there is time for what can wait.
    pub has_time: bool,
    /// Goes on from the instant of an invocation, or stands still.
    pub clock: fn(Timestamp) -> Clock,
}

impl Night {
    pub fn new(store: Store) -> Self {
        let queue = Queue::default();
        Self::on(store, queue)
    }

    /// Another process on the same queue.
    pub fn on(store: Store, queue: Queue) -> Self {
        let segments = NonZeroU32::new(3).unwrap();
        Self::of(store, queue, segments)
    }

    /// One that plans runs of so many segments.
    pub fn of(shelf: impl Into<Shelf>, queue: Queue, segments: NonZeroU32) -> Self {
        let files = Arc::new(NoFiles);
        let aggregate = Aggregate::new(shelf, queue.clone(), OneKeyring, files, segments);
        Self { aggregate, queue, has_time: true, clock: Clock::at }
    }

    /// Invokes the function.
    pub async fn handle(&self, payload: Value, now: Timestamp) -> Result<Value, AggregateError> {
        let time = if self.has_time { Duration::from_mins(3) } else { Duration::ZERO };
        self.aggregate.handle(payload, (self.clock)(now), Budget::of(time)).await
    }

    /// Fires the schedule.
    pub async fn plan(&self, scheduled: &str, now: Timestamp) -> Result<(), AggregateError> {
        let payload = json!({"run": "nightly", "scheduled_time": scheduled});
        self.handle(payload, now).await.map(|answer| assert_eq!(answer, Value::Null))
    }

    /// Delivers a message.
    pub async fn deliver(&self, shard: Shard, now: Timestamp) -> Result<(), AggregateError> {
        let body = serde_json::to_string(&shard).unwrap();
        let payload = json!({"Records": [{"messageId": "m", "body": body}]});
        let answer = self.handle(payload, now).await?;
        assert_eq!(answer, json!({"batchItemFailures": []}));
        Ok(())
    }

    /// Delivers until the queue is empty or a delivery fails; the failed one stays in the queue.
    pub async fn drain(&self, now: Timestamp) -> Result<(), AggregateError> {
        while let Some(shard) = self.queue.waiting().first().cloned() {
            self.deliver(shard, now).await?;
            self.queue.0.lock().unwrap().pop_front();
        }
        Ok(())
    }

    /// Runs the night scheduled for that instant.
    pub async fn run(&self, scheduled: &str) {
        let now = at(scheduled).plus_millis(2_000);
        self.plan(scheduled, now).await.unwrap();
        self.drain(now).await.unwrap();
    }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Items by key, each by attribute.
pub type Items = BTreeMap<String, BTreeMap<String, String>>;

/// Runs a night until it dies after that many calls, then goes on; tells whether it died.
pub async fn dies_and_goes_on(
    tables: &Tables,
    calls: usize,
    answer_lost: bool,
    scheduled: &str,
) -> bool {
    let now = at(scheduled).plus_millis(2_000);
    let faults = Faults::crash_after(calls, answer_lost);
    let queue = Queue::default();
    let dying = Night::on(tables.with_faults(&faults), queue.clone());
    let planned = dying.plan(scheduled, now).await.is_ok();
    let done = planned && dying.drain(now).await.is_ok();

    let night = Night::on(tables.store.clone(), queue);
    if !planned {
        night.plan(scheduled, now).await.unwrap();
    }
    night.drain(now).await.unwrap();
    !done
}

/// Everything in the leads table.
pub async fn everything(tables: &Tables) -> Items {
    let mut pages = tables
        .client
        .scan()
        .table_name(tables.leads_table())
        .consistent_read(true)
        .into_paginator()
        .items()
        .send();
    let mut all = BTreeMap::new();
    while let Some(item) = pages.next().await {
        let item = item.unwrap();
        let key = format!("{} {}", item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap());
        let item = item.into_iter().map(|(name, value)| (name, text(&value)));
        let mut item: BTreeMap<String, String> = item.collect();
        // Chance names an entry of the audit log: here it is named by what it tells of.
        let key = match key.split_once(" audit#") {
            Some((tenant, _)) => {
                item.remove("sk");
                format!("{tenant} audit of {} {}", item["action"], item["object_id"])
            }
            None => key,
        };
        assert_eq!(all.insert(key, item), None, "told of once");
    }
    all
}

/// Writes a value: maps and sets come in any order.
fn text(value: &AttributeValue) -> String {
    match value {
        AttributeValue::M(map) => {
            let map: BTreeMap<_, _> = map.iter().map(|(name, value)| (name, text(value))).collect();
            format!("{map:?}")
        }
        AttributeValue::L(list) => format!("{:?}", list.iter().map(text).collect::<Vec<_>>()),
        AttributeValue::Ns(numbers) => format!("{:?}", numbers.iter().collect::<BTreeSet<_>>()),
        other => format!("{other:?}"),
    }
}
