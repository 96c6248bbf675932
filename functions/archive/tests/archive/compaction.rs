//! A night puts the objects of each day together.

use archive::{ArchiveError, Work};
use domain::event::Event;
use lake::Row;
use serde_json::json;
use testing::a_tenant;

use crate::world::{World, events, rows, seen};

/// Archives events in batches of that many.
async fn stored(world: &World, events: &[Event], size: usize) {
    for (batch, part) in events.chunks(size).enumerate() {
        world.store(&a_tenant(), batch * size, part).await.unwrap();
    }
}

fn size(rows: &[Row]) -> usize {
    rows.iter().map(Row::bytes).sum()
}

#[tokio::test]
async fn a_night_puts_each_day_together_in_the_order_of_time() {
    let world = World::new();
    let all = [events(0, 6), events(1, 6), events(2, 1)].concat();
    stored(&world, &all, 2).await;
    let globex = "globex".parse().unwrap();
    world.store(&globex, 1, &all[..1]).await.unwrap();
    world.store(&globex, 2, &all[1..2]).await.unwrap();
    let before = world.keys();
    assert_eq!(before.len(), 3 + 3 + 1 + 2);
    world.night().await.unwrap();
    let objects = world.memory.objects();
    let days: Vec<_> = objects.keys().map(|key| key.rsplit_once('/').unwrap().0).collect();
    assert_eq!(
        days,
        [
            "events/tenant=acme/dt=2026-01-01",
            "events/tenant=acme/dt=2026-01-02",
            "events/tenant=acme/dt=2026-01-03",
            "events/tenant=globex/dt=2026-01-01",
        ]
    );
    let read: Vec<_> = objects.values().cloned().map(rows).collect();
    let expected = [&all[..6], &all[6..12], &all[12..], &all[..2]].map(seen);
    assert_eq!(read, expected);
    // A day of one object is let be.
    assert!(before.iter().any(|key| objects.keys().nth(2) == Some(key)));
}

#[tokio::test]
async fn a_second_night_changes_nothing() {
    let world = World::new();
    stored(&world, &[events(0, 9), events(1, 3)].concat(), 2).await;
    world.night().await.unwrap();
    let before = world.memory.objects();
    world.night().await.unwrap();
    assert_eq!(world.memory.objects(), before);
}

#[tokio::test]
async fn late_events_are_taken_into_what_was_put_together() {
    let world = World::new();
    let all = events(0, 9);
    stored(&world, &all[..6], 2).await;
    world.night().await.unwrap();
    world.store(&a_tenant(), 7, &all[6..]).await.unwrap();
    world.night().await.unwrap();
    assert_eq!(world.keys().len(), 1);
    assert_eq!(world.rows(), seen(&all));
}

#[tokio::test]
async fn copies_of_an_event_become_one() {
    let world = World::new();
    let all = events(0, 4);
    for first in 0..3 {
        world.store(&a_tenant(), first, &all[first..]).await.unwrap();
    }
    assert_eq!(world.rows().len(), 9);
    world.night().await.unwrap();
    assert_eq!(world.rows(), seen(&all));
}

#[tokio::test]
async fn large_objects_are_made_in_bounded_groups_and_then_let_be() {
    let all = events(0, 40);
    let most = size(&seen(&all)) / 4;
    let world = World::with_group_bytes(most);
    stored(&world, &all, 2).await;
    world.night().await.unwrap();
    let (full, open): (Vec<_>, Vec<_>) =
        world.keys().into_iter().partition(|key| key.contains("/full-"));
    assert!(full.len() >= 3 && open.len() == 1, "{full:?} {open:?}");
    let objects = world.memory.objects().into_values();
    assert!(objects.map(rows).all(|rows| size(&rows) <= most));
    assert_eq!(world.rows().len(), all.len());
    assert_eq!(lake::once_each(world.rows()), seen(&all));

    let before = world.memory.objects();
    world.night().await.unwrap();
    assert_eq!(world.memory.objects(), before);
    // What comes late is put together with what is not full; nothing full is read again.
    let late = events(0, 42);
    world.store(&a_tenant(), 41, &late[40..]).await.unwrap();
    for key in &full {
        world.memory.place(key, "no longer readable".into());
    }
    world.night().await.unwrap();
    assert!(world.keys().iter().any(|key| !full.contains(key) && !open.contains(key)));
}

#[tokio::test]
async fn an_invocation_without_time_gets_further_and_asks_for_another() {
    let world = World::in_a_hurry();
    let all = events(0, 12);
    stored(&world, &all, 2).await;
    let schedule = json!({ "run": "compact", "scheduled_time": "2026-11-21T02:10:00Z" });
    world.handle(schedule).await.unwrap();
    let mut invocations = 0;
    while let Some(work) = world.memory.take() {
        world.deliver(&serde_json::to_string(&work).unwrap()).await.unwrap();
        invocations += 1;
    }
    // Each of five takes one object in, and a sixth finds nothing to do.
    assert_eq!(invocations, 6);
    assert_eq!(world.keys().len(), 1);
    assert_eq!(world.rows(), seen(&all));
}

#[tokio::test]
async fn an_object_that_another_worker_took_is_left_to_it() {
    let world = World::new();
    stored(&world, &events(0, 6), 2).await;
    let first = world.keys()[0].clone();
    world.memory.lose(&first);
    world.night().await.unwrap();
    let keys = world.keys();
    assert_eq!(keys.len(), 2);
    // It was not read, so it is not removed.
    assert!(keys.contains(&first));
}

#[tokio::test]
async fn an_object_that_cannot_be_read_stays_and_its_day_comes_again() {
    let world = World::new();
    stored(&world, &events(0, 4), 2).await;
    let broken = world.keys()[1].clone();
    world.memory.place(&broken, "PAR1 no longer".into());
    let before = world.memory.objects();
    let answer = world.night().await;
    assert!(matches!(answer, Err(ArchiveError::AllFailed(1))), "{answer:?}");
    assert_eq!(world.memory.objects(), before);
}

#[tokio::test]
async fn a_long_listing_goes_on_in_another_invocation_and_misses_no_day() {
    let world = World::new();
    // 101 days of two objects and 50 of one between them: more than 100 listings of two.
    for day in 0..151 {
        let objects = if day % 3 == 1 { 1 } else { 2 };
        for first in 0..objects {
            world.store(&a_tenant(), first, &events(day, 2)[first..]).await.unwrap();
        }
    }
    let schedule = json!({ "run": "compact", "scheduled_time": "2026-11-21T02:10:00Z" });
    world.handle(schedule).await.unwrap();
    let mut queued = Vec::new();
    let mut listings = 0;
    while let Some(work) = world.memory.take() {
        match work {
            Work::List { .. } => {
                listings += 1;
                world.deliver(&serde_json::to_string(&work).unwrap()).await.unwrap();
            }
            Work::Compact { day, .. } => queued.push(day),
        }
    }
    assert_eq!(listings, 1);
    queued.sort_unstable();
    queued.dedup();
    assert_eq!(queued.len(), 101);
}

#[tokio::test]
async fn what_else_lies_among_the_events_is_let_be() {
    let world = World::new();
    stored(&world, &events(0, 4), 2).await;
    let strange = "events/tenant=acme/dt=2026-01-01/notes.txt";
    world.memory.place(strange, "by hand".into());
    world.night().await.unwrap();
    assert_eq!(world.keys().len(), 2);
    assert!(world.keys().contains(&strange.to_owned()));
}
