//! Splitting personal data off, at the door.
//!
//! Invariant: after the split, no value under a personal key and no email address or phone number
//! is left in what becomes the event, neither in values nor in keys. What was taken out is
//! returned beside it, by profile field, to be sealed; secrets such as passwords are not.
//!
//! A value under a personal key goes whole. A text with a pattern inside keeps its other words,
//! and its original goes to the profile under the path where it stood (`properties.note`).

pub mod keys;
pub mod patterns;
mod traits;
pub mod urls;

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::{Map, Value};

use self::keys::Personal;
pub use self::traits::{company_traits, person_traits, snake_case};
pub(crate) use self::traits::{email_domain, standard, trait_name};

/// How many personal values of one event are kept; further ones are only taken out.
pub const MAX_FIELDS: usize = 64;

/// A longer value is only taken out: a profile of the largest values would outgrow the item that
/// a table holds of a home, which has at most 400 KB.
const MAX_VALUE_BYTES: usize = 2_048;

/// A path that is longer names no field; what stood there is only taken out.
const MAX_PATH_BYTES: usize = 200;

/// The personal values taken out of one event, by profile field.
#[derive(Clone, Debug, Default)]
pub struct Withheld(BTreeMap<String, String>);

impl Withheld {
    /// Keeps a value unless it is too long; the first of a field wins.
    pub fn put(&mut self, field: &str, value: impl Into<String>) {
        let value = value.into();
        let fits = self.0.len() < MAX_FIELDS
            && (1..=MAX_PATH_BYTES).contains(&field.len())
            && value.len() <= MAX_VALUE_BYTES;
        if fits && !self.0.contains_key(field) {
            self.0.insert(field.to_owned(), value);
        }
    }

    /// Iterates over fields and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, value)| (field.as_str(), value.as_str()))
    }

    /// Returns the value of a field.
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }
}

/// Cleans an object, its values going by their paths below `path`.
///
/// `parent` is the key that the object stands under: it decides what a bare `name` is.
pub fn clean_object(
    object: Map<String, Value>,
    path: &str,
    parent: &str,
    withheld: &mut Withheld,
) -> Map<String, Value> {
    let is_person = keys::is_person(parent) || keys::has_contact(&object);
    clean_members(object, path, Of { is_person, is_described: is_person }, withheld)
}

/// Cleans what an event says at its top. A bare `name` there is the person's, unless the event is
/// about a named thing or the object is a product; free text is only where the person is named or
/// can be reached, as in a form that was filled in.
pub fn clean_top(
    object: Map<String, Value>,
    path: &str,
    names_thing: bool,
    withheld: &mut Withheld,
) -> Map<String, Value> {
    let is_described = keys::has_contact(&object);
    let is_person = is_described || !names_thing && !keys::is_product(&object);
    clean_members(object, path, Of { is_person, is_described }, withheld)
}

/// Whom an object is about.
#[derive(Clone, Copy)]
struct Of {
    /// A person has the name that stands in it.
    is_person: bool,
    /// It describes a person, and so does the free text in it.
    is_described: bool,
}

fn clean_members(
    object: Map<String, Value>,
    path: &str,
    of: Of,
    withheld: &mut Withheld,
) -> Map<String, Value> {
    let mut cleaned = Map::new();
    for (key, value) in object {
        let clean_key = clean_key(&key, path, withheld);
        let path = join(path, &clean_key);
        // A key that was a pattern says what it was, not what stands under it.
        let was_pattern = clean_key == patterns::EMAIL || clean_key == patterns::PHONE;
        let free_text = of.is_described && keys::is_free_text(&key);
        let meaning = keys::meaning(&key, of.is_person);
        let meaning = meaning.or(free_text.then_some(Personal::Field("text")));
        let value = match meaning {
            Some(meaning) if !was_pattern && holds_something(&value) => {
                let replacement = replacement(meaning);
                if let Personal::Field(_) = meaning {
                    withheld.put(&path, as_text(value));
                }
                Value::from(replacement)
            }
            _ => clean_value(value, &path, &key, withheld),
        };
        cleaned.insert(clean_key, value);
    }
    cleaned
}

/// Cleans a text; when something had to be taken out, the original is kept under `path`.
pub fn clean_text(text: String, path: &str, withheld: &mut Withheld) -> String {
    match redact(&text) {
        None => text,
        Some(redacted) => {
            withheld.put(path, text);
            redacted
        }
    }
}

pub(crate) fn clean_value(value: Value, path: &str, key: &str, withheld: &mut Withheld) -> Value {
    match value {
        Value::String(text) => Value::String(clean_text(text, path, withheld)),
        Value::Object(object) => Value::Object(clean_object(object, path, key, withheld)),
        Value::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| clean_value(item, &join(path, &index.to_string()), key, withheld))
            .collect(),
        other => other,
    }
}

/// Extends a path, but not far beyond the length at which it names no field.
fn join(path: &str, part: &str) -> String {
    if path.len() > MAX_PATH_BYTES {
        return path.to_owned();
    }
    let part = part.get(..part.floor_char_boundary(MAX_PATH_BYTES + 1)).unwrap_or_default();
    format!("{path}.{part}")
}

/// A key may hold a pattern too, as in a map from addresses to counts.
fn clean_key(key: &str, path: &str, withheld: &mut Withheld) -> String {
    let Some(redacted) = redact(key) else { return key.to_owned() };
    withheld.put(&join(&join(path, &redacted), "key"), key);
    redacted
}

/// Returns the text without personal values, or nothing when it holds none.
fn redact(text: &str) -> Option<String> {
    let without_parameters = urls::redact(text);
    match (patterns::redact(&without_parameters), &without_parameters) {
        (Cow::Owned(redacted), _) => Some(redacted),
        (Cow::Borrowed(_), Cow::Owned(redacted)) => Some(redacted.clone()),
        (Cow::Borrowed(_), Cow::Borrowed(_)) => None,
    }
}

/// Tells whether a value says something about a person: a flag, an empty value and what was
/// redacted already do not.
fn holds_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(_) => true,
        Value::String(text) => {
            !text.trim().is_empty()
                && ![patterns::EMAIL, patterns::PHONE, urls::PERSONAL].contains(&text.as_str())
        }
        Value::Array(items) => !items.is_empty(),
        Value::Object(object) => !object.is_empty(),
    }
}

fn replacement(meaning: Personal) -> &'static str {
    match meaning {
        Personal::Field("email") => patterns::EMAIL,
        Personal::Field("phone") => patterns::PHONE,
        _ => urls::PERSONAL,
    }
}

fn as_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
