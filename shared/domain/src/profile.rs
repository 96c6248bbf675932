//! The profile: what is declared about a person, field by field.
//!
//! Invariant: each field carries the (time, event id) it was declared at and the latest wins, so
//! a profile does not depend on the order of arrival, and the profiles of a family's homes
//! combine at read without being merged.

mod edits;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::edits::{EditedField, Edits};
use crate::{
    event::{Arrival, EventId, Sealed},
    time::Timestamp,
};

/// How many fields a profile keeps: the first ones by name.
pub const MAX_FIELDS: usize = 100;

/// How many fields of a home are ever set by hand, released ones included: the first ones by name.
/// Twice as many as are set at a time, so that one can be released and another be set.
pub const MAX_EDITED: usize = 2 * MAX_FIELDS;

/// How many bytes of JSON a plain value has at most; a larger one stays in its event alone. A
/// hundred fields of this size fit the 400 KB of an item.
pub const MAX_VALUE_BYTES: usize = 2_048;

/// One declared field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// What was declared.
    pub value: FieldValue,
    /// When it was declared.
    pub timestamp: Timestamp,
    /// The event that declared it.
    pub event_id: EventId,
}

/// A declared value, sealed when it is personal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldValue {
    /// A value that says nothing about who the person is.
    Plain(Value),
    /// A personal value, as ciphertext.
    Sealed(Sealed),
}

/// The declared fields of one home, or of a family.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Profile(BTreeMap<String, Field>);

impl Profile {
    /// Takes fields that were stored.
    pub fn from_fields(fields: impl IntoIterator<Item = (String, Field)>) -> Self {
        let mut profile = Self::default();
        for (name, field) in fields {
            profile.declare(&name, field);
        }
        profile
    }

    /// Declares what an event carries, an edit's own fields aside, and tells whether that changed anything.
    pub fn declare_all(&mut self, arrival: &Arrival) -> bool {
        let small = |(_, value): &(&String, &Value)| value.to_string().len() <= MAX_VALUE_BYTES;
        let traits = arrival.event.traits.iter().filter(small);
        let plain = traits.map(|(name, value)| (name.clone(), FieldValue::Plain(value.clone())));
        let sealed = arrival
            .personal
            .iter()
            .map(|(name, value)| (name.clone(), FieldValue::Sealed(value.clone())));
        let mut changed = false;
        for (name, value) in plain.chain(sealed) {
            let (timestamp, event_id) = (arrival.event.timestamp, arrival.event.event_id.clone());
            changed |= self.declare(&name, Field { value, timestamp, event_id });
        }
        changed
    }

    /// Declares one field, and tells whether that changed anything: the latest wins.
    pub fn declare(&mut self, name: &str, field: Field) -> bool {
        let stamp = |field: &Field| (field.timestamp, field.event_id.clone());
        if self.0.get(name).is_some_and(|kept| stamp(kept) >= stamp(&field)) {
            return false;
        }
        self.0.insert(name.to_owned(), field);
        // The first names by order are a minimum too: what falls out can never come back in.
        let fell_out = if self.0.len() > MAX_FIELDS { self.0.pop_last() } else { None };
        fell_out.is_none_or(|(dropped, _)| dropped != name)
    }

    /// Combines with another home's profile: the latest of each field wins.
    pub fn combine(&mut self, other: &Self) {
        for (name, field) in &other.0 {
            self.declare(name, field.clone());
        }
    }

    /// Iterates over the fields by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Field)> {
        self.0.iter().map(|(name, field)| (name.as_str(), field))
    }

    /// Returns a field.
    pub fn get(&self, name: &str) -> Option<&Field> {
        self.0.get(name)
    }

    /// Tells whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(value: &str, millis: i64) -> Field {
        Field {
            value: FieldValue::Plain(value.into()),
            timestamp: Timestamp::from_millis(millis).unwrap(),
            event_id: EventId::from_sender(value).unwrap(),
        }
    }

    #[test]
    fn the_latest_declaration_wins_whatever_arrives_last() {
        let mut profile = Profile::default();
        assert!(profile.declare("title", field("boss", 2)));
        assert!(!profile.declare("title", field("clerk", 1)));
        assert_eq!(profile.get("title"), Some(&field("boss", 2)));
    }

    #[test]
    fn the_fields_kept_do_not_depend_on_arrival() {
        let all: Vec<_> = (0..150).map(|n| (format!("f{n:03}"), field("x", n))).collect();
        let forward = Profile::from_fields(all.clone());
        let backward = Profile::from_fields(all.into_iter().rev());
        assert_eq!(forward, backward);
        assert_eq!(forward.iter().count(), MAX_FIELDS);
    }
}
