//! A function that dies between any two calls loses no event and shows none twice.

use domain::event::Event;
use testing::a_tenant;

use crate::world::{World, events, seen};

/// A day of several objects with copies among them, and another one.
async fn the_eve() -> (World, Vec<Event>) {
    let (today, tomorrow) = (events(0, 8), events(1, 4));
    let bytes: usize = seen(&today).iter().map(lake::Row::bytes).sum();
    let world = World::with_group_bytes(bytes / 2 + 1);
    for (first, part) in today.chunks(2).enumerate() {
        world.store(&a_tenant(), first * 2, part).await.unwrap();
    }
    world.store(&a_tenant(), 1, &today[1..3]).await.unwrap();
    for (first, event) in tomorrow.iter().enumerate() {
        world.store(&a_tenant(), 20 + first, std::slice::from_ref(event)).await.unwrap();
    }
    (world, [today, tomorrow].concat())
}

/// Runs a night that dies after that many calls, and another one; tells whether the first came
/// to its end.
async fn crash_and_run_again(calls: usize, answer_lost: bool) -> bool {
    let (world, all) = the_eve().await;
    world.memory.fail_after(calls, answer_lost);
    let done = world.night().await.is_ok();
    world.memory.heal();
    assert_eq!(lake::once_each(world.rows()), seen(&all), "after {calls} calls");

    // What was taken from the queue when it died comes again, by then with the next night's.
    world.night().await.unwrap();
    assert_eq!(lake::once_each(world.rows()), seen(&all), "the night after {calls} calls");
    let keys = world.keys();
    let open = keys.iter().filter(|key| !key.contains("/full-"));
    assert!(open.count() <= 2, "after {calls} calls: {keys:?}");
    done
}

#[tokio::test]
async fn a_crash_after_any_call_leaves_every_event_to_be_seen_once() {
    for answer_lost in [false, true] {
        let mut calls = 0;
        while !crash_and_run_again(calls, answer_lost).await {
            calls += 1;
        }
        assert!(calls > 25, "{calls} calls are fewer than a night takes");
    }
}

#[tokio::test]
async fn two_workers_of_one_day_leave_every_event_to_be_seen_once() {
    let (world, all) = the_eve().await;
    let body = r#"{"work":"compact","tenant":"acme","day":"2026-01-01"}"#;
    let (one, other) = tokio::join!(world.deliver(body), world.deliver(body));
    one.unwrap();
    other.unwrap();
    assert_eq!(lake::once_each(world.rows()), seen(&all));
    world.night().await.unwrap();
    assert_eq!(lake::once_each(world.rows()), seen(&all));
}

#[tokio::test]
async fn a_batch_that_comes_again_after_its_object_was_put_together_adds_nothing_to_be_seen() {
    let (world, all) = the_eve().await;
    world.night().await.unwrap();
    world.store(&a_tenant(), 0, &all[..2]).await.unwrap();
    assert_eq!(lake::once_each(world.rows()), seen(&all));
    world.night().await.unwrap();
    assert_eq!(lake::once_each(world.rows()), seen(&all));
}
