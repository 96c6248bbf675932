//! `CloudEvents` 1.0 on the native routes: structured, batched and binary.
//!
//! A `CloudEvent` names its person by the native identity fields, at the top of its `data` or, as
//! the specification spells extension attributes, without underscores (`userid`, `anonymousid`,
//! `email`, `phone`, `external`, `leadid`). The rest of `data` are the properties.
//!
//! Invariant: the event id is the hash of source and id, which together are unique.

use data_encoding::BASE64;
use domain::time::Timestamp;
use http::{HeaderMap, header};
use intake::personal::urls;
use lambda::problem::Problem;
use serde_json::{Map, Value};

use crate::{
    incoming::{self, EventType, Fields, Incoming, SenderId},
    native,
    rejection::Rejection,
    when,
};

/// Attributes of an extension's spelling and the native fields that they stand for.
const EXTENSIONS: [(&str, &str); 6] = [
    ("leadid", "lead_id"),
    ("userid", "user_id"),
    ("anonymousid", "anonymous_id"),
    ("email", "email"),
    ("phone", "phone"),
    ("external", "external"),
];

/// Tells whether a body is a `CloudEvent`, by content type or, since that can get lost on the
/// way, by its `specversion`.
pub fn is_structured(headers: &HeaderMap, body: &str) -> bool {
    if media_type(headers) == "application/cloudevents+json" {
        return true;
    }
    // A larger one is rejected for its size, whatever it is.
    body.len() <= incoming::MAX_ITEM_BYTES
        && serde_json::from_str::<Value>(body).is_ok_and(|event| looks_like_one(&event))
}

/// Tells whether what came where a batch belongs is a single `CloudEvent`.
pub fn is_alone(headers: &HeaderMap, body: &str) -> bool {
    let is_object = body.trim_start().starts_with('{');
    headers.contains_key("ce-specversion")
        || is_object && media_type(headers) == "application/cloudevents+json"
        || is_structured(headers, body) && native::items(body).is_err()
}

/// Returns the items when a body is a batch of `CloudEvents`; it is an array, which no native
/// batch is.
pub fn batch<'a>(headers: &HeaderMap, body: &'a str) -> Option<Result<Vec<&'a str>, Problem>> {
    if let Some(items) = native::array(body) {
        return Some(items);
    }
    (media_type(headers) == "application/cloudevents-batch+json").then(|| {
        let message = "a batch of CloudEvents is a JSON array";
        Err(Problem::bad_request("invalid_envelope", message))
    })
}

/// Returns the event that the headers and the body make in binary mode.
pub fn binary(headers: &HeaderMap, body: &str) -> Option<Result<Value, Rejection>> {
    headers.get("ce-specversion")?;
    let data = incoming::check_size(body).and_then(|()| incoming::parse(body));
    Some(data.map(|data| event_of(headers, data)))
}

fn event_of(headers: &HeaderMap, data: Value) -> Value {
    let mut event = Map::new();
    for (name, value) in headers {
        if let (Some(name), Ok(value)) = (name.as_str().strip_prefix("ce-"), value.to_str()) {
            event.insert(name.to_owned(), urls::decode(value).into());
        }
    }
    event.insert("data".to_owned(), data);
    Value::Object(event)
}

fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    media_type.trim().to_ascii_lowercase()
}

fn looks_like_one(event: &Value) -> bool {
    event.get("specversion").is_some() && event.get("event_type").is_none()
}

/// Reads a `CloudEvent`.
pub fn read(item: Value, received_at: Timestamp) -> Result<Incoming, Rejection> {
    let mut fields = Fields::of(item)?;
    if fields.take_text("specversion").as_deref() != Some("1.0") {
        let message = "a CloudEvent has specversion 1.0";
        return Err(Rejection::of("specversion", "invalid_cloud_event", message));
    }
    let id = required(&mut fields, "id")?;
    let source = required(&mut fields, "source")?;
    let event_type = incoming::event_type("type", fields.take("type").as_ref())?;
    let time = fields.take("time");
    let stated_at = when::instant_field("time", time.as_ref())?;
    let mut data = data(&mut fields)?;
    let who = native::who(&mut whom_fields(&mut fields, &mut data)?)?;
    let mut context = Map::new();
    context.insert("source".to_owned(), source.clone().into());
    fields.pour_into(&mut context);
    Ok(Incoming {
        sender_id: SenderId::Sourced(source, id),
        event_type: EventType::Kept(event_type),
        who,
        previous: Vec::new(),
        stated_at,
        timestamp: when::happened_at(stated_at, None, received_at)?,
        properties: data,
        context,
        traits: Map::new(),
        company: Map::new(),
    })
}

fn required(fields: &mut Fields, name: &'static str) -> Result<String, Rejection> {
    fields.take_text(name).ok_or_else(|| {
        let message = format!("a CloudEvent has a {name}");
        Rejection::of(name, "invalid_cloud_event", message)
    })
}

/// Returns the data as an object: what is none stands under `data`.
fn data(fields: &mut Fields) -> Result<Map<String, Value>, Rejection> {
    let data = match fields.take("data_base64") {
        None => fields.take("data"),
        Some(encoded) => Some(decoded(&encoded).ok_or_else(|| {
            let message = "data_base64 is the base64 of a JSON value";
            Rejection::of("data_base64", "invalid_cloud_event", message)
        })?),
    };
    Ok(match data {
        None => Map::new(),
        Some(Value::Object(object)) => object,
        Some(other) => [("data".to_owned(), other)].into_iter().collect(),
    })
}

/// Personal values could not be found in bytes, so only JSON is taken.
fn decoded(encoded: &Value) -> Option<Value> {
    let bytes = BASE64.decode(encoded.as_str()?.as_bytes()).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Moves the identities out of data and attributes; an attribute counts more.
fn whom_fields(fields: &mut Fields, data: &mut Map<String, Value>) -> Result<Fields, Rejection> {
    let mut whom = Map::new();
    for (attribute, field) in EXTENSIONS {
        let in_data = data.remove(field);
        if let Some(value) = fields.take(attribute).or(in_data) {
            whom.insert(field.to_owned(), value);
        }
    }
    Fields::of(Value::Object(whom))
}
