//! How the domain's words look in the OpenAPI document.
//!
//! Invariant: what can be one of several words lists the domain's own, so that neither drifts.

use domain::{
    comparison::LineKind, consent::ScoringConsent, contact::Weekday, entry::ActivityType,
    erasure::Reason, identity::Kind, intelligence::SourceFrom, job::JobStatus, lead::Status,
    notification::Topic, rule::Period, segment::Segment, stage::Stage,
};
use serde_json::{Value, json};
use utoipa::openapi::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type, schema::SchemaType};

const USER_ID: &str = "^user_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

const A_USER: &str = "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071";

const A_MERGE: &str = "merge_019bc1a3-7c00-7000-8000-0242ac120002";

pub(crate) fn stage() -> Object {
    one_of(Stage::ALL.map(Stage::as_str)).description(Some("How far the lead has come.")).build()
}

pub(crate) fn segment() -> Object {
    let words = Segment::ALL.map(Segment::as_str);
    one_of(words).description(Some("The behavioural group.")).build()
}

pub(crate) fn optional_segment() -> Object {
    or_null(Segment::ALL.map(Segment::as_str)).build()
}

pub(crate) fn weekday() -> Object {
    one_of(Weekday::ALL.map(Weekday::as_str))
        .description(Some("A day of the week, in UTC."))
        .build()
}

pub(crate) fn source_from() -> Object {
    let words = SourceFrom::ALL.map(SourceFrom::as_str);
    one_of(words).description(Some("What says the source.")).build()
}

pub(crate) fn period() -> Object {
    use Period::{Day, Lifetime, Month, Week};
    let words = [Lifetime, Day, Week, Month].map(|period| json!(period));
    text().enum_values(Some(words)).description(Some("A stretch of time, in UTC.")).build()
}

pub(crate) fn scoring_consent() -> Object {
    use ScoringConsent::{OptIn, OptOut};
    let words = [OptOut, OptIn].map(|word| json!(word));
    let meaning =
        "Whether events count until consent for scoring is denied, or while it is granted.";
    text().enum_values(Some(words)).description(Some(meaning)).build()
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

pub(crate) fn activity_type() -> Object {
    let words = ActivityType::ALL.map(|word| json!(word));
    text().enum_values(Some(words)).description(Some("A sort of activity.")).build()
}

pub(crate) fn erasure_reason() -> Object {
    let words = [Reason::Asked, Reason::Lapsed, Reason::Unconsented].map(|word| json!(word));
    text().enum_values(Some(words)).description(Some("Why somebody was erased.")).build()
}

pub(crate) fn topic() -> Object {
    one_of(Topic::ALL.map(Topic::as_str)).description(Some("What is told.")).build()
}

pub(crate) fn optional_status() -> Object {
    use Status::{Archived, Contacted, Converted, Lost, New, Qualified};
    let all = [New, Contacted, Qualified, Converted, Lost, Archived];
    or_null(all.map(|status| serde_json::to_value(status).unwrap_or_default())).build()
}

pub(crate) fn job_kind() -> Object {
    one_of(["preview", "rescore", "import", "bulk_edit", "export"])
        .description(Some("What the job does."))
        .build()
}

pub(crate) fn job_status() -> Object {
    let words = JobStatus::ALL.map(JobStatus::as_str);
    one_of(words)
        .description(Some(
            "How far the job has come: `queued` before it begins, `running` in its first pass, \
         `settling` while it waits for and makes the last one (some two minutes), then `done`. \
         `superseded`: other rules were published meanwhile. `failed`: a part kept failing; resume \
         the job.",
        ))
        .build()
}

pub(crate) fn line_kind() -> Object {
    use LineKind::{Contribution, Decay, Expiry, Floor, Other, Rounding, TotalCap};
    let all = [Contribution, Decay, Expiry, Rounding, Floor, TotalCap, Other];
    let words = all.map(|kind| serde_json::to_value(kind).unwrap_or_default());
    text().enum_values(Some(words)).description(Some("What the lines are.")).build()
}

pub(crate) fn optional_timestamp() -> Object {
    let types = [Type::String, Type::Null];
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter(types))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some("An instant in UTC, to the millisecond."))
        .build()
}

pub(crate) fn event_status() -> Object {
    one_of(["accepted", "rejected"]).build()
}

pub(crate) fn lead_id() -> Object {
    text()
        .description(Some("An id of a lead: its own or that of any home of its family."))
        .pattern(Some("^lead_[a-z2-7]{25}[aeimquy4]$"))
        .examples([json!("lead_5beiexgvm3fyfbysxs6stwaya4")])
        .build()
}

pub(crate) fn merge() -> Object {
    text().description(Some("A manual merge.")).examples([json!(A_MERGE)]).build()
}

pub(crate) fn optional_merge() -> Object {
    let types = [Type::String, Type::Null];
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter(types))
        .description(Some("A manual merge."))
        .examples([json!(A_MERGE)])
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

/// Any JSON value.
pub(crate) fn any_value() -> Object {
    use Type::{Array, Boolean, Null, Number, Object, String};
    let types = [String, Number, Boolean, Array, Object, Null];
    ObjectBuilder::new().schema_type(SchemaType::from_iter(types)).build()
}

pub(crate) fn lead_order() -> Object {
    one_of(["score", "created", "activity"]).default(Some(json!("score"))).build()
}

pub(crate) fn assignee() -> Object {
    let pattern = format!("^(me|none|{})$", USER_ID.trim_matches(['^', '$']));
    text().pattern(Some(pattern)).examples([json!("me")]).build()
}

pub(crate) fn user_id() -> Object {
    text().pattern(Some(USER_ID)).examples([json!(A_USER)]).build()
}

pub(crate) fn optional_user_id() -> Object {
    let types = [Type::String, Type::Null];
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter(types))
        .pattern(Some(USER_ID))
        .examples([json!(A_USER)])
        .build()
}

fn one_of<const N: usize>(words: [&str; N]) -> ObjectBuilder {
    text().enum_values(Some(words.map(Value::from)))
}

/// One of some words, or `null`.
fn or_null<const N: usize>(words: [impl Into<Value>; N]) -> ObjectBuilder {
    let words = words.into_iter().map(Into::into).chain([Value::Null]);
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(words))
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))
}
