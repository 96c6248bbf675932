//! Traits: what is declared about a person or a company, under the names that a profile has.
//!
//! Invariant: a name is either a personal field, and then only in [`Withheld`], or a plain trait.
//! Of an email address the traits keep its domain, of a phone number that there is one, of an
//! address its country.

use domain::identity::{Identity, Kind};
use serde_json::{Map, Value};

use super::{
    Withheld, as_text, clean_object, clean_value, holds_something,
    keys::{self, Personal},
};

/// Spellings of the plain fields that a profile knows.
const STANDARD: &[(&str, &[&str])] = &[
    ("title", &["title", "jobtitle", "position", "cargo"]),
    ("company", &["company", "companyname", "organization", "organisation", "empresa"]),
    ("industry", &["industry", "companyindustry"]),
    (
        "company_size",
        &["companysize", "employees", "employeecount", "numemployees", "numberofemployees", "size"],
    ),
    ("source", &["source", "leadsource"]),
    ("marketplaces", &["marketplaces", "marketplace"]),
    ("country", &["country", "countrycode"]),
];

/// A longer name is cut.
const MAX_NAME_BYTES: usize = 128;

/// Splits a person's traits.
pub fn person_traits(traits: Map<String, Value>, withheld: &mut Withheld) -> Map<String, Value> {
    let mut plain = Map::new();
    for (key, value) in traits {
        match keys::meaning(&key, true) {
            None if !keys::is_free_text(&key) => declare(&mut plain, &key, value, withheld),
            // A flag or an empty value under a personal key declares nothing.
            _ if !holds_something(&value) => {}
            None => withheld.put(&trait_name(&key), as_text(value)),
            Some(Personal::Secret) => {}
            Some(Personal::Field(field)) => withhold(&mut plain, field, value, withheld),
        }
    }
    plain
}

/// Splits a company's traits: the fields that a person's profile has of its company, and the
/// rest, which describes the group alone.
pub fn company_traits(
    traits: Map<String, Value>,
    path: &str,
    withheld: &mut Withheld,
) -> (Map<String, Value>, Map<String, Value>) {
    let (mut fields, mut rest) = (Map::new(), Map::new());
    for (key, value) in traits {
        let field = company_field(&key);
        match field.filter(|_| value.is_string() || value.is_number()) {
            Some(field) => {
                let value = clean_value(value, &format!("{path}.{field}"), field, withheld);
                fields.insert(field.to_owned(), value);
            }
            None => {
                rest.insert(key, value);
            }
        }
    }
    (fields, clean_object(rest, path, "company", withheld))
}

fn company_field(key: &str) -> Option<&'static str> {
    match standard(&keys::bare(key)) {
        Some(field @ ("company" | "industry" | "company_size")) => Some(field),
        _ if keys::is_name(&keys::bare(key)) => Some("company"),
        _ => None,
    }
}

/// Finds the plain field that a bare key stands for.
pub(crate) fn standard(bare: &str) -> Option<&'static str> {
    STANDARD.iter().find(|(_, spellings)| spellings.contains(&bare)).map(|(field, _)| *field)
}

/// Keeps a personal value back, and of it what rules may need.
fn withhold(
    plain: &mut Map<String, Value>,
    field: &'static str,
    value: Value,
    withheld: &mut Withheld,
) {
    match (field, &value) {
        ("email", Value::String(text)) => {
            if let Some(domain) = email_domain(text) {
                plain.insert("email_domain".to_owned(), domain.into());
            }
        }
        ("phone", Value::String(_) | Value::Number(_)) => {
            plain.insert("has_phone".to_owned(), true.into());
        }
        ("address", Value::Object(address)) => {
            let country = address.iter().find(|(key, _)| keys::bare(key) == "country");
            if let Some((_, Value::String(country))) = country {
                let country = super::clean_text(country.clone(), "traits.country", withheld);
                plain.entry("country").or_insert(country.into());
            }
        }
        _ => {}
    }
    withheld.put(field, as_text(value));
}

/// Returns the domain of a valid email address.
pub(crate) fn email_domain(email: &str) -> Option<String> {
    let email = Identity::new(Kind::Email, email).ok()?;
    email.value().rsplit_once('@').map(|(_, domain)| domain.to_owned())
}

