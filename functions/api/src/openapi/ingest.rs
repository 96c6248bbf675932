//! The routes of the `ingest` function, documented here so that there is one document.
//!
//! Invariant: nothing here is served; the functions are empty and exist for their attributes.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::words;

/// A call of the Segment tracking API. Fields that are not named here are kept in `context`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SegmentCall {
    /// In a batch: what sort of call it is.
    #[schema(example = "track")]
    pub r#type: Option<String>,
    /// The sender's id of the call, the same at every retry.
    #[schema(max_length = 128)]
    pub message_id: Option<String>,
    /// The sender's stable id of a signed-in person.
    #[schema(max_length = 256)]
    pub user_id: Option<String>,
    /// The id of a cookie or device; one of the two ids is needed.
    #[schema(max_length = 256)]
    pub anonymous_id: Option<String>,
    /// `alias`: the former id.
    pub previous_id: Option<String>,
    /// `group`: the company.
    pub group_id: Option<String>,
    /// `track`: what happened.
    #[schema(example = "Order Completed")]
    pub event: Option<String>,
    /// `page` and `screen`: its name.
    pub name: Option<String>,
    /// What the sender says about the event.
    #[schema(schema_with = words::anything)]
    pub properties: Option<Value>,
    /// `identify` and `group`: what is declared.
    #[schema(schema_with = words::anything)]
    pub traits: Option<Value>,
    /// Where it happened.
    #[schema(schema_with = words::anything)]
    pub context: Option<Value>,
    /// When it happened.
    #[schema(schema_with = words::timestamp)]
    pub timestamp: Option<String>,
    /// When it was sent, by the sender's clock.
    #[schema(schema_with = words::timestamp)]
    pub sent_at: Option<String>,
    /// The API key, where no header carries it.
    pub write_key: Option<String>,
}

/// Several calls, up to 4 MB.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SegmentBatch {
    /// The calls.
    pub batch: Vec<SegmentCall>,
    /// Is merged into the context of each call.
    #[schema(schema_with = words::anything)]
    pub context: Option<Value>,
    /// When the batch was sent, by the sender's clock.
    #[schema(schema_with = words::timestamp)]
    pub sent_at: Option<String>,
    /// The API key, where no header carries it.
    pub write_key: Option<String>,
}

/// The answer that Segment's SDKs wait for.
#[derive(Serialize, ToSchema)]
pub struct SegmentAccepted {
    /// Always `true`.
    #[schema(example = true)]
    pub success: bool,
}

/// An event in Leadline's own form; at least one identity is needed.
#[derive(Serialize, ToSchema)]
pub struct NativeEvent {
    /// The sender's id of the event. The same id under the same person counts once for ever;
    /// without it and without `timestamp` a retry counts again.
    pub event_id: Option<String>,
    /// What happened.
    #[schema(example = "demo_request")]
    pub event_type: String,
    /// Addresses a lead by one of its ids, and excludes other identities.
    #[schema(schema_with = words::lead_id)]
    pub lead_id: Option<String>,
    /// The sender's stable id of a signed-in person.
    #[schema(max_length = 256)]
    pub user_id: Option<String>,
    /// An email address.
    #[schema(max_length = 256, example = "ana@example.com")]
    pub email: Option<String>,
    /// An id in another system, written `system:id`.
    #[schema(max_length = 256, example = "hubspot:4711")]
    pub external: Option<String>,
    /// An international phone number.
    #[schema(max_length = 256, example = "+5511999990001")]
    pub phone: Option<String>,
    /// The id of a cookie or device.
    #[schema(max_length = 256)]
    pub anonymous_id: Option<String>,
    /// When it happened; by default now. At most 24 hours ahead.
    #[schema(schema_with = words::timestamp)]
    pub timestamp: Option<String>,
    /// What the sender says about it.
    pub properties: Option<BTreeMap<String, Value>>,
}

/// Up to 1,000 events.
#[derive(Serialize, ToSchema)]
pub struct NativeBatch {
    /// The events.
    #[schema(max_items = 1000)]
    pub events: Vec<NativeEvent>,
}

/// What became of each event, in their order.
#[derive(Serialize, ToSchema)]
pub struct EventResults {
    /// One for each event.
    pub data: Vec<EventResult>,
}

/// What became of one event.
#[derive(Serialize, ToSchema)]
pub struct EventResult {
    /// The event's id, as sent or as made.
    pub event_id: Option<String>,
    /// `accepted` once it is durably queued.
    #[schema(schema_with = words::event_status)]
    pub status: String,
    /// Why it was rejected; absent when it was accepted.
    pub error: Option<EventError>,
}

/// Why an event was rejected.
#[derive(Serialize, ToSchema)]
pub struct EventError {
    /// What is wrong, as a stable word for programs.
    #[schema(example = "missing_identity")]
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
    /// The field that is wrong, when it is one.
    pub field: Option<String>,
    /// Whether the same event may be accepted when it is sent again; absent when not.
    pub retry: Option<bool>,
}

/// Documents one route of the Segment tracking API.
macro_rules! segment_call {
    ($name:ident, $path:literal, $summary:literal) => {
        #[doc = $summary]
        ///
        /// Any content type, plain or gzip, up to 32 KB.
        #[utoipa::path(
            post,
            path = $path,
            tag = "segment",
            request_body = SegmentCall,
            responses((status = 200, description = "Durably queued.", body = SegmentAccepted))
        )]
        pub const fn $name() {}
    };
}

segment_call!(track, "/v1/track", "Says what a person did");
segment_call!(identify, "/v1/identify", "Says who a person is");
segment_call!(page, "/v1/page", "Says which page a person saw");
segment_call!(screen, "/v1/screen", "Says which screen a person saw");
segment_call!(group, "/v1/group", "Says which company a person belongs to");
segment_call!(alias, "/v1/alias", "Says that two ids are one person");

/// Takes many calls at once
///
/// Good calls are taken and bad ones put aside; once the batch itself can be read, the answer is
/// 200.
#[utoipa::path(
    post,
    path = "/v1/batch",
    tag = "segment",
    request_body = SegmentBatch,
    responses((status = 200, description = "The good calls are durably queued.", body = SegmentAccepted))
)]
pub const fn batch() {}

/// Takes one event
///
/// In Leadline's own form or as a structured event of CloudEvents 1.0.
#[utoipa::path(
    post,
    path = "/v1/events",
    tag = "events",
    request_body(content((NativeEvent = "application/json"), (Value = "application/cloudevents+json"))),
    responses((status = 202, description = "What became of the event.", body = EventResults))
)]
pub const fn event() {}

/// Takes up to 1,000 events
///
/// In Leadline's own form or as a batch of CloudEvents 1.0. Each event is answered for.
#[utoipa::path(
    post,
    path = "/v1/events/batch",
    tag = "events",
    request_body(content((NativeBatch = "application/json"), (Vec<Value> = "application/cloudevents-batch+json"))),
    responses((status = 202, description = "What became of each event.", body = EventResults))
)]
pub const fn events() {}
