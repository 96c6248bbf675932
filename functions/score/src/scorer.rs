//! Brings a group of arrivals into the tables, commit by commit.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use domain::{
    event::{Arrival, EventId},
    home::{HomeId, HomeRef},
    tenant::TenantId,
    time::Timestamp,
};
use dynamo::{CommitError, MAX_ITEMS, SettingsCache, Store, StoreError};
use queue::MAX_EVENTS;

use crate::{
    plan::{Context, Plan, plan},
    snapshot::Snapshot,
};

/// How many bytes of events go into one commit at most, of the 4 MB that the service allows.
const MAX_BYTES: usize = 3_500_000;

/// How often a commit is planned again before the group is given back to the queue.
const MAX_ATTEMPTS: u32 = 12;

/// Scores arrivals.
#[derive(Debug)]
pub struct Scorer {
    store: Store,
    settings: SettingsCache,
}

/// Why a group was not scored to its end. What was committed before stays.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// A table did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Other runs kept changing the same family.
    #[error("lead {0} kept changing under {MAX_ATTEMPTS} attempts")]
    Contended(HomeId),
    /// The lead was scored by newer code or rules; this run's may be a minute behind.
    #[error("lead {0} was scored by a newer version")]
    Outdated(HomeId),
    /// One event with its family is more than a transaction takes.
    #[error("an event of lead {0} changes more items than a transaction takes")]
    TooLarge(HomeId),
}

/// What became of a group.
#[derive(Debug, Default, PartialEq)]
pub struct Scored {
    /// How many events were stored.
    pub stored: usize,
    /// How many were stored already.
    pub known: usize,
    /// The write units that the commits took.
    pub write_units: f64,
    /// Events that address a lead that does not exist; nothing was stored for them.
    pub strays: Vec<Arrival>,
}

/// What one attempt came to.
enum Attempt {
    /// The arrivals are stored, for so many write units.
    Committed(f64),
    /// These arrivals were stored before.
    Known(BTreeSet<EventKey>),
    /// Another run was faster; nothing changed.
    Again,
}

type EventKey = (HomeId, EventId);

impl Scorer {
    /// Takes the tables.
    pub fn new(store: Store) -> Self {
        Self { store, settings: SettingsCache::default() }
    }

    /// Stores and scores arrivals of one home, in as few commits as they fit.
    ///
    /// Of several arrivals with the same event id the first counts.
    pub async fn score(
        &self,
        tenant: &TenantId,
        home: HomeId,
        arrivals: Vec<Arrival>,
        now: Timestamp,
    ) -> Result<Scored, ScoreError> {
        let settings = self.settings.get(&self.store, tenant).await?;
        let context = Context { store: &self.store, tenant, settings: &settings, now };
        let mut scored = Scored::default();
        let mut pending = distinct(arrivals, &mut scored);
        let Some(home) = resolve(context, home, &pending).await? else {
            scored.strays = pending;
            return Ok(scored);
        };
        for arrival in &mut pending {
            arrival.event.home = home;
        }
        let (mut attempts, mut most) = (0, MAX_EVENTS);
        while !pending.is_empty() {
            let next = pending.get(..fitting(&pending, most)).unwrap_or(&pending);
            match attempt(context, home, next).await {
                Ok(Attempt::Committed(write_units)) => {
                    scored.write_units += write_units;
                    scored.stored += next.len();
                    pending.drain(..next.len());
                    (attempts, most) = (0, MAX_EVENTS);
                    continue;
                }
                Ok(Attempt::Known(known)) => {
                    scored.known += known.len();
                    pending.retain(|arrival| !known.contains(&key(arrival)));
                    continue;
                }
                Err(ScoreError::TooLarge(_)) if next.len() > 1 => {
                    most = next.len() / 2;
                    continue;
                }
                Ok(Attempt::Again) => {}
                Err(ScoreError::Store(error)) if error.is_retryable() && attempts < 3 => {}
                Err(error) => return Err(error),
            }
            attempts += 1;
            if attempts >= MAX_ATTEMPTS {
                return Err(ScoreError::Contended(home.id));
            }
            tokio::time::sleep(pause(attempts)).await;
        }
        Ok(scored)
    }
}

