//! A run that dies anywhere, or is not alone.

use domain::{erasure::Erasure, job::JobStatus};
use testing::{Faults, a_tenant};

use crate::world::{World, later, lead_body, now, user};

async fn planted() -> (World, Erasure) {
    let world = World::start().await;
    world.request("BODY", now(), Some((None, lead_body("u1")))).await;
    world.export(1, JobStatus::Done).await;
    world.import(2, JobStatus::Failed).await;
    let begun = world.erase("u1").await;
    (world, begun)
}

async fn assert_clean(world: &World, done: &Erasure, expected: &Erasure, told: &str) {
    assert_eq!(done, expected, "{told}");
    assert_eq!(world.left_of("u1").await, [0; 3], "{told}");
    assert_eq!(world.answered().await, [""; 0], "{told}");
    assert_eq!(world.bucket.keys(), [""; 0], "{told}");
    let kept = world.tables.store.erasure(&a_tenant(), user("u1")).await.unwrap();
    assert_eq!(kept.as_ref(), Some(expected), "{told}");
}

#[tokio::test]
async fn a_run_that_dies_at_any_call_is_finished_by_the_next_with_the_same_receipt() {
    let (world, begun) = planted().await;
    let expected = world.finish_one(begun, later()).await;
    for answer_lost in [false, true] {
        for calls in 0.. {
            let (world, begun) = planted().await;
            let faults = Faults::crash_after(calls, answer_lost);
            let store = world.tables.with_faults(&faults);
            let died = world.finish(store, vec![begun.clone()], later()).await.is_err();
            let told = format!("died after {calls} calls, answer lost: {answer_lost}");
            let open = world.tables.store.open_erasures(&a_tenant(), None, 9).await.unwrap();
            let found = open.into_iter().next();
            let left = match found {
                Some(open) => open,
                None => world.tables.store.erasure(&a_tenant(), user("u1")).await.unwrap().unwrap(),
            };
            let done = world.finish_one(left, later()).await;
            assert_clean(&world, &done, &expected, &told).await;
            // Who read it before it was finished finds it so.
            let again = world.finish_one(begun, later()).await;
            assert_clean(&world, &again, &expected, &told).await;
            if !died {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_bucket_that_fails_leaves_the_rest_to_the_next_run() {
    let (world, begun) = planted().await;
    let expected = world.finish_one(begun, later()).await;
    for calls in 0.. {
        let (world, begun) = planted().await;
        *world.bucket.calls_left.lock().unwrap() = Some(calls);
        let died =
            world.finish(world.tables.store.clone(), vec![begun.clone()], later()).await.is_err();
        *world.bucket.calls_left.lock().unwrap() = None;
        let done = world.finish_one(begun, later()).await;
        assert_clean(&world, &done, &expected, &format!("after {calls} files")).await;
        if !died {
            assert!(calls > 3);
            return;
        }
    }
}

#[tokio::test]
async fn two_that_clean_up_at_once_end_in_one_receipt() {
    for _ in 0..8 {
        let (world, begun) = planted().await;
        let one = world.finish_one(begun.clone(), later());
        let other = world.finish_one(begun, later().plus_millis(1));
        let (one, other) = tokio::join!(one, other);
        assert_eq!(one, other);
        assert_clean(&world, &one, &other, "at once").await;
    }
}
