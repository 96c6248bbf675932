//! Works a chunk of an import: every row becomes an event that says what the row says.
//!
//! Invariant: the same row makes the same event on every attempt, so a chunk that is worked again
//! stores nothing twice. All rows of a file are of the instant at which it was uploaded, and of
//! two about one person the later line wins: event ids begin with the line.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    actor::Actor,
    bulk::LineError,
    event::{Arrival, EventId},
    home::HomeId,
    identity::Identity,
    job::JobId,
    tenant::TenantId,
    time::Timestamp,
};
use files::{Chunk, FileKey, Row};
use futures_util::{StreamExt, TryStreamExt, stream};
use intake::edit::{Change, HandSet, Kind};
use scoring::ScoreError;
use search::concerned;
use serde::{Deserialize, Serialize};
use vault::Keyring;

use crate::{
    error::BulkError,
    handler::{Bulk, Owned},
    keyrings::Keyrings,
    parts::Parts,
    segment::{AT_ONCE, Came, Place},
};

/// What a chunk of an import counted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// How many rows it has.
    pub rows: u64,
    /// How many were brought in.
    pub imported: u64,
    /// What is wrong with the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<LineError>,
}

/// The rows about one home, by their lines.
type Group = (HomeId, Vec<(u64, Arrival)>);

impl<Q: Parts, K: Keyrings> Bulk<Q, K> {
    /// Brings in the rows of a chunk.
    pub(crate) async fn import(
        &self,
        place: Place<'_>,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Came, BulkError> {
        let known = self.known::<Tally>(place).await?;
        if known.done {
            return Ok(Came::Through(known.tally.rows));
        }
        let Owned { tenant, job } = place.owned;
        let keyring = self.needs.keyrings.keyring(tenant).await?;
        let key = FileKey::import(tenant, &job.id, place.segment);
        let staged = self.needs.files.get(&key).await?;
        let staged = staged.ok_or_else(|| BulkError::Lapsed(job.id.clone()))?;
        let Chunk { rows, invalid, mut errors } = Chunk::open(&staged, &keyring)?;
        let valid = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let (groups, unread) = groups(rows, &job.id, by, job.created_at, &keyring)?;
        let arrivals = groups.iter().flat_map(|(_, group)| group);
        let homes: BTreeSet<_> = arrivals.flat_map(|(_, arrival)| concerned(arrival)).collect();
        let refused = self.score_groups(tenant, groups, now).await?;
        self.indexer.refresh(tenant, &keyring, homes).await?;
        let lost = u64::try_from(unread.len() + refused.len()).unwrap_or(u64::MAX);
        errors.extend(unread);
        errors.extend(refused);
        errors.sort_by_key(|error| error.line);
        let tally = Tally { rows: valid + invalid, imported: valid - lost.min(valid), errors };
        // Another worker that was faster did the same.
        self.keep(place, &tally, None, true).await?;
        Ok(Came::Through(tally.rows))
    }

    /// Stores the rows, many people at a time, and returns what is wrong with those that cannot
    /// be stored.
    async fn score_groups(
        &self,
        tenant: &TenantId,
        groups: Vec<Group>,
        now: Timestamp,
    ) -> Result<Vec<LineError>, BulkError> {
        let all: Vec<_> =
            groups.into_iter().map(|group| self.score_group(tenant, group, now)).collect();
        let refused: Vec<Vec<_>> =
            stream::iter(all).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(refused.into_iter().flatten().collect())
    }

    /// Stores the rows about one person: all together, or one by one where one of them is too
    /// much for a transaction.
    async fn score_group(
        &self,
        tenant: &TenantId,
        (home, rows): Group,
        now: Timestamp,
    ) -> Result<Vec<LineError>, BulkError> {
        let arrivals = rows.iter().map(|(_, arrival)| arrival.clone()).collect();
        match self.scorer.score(tenant, home, arrivals, now).await {
            Ok(_) => return Ok(Vec::new()),
            Err(ScoreError::TooLarge(_)) => {}
            Err(error) => return Err(BulkError::Lead(home, error)),
        }
        let mut refused = Vec::new();
        for (line, arrival) in rows {
            match self.scorer.score(tenant, home, vec![arrival], now).await {
                Ok(_) => {}
                Err(ScoreError::TooLarge(_)) => refused.push(too_large(line)),
                Err(error) => return Err(BulkError::Lead(home, error)),
            }
        }
        Ok(refused)
    }
}

/// Makes the events of rows, and puts those of one home together, in the order of the file. Also
/// returns what is wrong with rows that say nothing of whom they are about.
fn groups(
    rows: Vec<Row>,
    job: &JobId,
    by: &Actor,
    at: Timestamp,
    keyring: &Keyring,
) -> Result<(Vec<Group>, Vec<LineError>), BulkError> {
    let (mut groups, mut unread) = (BTreeMap::<_, Vec<_>>::new(), Vec::new());
    for row in rows {
        let line = row.line;
        match arrival(row, job, by, at, keyring)? {
            Some(arrival) => {
                groups.entry(arrival.event.home.id).or_default().push((line, arrival));
            }
            None => unread.push(nobody(line)),
        }
    }
    Ok((groups.into_iter().collect(), unread))
}

fn arrival(
    row: Row,
    job: &JobId,
    by: &Actor,
    at: Timestamp,
    keyring: &Keyring,
) -> Result<Option<Arrival>, BulkError> {
    let identities = row.identities.iter();
    let identities: Vec<_> =
        identities.filter_map(|(kind, value)| Identity::new(*kind, value).ok()).collect();
    let hand = HandSet::default();
    let id = event_id(job, row.line);
    let mut change = Change::new(Kind::Imported, id, at, by.clone(), hand);
    change.edit.status = row.status;
    change.edit.assigned_to = row.assigned_to.map(domain::edit::Choice::Set);
    Ok(change.of_person(&identities, row.traits, keyring)?)
}

/// Names the event of a row. Ids are compared by bytes where the instant is the same.
fn event_id(job: &JobId, line: u64) -> EventId {
    let text = format!("import_{line:010}_{job}");
    // It is always short enough.
    EventId::from_sender(&text).unwrap_or_else(|_| EventId::hashed(&[text.as_bytes()]))
}

fn nobody(line: u64) -> LineError {
    refused(line, "no_identity", "the row names nobody")
}

fn too_large(line: u64) -> LineError {
    refused(line, "too_large", "the row joins more identities than can be written at once")
}

fn refused(line: u64, code: &str, message: &str) -> LineError {
    let (code, message) = (code.to_owned(), message.to_owned());
    LineError { line, column: None, field: None, code, message }
}
