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
    let is_described = keys::is_person(parent);
    let is_person = is_described || keys::has_contact(&object);
    clean_members(object, path, Of { is_person, is_described }, withheld)
}

/// Cleans what an event says at its top. A bare `name` there is the person's, unless the event is
/// about a named thing or the object is a product.
pub fn clean_top(
    object: Map<String, Value>,
    path: &str,
    names_thing: bool,
    withheld: &mut Withheld,
) -> Map<String, Value> {
    let is_person = keys::has_contact(&object) || !names_thing && !keys::is_product(&object);
    clean_members(object, path, Of { is_person, is_described: false }, withheld)
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
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn clean(value: Value) -> (Value, Withheld) {
        let mut withheld = Withheld::default();
        let Value::Object(object) = value else { panic!("an object") };
        let cleaned = clean_object(object, "properties", "", &mut withheld);
        (Value::Object(cleaned), withheld)
    }

    #[test]
    fn personal_keys_and_patterns_are_taken_out_at_every_depth() {
        let (cleaned, withheld) = clean(json!({
            "note": "call +55 11 99999-0001 or ana@example.com",
            "plan": "pro",
            "subscribed": {"email": true},
            "customer": {"name": "Ana", "id": 7, "address": {"street": "Rua A, 1"}},
            "products": [{"name": "Lamp", "price": 12.5, "sku": "SKU-12-3456-7890"}],
            "ana@example.com": 3,
            "password": "hunter2",
            "url": "https://x.example/?first_name=Ana&utm_source=g",
        }));
        assert_eq!(
            cleaned,
            json!({
                "note": "call [phone] or [email]",
                "plan": "pro",
                "subscribed": {"email": true},
                "customer": {"name": "[personal]", "id": 7, "address": "[personal]"},
                "products": [{"name": "Lamp", "price": 12.5, "sku": "SKU-12-3456-7890"}],
                "[email]": 3,
                "password": "[personal]",
                "url": "https://x.example/?first_name=[personal]&utm_source=g",
            })
        );
        let fields: Vec<_> = withheld.iter().map(|(field, _)| field).collect();
        assert_eq!(
            fields,
            [
                "properties.[email].key",
                "properties.customer.address",
                "properties.customer.name",
                "properties.note",
                "properties.url",
            ]
        );
        let address = withheld.get("properties.customer.address");
        assert_eq!(address, Some(r#"{"street":"Rua A, 1"}"#));
    }

    #[test]
    fn a_name_at_the_top_is_a_person_s_unless_a_thing_is_meant() {
        let cases = [
            (false, json!({"name": "Ana"}), true),
            (false, json!({"nome": "Ana", "plan": "pro"}), true),
            (true, json!({"name": "Home"}), false),
            (true, json!({"name": "Ana", "firstName": "Ana"}), true),
            (false, json!({"name": "Lamp", "sku": "L-1"}), false),
            (false, json!({"name": "Lamp", "id": 7, "price": 12.5}), false),
            (false, json!({"name": "Ana", "price": 12.5, "email": "ana@example.com"}), true),
        ];
        for (names_thing, object, is_personal) in cases {
            let Value::Object(object) = object else { panic!("an object") };
            let key = if object.contains_key("nome") { "nome" } else { "name" };
            let mut withheld = Withheld::default();
            let cleaned = clean_top(object.clone(), "properties", names_thing, &mut withheld);
            assert_eq!(cleaned[key] == "[personal]", is_personal, "{object:?}");
            let kept = withheld.get(&format!("properties.{key}"));
            assert_eq!(kept, is_personal.then_some("Ana"), "{object:?}");
        }
        let (cleaned, _) = clean(json!({
            "visitor": {"name": "Ana", "phone": "+55 11 99999-0001"},
            "plan": {"name": "Pro", "email": true},
            "company": {"name": "Acme"},
        }));
        assert_eq!(cleaned["visitor"]["name"], "[personal]");
        assert_eq!(cleaned["plan"]["name"], "Pro");
        assert_eq!(cleaned["company"]["name"], "Acme");
    }

    #[test]
    fn free_text_is_a_person_s_where_the_person_is_described() {
        let (cleaned, withheld) = clean(json!({
            "traits": {"bio": "Ana, of Recife", "About Me": "tall", "comments": true},
            "product": {"description": "A lamp"},
            "message": "Welcome back",
        }));
        let expected = json!({"bio": "[personal]", "About Me": "[personal]", "comments": true});
        assert_eq!(cleaned["traits"], expected);
        assert_eq!(cleaned["product"]["description"], "A lamp");
        assert_eq!(cleaned["message"], "Welcome back");
        assert_eq!(withheld.get("properties.traits.bio"), Some("Ana, of Recife"));
    }

    #[test]
    fn a_long_value_is_taken_out_and_not_kept() {
        let text = |length: usize| format!("{}ana@example.com", " ".repeat(length - 15));
        let (cleaned, withheld) = clean(json!({"fits": text(2_048), "long": text(2_049)}));
        assert!(!cleaned.to_string().contains("ana@"));
        let fields: Vec<_> = withheld.iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["properties.fits"]);
    }

    #[test]
    fn at_most_64_personal_values_are_kept_and_all_are_taken_out() {
        let people: Vec<_> = (0..100).map(|n| json!(format!("p{n}@example.com"))).collect();
        let (cleaned, withheld) = clean(json!({ "people": people }));
        assert_eq!(withheld.iter().count(), MAX_FIELDS);
        assert!(!cleaned.to_string().contains('@'));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            "[a-z0-9@+. ()%?=&/-]{0,24}",
            Just("ana@example.com".to_owned()),
            Just("+5511999990001".to_owned()),
            "\\PC{0,8}",
        ];
        let leaf = prop_oneof![
            text.clone().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, move |inner| {
            let key = prop_oneof![text.clone(), Just("name".to_owned()), Just("email".to_owned())];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(key, inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn texts(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) => found.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
            Value::Object(object) => {
                for (key, value) in object {
                    found.push(key.clone());
                    texts(value, found);
                }
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn no_pattern_survives_and_a_second_split_finds_nothing(value in any_json()) {
            let (once, _) = clean(json!({ "value": value }));
            let mut left = Vec::new();
            texts(&once, &mut left);
            for text in left {
                prop_assert!(!patterns::is_personal(&text), "{}", text);
            }
            let (twice, withheld) = clean(once.clone());
            prop_assert_eq!(twice, once);
            prop_assert_eq!(withheld.iter().count(), 0);
        }
    }
}
