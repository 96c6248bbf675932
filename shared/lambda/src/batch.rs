//! Batches of a queue, each message by itself.
//!
//! Invariant: a message that was not done is named, so that the queue delivers it again. If that
//! are all of them the invocation fails, so that the function's error metric fires.

use std::error::Error;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};

use crate::telemetry::told;

/// How often a queue delivers a message before it gives it up; the template says the same.
const MAX_RECEIVES: u32 = 5;

/// Says that none of so many messages was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllFailed(pub usize);

/// Works each message and names those that are to come again.
///
/// # Errors
/// `AllFailed` when that are all of them.
pub async fn each<E: Error + 'static>(
    batch: SqsEvent,
    work: impl AsyncFn(&SqsMessage) -> Result<(), E>,
) -> Result<SqsBatchResponse, AllFailed> {
    let mut response = SqsBatchResponse::default();
    let messages = batch.records.len();
    for message in batch.records {
        // On the heap: in one piece the future is deeper than the compiler follows.
        if let Err(error) = Box::pin(work(&message)).await {
            let id = message.message_id.unwrap_or_default();
            let error = told(&error);
            tracing::error!(message_id = id, error, "a message was given back to the queue");
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
        }
    }
    if messages > 0 && response.batch_item_failures.len() == messages {
        return Err(AllFailed(messages));
    }
    Ok(response)
}

/// Tells whether a message will not come again: it was received as often as it ever is.
pub fn is_last_try(message: &SqsMessage) -> bool {
    let count = message.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1) >= MAX_RECEIVES
}
