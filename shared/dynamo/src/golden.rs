//! Items as they were stored once, which every later version must read: `tests/golden/`.
//!
//! When an item's form changes, its new form gets a file of its own and the old file stays.

use domain::{
    amount::Amount,
    balance::Balance,
    event::{Event, EventId, Position, Sealed},
    facts::Facts,
    family::Member,
    home::{HomeId, HomeRef},
    identity::Kind,
    lead::{Cause, Crossing, Home, Lead},
    limits::{Limits, Uses},
    link::{Cut, Link, Links, RecordedLink, Role},
    points::Points,
    profile::{Field, FieldValue, Profile},
    stage::Stage,
    state::State,
    tenant::TenantId,
    time::{Day, Timestamp},
};
use serde_json::{Value, json};

use crate::{events, homes, items::Item, leads};

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

fn user() -> HomeRef {
    HomeRef { kind: Kind::UserId, id: HomeId::from_bytes([1; 16]) }
}

fn cookie() -> HomeRef {
    HomeRef { kind: Kind::AnonymousId, id: HomeId::from_bytes([2; 16]) }
}

fn position() -> Position {
    Position {
        timestamp: "2026-01-15T12:00:00.123Z".parse().unwrap(),
        event_id: EventId::from_sender("msg-1").unwrap(),
        home: user().id,
    }
}

fn object(value: &Value) -> serde_json::Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn event() -> Event {
    Event {
        event_id: position().event_id,
        event_type: "order_completed".to_owned(),
        home: user(),
        timestamp: position().timestamp,
        received_at: "2026-01-15T12:00:01.000Z".parse().unwrap(),
        properties: object(&json!({ "order": 9_007_199_254_740_993_u64, "revenue": 129.9 })),
        context: object(&json!({ "locale": "pt-BR" })),
        traits: object(&json!({ "title": "CTO" })),
        links: vec![Link { from: cookie(), to: user(), role: Role::Carried }],
    }
}

fn home() -> Home {
    let stamped =
        |value| Field { value, timestamp: position().timestamp, event_id: position().event_id };
    let sealed = FieldValue::Sealed(Sealed("c2VhbGVk".to_owned()));
    Home {
        home: cookie(),
        version: 3,
        survivor: user(),
        has_events: true,
        carried: true,
        identity: Some(Sealed("aWRlbnRpdHk=".to_owned())),
        links: Links::from_recorded([RecordedLink {
            to: user(),
            role: Role::Alias,
            at: position(),
        }]),
        cuts: vec![Cut { left: vec![user().id], right: vec![cookie().id] }],
        profile: Profile::from_fields([
            ("email".to_owned(), stamped(sealed)),
            ("seats".to_owned(), stamped(FieldValue::Plain(json!(12.5)))),
        ]),
    }
}

fn instant(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

/// A lead as fold version 1 knew it.
fn first_lead() -> Lead {
    Lead {
        survivor: user(),
        version: 7,
        members: vec![
            Member { home: user(), has_events: true },
            Member { home: cookie(), has_events: false },
        ],
        identity_limit: true,
        crossing: None,
        state: State {
            fold_version: 1,
            rule_set: 1,
            balance: Balance { lasting: Points::from_thousandths(66_342), ..Balance::default() },
            events: 2,
            first_seen_at: Some(instant(1_000)),
            last_event_at: Some(position().timestamp),
            last_position: Some(position()),
            recent: vec![instant(1_000), position().timestamp],
            facts: Facts { counts: [("page_view".to_owned(), 2)].into(), ..Facts::default() },
            flooded: true,
            ..State::empty(1)
        },
    }
}

/// A lead with everything that a state can hold.
fn lead() -> Lead {
    let day: Day = "2026-02-01".parse().unwrap();
    let first = first_lead();
    let state = State {
        fold_version: 2,
        rule_set: 3,
        balance: Balance {
            lasting: Points::from_thousandths(66_342),
            expiring: [(day, Points::from_thousandths(-500))].into(),
        },
        suppressed: 1,
        last_event_at: Some(instant(2_000)),
        facts: Facts {
            counts: [("order_completed".to_owned(), 2)].into(),
            purchases: 2,
            revenue: Amount::from_thousandths(129_900),
            marketplaces: vec![("shopee".parse().unwrap(), 2), ("amazon".parse().unwrap(), 1)],
            source: Some("partner".to_owned()),
            campaign_source: Some("google".to_owned()),
            last_seen: [("order_completed".to_owned(), instant(2_000))].into(),
            days: [("1970-01-01".parse().unwrap(), 2)].into(),
        },
        profile: [("seats".to_owned(), json!(12.5))].into(),
        limits: Limits {
            uses: [("orders".to_owned(), Uses { period: 0, count: 2 })].into(),
            groups: [("buying".to_owned(), Points::whole(40))].into(),
        },
        failures: [("orders".to_owned(), 1)].into(),
        ..first.state
    };
    let crossing = Some(Crossing { from: Stage::Warm, cause: Cause::Rescore });
    Lead { state, crossing, ..first }
}

fn as_json(item: Item) -> Value {
    serde_dynamo::from_item(item).unwrap()
}

fn as_item(golden: &str) -> Item {
    serde_dynamo::to_item(serde_json::from_str::<Value>(golden).unwrap()).unwrap()
}

fn assert_same(golden: &str, written: Item) {
    let golden: Value = serde_json::from_str(golden).unwrap();
    let written = as_json(written);
    assert_eq!(written, golden, "\n{}", serde_json::to_string_pretty(&written).unwrap());
}

#[test]
fn an_event_is_written_and_read_as_ever() {
    let golden = include_str!("../../../tests/golden/event-1.json");
    assert_same(golden, events::to_item(&acme(), &event()).unwrap());
    assert_eq!(events::from_item(user().id, as_item(golden)).unwrap(), event());
}

#[test]
fn a_home_is_written_with_the_next_version_and_read_as_ever() {
    let golden = include_str!("../../../tests/golden/home-1.json");
    assert_same(golden, homes::to_item(&acme(), &home()).unwrap());
    let read = homes::from_item(cookie().id, as_item(golden)).unwrap();
    assert_eq!(read, Home { version: 4, ..home() });
}

#[test]
fn a_lead_is_written_and_read_as_ever() {
    let golden = include_str!("../../../tests/golden/lead-2.json");
    let standing = leads::Standing { score: 66, stage: Stage::Hot };
    assert_same(golden, leads::to_item(&acme(), &lead(), standing).unwrap());
    let read = leads::from_item(as_item(golden)).unwrap();
    assert_eq!((read.lead, read.standing), (lead(), standing));
}

#[test]
fn a_lead_of_the_first_fold_is_still_read() {
    let golden = include_str!("../../../tests/golden/lead-1.json");
    let read = leads::from_item(as_item(golden)).unwrap();
    assert_eq!(read.lead, first_lead());
}
