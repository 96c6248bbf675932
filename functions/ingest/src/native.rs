//! Leadline's own event API: single events and batches, each item answered for.
//!
//! Invariant: a field that is given must be usable. Unlike the lenient Segment dialect, an email
//! that is none rejects the item.

use std::collections::BTreeMap;

use domain::{home::HomeId, identity::Kind, time::Timestamp};
use lambda::problem::Problem;
use serde_json::{Map, Value, value::RawValue};

use crate::{
    identities::Identities,
    incoming::{self, EventType, Fields, Incoming, SenderId, Who},
    rejection::Rejection,
    when,
};

/// The most events of a batch.
pub const MAX_EVENTS: usize = 1_000;

/// The fields that name a person.
pub const IDENTITY_FIELDS: [(Kind, &str); 5] = [
    (Kind::UserId, "user_id"),
    (Kind::Email, "email"),
    (Kind::External, "external"),
    (Kind::Phone, "phone"),
    (Kind::AnonymousId, "anonymous_id"),
];

/// Returns the items of a batch as they came: `{"events": […]}`.
pub fn items(body: &str) -> Result<Vec<&str>, Problem> {
    let invalid =
        || Problem::bad_request("invalid_envelope", r#"a batch is {"events": [an event, …]}"#);
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(body).map_err(|_| invalid())?;
    let events = members.get("events").ok_or_else(invalid)?;
    array(events.get()).ok_or_else(invalid)?
}

/// Returns the elements of an array, `None` when the text is none.
pub fn array(text: &str) -> Option<Result<Vec<&str>, Problem>> {
    let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    if items.len() > MAX_EVENTS {
        let message = format!("a batch has at most {MAX_EVENTS} events");
        return Some(Err(Problem::bad_request("too_many_events", message)));
    }
    Some(Ok(items.into_iter().map(RawValue::get).collect()))
}

/// Reads an event.
pub fn read(item: Value, received_at: Timestamp) -> Result<Incoming, Rejection> {
    let mut fields = Fields::of(item)?;
    let sender_id = fields.take_text("event_id").map_or(SenderId::Missing, SenderId::Own);
    let event_type = incoming::event_type("event_type", fields.take("event_type").as_ref())?;
    let who = who(&mut fields)?;
    let timestamp = fields.take("timestamp");
    let stated_at = when::instant_field("timestamp", timestamp.as_ref())?;
    let properties = fields.take_object("properties")?;
    let mut context = fields.take_object("context")?;
    let traits = traits(&mut fields, &mut context)?;
    fields.pour_into(&mut context);
    Ok(Incoming {
        sender_id,
        event_type: EventType::Kept(event_type),
        who,
        previous: Vec::new(),
        stated_at,
        timestamp: when::happened_at(stated_at, None, received_at)?,
        properties,
        context,
        traits,
        company: Map::new(),
    })
}

/// Reads whom an event is about: a lead, or identities, never both.
pub fn who(fields: &mut Fields) -> Result<Who, Rejection> {
    let lead = fields.take("lead_id");
    let mut identities = Identities::default();
    for (kind, field) in IDENTITY_FIELDS {
        identities.state(kind, field, fields.take(field).as_ref())?;
    }
    let Some(lead) = lead else { return Ok(Who::Identities(identities.strongest_first()?)) };
    if !identities.is_empty() {
        let message = "lead_id addresses a lead and excludes other identities";
        return Err(Rejection::of("lead_id", "conflicting_identity", message));
    }
    let lead: Option<HomeId> = lead.as_str().and_then(|text| text.parse().ok());
    lead.map(Who::Lead).ok_or_else(|| {
        let message = "lead_id is lead_ followed by 26 characters of a-z and 2-7";
        Rejection::of("lead_id", "invalid_identity", message)
    })
}

/// Returns what is declared about the person, in `traits` or `context.traits`.
fn traits(
    fields: &mut Fields,
    context: &mut Map<String, Value>,
) -> Result<Map<String, Value>, Rejection> {
    let mut traits = match context.remove("traits") {
        Some(Value::Object(traits)) => traits,
        _ => Map::new(),
    };
    traits.extend(fields.take_object("traits")?);
    Ok(traits)
}
