//! What notes and activities have in common: they lie beside a lead, in one of its homes.
//!
//! Invariant: who may not see the lead sees none of its entries, and what was changed meanwhile is
//! never overwritten. Where an entry lies, and its id, follow from the request that makes it, so
//! that the request makes one entry however often it is repeated under its `Idempotency-Key`. Its
//! words are sealed under the key of its home, and lost with that.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use domain::{
    entry::{Content, Entry, EntryId, EntryKind},
    event::Sealed,
    home::HomeId,
    lead::{Home, Lead, WrappedKey},
};
use dynamo::StoredEntry;
use lambda::problem::Problem;
use serde::{Deserialize, Serialize};
use vault::{Keyring, LeadKey, SealError};

use crate::{
    cursor,
    edits::failed,
    error::ApiError,
    guard::{Admitted, Change},
    lead,
    query::Query,
    reads::Reads,
    revision::{self, ATTEMPTS, IfMatch},
};

const LIMIT: u16 = 50;

/// A page of the longest entries is smaller than what the gateway takes as an answer, 6 MB.
const MOST: u16 = 100;

/// The longest text of an entry, in characters.
const MAX_TEXT: usize = 5_000;

/// What a cursor holds: the last entry listed, and the id of the lead it was asked under.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    under: String,
    before: EntryId,
}

/// Reads a page of the entries of a kind beside a lead, the latest first, and where it goes on.
pub(super) async fn page<C: Content>(
    reads: &Reads,
    admitted: &Admitted,
    lead: &str,
    query: Option<&str>,
) -> Result<(Vec<StoredEntry<C>>, Option<String>), ApiError> {
    let mut query = Query::parse(query, &["limit", "cursor"]);
    let limit = query.limit(LIMIT, MOST);
    let cursor = query.text("cursor");
    query.finish()?;
    let place: Option<Place> = cursor.as_deref().map(cursor::read).transpose()?;
    if place.as_ref().is_some_and(|place| place.under != lead || place.before.kind() != C::KIND) {
        return Err(cursor::invalid().into());
    }
    let before = place.as_ref().map(|place| &place.before);
    let found = lead::find(reads, admitted, lead).await?;
    let (tenant, one_more) = (admitted.tenant(), limit.saturating_add(1));
    let mut kept = reads.store.entries(tenant, homes(&found), before, one_more).await?;
    let place = |last: &StoredEntry<C>| {
        let before = last.entry.id.clone();
        Place { under: lead.to_owned(), before }
    };
    let next_cursor = cursor::cut(&mut kept, limit, place)?;
    Ok((kept, next_cursor))
}

/// Finds an entry of a kind beside a lead, or answers 404.
pub(super) async fn find<C: Content>(
    reads: &Reads,
    admitted: &Admitted,
    lead: &str,
    id: &str,
) -> Result<StoredEntry<C>, ApiError> {
    let lead = lead::find(reads, admitted, lead).await?;
    let id: EntryId = id.parse().map_err(|_| not_found(C::KIND))?;
    let found = reads.store.entry(admitted.tenant(), homes(&lead), &id).await?;
    Ok(found.ok_or_else(|| not_found(C::KIND))?)
}

