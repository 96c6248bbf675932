//! What the function is invoked with, as it arrives.

use bulk::BulkError;
use domain::job::{JobStatus, Work};
use dynamo::Job;
use lambda::budget::Budget;
use queue::{JobMessage, JobPart};
use serde_json::{Value, json};
use testing::a_tenant;

use crate::world::{WRITER_TIMEOUT, World, job_id, noon, plan, row};

fn payload(name: &str) -> Value {
    let text = match name {
        "plan" => include_str!("../../../../events/sqs/bulk-plan.json"),
        "segment" => include_str!("../../../../events/sqs/bulk-segment.json"),
        "close" => include_str!("../../../../events/sqs/bulk-close.json"),
        _ => include_str!("../../../../events/sqs/bulk-malformed.json"),
    };
    serde_json::from_str(text).unwrap()
}

fn budget() -> Budget {
    Budget::of(WRITER_TIMEOUT)
}

#[tokio::test]
async fn recorded_messages_work_a_job() {
    let world = World::start().await;
    let rows = vec![row(2, "ana@example.com"), row(3, "bea@example.com")];
    world.make_import(0x2c3d_4e5f, rows, 1).await;
    let worker = world.worker();
    let handle = async |name| worker.bulk.handle(payload(name), noon(), budget()).await;
    handle("plan").await.unwrap();
    assert_eq!(worker.queue.waiting().len(), 2);
    assert_eq!(world.status(0x2c3d_4e5f).await, JobStatus::Running);
    assert!(matches!(handle("close").await, Err(BulkError::AllFailed(1))));
    handle("segment").await.unwrap();
    worker.drain(noon()).await.unwrap();
    handle("close").await.unwrap();
    handle("segment").await.unwrap();
    world.outcome(0x2c3d_4e5f).await;
}

#[tokio::test]
async fn a_message_that_is_no_part_of_a_bulk_job_is_given_back() {
    let world = World::start().await;
    world.make_import(1, vec![row(2, "ana@example.com")], 1).await;
    let job = Job::new(job_id(2), Work::Rescore { version: 1 }, 3, noon());
    world.store().create_job(&a_tenant(), &job, None).await.unwrap();
    let worker = world.worker();
    let alone = worker.bulk.handle(payload("malformed"), noon(), budget()).await;
    assert!(matches!(alone, Err(BulkError::AllFailed(1))));
    let record = |message: &JobMessage| {
        let body = serde_json::to_string(message).unwrap();
        json!({"messageId": format!("{} {:?}", message.job, message.part), "body": body})
    };
    let good = plan(&job_id(1));
    let bad = [
        JobMessage { part: JobPart::Segment { pass: 1, segment: 1 }, ..good.clone() },
        JobMessage { part: JobPart::Segment { pass: 2, segment: 0 }, ..good.clone() },
        JobMessage { part: JobPart::Settle, ..good.clone() },
        JobMessage { part: JobPart::Close { pass: 1 }, ..plan(&job_id(9)) },
        plan(&job_id(2)),
    ];
    let records: Vec<_> = [&good].into_iter().chain(&bad).map(record).collect();
    let batch = json!({ "Records": records });
    let answer = worker.bulk.handle(batch, noon(), budget()).await.unwrap();
    let failed: Vec<_> =
        answer.batch_item_failures.iter().map(|failure| failure.item_identifier.clone()).collect();
    let expected: Vec<_> =
        bad.iter().map(|message| format!("{} {:?}", message.job, message.part)).collect();
    assert_eq!(failed, expected);
    let none = worker.bulk.handle(json!({"run": "nightly"}), noon(), budget()).await;
    assert!(matches!(none, Err(BulkError::UnknownTrigger(_))));
}

#[tokio::test]
async fn a_job_that_was_never_made_is_looked_for_twice_and_forgotten() {
    let world = World::start().await;
    let worker = world.worker();
    worker.deliver(&plan(&job_id(1)), 1, noon()).await.unwrap();
    let (again, delay) = worker.queue.take().unwrap();
    assert_eq!((again.part, delay), (JobPart::Plan { again: true }, WRITER_TIMEOUT));
    worker.deliver(&again, 1, noon()).await.unwrap();
    assert!(worker.queue.waiting().is_empty());
}

#[tokio::test]
async fn a_job_that_failed_goes_on_when_it_is_resumed() {
    let world = World::start().await;
    world.make_import(1, vec![row(2, "ana@example.com"), row(3, "bea@example.com")], 1).await;
    let staged = std::mem::take(&mut *world.bucket.files.lock().unwrap());
    let worker = world.worker();
    worker.deliver(&plan(&job_id(1)), 1, noon()).await.unwrap();
    let (segment, _) = worker.queue.take().unwrap();
    worker.deliver(&segment, 4, noon()).await.unwrap_err();
    assert_eq!(world.status(1).await, JobStatus::Running);
    worker.deliver(&segment, 5, noon()).await.unwrap_err();
    assert_eq!(world.status(1).await, JobStatus::Failed);
    world.bucket.files.lock().unwrap().clone_from(&staged);
    worker.drain(noon()).await.unwrap();
    assert_eq!(world.status(1).await, JobStatus::Failed);

    // What `POST /v1/jobs/{id}/resume` does.
    let failed = [JobStatus::Failed];
    let turned =
        world.store().turn_job(&a_tenant(), &job_id(1), &failed, JobStatus::Running, noon()).await;
    assert!(turned.unwrap().is_some(), "the job was noted as failed");
    world.run(1).await;
    assert_eq!(world.leads().await.len(), 2);
}
