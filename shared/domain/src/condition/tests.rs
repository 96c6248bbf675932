//! Tests of conditions as rules use them.

mod answers;
mod findings;
mod laws;

mod reads;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Condition, Evaluator, FactsView, Failure, ProfileView, Subject};
use crate::{
    event::{Event, EventId},
    home::{HomeId, HomeRef},
    identity::Kind,
    time::Timestamp,
};

/// Facts as a test states them.
#[derive(Clone, Default)]
struct Facts {
    counts: BTreeMap<String, u32>,
    last_seen: BTreeMap<String, Timestamp>,
    last_event_at: Option<Timestamp>,
    marketplaces: Vec<&'static str>,
}

impl FactsView for Facts {
    fn events(&self) -> u32 {
        self.counts.values().sum()
    }
    fn counts(&self) -> &BTreeMap<String, u32> {
        &self.counts
    }
    fn last_seen(&self) -> &BTreeMap<String, Timestamp> {
        &self.last_seen
    }
    fn first_seen_at(&self) -> Option<Timestamp> {
        None
    }
    fn last_event_at(&self) -> Option<Timestamp> {
        self.last_event_at
    }
    fn velocity(&self, _: &Event) -> u32 {
        3
    }
    fn purchases(&self) -> u32 {
        2
    }
    fn revenue(&self) -> f64 {
        199.5
    }
    fn last_7_days(&self, _: &Event) -> u32 {
        5
    }
    fn last_30_days(&self, _: &Event) -> u32 {
        9
    }
    fn marketplaces(&self) -> Vec<&str> {
        self.marketplaces.clone()
    }
    fn source(&self) -> &'static str {
        "direct"
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn object(json: &Value) -> Map<String, Value> {
    json.as_object().unwrap().clone()
}

/// A Thursday's noon order, by default.
fn an_event(properties: &Value) -> Event {
    let timestamp = time("2026-01-15T12:00:00.000Z");
    Event {
        event_id: EventId::from_sender("event-1").unwrap(),
        event_type: "order_completed".to_owned(),
        home: HomeRef { kind: Kind::UserId, id: HomeId::from_bytes([7; 16]) },
        timestamp,
        received_at: timestamp,
        properties: object(properties),
        context: object(&json!({"page": {"path": "/pricing", "title": "Preise"}})),
        traits: Map::new(),
        links: Vec::new(),
        edit: None,
    }
}

fn some_facts() -> Facts {
    Facts {
        counts: BTreeMap::from([("page_view".to_owned(), 7), ("email_open".to_owned(), 1)]),
        last_seen: BTreeMap::from([("page_view".to_owned(), time("2026-01-14T09:30:00.000Z"))]),
        last_event_at: Some(time("2026-01-14T09:30:00.000Z")),
        marketplaces: vec!["amazon_de", "otto"],
    }
}

fn some_profile() -> BTreeMap<String, Value> {
    BTreeMap::from([
        ("title".to_owned(), json!("Head of Sales")),
        ("employees".to_owned(), json!(250)),
        ("tags".to_owned(), json!(["b2b", "vip"])),
    ])
}

fn compiled(source: &str) -> Condition {
    Condition::compile(source).unwrap_or_else(|findings| panic!("{source}: {findings:?}"))
}

/// Evaluates a condition over an event with these properties and the usual lead.
fn holds_for(source: &str, properties: &Value) -> Result<bool, Failure> {
    let (event, profile, facts) = (an_event(properties), some_profile(), some_facts());
    let profile = ProfileView { declared: &profile, edited: &BTreeMap::new() };
    let subject = Subject { event: &event, profile, facts: &facts };
    Evaluator::new().scope(&subject).holds(&compiled(source))
}

fn holds(source: &str) -> bool {
    let properties = json!({
        "total": 250, "discount": 12.5, "big": u64::MAX, "vip": true, "note": null,
        "coupon": "SPRING-10", "tags": ["a", "b"], "a-b": 1,
        "items": [{"sku": "x", "price": 20}, {"sku": "y", "price": 180.0}],
        "address": {"city": "Köln", "zip": "50667"},
    });
    holds_for(source, &properties).unwrap_or_else(|failure| panic!("{source}: {failure}"))
}
