//! From an item to what is queued: its home, its id, its links, personal data split off.
//!
//! Invariant: the same item makes the same arrival on every attempt, but for an item that has
//! neither an id nor a timestamp.

use data_encoding::HEXLOWER;
use domain::{
    consent::{self, CONSENT_CHANGED},
    event::{Arrival, Event, EventId},
    home::{HomeId, HomeRef},
    identity::{Identity, Kind},
    time::Timestamp,
};
use intake::{
    Whom, note_helpers, note_identities,
    personal::{self, Withheld, patterns},
};
use serde_json::Value;
use uuid::Uuid;
use vault::Keyring;

use crate::{
    canonical,
    incoming::{EventType, Incoming, SenderId, Who},
    rejection::Rejection,
};

/// Where an item says what the person consents to.
const SAID: &str = "properties.consents";

/// Makes the arrival of an item. `fresh` makes a new id where the item gives nothing to make one
/// from.
pub fn of(
    incoming: Incoming,
    keyring: &Keyring,
    received_at: Timestamp,
    fresh: impl FnOnce() -> Uuid,
) -> Result<Arrival, Rejection> {
    let whom = whom(&incoming, keyring);
    let event_id = event_id(&incoming, whom.home, keyring, fresh);
    let mut withheld = Withheld::default();
    note_identities(carried(&incoming.who), &mut withheld);
    let mut traits = personal::person_traits(incoming.traits, &mut withheld);
    note_helpers(carried(&incoming.who), &mut traits);
    let mut context = incoming.context;
    // A server SDK sends the visitor's address with every event. Kept, it would be written to the
    // home each time and tell nobody anything; what is not kept cannot leak.
    context.remove("ip");
    let event_type = written(incoming.event_type, &mut withheld);
    let (company, group) =
        personal::company_traits(incoming.company, "properties.traits", &mut withheld);
    traits.extend(company);
    if event_type == CONSENT_CHANGED {
        consent::check(&incoming.properties)
            .map_err(|error| Rejection::of(SAID, "invalid_consents", error.to_string()))?;
    }
    let names_thing = matches!(event_type.as_str(), "page_view" | "screen_view" | "group");
    let mut properties =
        personal::clean_top(incoming.properties, "properties", names_thing, &mut withheld);
    if !group.is_empty() {
        properties.entry("traits").or_insert(Value::Object(group));
    }
    let context = personal::clean_top(context, "context", names_thing, &mut withheld);
    let event = Event {
        event_id,
        event_type,
        home: whom.home,
        timestamp: incoming.timestamp,
        received_at,
        properties,
        context,
        traits,
        links: whom.links(),
        edit: None,
    };
    intake::seal(event, &whom, &withheld, keyring)
        .map_err(|error| Rejection::new("unsealable", error.to_string()))
}

/// Derives the homes that an item names.
fn whom(incoming: &Incoming, keyring: &Keyring) -> Whom {
    let former = &incoming.previous;
    let addressed = |home| Whom::addressed(home, former, keyring);
    match &incoming.who {
        // `Who::Identities` is never empty.
        Who::Identities(identities) => Whom::of(identities, former, keyring)
            .unwrap_or_else(|| addressed(unnamed(HomeId::from_bytes([0; 16])))),
        Who::Lead(id) => addressed(unnamed(*id)),
    }
}

/// The kind behind a lead's id is not known here. The weakest stands for it; what reads the event
/// takes a kind from `Arrival::identities` alone.
const fn unnamed(id: HomeId) -> HomeRef {
    HomeRef { kind: Kind::AnonymousId, id }
}

/// Returns the identities that an item carries.
fn carried(who: &Who) -> &[Identity] {
    match who {
        Who::Identities(identities) => identities,
        Who::Lead(_) => &[],
    }
}

/// Writes the event's type; a name of nothing but signs stays as it was sent.
fn written(event_type: EventType, withheld: &mut Withheld) -> String {
    match event_type {
        EventType::Kept(name) => personal::clean_text(name, "event_type", withheld),
        EventType::Named(name) => {
            let name = personal::clean_text(name, "event_type", withheld);
            let snake = personal::snake_case(&name);
            if snake.is_empty() { name } else { snake }
        }
    }
}

/// Decides the event's id.
///
/// The sender's, unless that is personal itself. Without one, what the event says is hashed, with
/// the tenant's key because it says personal things. Without a timestamp two equal events could be
/// two, so they get fresh ids.
fn event_id(
    incoming: &Incoming,
    home: HomeRef,
    keyring: &Keyring,
    fresh: impl FnOnce() -> Uuid,
) -> EventId {
    let stated = match &incoming.sender_id {
        SenderId::Own(id) if patterns::is_personal(id) => Some(keyed(keyring, id.as_bytes())),
        SenderId::Own(id) => EventId::from_sender(id).ok(),
        SenderId::Sourced(source, id) => Some(EventId::hashed(&[source.as_bytes(), id.as_bytes()])),
        SenderId::Missing => None,
    };
    if let Some(stated) = stated {
        return stated;
    }
    match incoming.stated_at {
        Some(stated_at) => keyed(keyring, content(incoming, home, stated_at).as_bytes()),
        None => id_of(fresh()),
    }
}

fn id_of(uuid: Uuid) -> EventId {
    let text = uuid.to_string();
    // 36 characters of a UUID are always an id.
    EventId::from_sender(&text).unwrap_or_else(|_| EventId::hashed(&[text.as_bytes()]))
}

/// Writes down what makes two events without ids the same event.
fn content(incoming: &Incoming, home: HomeRef, stated_at: Timestamp) -> String {
    let (EventType::Kept(event_type) | EventType::Named(event_type)) = &incoming.event_type;
    let identities: Vec<Value> = match &incoming.who {
        Who::Identities(identities) => identities
            .iter()
            .chain(&incoming.previous)
            .map(|i| format!("{}:{}", i.kind(), i.value()).into())
            .collect(),
        Who::Lead(_) => vec![home.id.to_string().into()],
    };
    let parts: [Value; 6] = [
        event_type.as_str().into(),
        identities.into(),
        stated_at.to_string().into(),
        canonical::object(&incoming.properties).into(),
        canonical::object(&incoming.traits).into(),
        canonical::object(&incoming.company).into(),
    ];
    canonical::json(&Value::from(parts.to_vec()))
}

fn keyed(keyring: &Keyring, text: &[u8]) -> EventId {
    let digest = HEXLOWER.encode(&keyring.pseudonym("event_id", text));
    // 64 hexadecimal digits are always an id.
    EventId::from_sender(&digest).unwrap_or_else(|_| EventId::hashed(&[text]))
}
