//! Entries: what people write down beside a lead, as a note or as an activity.
//!
//! Invariant: an entry belongs to one home and follows it from family to family; nothing about it
//! changes a score. Whatever is written in words is personal and sealed.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{actor::Actor, event::Sealed, home::HomeId, naming::is_uuid, time::Timestamp};

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A text.
    Note,
    /// Something that was done or is to be done with the person.
    Activity,
}

/// Names one entry: `note_` or `activity_` and a UUID of version 7, so that ids sort by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryId(String);

/// Says that a text names no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a note or activity is its kind, an underscore and a UUID in lower case")]
pub struct InvalidEntryId;

/// What an entry can say: all of its fields but those that every entry has.
pub trait Content: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync {
    /// What an entry is that says it.
    const KIND: EntryKind;
}

/// Something written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<C> {
    /// Names it.
    pub id: EntryId,
    /// The home that it was written down beside.
    pub home: HomeId,
    /// Who wrote it.
    pub by: Actor,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// What it says.
    pub content: C,
}

/// What a note says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What was noted.
    pub text: Sealed,
}

/// What an activity says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// What sort of activity it is.
    #[serde(rename = "type")]
    pub activity_type: ActivityType,
    /// What it is about, in words.
    pub subject: Sealed,
    /// When it is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// When it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
}

/// A sort of activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivityType {
    /// A call.
    Call,
    /// An email.
    Email,
    /// A meeting.
    Meeting,
    /// A message by chat.
    Message,
    /// Anything that is to be done.
    Task,
}

impl Content for Note {
    const KIND: EntryKind = EntryKind::Note;
}

impl Content for Activity {
    const KIND: EntryKind = EntryKind::Activity;
}

impl ActivityType {
    /// Every sort.
    pub const ALL: [Self; 5] = [Self::Call, Self::Email, Self::Meeting, Self::Message, Self::Task];
}

impl EntryKind {
    /// Returns the kind's word, with which ids begin.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Activity => "activity",
        }
    }
}

impl EntryId {
    /// Names an entry of a kind by a UUID.
    pub fn new(kind: EntryKind, uuid: &str) -> Result<Self, InvalidEntryId> {
        format!("{}_{uuid}", kind.as_str()).parse()
    }

    /// Returns the kind that the id names.
    pub fn kind(&self) -> EntryKind {
        if self.0.starts_with(EntryKind::Note.as_str()) {
            EntryKind::Note
        } else {
            EntryKind::Activity
        }
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EntryId {
    type Err = InvalidEntryId;

    fn from_str(text: &str) -> Result<Self, InvalidEntryId> {
        let (kind, uuid) = text.split_once('_').ok_or(InvalidEntryId)?;
        let kinds = [EntryKind::Note, EntryKind::Activity].map(EntryKind::as_str);
        let fits = kinds.contains(&kind) && is_uuid(uuid);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidEntryId) }
    }
}

impl TryFrom<String> for EntryId {
    type Error = InvalidEntryId;

    fn try_from(text: String) -> Result<Self, InvalidEntryId> {
        text.parse()
    }
}

impl From<EntryId> for String {
    fn from(id: EntryId) -> Self {
        id.0
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_named_by_its_kind_and_a_uuid() {
        let uuid = "019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071";
        for kind in [EntryKind::Note, EntryKind::Activity] {
            let id = EntryId::new(kind, uuid).unwrap();
            assert_eq!((id.kind(), id.as_str().parse()), (kind, Ok(id.clone())));
        }
        for bad in ["", "note_", "notes_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071", "note_x#y"] {
            assert_eq!(bad.parse::<EntryId>(), Err(InvalidEntryId), "{bad}");
        }
    }
}
