//! Items as they were stored once, which every later version must read: `tests/golden/`.
//!
//! When an item's form changes, its new form gets a file of its own and the old file stays.

mod archived;

use domain::{
    actor::Actor,
    amount::Amount,
    balance::Balance,
    consent::{Consent, Consents},
    edit::{Choice, Edit, LEAD_EDITED, Work},
    erasure::Erased,
    event::{Event, EventId, Position, Sealed},
    facts::Facts,
    family::Member,
    home::{HomeId, HomeRef},
    identity::Kind,
    lead::{Cause, Crossing, Home, Lead, Status, WrappedKey},
    limits::{Limits, Uses},
    link::{Cut, Link, Links, RecordedLink, Role},
    points::Points,
    profile::{EditedField, Edits, Field, FieldValue, Profile},
    segment::Segment,
    stage::Stage,
    state::State,
    tenant::TenantId,
    time::{Day, Timestamp},
    user::UserId,
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
        edit: None,
    }
}

fn owner() -> UserId {
    "user_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap()
}

/// An edit with everything that one could hold before there were erasure and consent.
fn edit() -> Event {
    let edit = Edit {
        by: Actor::User(owner()),
        set: [("title".to_owned(), json!("CEO"))].into(),
        set_sealed: ["email".to_owned()].into(),
        released: ["seats".to_owned()].into(),
        status: Some(Status::Contacted),
        assigned_to: Some(Choice::Set(owner())),
        segment: Some(Choice::Clear),
        deleted: Some(false),
        ..Edit::by(Actor::System)
    };
    Event { event_type: LEAD_EDITED.to_owned(), edit: Some(Box::new(edit)), ..event() }
}

/// An edit that says when the lead is to be erased, and what the person consents to.
fn decision() -> Event {
    let consents = [("marketing".parse().unwrap(), true), ("scoring".parse().unwrap(), false)];
    let edit = Edit {
        deleted: Some(true),
        erase_on: Some("2026-02-14".parse().unwrap()),
        consents: consents.into(),
        ..Edit::by(Actor::User(owner()))
    };
    Event { event_type: LEAD_EDITED.to_owned(), edit: Some(Box::new(edit)), ..event() }
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
        key: None,
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
        edits: Edits::default(),
        erased: None,
    }
}

/// A home in which people set and released fields.
fn edited_home() -> Home {
    let edited = |value| EditedField {
        value,
        timestamp: position().timestamp,
        event_id: position().event_id,
        by: Actor::User(owner()),
    };
    let sealed = FieldValue::Sealed(Sealed("c2VhbGVk".to_owned()));
    let edits = Edits::from_fields([
        ("email".to_owned(), edited(Some(sealed))),
        ("title".to_owned(), edited(Some(FieldValue::Plain(json!("CEO"))))),
        ("seats".to_owned(), edited(None)),
    ]);
    Home { edits, ..home() }
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
        erased: None,
        archived: None,
        state: State {
            fold_version: 1,
            rule_set: 1,
            balance: Balance { lasting: Points::from_thousandths(66_342), ..Balance::default() },
            events: 2,
            first_seen_at: Some(instant(1_000)),
            last_event_at: Some(position().timestamp),
            created_at: Some(instant(1_000)),
            last_position: Some(position()),
            recent: vec![instant(1_000), position().timestamp],
            facts: Facts { counts: [("page_view".to_owned(), 2)].into(), ..Facts::default() },
            flooded: true,
            ..State::empty(1)
        },
    }
}

