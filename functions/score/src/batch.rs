//! Batches of the queue: group by group in order, a group up to the first message that fails.
//!
//! Invariant: a message is done only when all its events are in the tables, the leads found by what
//! they say, or in the queue of failed events. Every other message is reported as failed and comes
//! again; after five times it goes to the dead-letter queue.

use std::collections::{BTreeMap, BTreeSet};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{event::Arrival, home::HomeId, tenant::TenantId, time::Timestamp};
use futures_util::future::join_all;
use lambda::telemetry::told;
use queue::{EventsMessage, SendError, StandardQueue};
use scoring::{ScoreError, Scored, Scorer};
use search::{IndexError, concerned};
use serde::Serialize;

use lambda::keyrings::{KeyringError, Keyrings};

use crate::index::Finder;

/// An event that addresses a lead which does not exist, as the failed queue keeps it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StrayEvent {
    /// Whose event it was.
    pub tenant: TenantId,
    /// When the gateway received it.
    pub received_at: Timestamp,
    /// Who found it: `score`.
    pub source: &'static str,
    /// What is wrong with it: `unknown_lead`.
    pub code: &'static str,
    /// What is wrong with it, for people.
    pub message: String,
    /// The event; personal values are sealed in it.
    pub event: Arrival,
}

/// What batches are scored with.
#[derive(Debug)]
pub struct Needs<'n, K, F, S> {
    /// Writes leads.
    pub scorer: &'n Scorer,
    /// The keys of each tenant.
    pub keyrings: &'n K,
    /// Lets leads be found.
    pub finder: &'n F,
    /// Where stray events go.
    pub strays: &'n S,
}

/// Where stray events go.
pub trait Strays {
    /// Keeps them durably, or fails.
    fn keep(&self, strays: &[StrayEvent]) -> impl Future<Output = Result<(), SendError>> + Send;
}

impl Strays for StandardQueue {
    async fn keep(&self, strays: &[StrayEvent]) -> Result<(), SendError> {
        self.send_all(strays).await
    }
}

/// Why a group of messages was not done.
#[derive(Debug, thiserror::Error)]
enum GroupError {
    #[error("the message is not one of events")]
    Malformed(#[source] serde_json::Error),
    #[error("the keys of the tenant are missing")]
    Keys(#[from] KeyringError),
    #[error("the events were not all scored")]
    Score(#[from] ScoreError),
    #[error("stray events could not be set aside")]
    Strays(#[from] SendError),
    #[error("the leads cannot be found by it yet")]
    Find(#[from] IndexError),
}

/// Says that no message of a batch was done. The invocation fails, so that the function's error
/// metric shows it; the queue delivers all of them again, as it would have anyway.
#[derive(Debug, thiserror::Error)]
#[error("none of {0} messages was scored")]
pub struct NothingScored(usize);

/// Messages of one home that follow each other in a group.
#[derive(Debug)]
struct Run {
    tenant: TenantId,
    home: HomeId,
    events: Vec<Arrival>,
    message_ids: Vec<String>,
}

/// Scores a batch and names the messages that are to come again.
///
/// Groups run side by side, because they seldom share a lead, and exactness does not need them
/// to run one after the other.
pub async fn handle(
    needs: &Needs<'_, impl Keyrings, impl Finder, impl Strays>,
    batch: SqsEvent,
    now: Timestamp,
) -> Result<SqsBatchResponse, NothingScored> {
    let messages = batch.records.len();
    let mut groups: BTreeMap<String, Vec<SqsMessage>> = BTreeMap::new();
    for message in batch.records {
        let group = message.attributes.get("MessageGroupId").cloned().unwrap_or_default();
        groups.entry(group).or_default().push(message);
    }
    let runs = groups.into_values().map(|messages| score_group(needs, messages, now));
    let failed = join_all(runs).await.into_iter().flatten();
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failed.map(failure).collect();
    if messages > 0 && response.batch_item_failures.len() == messages {
        return Err(NothingScored(messages));
    }
    Ok(response)
}

fn failure(message_id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message_id;
    failure
}

/// Scores the messages of one group and returns the ids of those that are to come again: those
/// that cannot be read, which never will be, and the first that fails with all behind it.
///
/// A message that cannot be read stops nobody. If it did, those behind it would come again as
/// often as it does and follow it into the dead-letter queue.
async fn score_group(
    needs: &Needs<'_, impl Keyrings, impl Finder, impl Strays>,
    messages: Vec<SqsMessage>,
    now: Timestamp,
) -> Vec<String> {
    let (runs, mut again) = runs(messages);
    let mut runs = runs.into_iter();
    while let Some(run) = runs.next() {
        let ids = run.message_ids.clone();
        if let Err(error) = score_run(needs, run, now).await {
            report(&error, ids.first());
            again.extend(ids);
            again.extend(runs.flat_map(|run| run.message_ids));
            break;
        }
    }
    again
}

/// Joins messages of one home that follow each other; returns beside them the ids of messages that
/// cannot be read.
fn runs(messages: Vec<SqsMessage>) -> (Vec<Run>, Vec<String>) {
    let (mut runs, mut unreadable): (Vec<Run>, Vec<String>) = (Vec::new(), Vec::new());
    for message in messages {
        let id = message.message_id.unwrap_or_default();
        let body = message.body.as_deref().unwrap_or_default();
        let EventsMessage { tenant, home, events } = match serde_json::from_str(body) {
            Ok(read) => read,
            Err(error) => {
                report(&GroupError::Malformed(error), Some(&id));
                unreadable.push(id);
                continue;
            }
        };
        match runs.last_mut() {
            Some(run) if run.tenant == tenant && run.home == home.id => {
                run.events.extend(events);
                run.message_ids.push(id);
            }
            _ => runs.push(Run { tenant, home: home.id, events, message_ids: vec![id] }),
        }
    }
    (runs, unreadable)
}

async fn score_run(
    needs: &Needs<'_, impl Keyrings, impl Finder, impl Strays>,
    run: Run,
    now: Timestamp,
) -> Result<(), GroupError> {
    let Run { tenant, home, events, .. } = run;
    let mut found_by_other: BTreeSet<_> = events.iter().flat_map(concerned).collect();
    let keyring = needs.keyrings.keyring(&tenant).await?;
    let scored = needs.scorer.score(&keyring, home, events, now).await?;
    // Those of the erased as well: a run may have read one just before, and died since.
    found_by_other.extend(scored.living(found_by_other.clone()));
    let Scored { stored, known, write_units, strays: stray, .. } = scored;
    tracing::info!(%tenant, lead = %home, stored, known, write_units, strays = stray.len(), "scored");
    if !stray.is_empty() {
        let stray: Vec<_> = stray.into_iter().map(|event| stray_event(&tenant, event)).collect();
        needs.strays.keep(&stray).await?;
    }
    // After the commit, and again for events that were stored before: the run that stored them may
    // have died here.
    Ok(needs.finder.refresh(&keyring, found_by_other).await?)
}

fn stray_event(tenant: &TenantId, event: Arrival) -> StrayEvent {
    StrayEvent {
        tenant: tenant.clone(),
        received_at: event.event.received_at,
        source: "score",
        code: "unknown_lead",
        message: format!("there is no lead {}", event.event.home.id),
        event,
    }
}

fn report(error: &GroupError, message_id: Option<&String>) {
    let error = told(error);
    tracing::error!(message_id, error, "a group was given back to the queue");
}
