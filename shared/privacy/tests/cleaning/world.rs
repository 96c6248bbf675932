//! Two people of whom much is kept, and their erasure.

use std::sync::Arc;

use domain::{
    actor::Actor,
    bulk::Selection,
    entry::{Activity, ActivityType, Content, Entry, EntryId, EntryKind, Note},
    erasure::{Erasure, Reason},
    event::Sealed,
    home::HomeId,
    identity::Kind,
    job::{JobId, JobStatus, Work},
    lead_filter::LeadFilter,
    tenant::TenantId,
    time::Timestamp,
};
use dynamo::{Job, KeptAnswer, Lease, Store};
use files::FileKey;
use privacy::{CleanError, Cleaner};
use scoring::{Order, Scorer};
use search::Indexer;
use serde_json::{Value, json};
use shelf::Shelf;
use testing::{MemoryBucket, Tables, a_tenant, an_event, home_of, keyring};

use crate::bucket::Bucket;

/// When people are erased.
pub fn now() -> Timestamp {
    "2026-01-15T12:00:00Z".parse().unwrap()
}

/// When all that was under way at the erasure has ended.
pub fn later() -> Timestamp {
    now().plus_millis(15 * 60_000)
}

pub fn other() -> TenantId {
    "other".parse().unwrap()
}

/// The home of one of the two people, `u1` and `u2`.
pub fn user(name: &str) -> HomeId {
    home_of(Kind::UserId, name).id
}

pub fn email(name: &str) -> HomeId {
    home_of(Kind::Email, &address(name)).id
}

pub fn address(name: &str) -> String {
    format!("{name}@example.com")
}

/// Names a job that was asked for so many minutes before the erasure.
pub fn job_id(minutes_before: i64) -> JobId {
    let millis = now().plus_millis(-60_000 * minutes_before).millis();
    let digits = format!("{millis:012x}");
    format!("job_{}-{}-7f60-8a1b-2c3d4e5f6071", &digits[..8], &digits[8..]).parse().unwrap()
}

pub struct World {
    pub tables: Tables,
    pub bucket: Bucket,
    /// Where the events of idle leads lie.
    pub archive: MemoryBucket,
}

impl World {
    /// Starts with two people, each with a note, an activity and an address that they are found by.
    pub async fn start() -> Self {
        let world = Self {
            tables: Tables::with_tenant(&a_tenant()).await,
            bucket: Bucket::default(),
            archive: MemoryBucket::default(),
        };
        let scorer = Scorer::new(world.tables.store.clone());
        for name in ["u1", "u2"] {
            let identify = an_event(name).by(Kind::UserId, name).by(Kind::Email, &address(name));
            let arrivals = vec![identify.arrival()];
            scorer.score(&keyring(), user(name), arrivals, now()).await.unwrap();
            let homes = [user(name), email(name)];
            let indexer = Indexer::new(world.tables.store.clone());
            indexer.refresh(&a_tenant(), &keyring(), homes).await.unwrap();
            let note = |text| Note { text };
            world.write(&scorer, user(name), EntryKind::Note, note).await;
            let call = |subject| Activity {
                activity_type: ActivityType::Call,
                subject,
                due_at: None,
                done_at: None,
            };
            world.write(&scorer, email(name), EntryKind::Activity, call).await;
        }
        world
    }

    /// Writes something down beside a home.
    async fn write<C: Content>(
        &self,
        scorer: &Scorer,
        home: HomeId,
        kind: EntryKind,
        content: impl Fn(Sealed) -> C,
    ) {
        let keyed = scorer.keyed_home(&keyring(), home).await.unwrap().unwrap();
        let wrapped = keyed.key.unwrap();
        let key = keyring().lead_key(home, &wrapped).unwrap();
        let id = EntryId::new(kind, "019a0b3c-4d5e-7f60-8a1b-2c3d4e5f6071").unwrap();
        let entry = Entry {
            home,
            by: Actor::System,
            created_at: now(),
            updated_at: None,
            content: content(key.seal(id.as_str(), "secret").unwrap()),
            id,
        };
        assert!(self.tables.store.put_entry(&a_tenant(), &entry, None, &wrapped).await.unwrap());
    }

    /// Erases a person and returns the receipt.
    pub async fn erase(&self, name: &str) -> Erasure {
        let order =
            Order { by: &Actor::System, reason: Reason::Asked, audit: None, still: &|_| true };
        let scorer = Scorer::new(self.tables.store.clone());
        scorer.erase(&keyring(), user(name), order, now()).await.unwrap()
    }

