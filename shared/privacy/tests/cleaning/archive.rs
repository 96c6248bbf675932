//! What may lie in the archive of an erased person: objects that no lead names any more.

use domain::{home::HomeId, tenant::TenantId};
use files::Objects;
use privacy::CleanError;
use shelf::Shelf;
use testing::{Faults, a_tenant};

use crate::world::{World, email, later, other, user};

/// Leaves an object as a run does that moves a lead, loses a race and dies.
async fn leave(world: &World, tenant: &TenantId, home: HomeId, version: u64) -> String {
    let key = format!("leads/tenant={tenant}/{home}/{version}.jsonl.gz");
    world.archive.put(&key, b"events".to_vec()).await.unwrap();
    key
}

fn left(world: &World) -> Vec<String> {
    world.archive.objects().into_keys().collect()
}

#[tokio::test]
async fn what_lies_in_the_archive_of_any_home_of_the_person_is_removed_and_of_nobody_else() {
    let world = World::start().await;
    let mut theirs = vec![
        leave(&world, &a_tenant(), user("u2"), 3).await,
        leave(&world, &a_tenant(), email("u2"), 9).await,
        leave(&world, &other(), user("u1"), 3).await,
        format!("leads/tenant={}/lead_", a_tenant()),
        format!("events/tenant={}/dt=2026-01-15/{}.parquet", a_tenant(), user("u1")),
    ];
    for key in &theirs[3..] {
        world.archive.put(key, Vec::new()).await.unwrap();
    }
    theirs.sort();
    for (home, version) in [(user("u1"), 3), (user("u1"), 12), (email("u1"), 4)] {
        leave(&world, &a_tenant(), home, version).await;
    }
    let begun = world.erase("u1").await;
    assert_eq!(left(&world).len(), 8);
    let done = world.finish_one(begun, later()).await;
    assert_eq!((done.done_at, left(&world)), (Some(later()), theirs));
}

#[tokio::test]
async fn an_archive_that_fails_leaves_the_erasure_open_for_the_next_run() {
    for answer_lost in [false, true] {
        for calls in 0.. {
            let world = World::start().await;
            for home in [user("u1"), email("u1")] {
                leave(&world, &a_tenant(), home, 3).await;
            }
            let begun = world.erase("u1").await;
            let faults = Faults::crash_after(calls, answer_lost);
            let failing = world.archive.with_faults(&faults);
            let shelf = Shelf::new(world.tables.store.clone(), failing);
            let finished = world.finish_on(shelf, vec![begun], later()).await;
            let open = world.tables.store.open_erasures(&a_tenant(), None, 9).await.unwrap();
            let Err(error) = finished else {
                assert!(calls > 3 && open.is_empty() && left(&world).is_empty(), "{calls}");
                break;
            };
            assert!(matches!(error, CleanError::Archive(_)), "{error}");
            let [open] = open.try_into().unwrap();
            assert_eq!(open.done_at, None, "after {calls} calls");
            let done = world.finish_one(open, later()).await;
            assert_eq!((done.done_at, left(&world)), (Some(later()), Vec::new()));
        }
    }
}
