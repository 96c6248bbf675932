//! From an item to what is queued: its home, its id, its links, personal data split off.
//!
//! Invariant: the same item makes the same arrival on every attempt, but for an item that has
//! neither an id nor a timestamp.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use domain::{
    event::{Arrival, Event, EventId, Sealed},
    home::{HomeId, HomeRef},
    identity::{Identity, Kind},
    link::{Link, Role},
    time::Timestamp,
};
use serde_json::{Map, Value};
use uuid::Uuid;
use vault::{Keyring, SealError};

use crate::{
    canonical,
    incoming::{EventType, Incoming, SenderId, Who},
    personal::{self, Withheld, patterns},
    rejection::Rejection,
};

/// Nobody is ever erased yet, so every home is of the first generation.
const GENERATION: u32 = 0;

/// Makes the arrival of an item. `fresh` makes a new id where the item gives nothing to make one
/// from.
pub fn of(
    incoming: Incoming,
    keyring: &Keyring,
    received_at: Timestamp,
    fresh: impl FnOnce() -> Uuid,
) -> Result<Arrival, Rejection> {
    let whom = Whom::of(&incoming, keyring);
    let event_id = event_id(&incoming, whom.home, keyring, fresh);
    let mut withheld = Withheld::default();
    note_identities(&incoming.who, &mut withheld);
    let mut traits = personal::person_traits(incoming.traits, &mut withheld);
    note_helpers(&incoming.who, &mut traits);
    let mut context = incoming.context;
    // A server SDK sends the visitor's address with every event. Kept, it would be written to the
    // home each time and tell nobody anything; what is not kept cannot leak.
    context.remove("ip");
    let event_type = written(incoming.event_type, &mut withheld);
    let (company, group) =
        personal::company_traits(incoming.company, "properties.traits", &mut withheld);
    traits.extend(company);
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
    };
    seal(event, &whom, &withheld, keyring)
        .map_err(|error| Rejection::new("unsealable", error.to_string()))
}

/// The homes that an item names.
struct Whom {
    home: HomeRef,
    /// Every identity with its home, the event's own first; none for an addressed lead.
    carried: Vec<(HomeRef, Identity)>,
    /// The readings of a former id.
    former: Vec<(HomeRef, Identity)>,
}

impl Whom {
    fn of(incoming: &Incoming, keyring: &Keyring) -> Self {
        let homes = |identities: &[Identity]| -> Vec<_> {
            identities.iter().map(|i| (keyring.home(i, GENERATION), i.clone())).collect()
        };
        let carried = match &incoming.who {
            Who::Identities(identities) => homes(identities),
            Who::Lead(_) => Vec::new(),
        };
        let home = match (&incoming.who, carried.first()) {
            (Who::Identities(_), Some((home, _))) => *home,
            // The kind behind a lead's id is not known here. The weakest stands for it; what
            // reads the event takes a kind from `Arrival::identities` alone.
            (Who::Lead(id), _) => HomeRef { kind: Kind::AnonymousId, id: *id },
            // `Who::Identities` is never empty.
            (Who::Identities(_), None) => {
                HomeRef { kind: Kind::AnonymousId, id: HomeId::from_bytes([0; 16]) }
            }
        };
        Self { home, carried, former: homes(&incoming.previous) }
    }

    /// Returns the links that the event is evidence for; nothing is linked to itself.
    fn links(&self) -> Vec<Link> {
        let link = |role| move |(from, _): &(HomeRef, Identity)| (*from, role);
        let carried = self.carried.iter().map(link(Role::Carried));
        let former = self.former.iter().map(link(Role::Alias));
        carried
            .chain(former)
            .filter(|(from, _)| from.id != self.home.id)
            .map(|(from, role)| Link { from, to: self.home, role })
            .collect()
    }
}

fn seal(
    event: Event,
    whom: &Whom,
    withheld: &Withheld,
    keyring: &Keyring,
) -> Result<Arrival, SealError> {
    let mut identities = BTreeMap::new();
    for (home, identity) in whom.carried.iter().chain(&whom.former) {
        let sealed = keyring.seal(home.id, vault::IDENTITY_FIELD, identity.value())?;
        identities.insert(home.id, sealed);
    }
    let personal: Result<BTreeMap<String, Sealed>, SealError> = withheld
        .iter()
        .map(|(field, value)| Ok((field.to_owned(), keyring.seal(whom.home.id, field, value)?)))
        .collect();
    Ok(Arrival { event, identities, personal: personal? })
}

/// An email or phone that the event states is what the profile says too, whatever a trait says.
fn note_identities(who: &Who, withheld: &mut Withheld) {
    let Who::Identities(identities) = who else { return };
    for identity in identities {
        match identity.kind() {
            Kind::Email => withheld.put("email", identity.value()),
            Kind::Phone => withheld.put("phone", identity.value()),
            _ => {}
        }
    }
}

fn note_helpers(who: &Who, traits: &mut Map<String, Value>) {
    let Who::Identities(identities) = who else { return };
    for identity in identities {
        match identity.kind() {
            Kind::Email => {
                if let Some((_, domain)) = identity.value().rsplit_once('@') {
                    traits.insert("email_domain".to_owned(), domain.into());
                }
            }
            Kind::Phone => {
                traits.insert("has_phone".to_owned(), true.into());
            }
            _ => {}
        }
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
