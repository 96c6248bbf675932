//! How many conditions a second one core evaluates.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that cannot be set up has failed")]

use std::collections::BTreeMap;

use divan::{Bencher, counter::ItemsCount};
use domain::{
    condition::{Condition, Evaluator, FactsView, ProfileView, Subject},
    event::{Event, EventId},
    home::{HomeId, HomeRef},
    identity::Kind,
    time::Timestamp,
};
use serde_json::{Value, json};

fn main() {
    divan::main();
}

const EVALUATIONS: usize = 1_000;

/// One of each shape that rules are made of.
const CONDITIONS: [&str; 7] = [
    "event.properties.vip",
    "event.properties.total > 100.0",
    "event.properties.total > 100.0 && facts.counts.page_view >= 3",
    "event.context.page.path.matches(\"(?i)^/pricing(/|$)\")",
    "profile.title in [\"CEO\", \"CTO\", \"CFO\"]",
    "has(profile.title) && profile.title == \"CTO\" && event.timestamp.getHours() < 18",
    "event.properties.items.exists(item, item.price > 100)",
];

struct Facts(BTreeMap<String, u32>, BTreeMap<String, Timestamp>);

impl FactsView for Facts {
    fn events(&self) -> u32 {
        12
    }
    fn counts(&self) -> &BTreeMap<String, u32> {
        &self.0
    }
    fn last_seen(&self) -> &BTreeMap<String, Timestamp> {
        &self.1
    }
    fn first_seen_at(&self) -> Option<Timestamp> {
        None
    }
    fn last_event_at(&self) -> Option<Timestamp> {
        None
    }
    fn velocity(&self, _: &Event) -> u32 {
        3
    }
    fn purchases(&self) -> u32 {
        0
    }
    fn revenue(&self) -> f64 {
        0.0
    }
    fn last_7_days(&self, _: &Event) -> u32 {
        5
    }
    fn last_30_days(&self, _: &Event) -> u32 {
        9
    }
    fn marketplaces(&self) -> Vec<&str> {
        Vec::new()
    }
    fn source(&self) -> &'static str {
        "direct"
    }
}

fn event() -> Event {
    let timestamp = Timestamp::from_millis(1_768_478_400_000).unwrap();
    let object = |json: Value| json.as_object().unwrap().clone();
    Event {
        event_id: EventId::from_sender("event-1").unwrap(),
        event_type: "order_completed".to_owned(),
        home: HomeRef { kind: Kind::UserId, id: HomeId::from_bytes([7; 16]) },
        timestamp,
        received_at: timestamp,
        properties: object(json!({
            "vip": true,
            "total": 250,
            "items": [{"price": 20}, {"price": 50}, {"price": 180}],
        })),
        context: object(json!({"page": {"path": "/pricing/enterprise"}})),
        traits: serde_json::Map::new(),
        links: Vec::new(),
        edit: None,
    }
}

#[divan::bench(args = CONDITIONS)]
fn evaluate(bencher: Bencher<'_, '_>, source: &str) {
    let condition = Condition::compile(source).unwrap();
    let (evaluator, event) = (Evaluator::new(), event());
    let profile = BTreeMap::from([("title".to_owned(), json!("CTO"))]);
    let facts = Facts(BTreeMap::from([("page_view".to_owned(), 7)]), BTreeMap::new());
    let profile = ProfileView { declared: &profile, edited: &BTreeMap::new() };
    let subject = Subject { event: &event, profile, facts: &facts };
    let scope = evaluator.scope(&subject);
    assert!(scope.holds(&condition).unwrap());
    bencher.counter(ItemsCount::new(EVALUATIONS)).bench_local(|| {
        for _ in 0..EVALUATIONS {
            divan::black_box(scope.holds(divan::black_box(&condition)).unwrap());
        }
    });
}

#[divan::bench]
fn compile(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| Condition::compile(divan::black_box(CONDITIONS[5])).unwrap());
}
