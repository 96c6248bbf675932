//! Drives jobs through the handler, with a queue that remembers and a clock that is told.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{
    job::{JobId, JobStatus, Outcome, PreviewOutcome, RescoreOutcome, Work},
    rule_set::RuleSet,
    time::Timestamp,
};
use dynamo::{Job, Publication, PublishedSet, Store};
use lambda::budget::Budget;
use queue::{JobMessage, JobPart, Parts, SendError};
use rescore::{Rescore, RescoreError};
use serde_json::json;
use testing::a_tenant;

/// The longest that a writer runs, in these tests.
pub const WRITER_TIMEOUT: Duration = Duration::from_secs(29);

/// In how many segments the tables are scanned here.
pub const SEGMENTS: u32 = 3;

/// A job queue in memory: messages, each with the delay that it was sent with.
#[derive(Clone, Debug, Default)]
pub struct Queue(Arc<Mutex<VecDeque<(JobMessage, Duration)>>>);

impl Parts for Queue {
    async fn send(&self, parts: &[JobMessage]) -> Result<(), SendError> {
        let parts = parts.iter().cloned().map(|part| (part, Duration::ZERO));
        self.0.lock().unwrap().extend(parts);
        Ok(())
    }

    async fn send_later(&self, part: &JobMessage, delay: Duration) -> Result<(), SendError> {
        self.0.lock().unwrap().push_back((part.clone(), delay));
        Ok(())
    }
}

impl Queue {
    pub fn waiting(&self) -> Vec<(JobMessage, Duration)> {
        self.0.lock().unwrap().iter().cloned().collect()
    }

    fn first(&self) -> Option<(JobMessage, Duration)> {
        let mut waiting = self.0.lock().unwrap();
        waiting.make_contiguous().sort_by_key(|(_, delay)| *delay);
        waiting.front().cloned()
    }

    pub fn take(&self) -> Option<(JobMessage, Duration)> {
        self.0.lock().unwrap().pop_front()
    }
}

/// The function, with the queue that feeds it.
pub struct Worker {
    pub rescore: Rescore<Queue>,
    pub queue: Queue,
    pub budget: Duration,
}

impl Worker {
    pub fn new(store: Store) -> Self {
        Self::on(store, Queue::default())
    }

    /// Another process on the same queue.
    pub fn on(store: Store, queue: Queue) -> Self {
        let rescore = Rescore::new(store, queue.clone(), WRITER_TIMEOUT);
        Self { rescore, queue, budget: Duration::from_mins(5) }
    }

    /// A worker whose every invocation stops as soon as it may.
    pub fn hasty(store: Store) -> Self {
        Self { budget: Duration::ZERO, ..Self::new(store) }
    }

    /// Delivers a message for the `receives`th time.
    pub async fn deliver(
        &self,
        message: &JobMessage,
        receives: u32,
        now: Timestamp,
    ) -> Result<(), RescoreError> {
        let record = json!({
            "messageId": "m",
            "body": serde_json::to_string(message).unwrap(),
            "attributes": {"ApproximateReceiveCount": receives.to_string()},
        });
        let payload = json!({ "Records": [record] });
        let answer = self.rescore.handle(payload, now, Budget::of(self.budget)).await?;
        assert!(answer.batch_item_failures.is_empty());
        Ok(())
    }

    /// Delivers until the queue is empty or a delivery fails; the failed one stays in the queue.
    /// Time goes on only by the delays of messages. Returns the time at the end.
    pub async fn drain(&self, mut now: Timestamp) -> Result<Timestamp, RescoreError> {
        while let Some((message, delay)) = self.queue.first() {
            now = now.plus_millis(i64::try_from(delay.as_millis()).unwrap());
            self.deliver(&message, 1, now).await?;
            self.queue.take();
        }
        Ok(now)
    }

    /// Plans a job and works it to its end.
    pub async fn run(&self, id: &JobId, now: Timestamp) -> Timestamp {
        self.queue.send(&[plan(id)]).await.unwrap();
        self.drain(now).await.unwrap()
    }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn job_id(number: u32) -> JobId {
    format!("job_019a0b3c-4d5e-7f60-8a1b-{number:012x}").parse().unwrap()
}

/// The message that begins a job.
pub fn plan(id: &JobId) -> JobMessage {
    JobMessage { tenant: a_tenant(), job: id.clone(), part: JobPart::Plan { again: false } }
}

/// Makes a preview of a draft, as the API does.
pub async fn preview_job(
    store: &Store,
    number: u32,
    draft: &RuleSet,
    sample_percent: u32,
    now: Timestamp,
) -> JobId {
    let active = store.active_version(&a_tenant()).await.unwrap();
    let work = Work::Preview { active, sample_percent };
    let job = Job::new(job_id(number), work, SEGMENTS, now);
    assert!(store.create_preview(&a_tenant(), &job, draft).await.unwrap());
    job.id
}

/// Publishes a set, as the API does, and returns the job that goes with it.
pub async fn publish(store: &Store, number: u32, draft: &RuleSet, now: Timestamp) -> JobId {
    let active = store.active_version(&a_tenant()).await.unwrap();
    let set = RuleSet { version: active + 1, ..draft.clone() };
    let published = PublishedSet { set, published_at: Some(now), restored_from: None, note: None };
    let work = Work::Rescore { version: active + 1 };
    let job = Job::new(job_id(number), work, SEGMENTS, now);
    let publication =
        Publication { active, published: &published, draft_revision: None, job: &job };
    assert!(store.publish(&a_tenant(), &publication).await.unwrap());
    job.id
}

pub async fn status(store: &Store, id: &JobId) -> JobStatus {
    store.job(&a_tenant(), id).await.unwrap().unwrap().status
}

pub async fn previewed(store: &Store, id: &JobId) -> PreviewOutcome {
    assert_eq!(status(store, id).await, JobStatus::Done);
    match store.job_result(&a_tenant(), id).await.unwrap() {
        Some(Outcome::Preview(outcome)) => *outcome,
        other => panic!("no result of a preview: {other:?}"),
    }
}

pub async fn rescored(store: &Store, id: &JobId) -> RescoreOutcome {
    assert_eq!(status(store, id).await, JobStatus::Done);
    match store.job_result(&a_tenant(), id).await.unwrap() {
        Some(Outcome::Rescore(outcome)) => outcome,
        other => panic!("no result of a re-score: {other:?}"),
    }
}
