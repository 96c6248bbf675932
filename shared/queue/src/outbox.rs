//! Sending: many messages in few calls, and what becomes of each.
//!
//! Invariant: every message is answered for exactly once. A call that failed as a whole was
//! retried by the SDK already; entries that failed inside an answered call are retried here.

use std::time::Duration;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use aws_sdk_sqs::{Client, operation::send_message_batch::SendMessageBatchOutput};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::error::SendError;

/// The most entries that one call takes.
const CALL_ENTRIES: usize = 10;

/// The most bytes that one call carries, with room below the limit of 256 KiB.
const CALL_BYTES: usize = 250 * 1024;

/// How many calls are under way at once.
const CONCURRENT_CALLS: usize = 8;

/// How often an entry is offered.
const ATTEMPTS: u32 = 4;

const FIRST_BACKOFF_MS: u64 = 50;

/// A message as the queue takes it.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) body: String,
    /// The group and the deduplication id; a standard queue has neither.
    pub(crate) fifo: Option<Fifo>,
    /// After how many seconds it may be received; a FIFO queue takes no delay.
    pub(crate) delay_seconds: Option<i32>,
}

#[derive(Clone, Debug)]
pub(crate) struct Fifo {
    pub(crate) group: String,
    pub(crate) deduplication: String,
}

/// A message on its way: its place among those given, and itself.
type Entry = (usize, Outgoing);

type Outcome = (usize, Result<(), SendError>);

/// Sends every message and returns what became of each, in the order given.
pub(crate) async fn send(
    client: &Client,
    queue_url: &str,
    messages: Vec<Result<Outgoing, SendError>>,
) -> Vec<Result<(), SendError>> {
    let mut outcomes: Vec<Result<(), SendError>> = Vec::with_capacity(messages.len());
    let mut entries = Vec::with_capacity(messages.len());
    for (place, message) in messages.into_iter().enumerate() {
        match message {
            Ok(message) => {
                entries.push((place, message));
                // A call that is lost, by a panic inside the SDK, counts as failed.
                outcomes.push(Err(SendError::Unavailable { code: "lost".to_owned() }));
            }
            Err(error) => outcomes.push(Err(error)),
        }
    }
    let mut calls = calls(entries).into_iter();
    let mut under_way = JoinSet::new();
    loop {
        while under_way.len() < CONCURRENT_CALLS
            && let Some(call) = calls.next()
        {
            under_way.spawn(send_call(client.clone(), queue_url.to_owned(), call));
        }
        let Some(ended) = under_way.join_next().await else { return outcomes };
        for (place, outcome) in ended.unwrap_or_default() {
            if let Some(slot) = outcomes.get_mut(place) {
                *slot = outcome;
            }
        }
    }
}

/// Distributes messages over calls, in order.
fn calls(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut calls: Vec<Vec<Entry>> = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        let size = entry.1.body.len();
        match calls.last_mut() {
            Some(call) if call.len() < CALL_ENTRIES && bytes + size <= CALL_BYTES => {
                bytes += size;
                call.push(entry);
            }
            _ => {
                bytes = size;
                calls.push(vec![entry]);
            }
        }
    }
    calls
}

async fn send_call(client: Client, queue_url: String, mut entries: Vec<Entry>) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(entries.len());
    for attempt in 0.. {
        let answer = client
            .send_message_batch()
            .queue_url(&queue_url)
            .set_entries(Some(entries.iter().filter_map(request_entry).collect()))
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let error = SendError::from_sdk(&error);
                outcomes.extend(entries.into_iter().map(|(place, _)| (place, Err(error.clone()))));
                break;
            }
        };
        entries = settle(&answer, entries, attempt, &mut outcomes);
        if entries.is_empty() {
            break;
        }
        tokio::time::sleep(backoff(attempt, &entries)).await;
    }
    outcomes
}

fn request_entry((place, message): &Entry) -> Option<SendMessageBatchRequestEntry> {
    let (group, deduplication) =
        message.fifo.as_ref().map(|fifo| (fifo.group.clone(), fifo.deduplication.clone())).unzip();
    SendMessageBatchRequestEntry::builder()
        .id(place.to_string())
        .message_body(&message.body)
        .set_message_group_id(group)
        .set_message_deduplication_id(deduplication)
        .set_delay_seconds(message.delay_seconds)
        .build()
        .ok()
}

/// Notes what an answered call settles, and returns the entries that are worth another attempt.
fn settle(
    answer: &SendMessageBatchOutput,
    entries: Vec<Entry>,
    attempt: u32,
    outcomes: &mut Vec<Outcome>,
) -> Vec<Entry> {
    let mut again = Vec::new();
    for entry in entries {
        let place = entry.0;
        let id = place.to_string();
        if answer.successful().iter().any(|success| success.id() == id) {
            outcomes.push((place, Ok(())));
            continue;
        }
        let failure = answer.failed().iter().find(|failure| failure.id() == id);
        let code = failure.map_or("no answer", |failure| failure.code()).to_owned();
        if failure.is_some_and(aws_sdk_sqs::types::BatchResultErrorEntry::sender_fault) {
            let request_id = "in a batch".to_owned();
            outcomes.push((place, Err(SendError::Refused { code, request_id })));
        } else if attempt + 1 >= ATTEMPTS {
            outcomes.push((place, Err(SendError::Unavailable { code })));
        } else {
            tracing::warn!(code, attempt, "a queue entry failed and is sent again");
            again.push(entry);
        }
    }
    again
}

/// Waits longer each time, and not as long as others do.
///
/// The jitter is taken from the message itself: senders that retry at the same moment hold
/// different messages, so no randomness is needed.
fn backoff(attempt: u32, entries: &[Entry]) -> Duration {
    let base = FIRST_BACKOFF_MS << attempt.min(6);
    let seed = entries
        .iter()
        .flat_map(|(_, message)| message.body.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    Duration::from_millis(base + seed.rotate_left(attempt) % base)
}

/// Writes a message as JSON that SQS accepts.
///
/// SQS refuses bodies with characters that XML 1.0 lacks. JSON escapes all of them but U+FFFE
/// and U+FFFF, which can only stand inside its strings, so they are escaped here.
pub(crate) fn body<T: Serialize>(message: &T) -> Result<String, SendError> {
    let text = serde_json::to_string(message)
        .map_err(|error| SendError::Unwritable(std::sync::Arc::new(error)))?;
    if text.contains(['\u{fffe}', '\u{ffff}']) {
        return Ok(text.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff"));
    }
    Ok(text)
}

#[cfg(test)]
#[path = "outbox/tests.rs"]
mod tests;
