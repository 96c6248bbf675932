//! A worker that dies between any two calls, of a table or of the bucket, leaves work that ends in
//! the same result.

use domain::{
    actor::Actor,
    bulk::{BulkChange, Selection},
    identity::Kind as Identified,
    job::{JobStatus, Outcome, Work},
    lead_filter::LeadFilter,
};
use files::FileKey;
use queue::Parts;
use testing::{a_tenant, an_event};

use crate::world::{
    Bucket, Calls, Queue, Worker, World, full_row, home, job_id, keyring, noon, plan, row, user,
};

/// The job that dies.
const JOB: u32 = 2;

#[derive(Clone, Copy, Debug)]
enum Kind {
    Import,
    NamedEdit,
    FilteredEdit,
    Export,
}

async fn world(kind: Kind) -> World {
    let world = World::start().await;
    let all = LeadFilter::default();
    match kind {
        Kind::Import => {
            let rows = vec![
                full_row(2, "ana@example.com", "A"),
                row(3, "b@c.io"),
                row(4, "ana@example.com"),
            ];
            world.make_import(JOB, rows, 2).await;
            return world;
        }
        Kind::NamedEdit => {
            let named = vec![home("ana@example.com")];
            world.make_edit(JOB, BulkChange::Archive, named).await;
        }
        Kind::FilteredEdit => {
            let (by, leads) = (Actor::System, Selection::Matching(all));
            let change = BulkChange::Assign(Some(user(2)));
            world.make(JOB, Work::BulkEdit { by, change, leads }, 1, None).await;
        }
        Kind::Export => world.make_export(JOB, Selection::Matching(all)).await,
    }
    for email in ["ana@example.com", "bea@example.com"] {
        world.score(an_event("e1").by(Identified::Email, email).arrival()).await;
    }
    world
}

/// Everything that a job leaves: its result, the leads, and what is noted in files.
async fn left(world: &World) -> (Outcome, Vec<String>, Vec<Vec<u8>>) {
    assert_eq!(world.status(JOB).await, JobStatus::Done);
    let parts = world.store().job_parts::<serde_json::Value>(&a_tenant(), &job_id(JOB)).await;
    assert!(parts.unwrap().is_empty());
    let lead = |lead: domain::lead::Lead| {
        // How often an item was written is no part of what it says.
        format!("{:?}", domain::lead::Lead { version: 0, ..lead })
    };
    let leads = world.leads().await.into_iter().map(lead).collect();
    let outcome = world.outcome(JOB).await;
    let staged = world.bucket.keys().into_iter().filter(|key| key.starts_with("imports/"));
    assert_eq!(staged.count(), 0);
    let mut files = Vec::new();
    if let Outcome::Export(exported) = &outcome {
        for part in &exported.parts {
            let key = FileKey::export(&a_tenant(), &job_id(JOB), &part.name);
            let sealed = world.bucket.files.lock().unwrap()[&key].clone();
            files.push(keyring().open_item(&sealed).unwrap());
        }
    }
    (outcome, leads, files)
}

/// Works a job until its worker dies after that many calls, then goes on with another; tells
/// whether the first one came to the end.
async fn crash_and_go_on(kind: Kind, calls: usize, answer_lost: bool) -> (bool, World) {
    let world = world(kind).await;
    let queue = Queue::default();
    queue.send(&[plan(&job_id(JOB))]).await.unwrap();
    let calls = Calls::crash_after(calls, answer_lost);
    let bucket = Bucket { calls: calls.clone(), ..world.bucket.clone() };
    let dying = Worker::on(calls.store(&world.tables), queue.clone(), bucket);
    let later = noon().plus_millis(60_000);
    let done = dying.drain(later).await.is_ok();
    world.worker_on(queue).drain(later).await.unwrap();
    (done, world)
}

async fn crash_everywhere(kind: Kind, fewest: usize) {
    let (_, undisturbed) = crash_and_go_on(kind, usize::MAX, false).await;
    let expected = left(&undisturbed).await;
    for answer_lost in [false, true] {
        for calls in 0.. {
            let (done, world) = crash_and_go_on(kind, calls, answer_lost).await;
            assert_eq!(left(&world).await, expected, "{kind:?} after {calls} calls");
            if done {
                assert!(calls > fewest, "{calls} calls are fewer than it takes");
                break;
            }
        }
    }
}

#[tokio::test]
async fn an_import_that_dies_between_any_two_calls_ends_in_the_same_leads() {
    crash_everywhere(Kind::Import, 30).await;
}

#[tokio::test]
async fn a_bulk_edit_that_dies_between_any_two_calls_ends_in_the_same_leads_and_counts() {
    crash_everywhere(Kind::NamedEdit, 15).await;
    crash_everywhere(Kind::FilteredEdit, 15).await;
}

#[tokio::test]
async fn an_export_that_dies_between_any_two_calls_ends_in_the_same_files() {
    crash_everywhere(Kind::Export, 15).await;
}

#[tokio::test]
async fn two_workers_at_once_end_in_the_same() {
    for kind in [Kind::Import, Kind::NamedEdit, Kind::FilteredEdit, Kind::Export] {
        let (_, undisturbed) = crash_and_go_on(kind, usize::MAX, false).await;
        let expected = left(&undisturbed).await;
        let world = world(kind).await;
        let (one, other) = (world.worker(), world.worker());
        for worker in [&one, &other] {
            worker.queue.send(&[plan(&job_id(JOB))]).await.unwrap();
        }
        let later = noon().plus_millis(60_000);
        let (first, second) = tokio::join!(one.drain(later), other.drain(later));
        first.unwrap();
        second.unwrap();
        let found = left(&world).await;
        assert_eq!(found.1, expected.1, "{kind:?}");
        assert_eq!(found.2, expected.2, "{kind:?}");
    }
}
