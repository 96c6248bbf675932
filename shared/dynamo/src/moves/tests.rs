//! Events as lines.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{edit::Edit, identity::Kind};
use testing::{a_tenant, an_event};

use super::*;

fn stored() -> StoredEvents {
    let tenant = a_tenant();
    let edit = Edit { deleted: Some(true), ..Edit::by(domain::actor::Actor::System) };
    let events = [
        an_event("2").by(Kind::UserId, "u1").by(Kind::AnonymousId, "a1").event(),
        an_event("1")
            .by(Kind::UserId, "u1")
            .with_property("order", 9_007_199_254_740_993_u64)
            .event(),
        an_event("3").by(Kind::UserId, "u1").with_property("price", 0.1 + 0.2).event(),
        Event { edit: Some(Box::new(edit)), ..an_event("4").by(Kind::UserId, "u1").event() },
    ];
    let items = events.iter().map(|event| events::to_item(&tenant, event).unwrap());
    StoredEvents::of(items.collect())
}

#[test]
fn what_is_written_down_reads_back_as_it_was_stored() {
    let stored = stored();
    let lines = stored.to_lines().unwrap();
    let read = StoredEvents::of_lines(&a_tenant(), &lines).unwrap();
    assert_eq!(read, stored);
    assert_eq!(read.clone().into_events().unwrap(), stored.into_events().unwrap());
    assert_eq!(read.to_lines().unwrap(), lines);
}

#[test]
fn what_a_newer_version_wrote_into_an_event_is_kept() {
    let mut stored = stored();
    let sealed = AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new([0, 159]));
    let flags = AttributeValue::L(vec![AttributeValue::Bool(true), AttributeValue::Null(true)]);
    stored.0[0].insert("later".to_owned(), sealed);
    stored.0[1].insert("flags".to_owned(), flags);
    let lines = stored.to_lines().unwrap();
    assert_eq!(StoredEvents::of_lines(&a_tenant(), &lines).unwrap(), stored);
}

#[test]
fn lines_of_another_tenant_are_refused() {
    let lines = stored().to_lines().unwrap();
    let told = StoredEvents::of_lines(&"other".parse().unwrap(), &lines).unwrap_err();
    assert!(matches!(told, StoreError::Unreadable { .. }), "{told}");
}

#[test]
fn parts_leave_room_for_the_look_at_the_lead_and_fit_a_transaction() {
    let item = |size: usize| Item::from([("text".to_owned(), items::text("x".repeat(size)))]);
    let small = StoredEvents((0..250).map(|_| item(10)).collect());
    assert_eq!(small.parts().iter().map(|part| part.0.len()).collect::<Vec<_>>(), [99, 99, 52]);
    let large = StoredEvents((0..20).map(|_| item(300_000)).collect());
    let parts = large.parts();
    assert!(parts.iter().all(|part| part.0.len() < 12));
    assert_eq!(parts.iter().map(|part| part.0.len()).sum::<usize>(), 20);
}
