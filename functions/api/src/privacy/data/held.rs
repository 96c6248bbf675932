//! The shapes of what is held of a person.
//!
//! Invariant: a value that does not open is `null`, and everything else is as it is kept: nothing
//! is combined, nothing left out.

use std::collections::{BTreeMap, HashMap};

use domain::{
    actor::Actor,
    event::{Event, EventId, Position, Sealed},
    explanation::Line,
    fold::{Recorder, fold_recording},
    home::HomeId,
    identity::Kind,
    lead::Home,
    link::Role,
    points::Points,
    profile::{EditedField, Field, FieldValue},
    rules::Rules,
    state::State,
    time::Timestamp,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use vault::{IDENTITY_FIELD, Keyring, Opener};

use crate::{timeline::TimelineEvent, words};

/// One identity of the person, with all that is kept in its place.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HeldHome {
    /// One of the lead's ids.
    #[schema(schema_with = words::lead_id)]
    id: HomeId,
    /// The kind of identity.
    #[schema(schema_with = words::kind)]
    kind: Kind,
    /// The identity.
    #[schema(required, example = "ana@example.com")]
    identity: Option<String>,
    /// What events and imports declared, by field.
    declared: BTreeMap<String, DeclaredField>,
    /// What people set by hand, or released, by field.
    edited: BTreeMap<String, HandField>,
    /// Why it is one person with others.
    links: Vec<HeldLink>,
}

/// A declared field.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct DeclaredField {
    /// What was declared.
    #[schema(schema_with = words::any_value)]
    value: Value,
    /// When.
    #[schema(schema_with = words::timestamp)]
    at: Timestamp,
    /// By which event.
    #[schema(value_type = String)]
    event_id: EventId,
}

/// A field that was set by hand or released.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct HandField {
    /// What it is set to; `null` where it was released.
    #[schema(schema_with = words::any_value)]
    value: Value,
    /// When.
    #[schema(schema_with = words::timestamp)]
    at: Timestamp,
    /// By whom.
    #[schema(value_type = String, example = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")]
    by: Actor,
}

/// A link to another identity.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct HeldLink {
    /// The other one.
    #[schema(schema_with = words::lead_id)]
    to: HomeId,
    /// What says so: `carried`, `alias` or `merge`.
    #[schema(value_type = String, example = "carried")]
    role: Role,
    /// Since when.
    #[schema(schema_with = words::timestamp)]
    at: Timestamp,
}

/// An event.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HeldEvent {
    #[serde(flatten)]
    event: TimelineEvent,
    /// What people set by it that is not personal.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false, schema_with = words::anything)]
    set: BTreeMap<String, Value>,
}

/// What is in force of a purpose.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConsentState {
    /// Whether it is granted.
    granted: bool,
    /// Since when.
    #[schema(schema_with = words::timestamp)]
    at: Timestamp,
}

/// What a rule gave.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RulePoints {
    /// The rule's id.
    #[schema(example = "page_view")]
    rule: String,
    /// How often it applied.
    times: u64,
    /// What it gave.
    #[schema(value_type = f64)]
    points: Points,
    /// What a cap withheld.
    #[schema(value_type = f64)]
    withheld: Points,
}

#[derive(Default)]
struct Sums(BTreeMap<String, (u64, Points, Points)>);

impl HeldHome {
    /// Opens what is kept in a home.
    pub fn of(home: &Home, keyring: &Keyring) -> Self {
        let opener = keyring.opener(home);
        let declared = |(name, field): (&str, &Field)| {
            let value = opened(&opener, name, &field.value);
            let (at, event_id) = (field.timestamp, field.event_id.clone());
            (name.to_owned(), DeclaredField { value, at, event_id })
        };
        let edited = |(name, field): (&str, &EditedField)| {
            let value = field.value.as_ref().map(|value| opened(&opener, name, value));
            let (at, by) = (field.timestamp, field.by.clone());
            (name.to_owned(), HandField { value: value.unwrap_or_default(), at, by })
        };
        let links = home.links.iter();
        let identity = home.identity.as_ref();
        Self {
            id: home.home.id,
            kind: home.home.kind,
            identity: identity.and_then(|sealed| text(&opener, IDENTITY_FIELD, sealed)),
            declared: home.profile.iter().map(declared).collect(),
            edited: home.edits.iter().map(edited).collect(),
            links: links
                .map(|link| HeldLink { to: link.to.id, role: link.role, at: link.at.timestamp })
                .collect(),
        }
    }
}

fn opened(opener: &Opener<'_>, name: &str, value: &FieldValue) -> Value {
    match value {
        FieldValue::Plain(value) => value.clone(),
        FieldValue::Sealed(sealed) => text(opener, name, sealed).into(),
    }
}

fn text(opener: &Opener<'_>, field: &str, sealed: &Sealed) -> Option<String> {
    let (home, opened) = (opener.home(), opener.open(field, sealed));
    opened.inspect_err(|error| tracing::error!(%home, %error, "a value stays sealed")).ok()
}

impl HeldEvent {
    /// Adds to events what people set by them.
    pub fn all(shown: Vec<TimelineEvent>, events: &[Event]) -> Vec<Self> {
        let edits = events.iter().filter_map(|event| {
            let edit = event.edit.as_deref().filter(|edit| !edit.set.is_empty())?;
            Some(((event.home.id, &event.event_id), &edit.set))
        });
        let edits: HashMap<_, _> = edits.collect();
        let held = shown.into_iter().map(|event| {
            let set = edits.get(&(event.home, &event.event_id)).copied();
            Self { set: set.cloned().unwrap_or_default(), event }
        });
        held.collect()
    }

    /// Returns the place of an event in the order of the fold.
    pub fn position(event: &TimelineEvent) -> Position {
        let (timestamp, event_id, home) = (event.timestamp, event.event_id.clone(), event.home);
        Position { timestamp, event_id, home }
    }
}

impl ConsentState {
    /// Returns what is in force, by purpose.
    pub fn all(state: &State) -> BTreeMap<String, Self> {
        let said = state.consents().iter();
        let said = said.map(|(purpose, consent)| {
            (purpose.to_string(), Self { granted: consent.granted, at: consent.at })
        });
        said.collect()
    }
}

impl Recorder for Sums {
    fn record(&mut self, line: impl FnOnce() -> Line) {
        if let Line::Contribution { rule, points, withheld, .. } = line() {
            let (times, given, kept) = self.0.entry(rule).or_default();
            *times += 1;
            *given = [*given, points].into_iter().sum();
            *kept = [*kept, withheld].into_iter().sum();
        }
    }
}

impl RulePoints {
    /// Sums what each rule gave over events in the order of the fold.
    pub fn all(rules: &Rules, events: &[Event]) -> Vec<Self> {
        let mut sums = Sums::default();
        fold_recording(rules, events, &mut sums);
        let sum = |(rule, (times, points, withheld))| Self { rule, times, points, withheld };
        sums.0.into_iter().map(sum).collect()
    }
}
