//! What one cell says.
//!
//! Invariant: what is wrong with a cell is told without repeating it.

use domain::{
    identity::{Identity, InvalidIdentity, Kind},
    lead::Status,
    marketplace::Marketplace,
    user::UserId,
};
use intake::{
    edit::MAX_VALUE_BYTES,
    personal::{MAX_FIELDS, patterns},
};
use serde_json::{Map, Value};

use super::super::{field::Field, staff::Staff};

/// How many digits a custom field's number has at most before the point, and how many after it: a
/// longer one is somebody's number and stays text.
const MAX_DIGITS: (usize, usize) = (9, 6);

/// What a cell says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Nothing,
    Identity(Kind, String),
    Trait(String, Value),
    Traits(Map<String, Value>),
    Status(Status),
    AssignedTo(UserId),
}

/// What is wrong with a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Invalid {
    pub code: &'static str,
    pub message: String,
}

/// Reads a cell of a column that is brought to a field.
pub(super) fn said(field: &Field, cell: &str, staff: &Staff) -> Result<Said, Invalid> {
    let cell = without_guard(cell.trim());
    if cell.is_empty() {
        return Ok(Said::Nothing);
    }
    if *field == Field::Traits {
        return traits(cell);
    }
    if !fits(&cell.into()) {
        return Err(too_long());
    }
    match field {
        Field::Identity(kind) => identity(*kind, cell),
        Field::Profile(name) => Ok(Said::Trait((*name).to_owned(), cell.into())),
        Field::Marketplaces => marketplaces(cell),
        Field::Status => status(cell),
        Field::AssignedTo => match staff.find(cell) {
            Some(user) => Ok(Said::AssignedTo(user.clone())),
            None => Err(invalid("unknown_user", "no active user has this id or email address")),
        },
        Field::Traits => traits(cell),
        Field::Trait(name) => Ok(Said::Trait(name.clone(), typed(cell))),
    }
}

/// Takes off the apostrophe that an export puts before what looks like a formula.
fn without_guard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) => rest,
        _ => cell,
    }
}

fn identity(kind: Kind, cell: &str) -> Result<Said, Invalid> {
    match Identity::new(kind, cell) {
        Ok(identity) => Ok(Said::Identity(kind, identity.value().to_owned())),
        Err(InvalidIdentity::Placeholder(_)) => Ok(Said::Nothing),
        Err(error) => Err(Invalid { code: "invalid_identity", message: error.to_string() }),
    }
}

fn traits(cell: &str) -> Result<Said, Invalid> {
    let Ok(Value::Object(traits)) = serde_json::from_str(cell) else {
        return Err(invalid("invalid_traits", "the cell is no JSON object"));
    };
    if traits.len() > MAX_FIELDS {
        let message = format!("the cell has more than {MAX_FIELDS} fields");
        return Err(Invalid { code: "invalid_traits", message });
    }
    if traits.values().all(fits) { Ok(Said::Traits(traits)) } else { Err(too_long()) }
}

/// Tells whether a value is one that a profile keeps.
fn fits(value: &Value) -> bool {
    value.to_string().len() <= MAX_VALUE_BYTES
}

fn too_long() -> Invalid {
    let message = format!("a value has more than {MAX_VALUE_BYTES} bytes as JSON");
    Invalid { code: "too_long", message }
}

fn marketplaces(cell: &str) -> Result<Said, Invalid> {
    let names = cell.split([',', ';', '|']).map(str::trim).filter(|name| !name.is_empty());
    let names: Result<Vec<Marketplace>, _> = names.map(str::parse).collect();
    let names = names
        .map_err(|error| Invalid { code: "invalid_marketplace", message: error.to_string() })?;
    let names: Vec<Value> = names.iter().map(|name| name.as_str().into()).collect();
    Ok(Said::Trait("marketplaces".to_owned(), names.into()))
}

fn status(cell: &str) -> Result<Said, Invalid> {
    let word = cell.to_lowercase();
    serde_json::from_value(word.into()).map(Said::Status).map_err(|_| {
        let words = "a status is new, contacted, qualified, converted, lost or archived";
        invalid("unknown_status", words)
    })
}

/// Reads a custom field: a number, a flag, or text.
fn typed(cell: &str) -> Value {
    match cell {
        "true" => return true.into(),
        "false" => return false.into(),
        _ => {}
    }
    let number = is_number(cell) && !patterns::is_personal(cell);
    let number = number.then(|| serde_json::from_str(cell).ok()).flatten();
    number.unwrap_or_else(|| cell.into())
}

/// Tells whether text is a number as one would write it: no sign but `-`, no needless zero.
fn is_number(text: &str) -> bool {
    let digits = |text: &str, most| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = text.split_once('.').map_or((text, None), |(w, p)| (w, Some(p)));
    let (most_whole, most_part) = MAX_DIGITS;
    digits(whole, most_whole)
        && (whole == "0" || !whole.starts_with('0'))
        && part.is_none_or(|part| digits(part, most_part))
}

fn invalid(code: &'static str, message: &str) -> Invalid {
    Invalid { code, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(field: &str, cell: &str) -> Result<Said, &'static str> {
        let field = field.parse().unwrap();
        said(&field, cell, &Staff::default()).map_err(|invalid| invalid.code)
    }

    #[test]
    fn cells_are_normalised() {
        let identity = |kind, value: &str| Ok(Said::Identity(kind, value.to_owned()));
        assert_eq!(read("email", " Ana@Example.com "), identity(Kind::Email, "ana@example.com"));
        assert_eq!(read("phone", "'+55 (11) 99999-0001"), identity(Kind::Phone, "+5511999990001"));
        assert_eq!(read("status", "Contacted"), Ok(Said::Status(Status::Contacted)));
        assert_eq!(read("email", "n/a"), Ok(Said::Nothing));
        assert_eq!(read("name", "  "), Ok(Said::Nothing));
        let names = json!(["mercado_livre", "shopee"]);
        let found = read("marketplaces", "Mercado Livre; shopee");
        assert_eq!(found, Ok(Said::Trait("marketplaces".to_owned(), names)));
    }

    #[test]
    fn a_custom_field_has_the_type_that_it_looks_like() {
        for (cell, value) in [
            ("12", json!(12)),
            ("-12.50", json!(-12.5)),
            ("0.5", json!(0.5)),
            ("0", json!(0)),
            ("true", json!(true)),
            ("TRUE", json!("TRUE")),
            ("01310", json!("01310")),
            ("1e9", json!("1e9")),
            ("+1", json!("+1")),
            (".5", json!(".5")),
            ("12345678901", json!("12345678901")),
            ("'=1", json!("=1")),
        ] {
            let said = Said::Trait("plan".to_owned(), value);
            assert_eq!(read("trait:plan", cell), Ok(said), "{cell}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_by_a_word_and_without_the_value() {
        for (field, cell, code) in [
            ("email", "ana@", "invalid_identity"),
            ("phone", "11 99999-0001", "invalid_identity"),
            ("status", "hot", "unknown_status"),
            ("assigned_to", "ana@example.com", "unknown_user"),
            ("traits", "[1]", "invalid_traits"),
            ("name", &"x".repeat(2_049), "too_long"),
        ] {
            assert_eq!(read(field, cell), Err(code), "{field}");
            let told = said(&field.parse().unwrap(), cell, &Staff::default()).unwrap_err();
            assert!(!told.message.contains(cell), "{told:?}");
        }
    }
}
