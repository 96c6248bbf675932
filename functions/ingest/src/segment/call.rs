//! One call of the Segment dialect.
//!
//! Invariant: an identity is what the call states at its top level or declares as a trait of the
//! person; a value in `properties`, a group's id and a group's traits are none.

use domain::{
    identity::{Identity, Kind},
    time::Timestamp,
};
use serde_json::{Map, Value};

use super::Envelope;
use crate::{
    identities::{self, Identities},
    incoming::{self, EventType, Fields, Incoming, SenderId, Who},
    rejection::Rejection,
    route::Call,
    when,
};

/// Reads a call. A `type` in the body says which one it is; without it, the path does.
pub fn read(
    item: Value,
    envelope: &Envelope<'_>,
    received_at: Timestamp,
) -> Result<Incoming, Rejection> {
    let mut fields = Fields::of(item)?;
    let call = fields
        .take("type")
        .and_then(|word| Call::from_word(word.as_str()?))
        .or(envelope.path_call)
        .ok_or_else(|| {
            let message = "type is one of identify, track, page, screen, group, alias";
            Rejection::of("type", "unknown_type", message)
        })?;
    let event_type = event_type(call, &mut fields)?;
    let mut context = context(&mut fields, envelope)?;
    let Declared { traits, company } = declared(call, &mut fields, &mut context)?;
    let (who, previous) = who(call, &mut fields, &traits, &mut context)?;
    let properties = properties(call, &mut fields)?;
    let (stated_at, timestamp) = times(&mut fields, envelope, received_at)?;
    let sender_id = fields.take_text("messageId").map_or(SenderId::Missing, SenderId::Own);
    fields.take("writeKey");
    fields.pour_into(&mut context);
    Ok(Incoming {
        sender_id,
        event_type,
        who: Who::Identities(who),
        previous,
        stated_at,
        timestamp,
        properties,
        context,
        traits,
        company,
    })
}

fn event_type(call: Call, fields: &mut Fields) -> Result<EventType, Rejection> {
    Ok(EventType::Kept(
        match call {
            Call::Track => {
                let name = incoming::event_type("event", fields.take("event").as_ref())?;
                return Ok(EventType::Named(name));
            }
            Call::Identify => "identify",
            Call::Page => "page_view",
            Call::Screen => "screen_view",
            Call::Group => "group",
            Call::Alias => "alias",
        }
        .to_owned(),
    ))
}

/// Returns the item's context over the batch's.
fn context(fields: &mut Fields, envelope: &Envelope<'_>) -> Result<Map<String, Value>, Rejection> {
    let mut context = envelope.context.clone();
    context.extend(fields.take_object("context")?);
    Ok(context)
}

/// What a call declares.
struct Declared {
    /// About the person.
    traits: Map<String, Value>,
    /// About the person's company.
    company: Map<String, Value>,
}

/// Returns the traits of the person and of the company.
///
/// Some SDKs put a person's traits into the context only, so both places are read, the item's own
/// first. What a group call has at its top level describes the company.
fn declared(
    call: Call,
    fields: &mut Fields,
    context: &mut Map<String, Value>,
) -> Result<Declared, Rejection> {
    let own = fields.take_object("traits")?;
    let mut traits = match context.remove("traits") {
        Some(Value::Object(traits)) => traits,
        _ => Map::new(),
    };
    if call == Call::Group {
        return Ok(Declared { traits, company: own });
    }
    traits.extend(own);
    Ok(Declared { traits, company: Map::new() })
}

/// Returns the identities, and for an alias the former id in both its readings.
fn who(
    call: Call,
    fields: &mut Fields,
    traits: &Map<String, Value>,
    context: &mut Map<String, Value>,
) -> Result<(Vec<Identity>, Vec<Identity>), Rejection> {
    let mut identities = Identities::default();
    identities.state(Kind::UserId, "userId", fields.take("userId").as_ref())?;
    identities.state(Kind::AnonymousId, "anonymousId", fields.take("anonymousId").as_ref())?;
    identities.notice(Kind::Email, traits.get("email"));
    identities.notice(Kind::Phone, traits.get("phone"));
    if let Some(external) = context.remove("externalIds").and_then(|ids| external_id(&ids)) {
        identities.notice(Kind::External, Some(&external));
    }
    let identities = identities.strongest_first()?;
    if call != Call::Alias {
        return Ok((identities, Vec::new()));
    }
    if identities.first().is_none_or(|strongest| strongest.kind() != Kind::UserId) {
        let message = "an alias needs the userId that the person has from now on";
        return Err(Rejection::of("userId", "missing_identity", message));
    }
    // A former id that names nobody leaves an event that links nothing.
    let previous = fields.take("previousId").as_ref().and_then(identities::as_text);
    let readings = previous.iter().flat_map(|id| {
        [Kind::UserId, Kind::AnonymousId]
            .into_iter()
            .filter_map(|kind| Identity::new(kind, id).ok())
    });
    Ok((identities, readings.collect()))
}

/// Returns the first of `context.externalIds` as `type:id`.
fn external_id(ids: &Value) -> Option<Value> {
    ids.as_array()?.iter().find_map(|external| {
        let system = external.get("type")?.as_str()?;
        let id = identities::as_text(external.get("id")?)?;
        let text = format!("{system}:{id}");
        Identity::new(Kind::External, &text).ok().map(|_| Value::from(text))
    })
}

/// Returns the properties, with what some calls say beside them.
fn properties(call: Call, fields: &mut Fields) -> Result<Map<String, Value>, Rejection> {
    let mut properties = fields.take_object("properties")?;
    let beside: &[(&str, &str)] = match call {
        Call::Page | Call::Screen => &[("name", "name"), ("category", "category")],
        Call::Group => &[("groupId", "group_id")],
        _ => &[],
    };
    for (field, property) in beside {
        if let Some(value) = fields.take(field) {
            properties.entry(*property).or_insert(value);
        }
    }
    Ok(properties)
}

/// Returns when the event happened, as stated and as corrected.
///
/// A sender whose clock is right may have had a reason to put another `timestamp` than the one at
/// which its SDK was called; with a wrong clock, the SDK's own time is what `sentAt` compares to.
/// Of the two fields one must be readable if any is given.
fn times(
    fields: &mut Fields,
    envelope: &Envelope<'_>,
    received_at: Timestamp,
) -> Result<(Option<Timestamp>, Timestamp), Rejection> {
    let timestamp = fields.take("timestamp");
    let original = fields.take("originalTimestamp");
    let sent_at = fields.take("sentAt").as_ref().and_then(when::instant).or(envelope.sent_at);
    let read = |value: &Option<Value>| value.as_ref().and_then(when::instant);
    let (by_sender, by_sdk) = (read(&timestamp), read(&original));
    if by_sender.or(by_sdk).is_none() {
        when::instant_field("timestamp", timestamp.as_ref())?;
        when::instant_field("originalTimestamp", original.as_ref())?;
    }
    // The same on every attempt, unlike `sentAt`.
    let stated_at = by_sdk.or(by_sender);
    let is_wrong = sent_at.is_some_and(|sent_at| when::is_wrong(sent_at, received_at));
    let base = if is_wrong { stated_at } else { by_sender.or(by_sdk) };
    Ok((stated_at, when::happened_at(base, sent_at, received_at)?))
}
