//! What the function is invoked with, as it arrives.

use domain::job::JobStatus;
use lambda::budget::Budget;
use queue::{JobMessage, JobPart};
use rescore::RescoreError;
use serde_json::{Value, json};
use testing::{Fault, Faults, Tables, a_tenant};

use crate::{
    population::{noon, people, richer_demos},
    work::{WRITER_TIMEOUT, Worker, job_id, plan, preview_job, previewed, status},
};

fn payload(name: &str) -> Value {
    let text = match name {
        "plan" => include_str!("../../../../events/sqs/job-plan.json"),
        "segment" => include_str!("../../../../events/sqs/job-segment.json"),
        "close" => include_str!("../../../../events/sqs/job-close.json"),
        "settle" => include_str!("../../../../events/sqs/job-settle.json"),
        _ => include_str!("../../../../events/sqs/job-malformed.json"),
    };
    serde_json::from_str(text).unwrap()
}

fn budget() -> Budget {
    Budget::of(WRITER_TIMEOUT)
}

#[tokio::test]
async fn recorded_messages_work_a_job() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    people(&tables.store, 1, 4).await;
    let job = preview_job(&tables.store, 0x2c3d_4e5f, &richer_demos(), 100, noon()).await;
    let worker = Worker::new(tables.store.clone());
    let handle = async |name| worker.rescore.handle(payload(name), noon(), budget()).await;
    handle("plan").await.unwrap();
    assert_eq!(worker.queue.waiting().len(), 3);
    assert_eq!(status(&tables.store, &job).await, JobStatus::Running);
    assert!(matches!(handle("close").await, Err(RescoreError::AllFailed(1))));
    handle("segment").await.unwrap();
    worker.drain(noon()).await.unwrap();
    handle("close").await.unwrap();
    handle("settle").await.unwrap();
    assert_eq!(previewed(&tables.store, &job).await.comparison.leads, 4);
}

#[tokio::test]
async fn a_message_that_is_no_part_of_a_job_is_given_back() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let job = preview_job(&tables.store, 1, &richer_demos(), 100, noon()).await;
    let worker = Worker::new(tables.store.clone());
    let alone = worker.rescore.handle(payload("malformed"), noon(), budget()).await;
    assert!(matches!(alone, Err(RescoreError::AllFailed(1))));
    let record = |message: &JobMessage| {
        let body = serde_json::to_string(message).unwrap();
        json!({"messageId": format!("{:?}", message.part), "body": body})
    };
    let beyond = JobMessage { part: JobPart::Segment { pass: 1, segment: 3 }, ..plan(&job) };
    let nobodys = JobMessage { part: JobPart::Settle, ..plan(&job_id(9)) };
    let batch = json!({"Records": [record(&plan(&job)), record(&beyond), record(&nobodys)]});
    let answer = worker.rescore.handle(batch, noon(), budget()).await.unwrap();
    let failed: Vec<_> =
        answer.batch_item_failures.iter().map(|failure| &failure.item_identifier).collect();
    assert_eq!(failed, ["Segment { pass: 1, segment: 3 }", "Settle"]);
    let none = worker.rescore.handle(json!({"run": "nightly"}), noon(), budget()).await;
    assert!(matches!(none, Err(RescoreError::UnknownTrigger(_))));
}

#[tokio::test]
async fn a_job_that_was_never_made_is_looked_for_twice_and_forgotten() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let worker = Worker::new(tables.store.clone());
    worker.deliver(&plan(&job_id(1)), 1, noon()).await.unwrap();
    let (again, delay) = worker.queue.take().unwrap();
    assert_eq!((again.part, delay), (JobPart::Plan { again: true }, WRITER_TIMEOUT));
    worker.deliver(&again, 1, noon()).await.unwrap();
    assert!(worker.queue.waiting().is_empty());
}

#[tokio::test]
async fn a_part_that_fails_the_last_time_fails_its_job_which_can_go_on() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    people(&tables.store, 1, 4).await;
    let job = preview_job(&tables.store, 1, &richer_demos(), 100, noon()).await;
    let worker = Worker::new(tables.store.clone());
    worker.deliver(&plan(&job), 1, noon()).await.unwrap();
    let (segment, _) = worker.queue.take().unwrap();
    // The job is found, and the next call fails; what is noted after it arrives.
    let broken = || {
        let second = |call| if call == 1 { Fault::NotSent } else { Fault::None };
        tables.with_faults(&Faults::by_call(second))
    };
    let failing = Worker::on(broken(), worker.queue.clone());
    failing.deliver(&segment, 4, noon()).await.unwrap_err();
    assert_eq!(status(&tables.store, &job).await, JobStatus::Running);
    let failing = Worker::on(broken(), worker.queue.clone());
    failing.deliver(&segment, 5, noon()).await.unwrap_err();
    assert_eq!(status(&tables.store, &job).await, JobStatus::Failed);
    worker.drain(noon()).await.unwrap();
    assert_eq!(status(&tables.store, &job).await, JobStatus::Failed);

    // What `POST /v1/jobs/{id}/resume` does.
    let failed = [JobStatus::Failed];
    let turned =
        tables.store.turn_job(&a_tenant(), &job, &failed, JobStatus::Running, noon()).await;
    assert!(turned.unwrap().is_some(), "the job was noted as failed");
    worker.run(&job, noon()).await;
    assert_eq!(previewed(&tables.store, &job).await.comparison.leads, 4);
}
