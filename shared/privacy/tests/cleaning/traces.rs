//! What is found of an erased person, and what is not theirs.

use domain::{erasure::Trace, job::JobStatus};
use files::FileKey;
use serde_json::json;
use testing::a_tenant;

use crate::world::{World, address, job_id, later, lead_body, now, other, user};

#[tokio::test]
async fn an_erased_person_leaves_nothing_and_the_receipt_counts_what_there_was() {
    let world = World::start().await;
    let before = world.left_of("u1").await;
    assert_eq!((before[0], before[1]), (1, 1));
    let begun = world.erase("u1").await;
    let done = world.finish_one(begun.clone(), later()).await;
    assert_eq!(world.left_of("u1").await, [0, 0, 0]);
    assert_eq!(world.left_of("u2").await, before, "nobody else is touched");
    assert_eq!((done.done_at, done.at, done.by.clone()), (Some(later()), begun.at, begun.by));
    let entries = u64::try_from(before[2]).unwrap();
    for (trace, count) in [
        (Trace::Keys, Some(2)),
        (Trace::Identities, Some(2)),
        (Trace::Notes, Some(1)),
        (Trace::Activities, Some(1)),
        (Trace::SearchEntries, Some(entries)),
        (Trace::Answers, None),
        (Trace::Files, None),
    ] {
        assert_eq!(done.traces.get(&trace).copied(), count, "{trace:?}");
    }
    let store = &world.tables.store;
    assert_eq!(store.erasure(&a_tenant(), user("u1")).await.unwrap(), Some(done.clone()));
    assert_eq!(store.open_erasures(&a_tenant(), None, 9).await.unwrap(), []);
    assert_eq!(store.erasures(&a_tenant(), None, 9).await.unwrap(), std::slice::from_ref(&done));
    assert_eq!(world.finish_one(done.clone(), later().plus_millis(1)).await, done);
    let theirs = store.erasure(&other(), user("u1")).await.unwrap();
    assert_eq!(theirs, None, "no receipt of one tenant is another's");
}

#[tokio::test]
async fn an_answer_that_shows_the_person_is_forgotten_and_no_other() {
    let world = World::start().await;
    let ours = Some(format!("/v1/leads/{}", user("u1")));
    let by_value = json!({ "identities": [{ "kind": "email", "value": address("u1") }] });
    for (token, answer) in [
        ("BODY", (None, lead_body("u1"))),
        ("PATH", (ours.map(|path| format!("{path}/notes/note_1")), json!({ "text": "secret" }))),
        ("VALUE", (None, by_value)),
        ("SOMEBODY", (None, lead_body("u2"))),
        ("NOBODY", (Some("/v1/jobs/job_1".to_owned()), json!({ "id": "job_1" }))),
    ] {
        world.request(token, now(), Some(answer)).await;
    }
    // What was answered long after it is of somebody new.
    world.request("YOUNG", now().plus_millis(600_000), Some((None, lead_body("u1")))).await;
    let begun = world.erase("u1").await;
    let done = world.finish_one(begun, later()).await;
    assert_eq!(done.traces.get(&Trace::Answers), Some(&3));
    assert_eq!(world.answered().await, ["NOBODY", "SOMEBODY", "YOUNG"]);
    // The request itself is remembered: whoever repeats it makes the same thing again.
    let requests = world.tables.store.requests(&a_tenant(), None, 99).await.unwrap();
    let body = requests.iter().find(|request| request.lease.token == "BODY").unwrap();
    assert_eq!((body.lease.created_at, body.lease.seed.as_str()), (now(), "seed"));
    assert!(body.lease.until <= now());
}

#[tokio::test]
async fn files_from_before_are_withdrawn_whomever_they_hold() {
    let world = World::start().await;
    world.export(50, JobStatus::Done).await;
    world.export(40, JobStatus::Failed).await;
    world.import(30, JobStatus::Failed).await;
    // Its request died before it made the job.
    world.bucket.add(FileKey::import(&a_tenant(), &job_id(20), 3));
    let young = world.export(-10, JobStatus::Done).await;
    let theirs = FileKey::export(&other(), &job_id(60), "00000");
    world.bucket.add(theirs.clone());
    let begun = world.erase("u1").await;
    let done = world.finish_one(begun, later()).await;
    assert_eq!(done.traces.get(&Trace::Files), Some(&4));
    assert_eq!(world.bucket.keys(), [young.to_string(), theirs.to_string()]);
}

#[tokio::test]
async fn several_are_cleaned_up_together_each_with_what_is_theirs() {
    let world = World::start().await;
    world.request("ONE", now(), Some((None, lead_body("u1")))).await;
    world.request("BOTH", now(), Some((None, json!([lead_body("u1"), lead_body("u2")])))).await;
    world.export(1, JobStatus::Done).await;
    let begun = vec![world.erase("u1").await, world.erase("u2").await];
    let store = world.tables.store.clone();
    assert_eq!(store.open_erasures(&a_tenant(), None, 9).await.unwrap().len(), 2);
    let done = world.finish(store.clone(), begun, later()).await.unwrap();
    let counts = |trace| done.iter().map(|done| done.traces[&trace]).collect::<Vec<_>>();
    assert_eq!((counts(Trace::Answers), counts(Trace::Files)), (vec![2, 1], vec![1, 1]));
    assert!(done.iter().all(|done| done.done_at == Some(later())));
    assert_eq!(world.answered().await, [""; 0]);
    assert_eq!((world.left_of("u1").await, world.left_of("u2").await), ([0; 3], [0; 3]));
    let first = store.erasures(&a_tenant(), None, 1).await.unwrap();
    let rest = store.erasures(&a_tenant(), Some(first[0].lead), 9).await.unwrap();
    assert_eq!((first.len(), rest.len()), (1, 1));
    assert_ne!(first[0].lead, rest[0].lead);
}
