//! How the domain's words look in the OpenAPI document.
//!
//! Invariant: what can be one of several words lists the domain's own, so that neither drifts.

use domain::{identity::Kind, lead::Status, stage::Stage};
use serde_json::{Value, json};
use utoipa::openapi::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type, schema::SchemaType};

pub(crate) fn stage() -> Object {
    one_of(Stage::ALL.map(Stage::as_str)).description(Some("How far the lead has come.")).build()
}

pub(crate) fn kind() -> Object {
    one_of(Kind::ALL.map(Kind::as_str)).description(Some("The kind of identity.")).build()
}

pub(crate) fn status() -> Object {
    use Status::{Archived, Contacted, Converted, Lost, New, Qualified};
    let all = [New, Contacted, Qualified, Converted, Lost, Archived];
    let words = all.map(|status| serde_json::to_value(status).unwrap_or_default());
    text().enum_values(Some(words)).description(Some("The sales state.")).build()
}

pub(crate) fn event_status() -> Object {
    one_of(["accepted", "rejected"]).build()
}

pub(crate) fn lead_id() -> Object {
    text()
        .description(Some("An id of a lead: its own or that of any home of its family."))
        .pattern(Some("^lead_[a-z2-7]{26}$"))
        .examples([json!("lead_5beiexgvm3fyfbysxs6stwaya4")])
        .build()
}

pub(crate) fn timestamp() -> Object {
    text()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some("An instant in UTC, to the millisecond."))
        .examples([json!("2026-01-15T12:00:00.000Z")])
        .build()
}

pub(crate) fn day() -> Object {
    text()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
        .description(Some("A day in UTC."))
        .examples([json!("2026-01-15")])
        .build()
}

pub(crate) fn anything() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Object))
        .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(true)))
        .build()
}

fn one_of<const N: usize>(words: [&str; N]) -> ObjectBuilder {
    text().enum_values(Some(words.map(Value::from)))
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))
}
