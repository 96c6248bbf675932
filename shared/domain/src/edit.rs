//! Edits: what people decide about a lead by hand, or bring in from a file.
//!
//! Invariant: an edit is an event of the fold like any other, so every law of the fold holds for
//! it; but it is no behaviour: it counts for none of `events`, `last_event_at`, velocity and idle
//! time, gives no points, and no rule sees it. Only a caller with an account of the tenant can
//! make one: no sender can.

mod check;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::check::{InvalidEdit, MAX_NAME_BYTES};
use crate::{
    actor::Actor, consent::Purpose, home::HomeId, lead::Status, profile::MAX_VALUE_BYTES,
    segment::Segment, time::Day, user::UserId,
};

/// The event type of a lead's creation by hand.
pub const LEAD_CREATED: &str = "lead_created";

/// The event type of a change by hand.
pub const LEAD_EDITED: &str = "lead_edited";

/// The event type of a lead's erasure: the last event of its fold.
pub const LEAD_ERASED: &str = "lead_erased";

/// The event type of a line of an imported file.
pub const LEAD_IMPORTED: &str = "lead_imported";

/// The field that says where a lead comes from: set by hand, it is what is shown.
pub const SOURCE: &str = "source";

/// The field that says where a lead trades: set by hand, a list of names, it is what is shown.
pub const MARKETPLACES: &str = "marketplaces";

/// What an edit says. What it leaves out stays as it is.
///
/// `Event::traits` and `Arrival::personal` of the same event declare fields as those of any event
/// do; what stands here wins over them until it is released.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// Who made it.
    pub by: Actor,
    /// Fields that are set by hand to values that are not personal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Value>,
    /// Fields that are set by hand to personal values. `Arrival::edited` holds each, sealed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub set_sealed: BTreeSet<String>,
    /// Fields that show again what events declare.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub released: BTreeSet<String>,
    /// The sales state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Who works the lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<Choice<UserId>>,
    /// The segment that is shown, whatever the behaviour says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<Choice<Segment>>,
    /// Whether the lead is deleted: hidden until it is restored, for as long as the home that the
    /// edit is stored in is the survivor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
    /// The day on which the lead is to be erased, if it is still deleted then. Who restores it
    /// takes that back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erase_on: Option<Day>,
    /// What the person is said to consent to, by purpose.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consents: BTreeMap<Purpose, bool>,
}

/// What was chosen: something, or nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice<T> {
    /// This.
    Set(T),
    /// Nothing: nobody, or what the behaviour says.
    Clear,
}

/// What an edit does to a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change<'a> {
    /// Sets it to a value that is not personal.
    Set(&'a Value),
    /// Sets it to a personal value.
    Seal,
    /// Has it show again what events declare.
    Release,
}

/// What people decided about a lead, as the fold of its edits leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The sales state.
    #[serde(default)]
    pub status: Status,
    /// Who works the lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<UserId>,
    /// The segment that was chosen by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<Segment>,
    /// The homes that were deleted and not restored since, each by edits of its own: a lead is
    /// hidden while its survivor is one of them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub deleted_homes: BTreeSet<HomeId>,
    /// The homes of those whose lead is to be erased, each with the day.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub erased_homes: BTreeMap<HomeId, Day>,
}

impl Edit {
    /// Returns an edit by somebody that changes nothing yet.
    pub const fn by(actor: Actor) -> Self {
        Self {
            by: actor,
            set: BTreeMap::new(),
            set_sealed: BTreeSet::new(),
            released: BTreeSet::new(),
            status: None,
            assigned_to: None,
            segment: None,
            deleted: None,
            erase_on: None,
            consents: BTreeMap::new(),
        }
    }

    /// Iterates over what the edit does to fields: what the fold and the profile both take in.
    ///
    /// An edit that passes [`crate::profile::Edits::check`] does one thing to a field. Of another one the first in
    /// the order of [`Change`] counts, a value that is too large changes nothing, and `null`
    /// releases.
    pub fn changes(&self) -> impl Iterator<Item = (&str, Change<'_>)> {
        let small = |value: &Value| value.to_string().len() <= MAX_VALUE_BYTES;
        let set = self.set.iter().filter(move |(_, value)| small(value));
        let set = set.map(|(name, value)| {
            let change = if value.is_null() { Change::Release } else { Change::Set(value) };
            (name.as_str(), change)
        });
        let sealed = self.set_sealed.iter().filter(|name| !self.set.contains_key(*name));
        let set_otherwise =
            |name: &&String| self.set.contains_key(*name) || self.set_sealed.contains(*name);
        let released = self.released.iter().filter(move |name| !set_otherwise(name));
        set.chain(sealed.map(|name| (name.as_str(), Change::Seal)))
            .chain(released.map(|name| (name.as_str(), Change::Release)))
    }

