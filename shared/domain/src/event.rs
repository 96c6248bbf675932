//! The event: an immutable fact about a person, without personal values.
//!
//! Invariant: events are totally ordered by (timestamp, event id bytes, home id), so every fold
//! over the same set of events sees the same sequence.

use std::{collections::BTreeMap, fmt};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    consent::CONSENT_CHANGED,
    edit::Edit,
    home::{HomeId, HomeRef},
    link::Link,
    time::Timestamp,
};

/// Names an event within its home; at most 128 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventId(String);

/// Says that a text is no event id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event id is 1 to 128 bytes without control characters")]
pub struct InvalidEventId;

const MAX_ID_BYTES: usize = 128;

impl EventId {
    /// Takes a sender's id; one over 128 bytes or with control characters is hashed.
    ///
    /// An empty id is refused.
    pub fn from_sender(id: &str) -> Result<Self, InvalidEventId> {
        if id.is_empty() {
            return Err(InvalidEventId);
        }
        if id.len() > MAX_ID_BYTES || id.chars().any(char::is_control) {
            return Ok(Self::hashed(&[id.as_bytes()]));
        }
        Ok(Self(id.to_owned()))
    }

    /// Returns the SHA-256 of the parts, each preceded by its length, as 64 hexadecimal digits.
    pub fn hashed(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self(HEXLOWER.encode(&digest.finalize()))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EventId {
    type Error = InvalidEventId;

    fn try_from(text: String) -> Result<Self, InvalidEventId> {
        let fits = (1..=MAX_ID_BYTES).contains(&text.len());
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text))
        } else {
            Err(InvalidEventId)
        }
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The place of an event in the order of the fold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// When the event happened.
    pub timestamp: Timestamp,
    /// Its id, compared by bytes.
    pub event_id: EventId,
    /// The home it is stored in.
    pub home: HomeId,
}

/// One event, as it is queued, stored and folded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The id, unique within the home.
    pub event_id: EventId,
    /// What happened, such as `page_view`.
    pub event_type: String,
    /// The home of the strongest identity that the event carries.
    pub home: HomeRef,
    /// When it happened.
    pub timestamp: Timestamp,
    /// When the gateway received it.
    pub received_at: Timestamp,
    /// What the sender says about it, personal values taken out.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub properties: Map<String, Value>,
    /// Where it happened: page, campaign, library and every field of unknown name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
    /// What it declares about the person, personal values taken out.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub traits: Map<String, Value>,
    /// The links between homes that it is evidence for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// What people decided by hand, where the event is an edit. No sender can make one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<Box<Edit>>,
}

impl Event {
    /// Returns the event's place in the order of the fold.
    pub fn position(&self) -> Position {
        Position { timestamp: self.timestamp, event_id: self.event_id.clone(), home: self.home.id }
    }

    /// Tells whether it is something that the person did: neither an edit nor what a sender says of
    /// consent. Only behaviour can count for anything.
    pub fn is_behaviour(&self) -> bool {
        self.edit.is_none() && !self.is_consent_change()
    }

    /// Tells whether its type is the one by which senders change consent.
    pub(crate) fn is_consent_change(&self) -> bool {
        self.event_type == CONSENT_CHANGED
    }

    /// Compares two events by their places, without building them.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.timestamp
            .cmp(&other.timestamp)
            .then_with(|| self.event_id.cmp(&other.event_id))
            .then_with(|| self.home.id.cmp(&other.home.id))
    }
}

/// An event on its way from `ingest` to `score`, with the sealed values that go to its home.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// The sealed value of each identity that the event carries, by home. `event.home` is among
    /// them unless the sender addressed the home by lead id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub identities: BTreeMap<HomeId, Sealed>,
    /// The personal values of the event, by profile field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub personal: BTreeMap<String, Sealed>,
    /// The personal values that an edit sets by hand, by profile field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub edited: BTreeMap<String, Sealed>,
}

/// A personal value as ciphertext: base64 of what the vault sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_id_is_hashed_and_a_short_one_kept() {
        assert_eq!(EventId::from_sender("msg-1").unwrap().as_str(), "msg-1");
        let long = EventId::from_sender(&"x".repeat(129)).unwrap();
        assert_eq!(long.as_str().len(), 64);
        assert_eq!(long, EventId::from_sender(&"x".repeat(129)).unwrap());
        assert!(EventId::from_sender("").is_err());
    }

    #[test]
    fn hashed_parts_cannot_run_into_each_other() {
        assert_ne!(EventId::hashed(&[b"ab", b"c"]), EventId::hashed(&[b"a", b"bc"]));
    }
}
