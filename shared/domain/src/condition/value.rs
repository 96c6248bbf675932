//! The values of events and leads as conditions see them, borrowed from where they are.
//!
//! JSON's numbers are `int` where they are whole and fit, else `uint`, else `double`; these three
//! compare with each other by what they count, while arithmetic asks for two of one kind.
//!
//! Invariant: maps are walked in the order of their keys' bytes, whatever keeps them; nothing here
//! prints a value.

mod list;
mod map;

use std::collections::BTreeMap;

use cel::common::{
    types::{CelDouble, CelInt, CelNull, CelString, CelTimestamp, CelUInt},
    value::CowVal,
};
use chrono::DateTime;
use serde_json::{Map, Value};

use super::{
    calls::boolean,
    path::{EVENT_FIELDS, FACTS_FIELDS},
    subject::{FactsView, ProfileView},
};
use crate::{event::Event, time::Timestamp};
use list::{List, ListVal};
use map::MapVal;

static NULL: CelNull = CelNull;

/// One value, not yet dressed as a value of CEL.
pub(super) enum Item<'a> {
    Json(&'a Value),
    Fields(Fields<'a>),
    Text(&'a str),
    Count(u32),
    Double(f64),
    Time(Timestamp),
    Names(Vec<&'a str>),
}

/// What has fields.
#[derive(Clone, Copy)]
pub(super) enum Fields<'a> {
    Event(&'a Event),
    /// The facts just before an event.
    Facts(&'a dyn FactsView, &'a Event),
    Object(&'a Map<String, Value>),
    Profile(ProfileView<'a>),
    /// Counts by name; one that is not there is 0.
    Counts(&'a BTreeMap<String, u32>),
    Times(&'a BTreeMap<String, Timestamp>),
}

impl<'a> Item<'a> {
    /// Returns the value of a field.
    pub(super) fn get(self, field: &str) -> Option<Self> {
        self.fields()?.get(field)
    }

    /// Says whether there is a field of that name; nothing when this has no fields.
    pub(super) fn has(self, field: &str) -> Option<bool> {
        Some(self.fields()?.has(field))
    }

    fn fields(self) -> Option<Fields<'a>> {
        match self {
            Self::Fields(fields) => Some(fields),
            Self::Json(Value::Object(object)) => Some(Fields::Object(object)),
            _ => None,
        }
    }

    /// Returns it as a value of CEL.
    pub(super) fn into_val<'b>(self) -> CowVal<'b, 'a> {
        match self {
            Self::Json(json) => json_val(json),
            Self::Fields(fields) => CowVal::owned(MapVal::new(fields)),
            Self::Text(text) => CowVal::owned(CelString::from(text)),
            Self::Count(count) => CowVal::owned(CelInt::from(i64::from(count))),
            Self::Double(double) => CowVal::owned(CelDouble::from(double)),
            Self::Time(time) => CowVal::owned(timestamp(time)),
            Self::Names(names) => CowVal::owned(ListVal::new(List::Names(names))),
        }
    }
}

fn json_val<'b>(json: &Value) -> CowVal<'b, '_> {
    match json {
        Value::Null => CowVal::Borrowed(&NULL),
        Value::Bool(value) => boolean(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => CowVal::owned(CelInt::from(int)),
            (None, Some(uint)) => CowVal::owned(CelUInt::from(uint)),
            (None, None) => CowVal::owned(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Value::String(text) => CowVal::owned(CelString::from(text.as_str())),
        Value::Array(array) => CowVal::owned(ListVal::new(List::Json(array))),
        Value::Object(object) => CowVal::owned(MapVal::new(Fields::Object(object))),
    }
}

/// Returns an instant in UTC; the domain's instants all lie in the range of chrono's.
fn timestamp(time: Timestamp) -> CelTimestamp {
    let instant = DateTime::from_timestamp_millis(time.millis()).unwrap_or_default();
    CelTimestamp::from(instant.fixed_offset())
}

impl<'a> Fields<'a> {
    /// Returns the value of a field.
    pub(super) fn get(self, field: &str) -> Option<Item<'a>> {
        match self {
            Self::Event(event) => event_field(event, field),
            Self::Facts(facts, event) => facts_field(facts, event, field),
            Self::Object(object) => object.get(field).map(Item::Json),
            Self::Profile(profile) => profile.get(field).map(Item::Json),
            Self::Counts(counts) => Some(Item::Count(counts.get(field).copied().unwrap_or(0))),
            Self::Times(times) => times.get(field).copied().map(Item::Time),
        }
    }

    /// Says whether there is a field of that name.
    pub(super) fn has(self, field: &str) -> bool {
        match self {
            Self::Counts(counts) => counts.contains_key(field),
            fields => fields.get(field).is_some(),
        }
    }

    /// Returns the names of the fields in the order of their bytes.
    fn names(self) -> Vec<&'a str> {
        let fixed =
            |names: &[&'static str]| names.iter().copied().filter(|name| self.has(name)).collect();
        match self {
            Self::Event(_) => fixed(&EVENT_FIELDS),
            Self::Facts(..) => fixed(&FACTS_FIELDS),
            Self::Profile(profile) => profile.names().into_iter().collect(),
            Self::Counts(counts) => counts.keys().map(String::as_str).collect(),
            Self::Times(times) => times.keys().map(String::as_str).collect(),
            Self::Object(object) => {
                let mut names: Vec<&str> = object.keys().map(String::as_str).collect();
                names.sort_unstable();
                names
            }
        }
    }

    fn count(self) -> usize {
        match self {
            Self::Event(_) | Self::Facts(..) => self.names().len(),
            Self::Object(object) => object.len(),
            Self::Profile(profile) => profile.names().len(),
            Self::Counts(counts) => counts.len(),
            Self::Times(times) => times.len(),
        }
    }
}

fn event_field<'a>(event: &'a Event, field: &str) -> Option<Item<'a>> {
    Some(match field {
        "type" => Item::Text(&event.event_type),
        "timestamp" => Item::Time(event.timestamp),
        "properties" => Item::Fields(Fields::Object(&event.properties)),
        "context" => Item::Fields(Fields::Object(&event.context)),
        _ => return None,
    })
}

fn facts_field<'a>(facts: &'a dyn FactsView, event: &Event, field: &str) -> Option<Item<'a>> {
    Some(match field {
        "events" => Item::Count(facts.events()),
        "counts" => Item::Fields(Fields::Counts(facts.counts())),
        "last_seen" => Item::Fields(Fields::Times(facts.last_seen())),
        "first_seen_at" => Item::Time(facts.first_seen_at()?),
        "last_event_at" => Item::Time(facts.last_event_at()?),
        "velocity" => Item::Count(facts.velocity(event)),
        "purchases" => Item::Count(facts.purchases()),
        "revenue" => Item::Double(facts.revenue()),
        "last_7_days" => Item::Count(facts.last_7_days(event)),
        "last_30_days" => Item::Count(facts.last_30_days(event)),
        "marketplaces" => Item::Names(facts.marketplaces()),
        "source" => Item::Text(facts.source()),
        _ => return None,
    })
}
