//! What is set by hand now, opened: what a further edit is measured against.
//!
//! Invariant: the latest edit of each field decides, whichever home of the family it is stored in.

use std::collections::BTreeMap;

use domain::{
    actor::Actor,
    lead::Home,
    profile::{EditedField, Edits, FieldValue},
    time::Timestamp,
};
use serde_json::Value;
use vault::Keyring;

use crate::person::open;

/// The fields of a lead that were set by hand or released.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held(BTreeMap<String, HeldField>);

/// One field that was set by hand or released.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldField {
    /// What it is set to; `None` where it shows again what events declare.
    pub value: Option<Value>,
    /// When that was.
    pub at: Timestamp,
    /// Who did it.
    pub by: Actor,
}

impl Held {
    /// Reads what is held off the homes of a family. A value that does not open is passed over.
    pub fn of<'h>(homes: impl IntoIterator<Item = &'h Home>, keyring: &Keyring) -> Self {
        let mut edits = Edits::default();
        for home in homes {
            // Opened before homes are combined, because a value opens only for its own home.
            let opener = keyring.opener(home);
            let opened = home.edits.iter().filter_map(|(name, field)| {
                let value = match &field.value {
                    Some(FieldValue::Sealed(sealed)) => Some(open(&opener, name, sealed)?.into()),
                    Some(FieldValue::Plain(value)) => Some(value.clone()),
                    None => None,
                };
                let value = value.map(FieldValue::Plain);
                Some((name.to_owned(), EditedField { value, ..field.clone() }))
            });
            edits.combine(&Edits::from_fields(opened));
        }
        let held = |(name, field): (&str, &EditedField)| {
            let value = field.value.as_ref().and_then(|value| match value {
                FieldValue::Plain(value) => Some(value.clone()),
                FieldValue::Sealed(_) => None,
            });
            (name.to_owned(), HeldField { value, at: field.timestamp, by: field.by.clone() })
        };
        Self(edits.iter().map(held).collect())
    }

    /// Iterates by name over the fields that are set by hand, with their values.
    pub fn set(&self) -> impl Iterator<Item = (&str, &Value, &HeldField)> {
        self.0
            .iter()
            .filter_map(|(name, field)| Some((name.as_str(), field.value.as_ref()?, field)))
    }

    /// Iterates over the names of the fields that were ever set by hand.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Returns what a field is set to by hand.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)?.value.as_ref()
    }
}
