//! The columns of an export, and the cells of a lead.
//!
//! Invariant: no text in a cell is one that a spreadsheet takes for a formula, see
//! [`files::safe_cell`]. Numbers are Leadline's own and stay as they are.

use domain::{
    identity::Kind,
    lead::Lead,
    rules::Rules,
    segment::ShownSegment,
    time::Timestamp,
    view::{View, view},
};
use files::safe_cell;
use intake::person::Person;
use serde_json::{Map, Value};

/// The profile fields that have a column of their own.
const FIELDS: [&str; 8] =
    ["first_name", "last_name", "name", "company", "title", "industry", "company_size", "source"];

/// Fields that another column says.
const ELSEWHERE: [&str; 5] = ["email", "phone", "email_domain", "has_phone", "marketplaces"];

/// Writes the cells of a lead, as seen at an instant, in the order of
/// [`files::EXPORT_COLUMNS`].
pub(super) fn of(lead: &Lead, person: &Person, rules: &Rules, at: Timestamp) -> Vec<String> {
    let view = view(&lead.state, rules, at);
    let mut cells = vec![lead.survivor.id.to_string()];
    cells.extend(identities(person).map(|text| safe(&text)));
    cells.extend(FIELDS.map(|name| safe(&field(lead, person, name))));
    let marketplaces = lead.state.shown_marketplaces();
    let marketplaces: Vec<_> = marketplaces.iter().map(ToString::to_string).collect();
    cells.push(safe(&marketplaces.join("; ")));
    cells.push(safe(&traits(person)));
    cells.extend(standing(lead, &view, at));
    cells
}

/// The first identity of each kind, then all others.
fn identities(person: &Person) -> impl Iterator<Item = String> {
    let first = Kind::ALL.map(|kind| person.first(kind).unwrap_or_default().to_owned());
    let is_other = |(kind, value): &&(Kind, String)| person.first(*kind) != Some(value.as_str());
    let others = person.identities.iter().filter(is_other);
    let others: Vec<_> = others.map(|(kind, value)| format!("{kind}={value}")).collect();
    let [user_id, email, external, phone, anonymous_id] = first;
    // Where no identity says it, the profile may.
    let or_field = |text: String, name| match person.profile.get(name) {
        Some(Value::String(declared)) if text.is_empty() => declared.clone(),
        _ => text,
    };
    [
        user_id,
        or_field(email, "email"),
        external,
        or_field(phone, "phone"),
        anonymous_id,
        others.join("; "),
    ]
    .into_iter()
}

fn field(lead: &Lead, person: &Person, name: &str) -> String {
    if name == "source" {
        return lead.state.shown_source().to_owned();
    }
    person.profile.get(name).map(text).unwrap_or_default()
}

/// The other fields, as JSON.
fn traits(person: &Person) -> String {
    let has_column = |name: &str| FIELDS.contains(&name) || ELSEWHERE.contains(&name);
    let others = person.profile.iter().filter(|(name, _)| !has_column(name));
    let others: Map<String, Value> =
        others.map(|(name, value)| (name.clone(), value.clone())).collect();
    if others.is_empty() { String::new() } else { Value::Object(others).to_string() }
}

fn standing(lead: &Lead, view: &View, at: Timestamp) -> [String; 12] {
    let state = &lead.state;
    let instant =
        |instant: Option<Timestamp>| instant.map_or_else(String::new, |at| at.to_string());
    let word =
        |value: serde_json::Result<Value>| value.map(|value| text(&value)).unwrap_or_default();
    [
        view.score.to_string(),
        view.points.to_string(),
        view.stage.to_string(),
        word(serde_json::to_value(state.work.status)),
        ShownSegment::of(state, at).segment.as_str().to_owned(),
        state.work.assigned_to.as_ref().map(ToString::to_string).unwrap_or_default(),
        view.velocity.to_string(),
        view.risk.to_string(),
        instant(state.created_at),
        instant(state.first_seen_at),
        instant(state.last_event_at),
        state.events.to_string(),
    ]
}

/// Writes a value as people would: text without quotes, nothing for `null`.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn safe(text: &str) -> String {
    safe_cell(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_without_a_column_are_written_as_json() {
        let profile = [
            ("company", Value::from("Acme")),
            ("email", "ana@example.com".into()),
            ("plan", "pro".into()),
            ("seats", 3.into()),
        ];
        let profile = profile.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
        let identities = vec![
            (Kind::Phone, "+5511999990001".to_owned()),
            (Kind::Phone, "+5511999990002".to_owned()),
        ];
        let person = Person { profile, identities, ..Person::default() };
        assert_eq!(traits(&person), r#"{"plan":"pro","seats":3}"#);
        let cells: Vec<_> = super::identities(&person).collect();
        assert_eq!(
            cells,
            ["", "ana@example.com", "", "+5511999990001", "", "phone=+5511999990002"]
        );
    }
}