    pub async fn finish(
        &self,
        store: Store,
        erasures: Vec<Erasure>,
        at: Timestamp,
    ) -> Result<Vec<Erasure>, CleanError> {
        self.finish_on(Shelf::new(store, self.archive.clone()), erasures, at).await
    }

    pub async fn finish_on(
        &self,
        shelf: Shelf,
        erasures: Vec<Erasure>,
        at: Timestamp,
    ) -> Result<Vec<Erasure>, CleanError> {
        let cleaner = Cleaner::new(shelf, Arc::new(self.bucket.clone()));
        cleaner.finish(&keyring(), erasures, at).await
    }

    /// Cleans up after one erasure.
    pub async fn finish_one(&self, erasure: Erasure, at: Timestamp) -> Erasure {
        let done = self.finish(self.tables.store.clone(), vec![erasure], at).await.unwrap();
        done.into_iter().next().unwrap()
    }

    /// Begins a request and answers it, unless there is no answer.
    pub async fn request(
        &self,
        token: &str,
        at: Timestamp,
        answer: Option<(Option<String>, Value)>,
    ) {
        let lease = Lease::new(token.to_owned(), "content".to_owned(), "seed".to_owned(), at);
        self.tables.store.begin_request(&a_tenant(), &lease).await.unwrap();
        let Some((location, body)) = answer else { return };
        let body = keyring().seal_item(body.to_string().as_bytes()).unwrap();
        let headers = location.map(|path| ("location".to_owned(), path)).into_iter().collect();
        let answer = KeptAnswer { status: 201, headers, body };
        self.tables.store.keep_answer(&a_tenant(), &lease, answer).await.unwrap();
    }

    /// Returns which requests have an answer.
    pub async fn answered(&self) -> Vec<String> {
        let requests = self.tables.store.requests(&a_tenant(), None, 1_000).await.unwrap();
        let answered = requests.into_iter().filter(|request| request.answer.is_some());
        answered.map(|request| request.lease.token).collect()
    }

    /// Makes an export with a file, so many minutes before the erasure.
    pub async fn export(&self, minutes_before: i64, status: JobStatus) -> FileKey {
        let leads = Selection::Matching(LeadFilter::default());
        let work = Work::Export { by: Actor::System, leads };
        let id = self.job(minutes_before, work, status).await;
        let key = FileKey::export(&a_tenant(), &id, "00000");
        self.bucket.add(key.clone());
        key
    }

    /// Makes an import with a file, so many minutes before the erasure.
    pub async fn import(&self, minutes_before: i64, status: JobStatus) -> FileKey {
        let work = Work::Import { by: Actor::System, rows: 1 };
        let id = self.job(minutes_before, work, status).await;
        let key = FileKey::import(&a_tenant(), &id, 0);
        self.bucket.add(key.clone());
        key
    }

    async fn job(&self, minutes_before: i64, work: Work, status: JobStatus) -> JobId {
        let id = job_id(minutes_before);
        let at = now().plus_millis(-60_000 * minutes_before);
        let job = Job::new(id.clone(), work, 1, at);
        assert!(self.tables.store.create_job(&a_tenant(), &job, None).await.unwrap());
        self.turn(&id, status).await;
        id
    }

    pub async fn turn(&self, id: &JobId, to: JobStatus) {
        let (store, from) = (&self.tables.store, [JobStatus::Queued, JobStatus::Running]);
        store.turn_job(&a_tenant(), id, &from, to, now()).await.unwrap();
    }

    /// Counts what is left of a person beside the tombstones.
    pub async fn left_of(&self, name: &str) -> [usize; 3] {
        let (store, homes) = (&self.tables.store, [user(name), email(name)]);
        let notes = store.entries::<Note>(&a_tenant(), homes, None, 9).await.unwrap();
        let activities = store.entries::<Activity>(&a_tenant(), homes, None, 9).await.unwrap();
        let findable = store.findable_homes(&a_tenant(), homes).await.unwrap();
        let found = findable.values().map(|home| home.record.count()).sum();
        [notes.len(), activities.len(), found]
    }
}

/// What a lead looks like in an answer.
pub fn lead_body(name: &str) -> Value {
    let identities = json!([{ "kind": "email", "value": address(name) }]);
    json!({ "data": [{ "id": user(name), "identities": identities }] })
}