/// A lead with everything that fold version 2 knew.
fn second_lead() -> Lead {
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

/// A lead with everything that fold version 3 knew.
fn third_lead() -> Lead {
    let second = second_lead();
    let work = Work {
        status: Status::Contacted,
        assigned_to: Some(owner()),
        segment: Some(Segment::Vip),
        ..Work::default()
    };
    let edited = [("source".to_owned(), json!("fair")), ("seats".to_owned(), Value::Null)];
    let state = State {
        fold_version: 3,
        created_at: Some(instant(500)),
        work,
        edited: edited.into(),
        edition: u64::MAX,
        last_edit_at: Some(instant(3_000)),
        ..second.state
    };
    Lead { state, ..second }
}

/// A lead with everything that fold version 4 knew before there was consent.
fn lead() -> Lead {
    let third = third_lead();
    let work = Work { deleted_homes: [cookie().id].into(), ..third.state.work };
    let state = State { fold_version: 4, work, ..third.state };
    Lead { state, ..third }
}

/// The same of a person who consents to something and not to everything, and will be erased.
fn consenting_lead() -> Lead {
    let said = |granted, at| Consent { granted, at: instant(at) };
    let consents = [
        ("marketing".parse().unwrap(), said(true, 1_500)),
        ("scoring".parse().unwrap(), said(false, 2_500)),
    ];
    let consents = Consents::from_parts(consents.into(), 5);
    let lead = lead();
    let erased_homes = [(cookie().id, "2026-02-14".parse().unwrap())].into();
    let work = Work { erased_homes, ..lead.state.work };
    Lead { state: State { consents, without_consent: 3, work, ..lead.state }, ..lead }
}

/// A lead that was made by hand and deleted, as a fold version left it.
fn deleted_lead(fold_version: u32) -> Lead {
    let first = first_lead();
    let work = Work { deleted_homes: [user().id].into(), ..Work::default() };
    let at = Some(position().timestamp);
    let state = State {
        fold_version,
        created_at: at,
        last_position: Some(position()),
        last_edit_at: at,
        work,
        edition: 7,
        ..State::empty(3)
    };
    Lead {
        state,
        members: vec![Member { home: user(), has_events: true }],
        identity_limit: false,
        ..first
    }
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
fn an_edit_is_written_and_read_as_ever() {
    let golden = include_str!("../../../tests/golden/event-2.json");
    assert_same(golden, events::to_item(&acme(), &edit()).unwrap());
    assert_eq!(events::from_item(user().id, as_item(golden)).unwrap(), edit());
    let golden = include_str!("../../../tests/golden/event-3.json");
    assert_same(golden, events::to_item(&acme(), &decision()).unwrap());
    assert_eq!(events::from_item(user().id, as_item(golden)).unwrap(), decision());
}

#[test]
fn a_home_is_written_with_the_next_version_and_read_as_ever() {
    let golden = include_str!("../../../tests/golden/home-1.json");
    assert_same(golden, homes::to_item(&acme(), &home()).unwrap());
    let read = homes::from_item(cookie().id, as_item(golden)).unwrap();
    assert_eq!(read, Home { version: 4, ..home() });
}

#[test]
fn an_edited_home_is_written_and_read_as_ever() {
    let golden = include_str!("../../../tests/golden/home-2.json");
    assert_same(golden, homes::to_item(&acme(), &edited_home()).unwrap());
    let read = homes::from_item(cookie().id, as_item(golden)).unwrap();
    assert_eq!(read, Home { version: 4, ..edited_home() });
}

#[test]
fn a_home_with_a_key_is_written_and_read_as_ever() {
    let golden = include_str!("../../../tests/golden/home-3.json");
    let home = Home { key: Some(WrappedKey("d3JhcHBlZA==".to_owned())), ..edited_home() };
    assert_same(golden, homes::to_item(&acme(), &home).unwrap());
    let read = homes::from_item(cookie().id, as_item(golden)).unwrap();
    assert_eq!(read, Home { version: 4, ..home });
}

#[test]
fn a_tombstone_is_written_and_read_as_ever_and_holds_nothing_that_was_said() {
    let golden = include_str!("../../../tests/golden/home-4.json");
    let home = Home { key: Some(WrappedKey("d3JhcHBlZA==".to_owned())), ..edited_home() };
    let home = home.into_tombstone(Erased { at: position().timestamp, generation: 1 });
    assert_same(golden, homes::to_item(&acme(), &home).unwrap());
    let read = homes::from_item(cookie().id, as_item(golden)).unwrap();
    assert_eq!(read, Home { version: 4, ..home });
}

#[test]
fn an_erased_lead_is_written_and_read_as_ever() {
    let golden = include_str!("../../../tests/golden/lead-erased-1.json");
    let standing = leads::Standing { score: 0, stage: Stage::Cold };
    let lead = Lead { erased: Some(position().timestamp), ..deleted_lead(4) };
    assert_same(golden, leads::to_item(&acme(), &lead, standing).unwrap());
    let read = leads::from_item(as_item(golden)).unwrap();
    assert_eq!((read.lead, read.standing, read.is_placed), (lead, standing, true));
}

#[test]
fn a_lead_is_written_and_read_as_ever() {
    let golden = include_str!("../../../tests/golden/lead-5.json");
    let standing = leads::Standing { score: 66, stage: Stage::Hot };
    assert_same(golden, leads::to_item(&acme(), &lead(), standing).unwrap());
    let read = leads::from_item(as_item(golden)).unwrap();
    assert_eq!((read.lead, read.standing, read.is_placed), (lead(), standing, true));
    let golden = include_str!("../../../tests/golden/lead-7.json");
    assert_same(golden, leads::to_item(&acme(), &consenting_lead(), standing).unwrap());
    assert_eq!(leads::from_item(as_item(golden)).unwrap().lead, consenting_lead());
}

#[test]
fn a_deleted_lead_is_written_and_read_as_ever() {
    let golden = include_str!("../../../tests/golden/lead-6.json");
    let standing = leads::Standing { score: 0, stage: Stage::Cold };
    assert_same(golden, leads::to_item(&acme(), &deleted_lead(4), standing).unwrap());
    let read = leads::from_item(as_item(golden)).unwrap();
    assert_eq!((read.lead, read.standing, read.is_placed), (deleted_lead(4), standing, true));
}

#[test]
fn a_lead_of_a_former_fold_is_still_read() {
    for (golden, lead, is_placed) in [
        (include_str!("../../../tests/golden/lead-1.json"), first_lead(), false),
        (include_str!("../../../tests/golden/lead-2.json"), second_lead(), false),
        (include_str!("../../../tests/golden/lead-3.json"), third_lead(), true),
        (include_str!("../../../tests/golden/lead-4.json"), deleted_lead(3), true),
    ] {
        let read = leads::from_item(as_item(golden)).unwrap();
        assert_eq!((read.lead, read.is_placed), (lead, is_placed));
    }
}
