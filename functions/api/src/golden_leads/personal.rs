//! Personal data in examples: refused where it is plain to see.
//!
//! Invariant: events reach the rules without personal data, so an example with it would not be
//! judged as a lead is; and an example is kept as it was sent, unsealed.

use domain::golden_lead::GoldenLead;
use lambda::problem::Problem;
use serde_json::{Map, Value};

/// Names under which a value is personal, as bare letters and digits. The door knows more of them;
/// these are those that people would put into an example.
const KEYS: &[&str] = &[
    "address",
    "birthday",
    "cpf",
    "dateofbirth",
    "email",
    "emailaddress",
    "firstname",
    "fullname",
    "ip",
    "ipaddress",
    "lastname",
    "mobile",
    "password",
    "phone",
    "phonenumber",
    "surname",
    "whatsapp",
];

/// Answers 422 when an event holds personal data, telling where without repeating it.
pub fn refuse(golden: &GoldenLead) -> Result<(), Problem> {
    let mut fields = Vec::new();
    for (place, event) in golden.events.iter().enumerate() {
        for (part, values) in [
            ("properties", &event.properties),
            ("context", &event.context),
            ("traits", &event.traits),
        ] {
            if is_personal_map(values) {
                fields.push(format!("events.{place}.{part}"));
            }
        }
    }
    if fields.is_empty() {
        return Ok(());
    }
    let message = "an example must not hold personal data, such as a name, an email address or a \
                   phone number; events reach the rules without it";
    let told = |problem: Problem, field| problem.with_error(field, "personal_data", message);
    Err(fields.into_iter().fold(super::keep::invalid(message), told))
}

fn is_personal_map(values: &Map<String, Value>) -> bool {
    values
        .iter()
        .any(|(key, value)| (is_personal_key(key) && says_something(value)) || is_personal(value))
}

fn is_personal(value: &Value) -> bool {
    match value {
        Value::String(text) => text.split_whitespace().any(is_email),
        Value::Array(values) => values.iter().any(is_personal),
        Value::Object(values) => is_personal_map(values),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_personal_key(key: &str) -> bool {
    let letters = key.chars().filter(char::is_ascii_alphanumeric);
    let bare: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    KEYS.contains(&bare.as_str())
}

/// A flag, such as whether there is a phone number, is not the number.
fn says_something(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(_))
}

fn is_email(word: &str) -> bool {
    word.split_once('@').is_some_and(|(person, host)| {
        person.ends_with(|last: char| last.is_alphanumeric())
            && host.starts_with(|first: char| first.is_alphanumeric())
            && host.contains('.')
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_plainly_personal_is_seen_and_nothing_else() {
        for (values, expected) in [
            (json!({ "First Name": "Ana" }), true),
            (json!({ "user": { "email": "x" } }), true),
            (json!({ "notes": ["write to ana@example.com today"] }), true),
            (json!({ "email_domain": "example.com", "has_phone": true, "phone": true }), false),
            (json!({ "title": "CTO", "at": "5 @ noon", "handle": "@ana" }), false),
            (json!({ "email": null, "name": "Blue shoe", "total": 12.5 }), false),
        ] {
            assert_eq!(is_personal_map(values.as_object().unwrap()), expected, "{values}");
        }
    }
}
