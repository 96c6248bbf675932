//! Drives runs through the handler, with a queue that remembers.

use std::{
    collections::{BTreeMap, VecDeque},
    num::NonZeroU32,
    sync::{Arc, Mutex},
};

use aggregate::{Aggregate, AggregateError, Shard, Shards};
use domain::time::Timestamp;
use dynamo::Store;
use queue::SendError;
use serde_json::{Value, json};
use testing::Tables;

/// A shard queue in memory.
#[derive(Clone, Debug, Default)]
pub struct Queue(Arc<Mutex<VecDeque<Shard>>>);

impl Shards for Queue {
    async fn send(&self, shards: &[Shard]) -> Result<(), SendError> {
        self.0.lock().unwrap().extend(shards);
        Ok(())
    }
}

impl Queue {
    pub fn waiting(&self) -> Vec<Shard> {
        self.0.lock().unwrap().iter().copied().collect()
    }

    pub fn take(&self) -> Option<Shard> {
        self.0.lock().unwrap().pop_front()
    }
}

/// The function, with the queue that feeds it.
pub struct Night {
    pub aggregate: Aggregate<Queue>,
    pub queue: Queue,
}

impl Night {
    pub fn new(store: Store) -> Self {
        let queue = Queue::default();
        Self::on(store, queue)
    }

    /// Another process on the same queue.
    pub fn on(store: Store, queue: Queue) -> Self {
        let segments = NonZeroU32::new(3).unwrap();
        Self { aggregate: Aggregate::new(store, queue.clone(), segments), queue }
    }

    /// Fires the schedule.
    pub async fn plan(&self, scheduled: &str, now: Timestamp) -> Result<(), AggregateError> {
        let payload = json!({"run": "nightly", "scheduled_time": scheduled});
        self.aggregate.handle(payload, now).await.map(|answer| assert_eq!(answer, Value::Null))
    }

    /// Delivers a message.
    pub async fn deliver(&self, shard: Shard, now: Timestamp) -> Result<(), AggregateError> {
        let body = serde_json::to_string(&shard).unwrap();
        let payload = json!({"Records": [{"messageId": "m", "body": body}]});
        let answer = self.aggregate.handle(payload, now).await?;
        assert_eq!(answer, json!({"batchItemFailures": []}));
        Ok(())
    }

    /// Delivers until the queue is empty or a delivery fails; the failed one stays in the queue.
    pub async fn drain(&self, now: Timestamp) -> Result<(), AggregateError> {
        while let Some(shard) = self.queue.waiting().first().copied() {
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

/// Everything in the leads table, by key.
pub async fn everything(tables: &Tables) -> BTreeMap<String, BTreeMap<String, String>> {
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
        let text = |mut value: aws_sdk_dynamodb::types::AttributeValue| {
            if let aws_sdk_dynamodb::types::AttributeValue::Ns(numbers) = &mut value {
                numbers.sort();
            }
            // Maps print their keys in any order; sorted characters tell apart all we compare.
            let mut text: Vec<_> = format!("{value:?}").chars().collect();
            if matches!(value, aws_sdk_dynamodb::types::AttributeValue::M(_)) {
                text.sort_unstable();
            }
            text.into_iter().collect()
        };
        all.insert(key, item.into_iter().map(|(name, value)| (name, text(value))).collect());
    }
    all
}
