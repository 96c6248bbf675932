//! An item of any dialect, brought to one form: what was said about whom, and when.
//!
//! Invariant: an `Incoming` has everything that makes an event but the keys of its tenant. It
//! still holds personal values, so it is neither logged nor kept.

use domain::{home::HomeId, identity::Identity, time::Timestamp};
use serde_json::{Map, Value};

use crate::{body, rejection::Rejection};

/// The largest item as it came.
pub const MAX_ITEM_BYTES: usize = 32 * 1024;

/// The longest event type.
const MAX_TYPE_BYTES: usize = 128;

/// An item, understood.
#[derive(Debug)]
pub struct Incoming {
    /// What the sender calls the event.
    pub sender_id: SenderId,
    /// What happened, as the sender says it.
    pub event_type: EventType,
    /// Whom it is about.
    pub who: Who,
    /// The former id that an alias names, in both readings.
    pub previous: Vec<Identity>,
    /// When it happened, as the sender says it: for the id, which must not depend on attempts.
    pub stated_at: Option<Timestamp>,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What the sender says about it.
    pub properties: Map<String, Value>,
    /// Where it happened, with every field of unknown name.
    pub context: Map<String, Value>,
    /// What it declares about the person.
    pub traits: Map<String, Value>,
    /// What it declares about the person's company.
    pub company: Map<String, Value>,
}

/// The sender's name of an event.
#[derive(Debug)]
pub enum SenderId {
    /// One text.
    Own(String),
    /// The source and the id of a `CloudEvent`.
    Sourced(String, String),
    /// None.
    Missing,
}

/// What happened, and how its name is written.
#[derive(Debug)]
pub enum EventType {
    /// A name of this product, or one that is kept as it was sent.
    Kept(String),
    /// A name that is brought to `snake_case`.
    Named(String),
}

/// Whom an item is about.
#[derive(Debug)]
pub enum Who {
    /// The identities that it carries, strongest first, at least one.
    Identities(Vec<Identity>),
    /// A home, addressed directly.
    Lead(HomeId),
}

/// The fields of an item that are not read yet.
#[derive(Clone, Debug)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Takes an item, which must be an object.
    pub fn of(item: Value) -> Result<Self, Rejection> {
        match item {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(Rejection::new("invalid_item", "an event is a JSON object")),
        }
    }

    /// Takes a field out; null is absent.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// Takes a text or a number out, as text; anything else and an empty text are absent.
    pub fn take_text(&mut self, name: &str) -> Option<String> {
        let text = self.take(name).and_then(|value| crate::identities::as_text(&value));
        text.filter(|text| !text.is_empty())
    }

    /// Takes an object out; absent is empty, and so is the empty array that PHP makes of an
    /// empty object.
    pub fn take_object(&mut self, name: &'static str) -> Result<Map<String, Value>, Rejection> {
        match self.take(name) {
            None => Ok(Map::new()),
            Some(Value::Object(object)) => Ok(object),
            Some(Value::Array(items)) if items.is_empty() => Ok(Map::new()),
            Some(_) => {
                let message = format!("{name} is a JSON object");
                Err(Rejection::of(name, "invalid_field", message))
            }
        }
    }

    /// Adds what is left to a context, where fields of unknown names belong. What the context
    /// says itself stays; null and empty objects say nothing.
    pub fn pour_into(self, context: &mut Map<String, Value>) {
        for (name, value) in self.0 {
            let says_nothing =
                value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
            if !says_nothing && !context.contains_key(&name) {
                context.insert(name, value);
            }
        }
    }
}

/// Checks a name that a sender gave an event.
pub fn event_type(field: &'static str, value: Option<&Value>) -> Result<String, Rejection> {
    let Some(value) = value else {
        return Err(Rejection::of(field, "missing_event_type", format!("{field} is missing")));
    };
    let name = value.as_str().map_or("", str::trim);
    let fits = (1..=MAX_TYPE_BYTES).contains(&name.len()) && !name.contains(char::is_control);
    if fits {
        return Ok(name.to_owned());
    }
    let message = format!("{field} is a text of 1 to 128 bytes without control characters");
    Err(Rejection::of(field, "invalid_event_type", message))
}

/// Checks the size of an item as it came.
pub fn check_size(raw: &str) -> Result<(), Rejection> {
    if raw.len() <= MAX_ITEM_BYTES {
        return Ok(());
    }
    let message = format!("an event has at most {MAX_ITEM_BYTES} bytes");
    Err(Rejection::new("event_too_large", message))
}

/// Reads an item's JSON. The body's syntax was checked, but neither an item's depth nor what its
/// numbers and escapes stand for.
pub fn parse(raw: &str) -> Result<Value, Rejection> {
    if body::depth(raw) > body::MAX_DEPTH {
        let message = format!("an event is nested at most {} levels deep", body::MAX_DEPTH);
        return Err(Rejection::new("too_deep", message));
    }
    serde_json::from_str(raw)
        .map_err(|error| Rejection::new("invalid_json", format!("the event is not valid: {error}")))
}