/// Declares a trait that is not personal by its key.
fn declare(plain: &mut Map<String, Value>, key: &str, value: Value, withheld: &mut Withheld) {
    let name = standard(&keys::bare(key)).map_or_else(|| trait_name(key), str::to_owned);
    match value {
        Value::Null => {}
        Value::Object(company) if name == "company" => {
            let (fields, rest) = company_traits(company, "traits.company", withheld);
            plain.extend(fields);
            for (key, value) in rest {
                plain.insert(trait_name(&format!("company_{key}")), value);
            }
        }
        value => {
            let value = clean_value(value, &format!("traits.{name}"), key, withheld);
            plain.insert(name, value);
        }
    }
}

/// Names a custom trait; a pattern inside a key is taken out like anywhere.
pub(crate) fn trait_name(key: &str) -> String {
    let mut name = snake_case(&super::patterns::redact(key));
    name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
    if name.is_empty() { "trait".to_owned() } else { name }
}

/// Brings a name to `snake_case`: `Order Completed`, `orderCompleted` and `order-completed` are
/// all `order_completed`, and `HTTPRequest` is `http_request`.
pub fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut characters = name.chars().peekable();
    let mut previous = ' ';
    while let Some(c) = characters.next() {
        if c.is_alphanumeric() {
            let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
            let begins_word = c.is_uppercase()
                && (previous.is_lowercase()
                    || previous.is_numeric()
                    || (previous.is_uppercase() && next_is_lower));
            if begins_word || (!previous.is_alphanumeric() && !snake.is_empty()) {
                snake.push('_');
            }
            snake.extend(c.to_lowercase());
        }
        // An apostrophe joins: `Don't` is one word.
        if !matches!(c, '\'' | '’') {
            previous = c;
        }
    }
    snake
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn split(traits: Value) -> (Value, Withheld) {
        let mut withheld = Withheld::default();
        let Value::Object(traits) = traits else { panic!("an object") };
        let plain = person_traits(traits, &mut withheld);
        (Value::Object(plain), withheld)
    }

    #[test]
    fn a_person_s_traits_keep_what_rules_may_need_and_nothing_personal() {
        let (plain, withheld) = split(json!({
            "email": " Lead1@Example.com",
            "name": "Ana Lead",
            "firstName": "Ana",
            "phone": "+5511999990001",
            "jobTitle": "CTO",
            "company": {"name": "Acme", "industry": "retail", "employees": 42, "plan": "pro"},
            "address": {"street": "Rua A", "city": "São Paulo", "country": "BR"},
            "bio": "Ana, of Recife",
            "About Me": "tall",
            "motto": "write to ana@example.com",
            "comments": true,
            "score": 7,
            "password": "x",
            "middleName": null,
            "mobile": true,
        }));
        assert_eq!(
            plain,
            json!({
                "email_domain": "example.com",
                "has_phone": true,
                "title": "CTO",
                "company": "Acme",
                "industry": "retail",
                "company_size": 42,
                "company_plan": "pro",
                "country": "BR",
                "motto": "write to [email]",
                "score": 7,
            })
        );
        let fields: Vec<_> = withheld.iter().map(|(field, _)| field).collect();
        let expected = ["about_me", "address", "bio", "email", "first_name", "name", "phone"];
        assert_eq!(fields, [&expected[..], &["traits.motto"]].concat());
        assert_eq!(withheld.get("bio"), Some("Ana, of Recife"));
    }

    #[test]
    fn a_company_s_traits_describe_the_company() {
        let mut withheld = Withheld::default();
        let Value::Object(traits) =
            json!({"name": "Acme", "employees": 42, "plan": "pro", "email": "hi@acme.example"})
        else {
            panic!("an object")
        };
        let (fields, rest) = company_traits(traits, "properties.traits", &mut withheld);
        assert_eq!(Value::Object(fields), json!({"company": "Acme", "company_size": 42}));
        assert_eq!(Value::Object(rest), json!({"plan": "pro", "email": "[email]"}));
        assert_eq!(withheld.get("properties.traits.email"), Some("hi@acme.example"));
        assert_eq!(withheld.get("email"), None);
    }

    #[test]
    fn every_spelling_of_a_name_is_one_name() {
        for (name, snake) in [
            ("Order Completed", "order_completed"),
            ("orderCompleted", "order_completed"),
            ("ORDER_COMPLETED", "order_completed"),
            ("order-completed ", "order_completed"),
            ("HTTPRequest", "http_request"),
            ("orderID", "order_id"),
            ("Step2Done", "step2_done"),
            ("Don't Click!", "dont_click"),
            ("Añadido al Carrito", "añadido_al_carrito"),
            ("page_view", "page_view"),
            ("🎉", ""),
        ] {
            assert_eq!(snake_case(name), snake, "{name}");
        }
    }
}
