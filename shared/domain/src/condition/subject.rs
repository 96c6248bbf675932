//! What a condition is evaluated over: an event, and the lead just before it.
//!
//! Invariant: a value is looked up only when a condition reaches it.

use std::collections::{BTreeMap, BTreeSet};

use cel::{common::value::CowVal, context::VariableResolver};
use serde_json::Value;

use super::{
    calls::boolean,
    path::Root,
    plan::{Place, Plan, Planned},
    value::{Fields, Item},
};
use crate::{event::Event, time::Timestamp};

/// What conditions see as `facts`: the lead's behaviour just before the event.
///
/// What costs something to count is counted only when a condition reads it.
pub trait FactsView: Send + Sync {
    /// How many events were counted.
    fn events(&self) -> u32;
    /// How many events there were of each type; a type that is not there counts 0.
    fn counts(&self) -> &BTreeMap<String, u32>;
    /// When the last event of each type happened.
    fn last_seen(&self) -> &BTreeMap<String, Timestamp>;
    /// When the first event happened, if there was one.
    fn first_seen_at(&self) -> Option<Timestamp>;
    /// When the last event happened, if there was one.
    fn last_event_at(&self) -> Option<Timestamp>;
    /// How many events there were in the 24 hours before `event`, 10 at most.
    fn velocity(&self, event: &Event) -> u32;
    /// How many purchases there were.
    fn purchases(&self) -> u32;
    /// What the purchases came to.
    fn revenue(&self) -> f64;
    /// How many events there were on the UTC day of `event` and the 6 days before.
    fn last_7_days(&self, event: &Event) -> u32;
    /// How many events there were on the UTC day of `event` and the 29 days before.
    fn last_30_days(&self, event: &Event) -> u32;
    /// The marketplaces, in the order in which they first appeared.
    fn marketplaces(&self) -> Vec<&str>;
    /// Where the lead came from.
    fn source(&self) -> &str;
}

/// What conditions see as `profile`: what is set by hand, else what is declared.
#[derive(Clone, Copy)]
pub struct ProfileView<'a> {
    /// The fields that events declared.
    pub declared: &'a BTreeMap<String, Value>,
    /// The fields set by hand; `null` hides nothing.
    pub edited: &'a BTreeMap<String, Value>,
}

impl<'a> ProfileView<'a> {
    /// Returns the value of a field.
    pub(super) fn get(self, field: &str) -> Option<&'a Value> {
        let edited = if self.edited.is_empty() { None } else { self.edited.get(field) };
        edited.filter(|value| !value.is_null()).or_else(|| self.declared.get(field))
    }

    /// Returns the names of the fields in the order of their bytes.
    pub(super) fn names(self) -> BTreeSet<&'a str> {
        let edited = self.edited.iter().filter(|(_, value)| !value.is_null());
        self.declared.keys().chain(edited.map(|(name, _)| name)).map(String::as_str).collect()
    }
}

/// An event, and the lead just before it.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// What conditions see as `event`.
    pub event: &'a Event,
    /// What conditions see as `profile`.
    pub profile: ProfileView<'a>,
    /// What conditions see as `facts`.
    pub facts: &'a dyn FactsView,
}

impl<'a> Subject<'a> {
    fn root(&self, root: Root) -> Fields<'a> {
        match root {
            Root::Event => Fields::Event(self.event),
            Root::Profile => Fields::Profile(self.profile),
            Root::Facts => Fields::Facts(self.facts, self.event),
        }
    }

    fn item(&self, root: Root, fields: &[String]) -> Option<Item<'a>> {
        let start = Item::Fields(self.root(root));
        fields.iter().try_fold(start, |item, field| item.get(field))
    }

    /// Says whether there is a value at a place; nothing when there is nothing it could be in.
    fn has(&self, place: &Place) -> Option<bool> {
        let (last, way) = place.fields.split_last()?;
        self.item(place.root, way)?.has(last)
    }
}

/// Resolves the planned names of one condition.
pub(super) struct Lookup<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) plan: &'a Plan,
}

impl VariableResolver for Lookup<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        match self.plan.get(name)? {
            Planned::Value(place) => {
                self.subject.item(place.root, &place.fields).map(Item::into_val)
            }
            Planned::Presence(place) => self.subject.has(place).map(boolean),
            Planned::Pattern(pattern) => Some(CowVal::Borrowed(pattern)),
        }
    }
}
