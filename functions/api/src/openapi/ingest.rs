//! The routes of the `ingest` function, documented here so that there is one document.
//!
//! Invariant: nothing here is served; the functions are empty and exist for their attributes.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::words;

/// A call of the Segment tracking API. Fields that are not named here are kept in `context`.
///
/// The routes take more than is described: other types, ids in other forms, and `userId` or
/// `anonymousId` alone. `""`, `0`, `null`, `undefined` and their like name nobody.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SegmentCall {
    /// In a batch: what sort of call it is.
    #[schema(example = "track")]
    pub r#type: Option<String>,
    /// The sender's id of the call, the same at every retry.
    #[schema(max_length = 128)]
    pub message_id: Option<String>,
    /// The sender's stable id of a signed-in person; one of the two ids is needed.
    #[schema(pattern = "^[1-9A-Za-z][0-9A-Za-z-]{9,99}$", example = "user-4711-b")]
    pub user_id: String,
    /// The id of a cookie or device.
    #[schema(pattern = "^[1-9A-Za-z][0-9A-Za-z-]{9,99}$", example = "cookie-4711-b")]
    pub anonymous_id: Option<String>,
    /// `alias`: the former id.
    #[schema(pattern = "^[1-9A-Za-z][0-9A-Za-z-]{9,99}$", example = "cookie-0815-c")]
    pub previous_id: Option<String>,
    /// `group`: the company.
    pub group_id: Option<String>,
    /// `track`: what happened.
    #[schema(pattern = "^[A-Za-z][A-Za-z ]{0,99}$", example = "Order Completed")]
    pub event: String,
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
    /// When it happened: RFC 3339, or seconds or milliseconds since 1970. What `sentAt` says of the
    /// sender's clock is set right; it must not lie in the future then.
    #[schema(
        pattern = "^20(1[0-9])-0[1-9]-1[0-9]T1[0-9]:[0-5][0-9]:[0-5][0-9]Z$",
        example = "2019-01-15T12:00:00Z"
    )]
    pub timestamp: Option<String>,
    /// When it was sent, by the sender's clock.
    #[schema(
        pattern = "^20(2[0-5])-0[1-9]-1[0-9]T1[0-9]:[0-5][0-9]:[0-5][0-9]Z$",
        example = "2025-01-15T12:00:00Z"
    )]
    pub sent_at: Option<String>,
    /// The API key, where no header carries it.
    pub write_key: Option<String>,
}

/// One event, or several CloudEvents: what a body is follows from its form, whatever its content
/// type says.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum EventInput {
    /// One event in Leadline's own form.
    Native(Box<NativeEvent>),
    /// A batch of CloudEvents.
    CloudEvents(Vec<Value>),
}

/// Several events, in either form: what a body is follows from its form, whatever its content
/// type says.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum EventsInput {
    /// Events in Leadline's own form.
    Native(NativeBatch),
    /// A batch of CloudEvents.
    CloudEvents(Vec<Value>),
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
    #[schema(example = "2025-01-15T12:00:00Z")]
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
///
/// Every object is taken and answered for on its own: what is wrong with an event stands in its
/// `error`.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "event_id": "demo-4711",
    "event_type": "demo_request",
    "user_id": "ana",
    "email": "ana@example.com",
    "timestamp": "2026-01-15T12:00:00Z",
    "properties": { "plan": "pro" }
}))]
pub struct NativeEvent {
    /// The sender's id of the event. The same id under the same person counts once for ever;
    /// without it and without `timestamp` a retry counts again.
    pub event_id: Option<Value>,
    /// What happened, such as `demo_request`: a text of at most 128 bytes. Needed.
    pub event_type: Option<Value>,
    /// Addresses a lead by one of its ids, and excludes other identities.
    pub lead_id: Option<Value>,
    /// The sender's stable id of a signed-in person: a text of at most 256 bytes, or a number.
    pub user_id: Option<Value>,
    /// An email address.
    pub email: Option<Value>,
    /// An id in another system, written `system:id`.
    pub external: Option<Value>,
    /// An international phone number, such as `+5511999990001`.
    pub phone: Option<Value>,
    /// The id of a cookie or device: a text of at most 256 bytes, or a number.
    pub anonymous_id: Option<Value>,
    /// When it happened, in RFC 3339; by default now. At most 24 hours ahead.
    pub timestamp: Option<Value>,
    /// What the sender says about it: an object.
    pub properties: Option<Value>,
}

/// Up to 1,000 events.
#[derive(Serialize, ToSchema)]
pub struct NativeBatch {
    /// The events, each as `NativeEvent` describes it.
    #[schema(max_items = 1000)]
    pub events: Vec<Value>,
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
    request_body(content((EventInput = "application/json"), (EventInput = "application/cloudevents+json"))),
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
    request_body(content((EventsInput = "application/json"), (Vec<Value> = "application/cloudevents-batch+json"))),
    responses((status = 202, description = "What became of each event.", body = EventResults))
)]
pub const fn events() {}
