//! Consent: what a person allows to be done with what is known of them, by purpose.
//!
//! Invariant: consent is a fold of the events of the whole family, and the latest in the order of
//! the fold wins: by time, then event id, then home. It is stored in the home of the event that
//! says it and nowhere merged, so that what is cut off takes along what was said of it. What says
//! it is no behaviour: it counts for none of `events`, `last_event_at`, velocity and idle time,
//! and no rule sees it.

mod history;
mod purpose;

use std::{
    borrow::Cow,
    collections::{BTreeMap, btree_map::Entry},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::{
    history::{ConsentChange, told},
    purpose::{InvalidPurpose, Purpose},
};
use crate::{event::Event, time::Timestamp};

/// The event type by which senders say what a person consents to: the property [`CONSENTS`] says,
/// by purpose, whether it is granted. No event of this type is behaviour, whatever it says.
pub const CONSENT_CHANGED: &str = "consent_changed";

/// The property that says what a person consents to.
pub const CONSENTS: &str = "consents";

/// How many purposes are kept of a lead: the known ones, and the first others in fold order.
pub const MAX_PURPOSES: usize = 16;

/// How many events by which senders change consent are folded of a lead: the first ones in fold
/// order, however many others it has. People's edits always are.
pub const MAX_CONSENT_CHANGES: u32 = 5_000;

/// What was said of a purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Whether it is granted. What was denied never was, or was withdrawn.
    pub granted: bool,
    /// Since when that is so: who says again what is in force changes nothing.
    pub at: Timestamp,
}

/// What a lead consents to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consents {
    given: BTreeMap<Purpose, Consent>,
    by_senders: u32,
}

/// When events count, as far as consent goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoringConsent {
    /// Unless consent for [`Purpose::SCORING`] is denied at their place in the order of the fold.
    #[default]
    OptOut,
    /// Only while it is granted.
    OptIn,
}

impl Consents {
    /// Takes what was written down: what was said of each purpose, and how many events of senders
    /// were folded for it.
    pub const fn from_parts(given: BTreeMap<Purpose, Consent>, by_senders: u32) -> Self {
        Self { given, by_senders }
    }

    /// Returns what was said of a purpose; `None` where nothing was.
    pub fn get(&self, purpose: &Purpose) -> Option<Consent> {
        self.given.get(purpose.as_str()).copied()
    }

    /// Iterates over what was said of each purpose, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Purpose, Consent)> {
        self.given.iter().map(|(purpose, consent)| (purpose, *consent))
    }

    /// Tells whether nothing was said of any purpose.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// Tells whether some purpose is granted.
    pub fn any_granted(&self) -> bool {
        self.given.values().any(|consent| consent.granted)
    }

    /// Counts the events by which senders changed consent, as far as they were folded.
    pub const fn by_senders(&self) -> u32 {
        self.by_senders
    }

    /// Tells whether a purpose has room: it is known or named already, or few others are.
    pub fn has_room_for(&self, purpose: &Purpose) -> bool {
        let free = || self.given.keys().filter(|named| !named.is_known()).count();
        purpose.is_known()
            || self.given.contains_key(purpose)
            || free() < MAX_PURPOSES - Purpose::KNOWN.len()
    }

    /// Takes in what an event says; `false` where it is one too many of senders', and says nothing.
    pub(crate) fn take_in(&mut self, event: &Event, change: impl FnMut(&Purpose, bool)) -> bool {
        if event.edit.is_none() && event.is_consent_change() {
            if self.by_senders >= MAX_CONSENT_CHANGES {
                return false;
            }
            self.by_senders += 1;
        }
        self.set_all(event, change);
        true
    }

    fn set_all(&mut self, event: &Event, mut change: impl FnMut(&Purpose, bool)) {
        for (purpose, granted) in said_by(event).as_ref() {
            if self.has_room_for(purpose) && self.set(purpose, *granted, event.timestamp) {
                change(purpose, *granted);
            }
        }
    }

    fn set(&mut self, purpose: &Purpose, granted: bool, at: Timestamp) -> bool {
        let consent = Consent { granted, at };
        match self.given.entry(purpose.clone()) {
            Entry::Occupied(said) if said.get().granted == granted => return false,
            Entry::Occupied(mut said) => *said.get_mut() = consent,
            Entry::Vacant(unsaid) => {
                unsaid.insert(consent);
            }
        }
        true
    }
}

impl ScoringConsent {
    /// Tells whether events count where this was said.
    pub fn allows(self, consents: &Consents) -> bool {
        if consents.is_empty() {
            return self == Self::OptOut;
        }
        let said = consents.given.get(Purpose::SCORING);
        said.map_or(self == Self::OptOut, |consent| consent.granted)
    }
}

/// Says what is wrong with what a sender says of consent. It never repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidConsents {
    /// They are no object, an empty one or a large one, or say something else than yes or no.
    #[error(
        "properties.{CONSENTS} names 1 to {MAX_PURPOSES} purposes, each with true where it is \
         granted and false where it is not"
    )]
    Form,
    /// What is named is no purpose.
    #[error(transparent)]
    Purpose(#[from] InvalidPurpose),
}

/// Checks that the properties of an event that is to change consent are taken in as they are, but
/// for purposes that a lead has no room for.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(properties: &Map<String, Value>) -> Result<(), InvalidConsents> {
    let said = properties.get(CONSENTS).and_then(Value::as_object);
    let said = said.filter(|said| (1..=MAX_PURPOSES).contains(&said.len()));
    for (name, granted) in said.ok_or(InvalidConsents::Form)? {
        name.parse::<Purpose>()?;
        granted.as_bool().ok_or(InvalidConsents::Form)?;
    }
    Ok(())
}

/// Returns what an event says, by name, however it was sent. Whatever is no purpose or neither true
/// nor false is left out.
fn said_by(event: &Event) -> Cow<'_, BTreeMap<Purpose, bool>> {
    if let Some(edit) = &event.edit {
        return Cow::Borrowed(&edit.consents);
    }
    let said = event.properties.get(CONSENTS).and_then(Value::as_object);
    let said = said.filter(|_| event.is_consent_change()).into_iter().flatten();
    let sound = |(name, granted): (&String, &Value)| Some((name.parse().ok()?, granted.as_bool()?));
    Cow::Owned(said.filter_map(sound).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_senders_say_is_yes_or_no_to_some_purposes() {
        let check = |properties: Value| check(properties.as_object().unwrap());
        let purposes = |count: usize| {
            let name = |n: usize| "p".repeat(n + 1);
            json!({ CONSENTS: (0..count).map(|n| (name(n), json!(true))).collect::<Map<_, _>>() })
        };
        for good in [json!({ CONSENTS: {"scoring": false, "email": true} }), purposes(16)] {
            assert_eq!(check(good), Ok(()));
        }
        for bad in [
            json!({}),
            json!({"scoring": false}),
            json!({ CONSENTS: {} }),
            json!({ CONSENTS: ["scoring"] }),
            json!({ CONSENTS: {"scoring": "false"} }),
            json!({ CONSENTS: {"marketing": true, "scoring": null} }),
            purposes(17),
        ] {
            assert_eq!(check(bad.clone()), Err(InvalidConsents::Form), "{bad}");
        }
        let unnamed = check(json!({ CONSENTS: {"ana@example.com": true} }));
        assert_eq!(unnamed, Err(InvalidConsents::Purpose(InvalidPurpose)));
    }
}
