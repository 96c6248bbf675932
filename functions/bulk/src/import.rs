//! Works a chunk of an import: every row becomes an event that says what the row says.
//!
//! Invariant: the same row makes the same event on every attempt, so a chunk that is worked again
//! stores nothing twice. All rows of a file are of the instant at which it was uploaded, and of
//! two about one person the later one wins: event ids begin with the number of the row, which no
//! other row of the file has.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    actor::Actor,
    bulk::LineError,
    edit::InvalidEdit,
    event::{Arrival, EventId},
    home::HomeId,
    identity::Identity,
    job::JobId,
    time::Timestamp,
};
use files::{Chunk, FileKey, Row};
use futures_util::{StreamExt, TryStreamExt, stream};
use intake::edit::{Change, HandSet, Kind};
use queue::Parts;
use scoring::ScoreError;
use search::concerned;
use serde::{Deserialize, Serialize};
use vault::Keyring;

use lambda::keyrings::Keyrings;

use crate::{
    error::BulkError,
    handler::{Bulk, Owned},
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

/// What became of rows.
#[derive(Default)]
struct Scored {
    /// What is wrong with those that cannot be stored.
    refused: Vec<LineError>,
    /// The homes that may be found by something else now.
    homes: BTreeSet<HomeId>,
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
        let Scored { refused, homes } = self.score_groups(&keyring, groups, now).await?;
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

    /// Stores the rows, many people at a time.
    async fn score_groups(
        &self,
        keyring: &Keyring,
        groups: Vec<Group>,
        now: Timestamp,
    ) -> Result<Scored, BulkError> {
        let all: Vec<_> =
            groups.into_iter().map(|group| self.score_group(keyring, group, now)).collect();
        let mut scored = Scored::default();
        let mut groups = stream::iter(all).buffer_unordered(AT_ONCE);
        while let Some(group) = groups.try_next().await? {
            scored.refused.extend(group.refused);
            scored.homes.extend(group.homes);
        }
        Ok(scored)
    }

    /// Stores the rows about one person: all together, or one by one where one of them is too
    /// much for a transaction or cannot be kept.
    async fn score_group(
        &self,
        keyring: &Keyring,
        (home, rows): Group,
        now: Timestamp,
    ) -> Result<Scored, BulkError> {
        let arrivals: Vec<_> = rows.iter().map(|(_, arrival)| arrival.clone()).collect();
        let named: Vec<_> = arrivals.iter().flat_map(concerned).collect();
        match self.scorer.score(keyring, home, arrivals, now).await {
            Ok(scored) => {
                return Ok(Scored { homes: scored.living(named), ..Scored::default() });
            }
            Err(ScoreError::TooLarge(_) | ScoreError::Edit { .. }) => {}
            Err(error) => return Err(BulkError::Lead(home, error)),
        }
        let mut all = Scored::default();
        for (line, arrival) in rows {
            let named = concerned(&arrival);
            match self.scorer.score(keyring, home, vec![arrival], now).await {
                Ok(scored) => all.homes.extend(scored.living(named)),
                Err(ScoreError::TooLarge(_)) => all.refused.push(too_large(line)),
                Err(ScoreError::Edit { error, .. }) => {
                    all.refused.push(invalid_edit(line, &error));
                }
                Err(error) => return Err(BulkError::Lead(home, error)),
            }
        }
        Ok(all)
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
    let id = event_id(job, row.number);
    let mut change = Change::new(Kind::Imported, id, at, by.clone(), hand);
    change.edit.status = row.status;
    change.edit.assigned_to = row.assigned_to.map(domain::edit::Choice::Set);
    Ok(change.of_person(&identities, row.traits, keyring)?)
}

/// Names the event of a row. Ids are compared by bytes where the instant is the same.
fn event_id(job: &JobId, number: u64) -> EventId {
    let text = format!("import_{number:010}_{job}");
    // It is always short enough.
    EventId::from_sender(&text).unwrap_or_else(|_| EventId::hashed(&[text.as_bytes()]))
}

fn nobody(line: u64) -> LineError {
    refused(line, "no_identity", "the row names nobody")
}

fn too_large(line: u64) -> LineError {
    refused(line, "too_large", "the row joins more identities than can be written at once")
}

fn invalid_edit(line: u64, error: &InvalidEdit) -> LineError {
    let field = error.field().map(str::to_owned);
    LineError { field, ..refused(line, "invalid_edit", &error.to_string()) }
}

fn refused(line: u64, code: &str, message: &str) -> LineError {
    let (code, message) = (code.to_owned(), message.to_owned());
    LineError { line, column: None, field: None, code, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_cannot_be_kept_is_told_by_its_line_and_field() {
        let told = invalid_edit(7, &InvalidEdit::Null("title".to_owned()));
        assert_eq!((told.line, told.field.as_deref()), (7, Some("title")));
        assert_eq!((told.code.as_str(), told.message.contains("null")), ("invalid_edit", true));
        assert_eq!(invalid_edit(7, &InvalidEdit::NoRoom).field, None);
    }
}
