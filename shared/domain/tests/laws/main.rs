//! The laws of the domain: what must hold for any set of events, links and instants.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod consents;
mod days;
mod edits;
mod family;
mod fold;
mod intelligence;
mod model;
mod naive_days;
mod random_consents;
mod random_edits;
mod random_sets;
mod rules;
mod separation;

use domain::{
    event::{Event, EventId},
    home::{HomeId, HomeRef},
    identity::Kind,
    rule_set::RuleSet,
    rules::Rules,
    time::Timestamp,
};

fn default_rules() -> Rules {
    Rules::prepare(RuleSet::default_set().unwrap()).unwrap()
}

fn home(kind: Kind, number: u8) -> HomeRef {
    HomeRef { kind, id: HomeId::from_bytes([number; 16]) }
}

fn event(id: &str, event_type: &str, millis: i64, home: HomeRef) -> Event {
    let timestamp = Timestamp::from_millis(millis).unwrap();
    Event {
        event_id: EventId::from_sender(id).unwrap(),
        event_type: event_type.to_owned(),
        home,
        timestamp,
        received_at: timestamp,
        properties: serde_json::Map::new(),
        context: serde_json::Map::new(),
        traits: serde_json::Map::new(),
        links: Vec::new(),
        edit: None,
    }
}
