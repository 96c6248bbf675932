//! Who may leave a trace is waited for.

use std::collections::BTreeMap;

use domain::{erasure::Trace, job::JobStatus};
use dynamo::LEASE_MS;
use files::FileKey;
use testing::a_tenant;

use crate::world::{World, job_id, later, lead_body, now};

#[tokio::test]
async fn an_erasure_stays_open_while_a_request_from_before_is_worked_on() {
    let world = World::start().await;
    world.request("BUSY", now(), None).await;
    let begun = world.erase("u1").await;
    let open = world.finish_one(begun.clone(), now()).await;
    assert_eq!(open.done_at, None);
    assert_eq!(world.left_of("u1").await, [0; 3], "what can be cleaned up is");
    let found = world.tables.store.open_erasures(&a_tenant(), None, 9).await.unwrap();
    assert_eq!(found, [open]);
    // The request ends with an answer that shows them.
    let [request] =
        world.tables.store.requests(&a_tenant(), None, 9).await.unwrap().try_into().unwrap();
    let body = testing::keyring().seal_item(lead_body("u1").to_string().as_bytes()).unwrap();
    let answer = dynamo::KeptAnswer { status: 201, headers: BTreeMap::new(), body };
    world.tables.store.keep_answer(&a_tenant(), &request.lease, answer).await.unwrap();
    let done = world.finish_one(found[0].clone(), now().plus_millis(1)).await;
    assert!(done.done_at.is_some());
    assert_eq!(done.traces.get(&Trace::Answers), Some(&1));
    assert_eq!(done.traces.get(&Trace::Notes), Some(&1), "what was counted stays");
}

#[tokio::test]
async fn a_request_that_died_or_came_later_is_not_waited_for() {
    let world = World::start().await;
    world.request("DEAD", now(), None).await;
    world.request("YOUNG", later().plus_millis(1), None).await;
    let begun = world.erase("u1").await;
    assert!(world.finish_one(begun, later().plus_millis(2)).await.done_at.is_some());
}

#[tokio::test]
async fn files_of_a_job_at_work_are_left_to_it_and_withdrawn_when_it_has_ended() {
    for is_import in [true, false] {
        let world = World::start().await;
        let at_work = JobStatus::Running;
        let key =
            if is_import { world.import(5, at_work).await } else { world.export(5, at_work).await };
        let begun = world.erase("u1").await;
        let open = world.finish_one(begun, later()).await;
        assert_eq!((open.done_at, world.bucket.keys()), (None, vec![key.to_string()]));
        world.turn(&job_id(5), JobStatus::Done).await;
        let done = world.finish_one(open, later()).await;
        assert!(done.done_at.is_some());
        assert_eq!((done.traces[&Trace::Files], world.bucket.keys().len()), (1, 0));
    }
}

#[tokio::test]
async fn a_failed_job_is_waited_for_until_no_part_of_it_can_put_what_it_read_before() {
    // However long ago a part failed: the others come again for hours.
    for minutes in [5, 3 * 24 * 60] {
        for is_import in [true, false] {
            let world = World::start().await;
            let failed = JobStatus::Failed;
            let key = if is_import {
                world.import(minutes, failed).await
            } else {
                world.export(minutes, failed).await
            };
            let begun = world.erase("u1").await;
            // A part of it has read the person, and puts the file now.
            world.bucket.files.lock().unwrap().remove(&key);
            let open = world.finish_one(begun, now().plus_millis(2 * LEASE_MS)).await;
            assert_eq!(open.done_at, None, "{key}");
            world.bucket.add(key.clone());
            let open = world.finish_one(open, later().plus_millis(-1)).await;
            assert_eq!((open.done_at, world.bucket.keys()), (None, vec![key.to_string()]));
            let done = world.finish_one(open, later()).await;
            assert_eq!((done.done_at, done.traces[&Trace::Files]), (Some(later()), 1), "{key}");
            assert_eq!(world.bucket.keys(), [""; 0]);
        }
    }
}

#[tokio::test]
async fn of_several_the_latest_says_how_long_a_failed_job_is_waited_for() {
    let world = World::start().await;
    let key = world.export(5, JobStatus::Failed).await;
    let first = world.erase("u1").await;
    let begun = vec![first, domain::erasure::Erasure { at: later(), ..world.erase("u2").await }];
    let store = world.tables.store.clone();
    let end = later().plus_millis(15 * 60_000);
    let found = world.finish(store.clone(), begun, end.plus_millis(-1)).await.unwrap();
    assert!(found.iter().all(|erasure| erasure.done_at.is_none()));
    assert_eq!(world.bucket.keys(), [key.to_string()], "it may hold what somebody just read");
}

#[tokio::test]
async fn files_that_a_request_is_staging_are_waited_for() {
    let world = World::start().await;
    world.bucket.add(FileKey::import(&a_tenant(), &job_id(0), 0));
    let begun = world.erase("u1").await;
    let open = world.finish_one(begun, now().plus_millis(1_000)).await;
    assert_eq!((open.done_at, world.bucket.keys().len()), (None, 1));
    let done = world.finish_one(open, later()).await;
    assert_eq!((done.done_at, world.bucket.keys().len()), (Some(later()), 0));
}

#[tokio::test]
async fn a_job_without_files_yet_is_waited_for_and_one_of_long_ago_is_not() {
    let world = World::start().await;
    let at_work = world.export(5, JobStatus::Running).await;
    world.bucket.files.lock().unwrap().remove(&at_work);
    let begun = world.erase("u1").await;
    let open = world.finish_one(begun, later()).await;
    assert_eq!(open.done_at, None);
    let much_later = now().plus_millis(9 * domain::time::DAY_MS);
    assert_eq!(world.finish_one(open, much_later).await.done_at, Some(much_later));
}
