//! A standard queue: messages as JSON, in no order.

use std::{fmt, time::Duration};

use aws_sdk_sqs::{Client, Config};
use serde::Serialize;

use crate::{
    error::SendError,
    outbox::{self, Outgoing},
};

/// The longest that a queue holds a message back.
pub const MAX_DELAY: Duration = Duration::from_mins(15);

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
        self.send_after(messages, None).await
    }

    /// Sends each message as JSON; the first failure is returned, when all were tried.
    pub async fn send_all<T: Serialize>(&self, messages: &[T]) -> Result<(), SendError> {
        self.send_each(messages).await.into_iter().collect()
    }

    /// Sends a message as JSON that is received no sooner than after `delay`, in whole seconds
    /// and at most [`MAX_DELAY`].
    pub async fn send_later<T: Serialize>(
        &self,
        message: &T,
        delay: Duration,
    ) -> Result<(), SendError> {
        let up = u64::from(delay.subsec_nanos() > 0);
        let seconds = delay.as_secs().saturating_add(up).min(MAX_DELAY.as_secs());
        let seconds = i32::try_from(seconds).unwrap_or(i32::MAX);
        self.send_after(&[message], Some(seconds)).await.into_iter().collect()
    }

    async fn send_after<T: Serialize>(
        &self,
        messages: &[T],
        delay_seconds: Option<i32>,
    ) -> Vec<Result<(), SendError>> {
        let outgoing = messages
            .iter()
            .map(|message| {
                let body = outbox::body(message)?;
                Ok(Outgoing { body, fifo: None, delay_seconds })
            })
            .collect();
        outbox::send(&self.client, &self.url, outgoing).await
    }
}

impl fmt::Debug for StandardQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandardQueue").field("url", &self.url).finish_non_exhaustive()
    }
}
