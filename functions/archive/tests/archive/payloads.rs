//! What the function is invoked with, as it arrives.

use archive::{ArchiveError, Work};
use lake::Row;
use serde_json::{Value, json};

use crate::world::World;

fn payload(name: &str) -> Value {
    let text = match name {
        "put" => include_str!("../../../../events/stream/events-put.json"),
        "removed" => include_str!("../../../../events/stream/events-removed.json"),
        "unreadable" => {
            include_str!("../../../../events/stream/events-with-an-unreadable-one.json")
        }
        "schedule" => include_str!("../../../../events/schedule/compact.json"),
        "compact" => include_str!("../../../../events/sqs/archive-compact.json"),
        "list" => include_str!("../../../../events/sqs/archive-list.json"),
        _ => include_str!("../../../../events/sqs/archive-malformed.json"),
    };
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn what_the_stream_brings_is_what_the_archive_shows() {
    let world = World::new();
    assert_eq!(world.handle(payload("put")).await.unwrap(), Value::Null);
    let expected = Row {
        home: "lead_aeaqcaibaeaqcaibaeaqcaibae".to_owned(),
        home_kind: "user_id".to_owned(),
        event_id: "msg-1".to_owned(),
        event_type: "order_completed".to_owned(),
        timestamp: 1_795_176_000_123,
        received_at: 1_795_176_001_000,
        properties: Some(r#"{"order":9007199254740993,"revenue":129.9}"#.to_owned()),
        context: Some(r#"{"locale":"pt-BR"}"#.to_owned()),
        traits: Some(r#"{"title":"CTO"}"#.to_owned()),
        links: Some(
            concat!(
                r#"[{"from":{"kind":"anonymous_id","id":"lead_aibaeaqcaibaeaqcaibaeaqcai"},"#,
                r#""to":{"kind":"user_id","id":"lead_aeaqcaibaeaqcaibaeaqcaibae"},"#,
                r#""role":"carried"}]"#
            )
            .to_owned(),
        ),
        edit: None,
    };
    let plain = Row {
        home: "lead_aibaeaqcaibaeaqcaibaeaqcai".to_owned(),
        home_kind: "anonymous_id".to_owned(),
        event_id: "msg-2".to_owned(),
        event_type: "page_view".to_owned(),
        timestamp: 1_795_176_060_000,
        received_at: 1_795_176_060_000,
        ..Row::default()
    };
    assert_eq!(world.rows(), [expected, plain]);
    let place = "events/tenant=acme/dt=2026-11-20/4421584500000000010000000001-";
    assert!(world.keys()[0].starts_with(place), "{:?}", world.keys());

    world.handle(payload("removed")).await.unwrap();
    assert_eq!(world.rows().len(), 2);
    world.handle(payload("unreadable")).await.unwrap();
    assert_eq!(world.rows().len(), 3);
    assert_eq!(world.memory.objects().len(), 3);
}

#[tokio::test]
async fn the_schedule_and_the_queue_work_a_night() {
    let world = World::new();
    world.handle(payload("put")).await.unwrap();
    world.handle(payload("unreadable")).await.unwrap();
    assert_eq!(world.handle(payload("schedule")).await.unwrap(), Value::Null);
    let day = "2026-11-20".parse().unwrap();
    let work = Work::Compact { tenant: "acme".parse().unwrap(), day };
    assert_eq!(world.memory.waiting(), [work]);
    let answer = world.handle(payload("compact")).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert_eq!(world.keys().len(), 1);
    assert!(world.keys()[0].contains("/compacted-"));
}

#[tokio::test]
async fn a_listing_goes_on_where_another_ended() {
    let world = World::new();
    world.handle(payload("put")).await.unwrap();
    world.handle(payload("unreadable")).await.unwrap();
    // It goes on after that day.
    world.handle(payload("list")).await.unwrap();
    assert!(world.memory.waiting().is_empty());
}

#[tokio::test]
async fn a_message_that_is_no_work_is_given_back() {
    let world = World::new();
    let alone = world.handle(payload("malformed")).await;
    assert!(matches!(alone, Err(ArchiveError::AllFailed(1))));
    let records = |name: &str| payload(name)["Records"][0].clone();
    let batch = json!({ "Records": [records("malformed"), records("compact")] });
    let answer = world.handle(batch).await.unwrap();
    let failed = json!([{ "itemIdentifier": "2b7c7c1e-8f39-4d0e-b3a1-7d4b3d0f9e66" }]);
    assert_eq!(answer["batchItemFailures"], failed);
}

#[tokio::test]
async fn a_payload_of_no_trigger_is_refused() {
    let world = World::new();
    for unknown in [json!({}), json!({ "run": "nightly" }), json!({ "Records": 1 })] {
        let answer = world.handle(unknown).await;
        assert!(matches!(answer, Err(ArchiveError::UnknownTrigger(_))), "{answer:?}");
    }
}