/// Finds the kind of a home: from the home itself, or from an arrival that carries its identity.
///
/// `None` when events only address the home by its id and no such home exists.
async fn resolve(
    context: Context<'_>,
    home: HomeId,
    arrivals: &[Arrival],
) -> Result<Option<HomeRef>, StoreError> {
    let carrying = arrivals.iter().find(|arrival| arrival.identities.contains_key(&home));
    if let Some(arrival) = carrying {
        return Ok(Some(arrival.event.home));
    }
    let homes = context.store.homes(context.tenant, [home]).await?;
    Ok(homes.get(&home).map(|home| home.home))
}

async fn attempt(
    context: Context<'_>,
    home: HomeRef,
    arrivals: &[Arrival],
) -> Result<Attempt, ScoreError> {
    let snapshot = Snapshot::read(context.store, context.tenant, home, arrivals).await?;
    let known = known(context, home, arrivals, &snapshot).await?;
    if !known.is_empty() {
        return Ok(Attempt::Known(known));
    }
    let (commit, past_days) = match plan(context, home, arrivals, snapshot).await? {
        Plan::Commit { commit, past_days } => (commit, past_days),
        Plan::Unsettled => return Ok(Attempt::Again),
        Plan::Outdated => return Err(ScoreError::Outdated(home.id)),
    };
    if commit.len() > MAX_ITEMS {
        return Err(ScoreError::TooLarge(home.id));
    }
    // The mark comes first: a run that dies before the commit leaves a mark too many, never one
    // too few.
    for day in past_days {
        context.store.mark_dirty_day(context.tenant, day, context.now).await?;
    }
    match context.store.commit(context.tenant, &commit).await {
        Ok(write_units) => Ok(Attempt::Committed(write_units)),
        Err(CommitError::Stored(known)) => Ok(Attempt::Known(known)),
        Err(CommitError::Changed) => Ok(Attempt::Again),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}

/// Looks up which arrivals are stored already, among those that can be: a stored event is never
/// later than the last one folded. Redelivered batches cost reads that way, and no writes.
async fn known(
    context: Context<'_>,
    home: HomeRef,
    arrivals: &[Arrival],
    snapshot: &Snapshot,
) -> Result<BTreeSet<EventKey>, StoreError> {
    let lead = snapshot.lead_of(home.id);
    let Some(last) = lead.and_then(|lead| lead.state.last_position.as_ref()) else {
        return Ok(BTreeSet::new());
    };
    let late = arrivals.iter().filter(|arrival| arrival.event.position() <= *last);
    let late: Vec<EventKey> = late.map(key).collect();
    context.store.stored_events(context.tenant, late).await
}

/// Drops arrivals that repeat an earlier one.
fn distinct(arrivals: Vec<Arrival>, scored: &mut Scored) -> Vec<Arrival> {
    let all = arrivals.len();
    let mut seen = HashSet::new();
    let distinct: Vec<_> =
        arrivals.into_iter().filter(|arrival| seen.insert(key(arrival))).collect();
    scored.known = all - distinct.len();
    distinct
}

fn key(arrival: &Arrival) -> EventKey {
    (arrival.event.home.id, arrival.event.event_id.clone())
}

/// Counts the first arrivals, at most `most`, that fit the bytes of a commit; at least one.
fn fitting(arrivals: &[Arrival], most: usize) -> usize {
    let sizes = arrivals.iter().take(most).scan(0, |bytes, arrival| {
        *bytes += size(arrival);
        Some(*bytes)
    });
    sizes.take_while(|bytes| *bytes <= MAX_BYTES).count().max(1)
}

/// Estimates the bytes of an event's item from above: its free-form parts as JSON text, and 1 KB.
fn size(arrival: &Arrival) -> usize {
    let event = &arrival.event;
    let parts = [&event.properties, &event.context, &event.traits];
    let text = |map: &&serde_json::Map<String, serde_json::Value>| {
        map.iter().map(|(name, value)| name.len() + value.to_string().len() + 4).sum::<usize>()
    };
    1_024 + parts.iter().map(text).sum::<usize>()
}

/// Waits longer after each attempt, by 5 ms doubled up to 320 ms, half of it left to chance.
fn pause(attempts: u32) -> Duration {
    let longest = 5_u64 << attempts.min(6);
    Duration::from_millis(fastrand::u64(longest / 2..=longest))
}
