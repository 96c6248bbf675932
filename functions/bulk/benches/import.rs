//! How fast 5,000 rows of a file become leads, and how many calls of the tables that takes.
//!
//! The tables are in this process, so that the time is what the function itself takes and what the
//! tables take on one machine; on AWS each call waits for the network beside it.
#![allow(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench prints, and one that cannot be set up has failed"
)]

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bulk::{Bulk, Needs};
use domain::{
    actor::Actor,
    event::Sealed,
    identity::Kind,
    job::{JobId, JobStatus, Work},
    tenant::TenantId,
    time::Timestamp,
};
use dynamo::Job;
use files::{CHUNK_ROWS, Chunk, FileKey, FileSort, Files, Filing, Row};
use lambda::budget::Budget;
use lambda::keyrings::{KeyringError, Keyrings};
use queue::{JobMessage, JobPart, Parts, SendError};
use serde_json::{Map, json};
use testing::{Fault, Faults, Tables, a_tenant};
use vault::Keyring;

const ROWS: usize = 5_000;

#[derive(Clone, Debug, Default)]
struct Bucket(Arc<Mutex<BTreeMap<FileKey, Sealed>>>);

impl Files for Bucket {
    fn put<'f>(&'f self, key: &'f FileKey, content: Sealed) -> Filing<'f, ()> {
        self.0.lock().unwrap().insert(key.clone(), content);
        Box::pin(async { Ok(()) })
    }

    fn get<'f>(&'f self, key: &'f FileKey) -> Filing<'f, Option<Sealed>> {
        let found = self.0.lock().unwrap().get(key).cloned();
        Box::pin(async { Ok(found) })
    }

    fn remove<'f>(&'f self, key: &'f FileKey) -> Filing<'f, ()> {
        self.0.lock().unwrap().remove(key);
        Box::pin(async { Ok(()) })
    }

    fn list<'f>(&'f self, sort: FileSort, tenant: &'f TenantId) -> Filing<'f, Vec<FileKey>> {
        let is_meant = |key: &&FileKey| key.is_of(sort, tenant);
        let found = self.0.lock().unwrap().keys().filter(is_meant).cloned().collect();
        Box::pin(async { Ok(found) })
    }
}

#[derive(Clone, Debug, Default)]
struct Queue(Arc<Mutex<VecDeque<JobMessage>>>);

impl Parts for Queue {
    async fn send(&self, parts: &[JobMessage]) -> Result<(), SendError> {
        self.0.lock().unwrap().extend(parts.iter().cloned());
        Ok(())
    }

    async fn send_later(&self, part: &JobMessage, _: Duration) -> Result<(), SendError> {
        self.send(std::slice::from_ref(part)).await
    }
}

#[derive(Debug)]
struct Keys;

impl Keyrings for Keys {
    async fn keyring(&self, _: &TenantId) -> Result<Arc<Keyring>, KeyringError> {
        Ok(keyring())
    }
}

fn keyring() -> Arc<Keyring> {
    Arc::new(Keyring::new(a_tenant(), [7; 32], [2; 32]))
}

fn row(number: usize) -> Row {
    let traits = Map::from_iter([
        ("first_name".to_owned(), json!(format!("Ana{number}"))),
        ("last_name".to_owned(), json!("Souza")),
        ("company".to_owned(), json!(format!("Company {}", number / 10))),
        ("plan".to_owned(), json!("pro")),
    ]);
    Row {
        number: u64::try_from(number).unwrap() + 1,
        line: u64::try_from(number).unwrap() + 2,
        identities: vec![
            (Kind::Email, format!("ana{number}@example.com")),
            (Kind::Phone, format!("+55119{number:08}")),
        ],
        traits,
        status: None,
        assigned_to: None,
    }
}

async fn import() -> (Duration, usize) {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let calls = Faults::by_call(|_| Fault::None);
    let (bucket, queue) = (Bucket::default(), Queue::default());
    let id: JobId = "job_019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071".parse().unwrap();
    let rows: Vec<_> = (0..ROWS).map(row).collect();
    let chunks: Vec<_> = rows.chunks(CHUNK_ROWS).collect();
    for (place, rows) in (0..).zip(&chunks) {
        let chunk = Chunk { rows: rows.to_vec(), ..Chunk::default() };
        let key = FileKey::import(&a_tenant(), &id, place);
        bucket.put(&key, chunk.seal(&keyring()).unwrap()).await.unwrap();
    }
    let now: Timestamp = "2026-01-20T12:00:00Z".parse().unwrap();
    let work = Work::Import { by: Actor::System, rows: u64::try_from(ROWS).unwrap() };
    let job = Job::new(id.clone(), work, u32::try_from(chunks.len()).unwrap(), now);
    tables.store.create_job(&a_tenant(), &job, None).await.unwrap();
    let needs = Needs {
        parts: queue.clone(),
        keyrings: Keys,
        files: Arc::new(bucket),
        writer_timeout: Duration::from_secs(29),
    };
    let bulk = Bulk::new(tables.with_faults(&calls), needs);
    let part = JobPart::Plan { again: true };
    queue.send(&[JobMessage { tenant: a_tenant(), job: id.clone(), part }]).await.unwrap();
    let began = Instant::now();
    loop {
        let Some(message) = queue.0.lock().unwrap().pop_front() else { break };
        let body = serde_json::to_string(&message).unwrap();
        let payload = json!({"Records": [{"messageId": "m", "body": body}]});
        bulk.handle(payload, now, Budget::of(Duration::from_mins(5))).await.unwrap();
    }
    let took = began.elapsed();
    let job = tables.store.job(&a_tenant(), &id).await.unwrap().unwrap();
    assert_eq!(job.status, JobStatus::Done);
    (took, calls.calls())
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (took, calls) = runtime.block_on(import());
    let a_second = ROWS as f64 / took.as_secs_f64();
    let a_row = calls as f64 / ROWS as f64;
    println!(
        "{ROWS} rows in {took:.1?}: {a_second:.0} rows/s, {a_row:.1} calls of the tables a row"
    );
}
