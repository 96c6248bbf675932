//! Drives jobs through the handler: a queue and files that remember, and calls that fail when they
//! are told to.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bulk::{Bulk, BulkError, Needs};
use domain::{
    actor::Actor,
    bulk::{BulkChange, Selection},
    event::{Arrival, Sealed},
    home::HomeId,
    identity::{Identity, Kind},
    job::{JobId, JobStatus, Outcome, Work},
    lead::{Lead, Status},
    tenant::TenantId,
    time::Timestamp,
    user::UserId,
};
use dynamo::{Job, Store};
use files::{Chunk, FileError, FileKey, FileSort, Files, Filing, Row};
use lambda::budget::Budget;
use lambda::keyrings::{KeyringError, Keyrings};
use queue::{JobMessage, JobPart, Parts, SendError};
use scoring::Scorer;
use serde_json::{Map, Value, json};
use testing::{Fault, Faults, Tables, a_tenant};
use vault::Keyring;

/// The longest that a writer runs, in these tests.
pub const WRITER_TIMEOUT: Duration = Duration::from_secs(29);

/// In how many segments the tables are scanned here.
pub const SEGMENTS: u32 = 3;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn noon() -> Timestamp {
    at("2026-01-20T12:00:00Z")
}

pub fn keyring() -> Arc<Keyring> {
    Arc::new(Keyring::new(a_tenant(), [7; 32], [2; 32]))
}

pub fn user(number: u32) -> UserId {
    format!("user_019a0b3c-4d5e-7f60-8a1b-{number:012x}").parse().unwrap()
}

pub fn job_id(number: u32) -> JobId {
    format!("job_019a0b3c-4d5e-7f60-8a1b-{number:012x}").parse().unwrap()
}

/// Counts calls of tables and files alike, and decides their fates.
#[derive(Clone, Debug, Default)]
pub struct Calls(Option<Arc<(AtomicUsize, usize, bool)>>);

impl Calls {
    /// Lets the first `calls` calls pass and none after them, as if the process had died.
    pub fn crash_after(calls: usize, answer_lost: bool) -> Self {
        Self(Some(Arc::new((AtomicUsize::new(0), calls, answer_lost))))
    }

    fn fate(&self) -> Fault {
        let Some(calls) = &self.0 else { return Fault::None };
        let (made, most, answer_lost) = &**calls;
        match made.fetch_add(1, Ordering::Relaxed) + 1 {
            call if call < *most => Fault::None,
            call if call == *most && *answer_lost => Fault::AnswerLost,
            call if call == *most => Fault::None,
            _ => Fault::NotSent,
        }
    }

    pub fn store(&self, tables: &Tables) -> Store {
        let calls = self.clone();
        tables.with_faults(&Faults::by_call(move |_| calls.fate()))
    }
}

/// Files in memory.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    pub files: Arc<Mutex<BTreeMap<FileKey, Sealed>>>,
    pub calls: Calls,
}

impl Bucket {
    fn call<T: Send + 'static>(&self, effect: impl FnOnce() -> T) -> Filing<'static, T> {
        let lost = || FileError::Unavailable { operation: "call", code: "injected".to_owned() };
        let answer = match self.calls.fate() {
            Fault::None => Ok(effect()),
            Fault::NotSent => Err(lost()),
            Fault::AnswerLost => {
                effect();
                Err(lost())
            }
        };
        Box::pin(async { answer })
    }

    /// Returns the keys of all files.
    pub fn keys(&self) -> Vec<String> {
        self.files.lock().unwrap().keys().map(ToString::to_string).collect()
    }
}

impl Files for Bucket {
    fn put<'f>(&'f self, key: &'f FileKey, content: Sealed) -> Filing<'f, ()> {
        self.call(|| drop(self.files.lock().unwrap().insert(key.clone(), content)))
    }

    fn get<'f>(&'f self, key: &'f FileKey) -> Filing<'f, Option<Sealed>> {
        self.call(|| self.files.lock().unwrap().get(key).cloned())
    }

    fn remove<'f>(&'f self, key: &'f FileKey) -> Filing<'f, ()> {
        self.call(|| drop(self.files.lock().unwrap().remove(key)))
    }

