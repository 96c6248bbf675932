//! How many events a second one core folds, with the default rules and with twenty rules of which
//! ten have conditions.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench that cannot be set up has failed"
)]

use divan::{Bencher, counter::ItemsCount};
use domain::{
    event::{Event, EventId},
    fold::{apply, fold_recording, sorted},
    home::{HomeId, HomeRef},
    identity::Kind,
    rule_set::RuleSet,
    rules::Rules,
    state::State,
    time::Timestamp,
};

fn main() {
    divan::main();
}

const EVENTS: i64 = 10_000;

const TYPES: [&str; 5] = ["page_view", "email_open", "identify", "form_submit", "demo_request"];

fn rules() -> Rules {
    Rules::prepare(RuleSet::default_set().unwrap()).unwrap()
}

/// Events of one lead, one every two hours, so that some gaps decay.
fn events() -> Vec<Event> {
    let event = |n: i64| {
        let gap = if n % 100 == 0 { 10 * 24 } else { 2 };
        let timestamp = Timestamp::from_millis(n * gap * 3_600_000).unwrap();
        Event {
            event_id: EventId::from_sender(&format!("event-{n:08}")).unwrap(),
            event_type: TYPES[usize::try_from(n).unwrap() % TYPES.len()].to_owned(),
            home: HomeRef { kind: Kind::UserId, id: HomeId::from_bytes([7; 16]) },
            timestamp,
            received_at: timestamp,
            properties: serde_json::Map::new(),
            context: serde_json::Map::new(),
            traits: serde_json::Map::new(),
            links: Vec::new(),
            edit: None,
        }
    };
    sorted((0..EVENTS).map(event))
}

#[divan::bench]
fn fold_default_rules(bencher: Bencher<'_, '_>) {
    let (rules, events) = (rules(), events());
    bencher
        .counter(ItemsCount::new(events.len()))
        .bench_local(|| fold_recording(&rules, divan::black_box(&events), &mut ()));
}

/// Conditions over all that they can read; each rule matches every type of event, so each is
/// decided for each event.
const CONDITIONS: [&str; 10] = [
    "event.properties.total > 100",
    "event.properties.total > 10 && facts.counts.page_view >= 3",
    "facts.events > 50",
    "facts.velocity >= 5",
    "profile.title == 'CTO'",
    "event.context.page.path.startsWith('/pricing')",
    "event.properties.category in ['shoes', 'hats']",
    "event.context.userAgent.matches('(?i)bot|crawler')",
    "facts.purchases > 0 || facts.revenue > 500.0",
    "event.type == 'page_view' && has(event.properties.total)",
];

fn twenty_rules() -> Rules {
    let mut set = RuleSet::default_set().unwrap();
    for (place, when) in CONDITIONS.into_iter().enumerate() {
        let rule = serde_json::json!({
            "id": format!("c{place}"), "name": "Conditional", "event_type": "*", "when": when,
            "points": 1,
        });
        set.rules.push(serde_json::from_value(rule).unwrap());
    }
    Rules::prepare(set).unwrap()
}

fn object(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    serde_json::from_value(value).unwrap()
}

/// The same events with something to decide on.
fn telling_events() -> Vec<Event> {
    let mut events = events();
    for (n, event) in events.iter_mut().enumerate() {
        event.properties = object(serde_json::json!({
            "total": n % 200, "category": "shoes", "sku": format!("sku-{n}"), "quantity": 2,
        }));
        event.context = object(serde_json::json!({
            "page": {"path": "/pricing/teams", "title": "Pricing"},
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126 Safari",
        }));
        if n % 5 == 0 {
            event.traits.insert("title".to_owned(), "CTO".into());
        }
    }
    events
}

#[divan::bench]
fn fold_twenty_rules_with_ten_conditions(bencher: Bencher<'_, '_>) {
    let (rules, events) = (twenty_rules(), telling_events());
    bencher
        .counter(ItemsCount::new(events.len()))
        .bench_local(|| fold_recording(&rules, divan::black_box(&events), &mut ()));
}

#[divan::bench]
fn apply_one_by_one(bencher: Bencher<'_, '_>) {
    let (rules, events) = (rules(), events());
    bencher.counter(ItemsCount::new(events.len())).bench_local(|| {
        let mut state = State::empty(rules.version());
        for event in divan::black_box(&events) {
            apply(&mut state, &rules, event).unwrap();
        }
        state
    });
}
