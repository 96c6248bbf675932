//! How the words of accounts look in the OpenAPI document.
//!
//! Invariant: what can be one of several words lists the domain's own, so that neither drifts.

use domain::{
    api_key::{ApiKeyText, Scope},
    permission::Permission,
    rate_limit::RateLimits,
    retention::Retention,
    user::Role,
};
use dynamo::MemberStatus;
use serde_json::{Value, json};
use utoipa::openapi::{
    Array, ArrayBuilder, KnownFormat, Object, ObjectBuilder, SchemaFormat, Type, schema::SchemaType,
};

pub(super) fn role() -> Object {
    one_of(Role::ALL.map(Role::as_str))
        .description(Some(
            "What the user is there for: `admin` does everything, `manager` works with leads, \
             rules and analytics and sees the users, `sales_rep` works the leads assigned to them, \
             `analyst` reads leads and analytics, `viewer` reads leads.",
        ))
        .examples([json!("sales_rep")])
        .build()
}

pub(super) fn member_status() -> Object {
    one_of([MemberStatus::Invited, MemberStatus::Active].map(MemberStatus::as_str))
        .description(Some("`invited` until the user first signs in, then `active`."))
        .build()
}

pub(super) fn permissions() -> Array {
    let words = Permission::ALL.map(Permission::as_str);
    ArrayBuilder::new().items(one_of(words)).unique_items(true).build()
}

pub(super) fn scopes() -> Array {
    let words = [Scope::Ingest, Scope::Read, Scope::Admin].map(Scope::as_str);
    ArrayBuilder::new()
        .items(one_of(words))
        .min_items(Some(1))
        .max_items(Some(words.len()))
        .unique_items(true)
        .description(Some(
            "What the key is for: `ingest` sends events and does nothing else, `read` reads leads, \
             rules and analytics, `admin` does everything that is not a person's own but send \
             events.",
        ))
        .examples([json!(["read"])])
        .build()
}

pub(super) fn key_id() -> Object {
    text().pattern(Some("^key_[0-9a-f]{16}$")).examples([json!("key_0123456789abcdef")]).build()
}

pub(super) fn actor() -> Object {
    an_actor().build()
}

pub(super) fn optional_actor() -> Object {
    an_actor().schema_type(or_null()).build()
}

fn an_actor() -> ObjectBuilder {
    text()
        .pattern(Some("^(user_[0-9a-f-]{36}|key_[0-9a-f]{16}|system)$"))
        .examples([json!("user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071")])
}

pub(super) fn optional_day() -> Object {
    ObjectBuilder::new()
        .schema_type(or_null())
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
        .examples([json!("2026-01-15")])
        .build()
}

pub(super) fn key_text() -> Object {
    let example = "acme".parse().map(|acme| ApiKeyText::compose(&acme, &[0; 20]));
    let example = example.map(|key| key.reveal().to_owned()).unwrap_or_default();
    text()
        .description(Some("The key itself. It is shown this once and never again."))
        .examples([json!(example)])
        .build()
}

pub(super) fn email() -> Object {
    text()
        .max_length(Some(cognito::MAX_EMAIL_BYTES))
        .pattern(Some(cognito::EMAIL_PATTERN))
        .examples([json!("ana@example.com")])
        .build()
}

pub(super) fn rate_limit() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Integer))
        .minimum(Some(*RateLimits::BOUNDS.start()))
        .maximum(Some(*RateLimits::BOUNDS.end()))
        .description(Some("Requests a minute."))
        .build()
}

pub(super) fn retention_days() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
        .minimum(Some(*Retention::BOUNDS.start()))
        .maximum(Some(*Retention::BOUNDS.end()))
        .description(Some("Days without an event or an edit; `null` is never."))
        .build()
}

fn one_of<const N: usize>(words: [&str; N]) -> ObjectBuilder {
    text().enum_values(Some(words.map(Value::from)))
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))
}

fn or_null() -> SchemaType {
    SchemaType::from_iter([Type::String, Type::Null])
}
