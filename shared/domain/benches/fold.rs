//! How many events a second one core folds with the default rules.
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
    rule_set::{RuleSet, Rules},
    state::State,
    time::Timestamp,
};

fn main() {
    divan::main();
}

const EVENTS: i64 = 10_000;

const TYPES: [&str; 5] = ["page_view", "email_open", "identify", "form_submit", "demo_request"];

fn rules() -> Rules {
    Rules::prepare(RuleSet::default_set().unwrap())
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
