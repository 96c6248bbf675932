//! What the function is invoked with, as it arrives.

use aggregate::AggregateError;
use serde_json::{Value, json};
use testing::{Tables, a_tenant};

use crate::{
    night::{Night, at},
    population::{day, event, store},
};

fn payload(name: &str) -> Value {
    let text = match name {
        "nightly" => include_str!("../../../../events/schedule/nightly.json"),
        "scan" => include_str!("../../../../events/sqs/shard-scan.json"),
        "close" => include_str!("../../../../events/sqs/shard-close.json"),
        "clean" => include_str!("../../../../events/sqs/shard-clean.json"),
        _ => include_str!("../../../../events/sqs/shard-malformed.json"),
    };
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn the_schedule_and_the_queue_work_a_night() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    store(&tables.store, &[event("ana", "1", "signup", at("2026-11-20T12:00:00Z"))]).await;
    let night = Night::new(tables.store.clone());
    let now = at("2026-11-21T00:10:02Z");

    assert_eq!(night.handle(payload("nightly"), now).await.unwrap(), Value::Null);
    assert_eq!(night.queue.waiting().len(), 3);
    let too_early = night.handle(payload("close"), now).await;
    assert!(matches!(too_early, Err(AggregateError::AllFailed(1))));
    let answer = night.handle(payload("scan"), now).await.unwrap();
    assert_eq!(answer, json!({"batchItemFailures": []}));
    night.drain(now).await.unwrap();
    night.handle(payload("close"), now).await.unwrap();
    let answer = night.handle(payload("clean"), now).await.unwrap();
    assert_eq!(answer, json!({"batchItemFailures": []}));

    let ended = day("2026-11-20");
    let rollups = tables.store.rollups(&a_tenant(), ended, ended).await.unwrap();
    assert!(rollups[0].complete);
    assert_eq!(rollups[0].rollup.totals().picture.leads, 1);
}

#[tokio::test]
async fn a_message_that_is_no_part_of_a_run_is_given_back() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let night = Night::new(tables.store.clone());
    let now = at("2026-11-21T00:10:02Z");
    let alone = night.handle(payload("malformed"), now).await;
    assert!(matches!(alone, Err(AggregateError::AllFailed(1))));

    night.handle(payload("nightly"), now).await.unwrap();
    let records = |name: &str| payload(name)["Records"][0].clone();
    let beyond = json!({
        "messageId": "beyond",
        "body": json!({"work": "scan", "run": "2026-11-20", "segment": 3}).to_string()
    });
    let batch = json!({"Records": [records("malformed"), records("scan"), beyond]});
    let answer = night.handle(batch, now).await.unwrap();
    let failed = json!([
        {"itemIdentifier": "2b7c7c1e-8f39-4d0e-b3a1-7d4b3d0f9e55"}, {"itemIdentifier": "beyond"}
    ]);
    assert_eq!(answer["batchItemFailures"], failed);
}

#[tokio::test]
async fn a_run_that_was_never_planned_is_given_back() {
    let tables = Tables::start().await;
    let night = Night::new(tables.store.clone());
    let answer = night.handle(payload("scan"), at("2026-11-21T00:10:02Z")).await;
    assert!(matches!(answer, Err(AggregateError::AllFailed(1))));
}

#[tokio::test]
async fn a_payload_of_neither_trigger_is_refused() {
    let tables = Tables::start().await;
    let night = Night::new(tables.store.clone());
    for unknown in [json!({}), json!({"run": "hourly", "scheduled_time": "2026-11-21T00:10:00Z"})] {
        let answer = night.handle(unknown, at("2026-11-21T00:10:02Z")).await;
        assert!(matches!(answer, Err(AggregateError::UnknownTrigger(_))));
    }
}

#[tokio::test]
async fn no_picture_is_taken_of_a_day_that_is_not_over() {
    let tables = Tables::start().await;
    let night = Night::new(tables.store.clone());
    let answer = night.plan("2026-11-22T00:10:00Z", at("2026-11-21T23:59:59.999Z")).await;
    assert!(matches!(answer, Err(AggregateError::DayNotOver(_))));
    night.plan("2026-11-22T00:10:00Z", at("2026-11-22T00:00:00Z")).await.unwrap();
}