    /// Returns the names of the fields that the edit touches, for the audit log.
    pub fn fields(&self) -> Vec<String> {
        let named = self.set.keys().chain(&self.set_sealed).chain(&self.released);
        let named = named.map(|name| format!("profile.{name}"));
        let own = [
            ("status", self.status.is_some()),
            ("assigned_to", self.assigned_to.is_some()),
            ("segment", self.segment.is_some()),
            ("deleted", self.deleted.is_some()),
            ("erase_on", self.erase_on.is_some()),
        ];
        let own = own.into_iter().filter(|(_, touched)| *touched).map(|(name, _)| name.to_owned());
        let consents = self.consents.keys().map(|purpose| format!("consents.{purpose}"));
        named.chain(own).chain(consents).collect()
    }
}

/// Tells whether a field is shown as where the lead comes from or trades.
pub(crate) fn is_shown(name: &str) -> bool {
    matches!(name, SOURCE | MARKETPLACES)
}

impl Work {
    /// Tells whether the lead is hidden, by its survivor. What was deleted under another one counts
    /// for nothing: so nobody disappears for being one person with somebody who was deleted.
    pub fn is_deleted(&self, survivor: HomeId) -> bool {
        self.deleted_homes.contains(&survivor)
    }

    /// Returns the day on which the lead is to be erased, by its survivor, if it is: nobody is
    /// erased who is not hidden.
    pub fn erase_on(&self, survivor: HomeId) -> Option<Day> {
        self.erased_homes.get(&survivor).copied().filter(|_| self.is_deleted(survivor))
    }

    /// Takes in what an edit says that is stored in a home.
    pub fn apply(&mut self, home: HomeId, edit: &Edit) {
        if let Some(status) = edit.status {
            self.status = status;
        }
        if let Some(choice) = &edit.assigned_to {
            self.assigned_to = choice.chosen();
        }
        if let Some(choice) = &edit.segment {
            self.segment = choice.chosen();
        }
        match edit.deleted {
            Some(true) => self.deleted_homes.insert(home),
            Some(false) => {
                self.erased_homes.remove(&home);
                self.deleted_homes.remove(&home)
            }
            None => false,
        };
        if let Some(day) = edit.erase_on {
            self.erased_homes.insert(home, day);
        }
    }
}

impl<T: Clone> Choice<T> {
    /// Returns what was chosen, if anything.
    pub fn chosen(&self) -> Option<T> {
        match self {
            Self::Set(chosen) => Some(chosen.clone()),
            Self::Clear => None,
        }
    }
}

impl<T> From<Option<T>> for Choice<T> {
    fn from(chosen: Option<T>) -> Self {
        chosen.map_or(Self::Clear, Self::Set)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_hidden_lead_is_to_be_erased_and_restoring_it_takes_that_back_for_good() {
        let day: Day = "2026-02-15".parse().unwrap();
        let (home, other) = (HomeId::from_bytes([1; 16]), HomeId::from_bytes([2; 16]));
        let edit = |deleted| Edit { deleted: Some(deleted), ..Edit::by(Actor::System) };
        let mut work = Work::default();
        work.apply(home, &Edit { erase_on: Some(day), ..Edit::by(Actor::System) });
        assert_eq!(work.erase_on(home), None);
        work.apply(home, &edit(true));
        assert_eq!((work.erase_on(home), work.erase_on(other)), (Some(day), None));
        work.apply(home, &edit(false));
        work.apply(home, &edit(true));
        assert_eq!(work.erase_on(home), None);
    }

    #[test]
    fn of_several_things_said_about_a_field_the_first_counts() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut edit = Edit::by(Actor::System);
        edit.set.insert("a".to_owned(), json!(1));
        edit.set.insert("large".to_owned(), json!("x".repeat(MAX_VALUE_BYTES)));
        edit.set.insert("null".to_owned(), json!(null));
        edit.set_sealed = names(&["a", "b", "large"]);
        edit.released = names(&["a", "b", "c", "large"]);
        let changes: Vec<_> = edit.changes().collect();
        let expected = [
            ("a", Change::Set(&json!(1))),
            ("null", Change::Release),
            ("b", Change::Seal),
            ("c", Change::Release),
        ];
        assert_eq!(changes, expected);
    }
}