    fn list<'f>(&'f self, sort: FileSort, tenant: &'f TenantId) -> Filing<'f, Vec<FileKey>> {
        let is_meant = |key: &&FileKey| key.is_of(sort, tenant);
        self.call(|| self.files.lock().unwrap().keys().filter(is_meant).cloned().collect())
    }
}

/// A queue in memory: messages, each with the delay that it was sent with.
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

    pub fn take(&self) -> Option<(JobMessage, Duration)> {
        self.0.lock().unwrap().pop_front()
    }
}

/// Has one keyring.
#[derive(Debug)]
pub struct Keys;

impl Keyrings for Keys {
    async fn keyring(&self, tenant: &TenantId) -> Result<Arc<Keyring>, KeyringError> {
        let known = *tenant == a_tenant();
        if known { Ok(keyring()) } else { Err(KeyringError::NoTenant(tenant.clone())) }
    }
}

/// The function, with what feeds it.
pub struct Worker {
    pub bulk: Bulk<Queue, Keys>,
    pub queue: Queue,
    pub budget: Duration,
}

impl Worker {
    pub fn on(store: Store, queue: Queue, bucket: Bucket) -> Self {
        let needs = Needs {
            parts: queue.clone(),
            keyrings: Keys,
            files: Arc::new(bucket),
            writer_timeout: WRITER_TIMEOUT,
        };
        Self { bulk: Bulk::new(store, needs), queue, budget: Duration::from_mins(5) }
    }

    /// Delivers a message for the `receives`th time.
    pub async fn deliver(
        &self,
        message: &JobMessage,
        receives: u32,
        now: Timestamp,
    ) -> Result<(), BulkError> {
        let record = json!({
            "messageId": "m",
            "body": serde_json::to_string(message).unwrap(),
            "attributes": {"ApproximateReceiveCount": receives.to_string()},
        });
        let payload = json!({ "Records": [record] });
        let answer = self.bulk.handle(payload, now, Budget::of(self.budget)).await?;
        assert!(answer.batch_item_failures.is_empty());
        Ok(())
    }

    /// Delivers until the queue is empty or a delivery fails; the failed one stays in the queue.
    pub async fn drain(&self, now: Timestamp) -> Result<(), BulkError> {
        while let Some((message, _)) = self.queue.waiting().first() {
            self.deliver(message, 1, now).await?;
            self.queue.take();
        }
        Ok(())
    }
}

/// The message that begins a job.
pub fn plan(id: &JobId) -> JobMessage {
    JobMessage { tenant: a_tenant(), job: id.clone(), part: JobPart::Plan { again: false } }
}

/// Tables with a tenant, and files.
pub struct World {
    pub tables: Tables,
    pub bucket: Bucket,
}

impl World {
    pub async fn start() -> Self {
        Self { tables: Tables::with_tenant(&a_tenant()).await, bucket: Bucket::default() }
    }

    pub fn store(&self) -> &Store {
        &self.tables.store
    }

    pub fn worker(&self) -> Worker {
        self.worker_on(Queue::default())
    }

    pub fn worker_on(&self, queue: Queue) -> Worker {
        Worker::on(self.store().clone(), queue, self.bucket.clone())
    }

    /// Makes a job as the API does.
    pub async fn make(&self, number: u32, work: Work, segments: u32, leads: Option<&[HomeId]>) {
        let job = Job::new(job_id(number), work, segments, noon());
        assert!(self.store().create_job(&a_tenant(), &job, leads).await.unwrap());
    }

    /// Stages rows in chunks and makes the job that brings them in.
    pub async fn make_import(&self, number: u32, rows: Vec<Row>, a_chunk: usize) {
        let count = u64::try_from(rows.len()).unwrap();
        let chunks: Vec<_> = rows.chunks(a_chunk).map(<[_]>::to_vec).collect();
        for (place, rows) in chunks.iter().enumerate() {
            let chunk = Chunk { rows: rows.clone(), ..Chunk::default() };
            self.stage(number, u32::try_from(place).unwrap(), &chunk).await;
        }
        let work = Work::Import { by: Actor::User(user(1)), rows: count };
        self.make(number, work, u32::try_from(chunks.len()).unwrap(), None).await;
    }