/// Writes a new entry beside a lead, in the home whose id names the lead: a merge or unmerge
/// between two tries does not move it. The same creation again finds what it made.
pub(super) async fn create<C: Content>(
    reads: &Reads,
    admitted: &Admitted,
    lead: &str,
    content: impl FnOnce(&Writing<'_>) -> Result<C, SealError>,
) -> Result<StoredEntry<C>, ApiError> {
    let home: HomeId = lead.parse().map_err(|_| ApiError::lead_not_found())?;
    lead::find(reads, admitted, lead).await?;
    let (tenant, creation) = (admitted.tenant(), admitted.creation());
    let uuid = creation.uuid().to_string();
    // A text of this form is always an id.
    let id = EntryId::new(C::KIND, &uuid)
        .map_err(|error| Problem::bad_request("invalid_id", error.to_string()))?;
    let keyed = reads.scorer.keyed_home(admitted.keyring(), home).await.map_err(failed)?;
    let writing = Writing::of(admitted, keyed, &id)?;
    let content = content(&writing).map_err(|error| unsealable(&error))?;
    let entry = Entry {
        home,
        by: admitted.actor(),
        created_at: creation.at,
        updated_at: None,
        content,
        id: id.clone(),
    };
    let change = Change::of(C::KIND.as_str(), id.as_str(), None, Some(&entry.content))?;
    let store = admitted.recording_change(&reads.store, change);
    if store.put_entry(tenant, &entry, None, &writing.wrapped).await? {
        return Ok(StoredEntry::new(tenant, entry)?);
    }
    // An earlier try made it. Its words are sealed anew each time, so it never equals this one.
    let kept = reads.store.entry(tenant, [home], &id).await?;
    // Where none did, the lead was erased in that moment.
    kept.ok_or_else(ApiError::lead_not_found)
}

/// Changes an entry that is still as the caller has seen it. Content that is there already writes
/// nothing.
pub(super) async fn update<C: Content>(
    reads: &Reads,
    admitted: &Admitted,
    (lead, id): (&str, &str),
    if_match: &IfMatch,
    content: impl Fn(&Writing<'_>, &C) -> Result<C, SealError>,
) -> Result<StoredEntry<C>, ApiError> {
    if_match.require_present()?;
    for _ in 0..ATTEMPTS {
        let stored: StoredEntry<C> = find(reads, admitted, lead, id).await?;
        if_match.require(&revision::etag(stored.revision))?;
        let StoredEntry { entry: before, revision: read } = &stored;
        let keyed = reads.scorer.keyed_home(admitted.keyring(), before.home).await;
        let writing = Writing::of(admitted, keyed.map_err(failed)?, &before.id)?;
        let after = content(&writing, &before.content).map_err(|error| unsealable(&error))?;
        if after == before.content {
            return Ok(stored);
        }
        let change = Change::of(C::KIND.as_str(), id, Some(&before.content), Some(&after))?;
        let entry = Entry { content: after, updated_at: Some(admitted.now), ..before.clone() };
        let store = admitted.recording_change(&reads.store, change);
        if store.put_entry(admitted.tenant(), &entry, Some(*read), &writing.wrapped).await? {
            return Ok(StoredEntry::new(admitted.tenant(), entry)?);
        }
    }
    Err(revision::contended().into())
}

/// Removes an entry.
pub(super) async fn delete<C: Content>(
    reads: &Reads,
    admitted: &Admitted,
    (lead, id): (&str, &str),
    if_match: &IfMatch,
) -> Result<StatusCode, ApiError> {
    for _ in 0..ATTEMPTS {
        let stored: StoredEntry<C> = find(reads, admitted, lead, id).await?;
        if_match.require(&revision::etag(stored.revision))?;
        let change = Change::of(C::KIND.as_str(), id, Some(&stored.entry.content), None)?;
        let store = admitted.recording_change(&reads.store, change);
        if store.delete_entry(admitted.tenant(), &stored).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(revision::contended().into())
}

/// Where an entry's words are sealed.
pub(super) struct Writing<'a> {
    keyring: &'a Keyring,
    home: Home,
    key: LeadKey,
    /// The key as the home's item holds it.
    wrapped: WrappedKey,
    id: &'a EntryId,
}

impl<'a> Writing<'a> {
    /// Takes a home that has a key; 404 where there is none.
    fn of(admitted: &'a Admitted, home: Option<Home>, id: &'a EntryId) -> Result<Self, ApiError> {
        let home = home.ok_or_else(ApiError::lead_not_found)?;
        let wrapped = home.key.clone().ok_or_else(ApiError::lead_not_found)?;
        let keyring = admitted.keyring();
        let key = keyring.lead_key(home.home.id, &wrapped)?;
        Ok(Self { keyring, home, key, wrapped, id })
    }

    /// Seals words of the entry.
    pub fn seal(&self, words: &str) -> Result<Sealed, SealError> {
        self.key.seal(self.id.as_str(), words)
    }

    /// Seals words, unless they are those that are sealed already: what is no change is to look
    /// like none.
    pub fn seal_over(&self, before: &Sealed, words: &str) -> Result<Sealed, SealError> {
        match self.keyring.opener(&self.home).open(self.id.as_str(), before) {
            Ok(same) if same == words => Ok(before.clone()),
            // What cannot be opened any more is replaced.
            _ => self.seal(words),
        }
    }
}

/// The homes whose keys open entries.
pub(crate) struct Opening<'a> {
    keyring: &'a Keyring,
    homes: BTreeMap<HomeId, Home>,
}

impl<'a> Opening<'a> {
    /// Reads the homes of entries.
    pub async fn of<C>(
        reads: &Reads,
        admitted: &'a Admitted,
        entries: &[StoredEntry<C>],
    ) -> Result<Self, ApiError> {
        let homes: BTreeSet<_> = entries.iter().map(|stored| stored.entry.home).collect();
        let homes = reads.store.homes(admitted.tenant(), homes).await?;
        Ok(Self { keyring: admitted.keyring(), homes })
    }

    /// Opens words of an entry; `None` when they were sealed for somewhere else, or their key is
    /// lost.
    pub fn words<C>(&self, entry: &Entry<C>, sealed: &Sealed) -> Option<String> {
        let opener = self.keyring.opener(self.homes.get(&entry.home)?);
        let opened = opener.open(entry.id.as_str(), sealed);
        opened
            .inspect_err(|error| tracing::error!(entry = %entry.id, %error, "unreadable entry"))
            .ok()
    }
}

/// Answers 422 unless a text is of a length that is kept.
pub(super) fn check_text(field: &'static str, text: &str) -> Result<(), Problem> {
    if (1..=MAX_TEXT).contains(&text.chars().count()) {
        return Ok(());
    }
    let message = format!("{field} has 1 to {MAX_TEXT} characters");
    let summary = format!("the body cannot be taken: {message}");
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", summary);
    Err(problem.with_error(field, "invalid_value", message))
}

fn homes(lead: &Lead) -> impl Iterator<Item = HomeId> + '_ {
    lead.members.iter().map(|member| member.home.id)
}

fn not_found(kind: EntryKind) -> Problem {
    let code = match kind {
        EntryKind::Note => "note_not_found",
        EntryKind::Activity => "activity_not_found",
    };
    Problem::not_found(code, format!("this lead has no {} with this id", kind.as_str()))
}

fn unsealable(error: &SealError) -> Problem {
    let message = format!("the body cannot be taken: the text cannot be kept: {error}");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", message)
}
