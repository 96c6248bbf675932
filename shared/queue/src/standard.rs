//! A standard queue: messages as JSON, in no order.

use std::fmt;

use aws_sdk_sqs::{Client, Config};
use serde::Serialize;

use crate::{
    error::SendError,
    outbox::{self, Outgoing},
};

/// A queue without order or deduplication.
#[derive(Clone)]
pub struct StandardQueue {
    client: Client,
    url: String,
}

impl StandardQueue {
    /// Takes the SDK's configuration and the queue's URL.
    pub fn new(config: impl Into<Config>, url: impl Into<String>) -> Self {
        Self { client: Client::from_conf(config.into()), url: url.into() }
    }

    /// Sends each message as JSON and returns what became of each, in the order given.
    pub async fn send_each<T: Serialize>(&self, messages: &[T]) -> Vec<Result<(), SendError>> {
        let outgoing = messages
            .iter()
            .map(|message| outbox::body(message).map(|body| Outgoing { body, fifo: None }))
            .collect();
        outbox::send(&self.client, &self.url, outgoing).await
    }

    /// Sends each message as JSON; the first failure is returned, when all were tried.
    pub async fn send_all<T: Serialize>(&self, messages: &[T]) -> Result<(), SendError> {
        self.send_each(messages).await.into_iter().collect()
    }
}

impl fmt::Debug for StandardQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandardQueue").field("url", &self.url).finish_non_exhaustive()
    }
}