    pub async fn stage(&self, number: u32, place: u32, chunk: &Chunk) {
        let key = FileKey::import(&a_tenant(), &job_id(number), place);
        self.bucket.put(&key, chunk.seal(&keyring()).unwrap()).await.unwrap();
    }

    pub async fn make_edit(&self, number: u32, change: BulkChange, leads: Vec<HomeId>) {
        let named = Selection::Named(u32::try_from(leads.len()).unwrap());
        let work = Work::BulkEdit { by: Actor::User(user(1)), change, leads: named };
        self.make(number, work, 1, Some(&leads)).await;
    }

    pub async fn make_export(&self, number: u32, leads: Selection) {
        let work = Work::Export { by: Actor::User(user(1)), leads };
        self.make(number, work, SEGMENTS, None).await;
    }

    /// Works a job to its end and returns what came of it.
    pub async fn run(&self, number: u32) -> Outcome {
        let worker = self.worker();
        worker.queue.send(&[plan(&job_id(number))]).await.unwrap();
        worker.drain(noon().plus_millis(60_000)).await.unwrap();
        self.outcome(number).await
    }

    pub async fn import(&self, number: u32, rows: Vec<Row>) -> Outcome {
        self.make_import(number, rows, 2).await;
        self.run(number).await
    }

    pub async fn status(&self, number: u32) -> JobStatus {
        self.store().job(&a_tenant(), &job_id(number)).await.unwrap().unwrap().status
    }

    pub async fn outcome(&self, number: u32) -> Outcome {
        assert_eq!(self.status(number).await, JobStatus::Done);
        self.store().job_result(&a_tenant(), &job_id(number)).await.unwrap().unwrap()
    }

    /// Scores what senders sent.
    pub async fn score(&self, arrival: Arrival) {
        let home = arrival.event.home.id;
        let scorer = Scorer::new(self.store().clone());
        scorer.score(&keyring(), home, vec![arrival], noon()).await.unwrap();
    }

    pub async fn lead(&self, email: &str) -> Lead {
        let home = home(email);
        let homes = self.store().homes(&a_tenant(), [home]).await.unwrap();
        let survivor = homes[&home].survivor.id;
        self.store().lead(&a_tenant(), survivor).await.unwrap().unwrap()
    }

    pub async fn leads(&self) -> Vec<Lead> {
        let page = self.store().scan_leads(0, 1, None).await.unwrap();
        let mut leads: Vec<_> = page.leads.into_iter().map(|(_, listed)| listed.lead).collect();
        leads.sort_by_key(|lead| lead.survivor.id);
        leads
    }

    /// Opens what a home declares.
    pub async fn declared(&self, email: &str, field: &str) -> Option<Value> {
        let home = home(email);
        let homes = self.store().homes(&a_tenant(), [home]).await.unwrap();
        match &homes[&home].profile.get(field)?.value {
            domain::profile::FieldValue::Plain(value) => Some(value.clone()),
            domain::profile::FieldValue::Sealed(sealed) => {
                Some(keyring().opener(&homes[&home]).open(field, sealed).unwrap().into())
            }
        }
    }
}

/// The home of an email address.
pub fn home(email: &str) -> HomeId {
    keyring().home(&Identity::new(Kind::Email, email).unwrap(), 0).id
}

/// A row about an email address.
pub fn row(line: u64, email: &str) -> Row {
    Row {
        number: line - 1,
        line,
        identities: vec![(Kind::Email, email.to_owned())],
        traits: Map::new(),
        status: None,
        assigned_to: None,
    }
}

/// A row that says all that a row may say.
pub fn full_row(line: u64, email: &str, name: &str) -> Row {
    let traits = json!({"first_name": name, "company": "Acme", "plan": "pro"});
    let Value::Object(traits) = traits else { unreachable!("an object") };
    Row { traits, status: Some(Status::Contacted), assigned_to: Some(user(2)), ..row(line, email) }
}
