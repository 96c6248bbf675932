//! Runs that die anywhere, and the run after them.

use testing::{Fault, Faults};

use crate::world::{World, user};

/// So long that what has to go does not fit one transaction.
const OLD: &[(&str, &str)] = &[
    (
        "name",
        "Anastasia Bernardina Clementina Desideria Evangelina Florentina Guilhermina Henriqueta",
    ),
    (
        "username",
        "Ignatius Jeremiahs Katharinas Leonardos Maximilian Nathaniels Octavianus Petronella",
    ),
    ("email", "ana.silva@mail.example.com"),
    ("company", "Acme Brasil"),
];

const NEW: &[(&str, &str)] =
    &[("name", "Anastasia Silva"), ("phone", "+5511999990001"), ("company", "Acme Group")];

#[tokio::test]
async fn a_run_that_dies_anywhere_loses_nothing_that_stays_and_the_next_one_ends_it() {
    let mut finished = false;
    for calls in 0..60 {
        for answer_lost in [false, true] {
            let world = World::start().await;
            world.says(user(), OLD).await;
            world.refresh([user()]).await;
            let (old, new) = (World::expected(OLD), World::expected(NEW));
            assert_eq!(world.entries(user()).await, old);
            assert!(old.difference(&new).count() > 99, "more than one transaction");
            world.says(user(), NEW).await;
            let faults = Faults::crash_after(calls, answer_lost);
            let died = world.try_refresh(world.tables.with_faults(&faults), [user()]).await;
            finished |= died.is_ok();
            let entries = world.entries(user()).await;
            assert!(old.intersection(&new).all(|entry| entries.contains(entry)), "{calls}");
            world.refresh([user()]).await;
            assert_eq!(world.entries(user()).await, new, "after {calls} calls, {answer_lost}");
        }
        if finished {
            return;
        }
    }
    panic!("no run came to its end");
}

#[tokio::test]
async fn a_first_run_that_dies_anywhere_is_made_up_for() {
    for calls in 0..12 {
        let world = World::start().await;
        world.says(user(), OLD).await;
        let faults = Faults::crash_after(calls, true);
        let _ = world.try_refresh(world.tables.with_faults(&faults), [user()]).await;
        // What it said is something else by the time that somebody comes again.
        world.says(user(), NEW).await;
        world.refresh([user()]).await;
        assert_eq!(world.entries(user()).await, World::expected(NEW), "after {calls} calls");
    }
}

#[tokio::test]
async fn failing_calls_and_lost_answers_end_in_the_same_entries() {
    for seed in 0..8 {
        let world = World::start().await;
        for said in [OLD, NEW, OLD] {
            world.says(user(), said).await;
            let store = world.tables.with_faults(&Faults::at_random(seed, 200));
            while world.try_refresh(store.clone(), [user()]).await.is_err() {}
            assert_eq!(world.entries(user()).await, World::expected(said), "seed {seed}");
        }
    }
}

#[tokio::test]
async fn tables_that_do_not_answer_are_told() {
    let world = World::start().await;
    let broken = world.tables.with_faults(&Faults::by_call(|_| Fault::NotSent));
    assert!(world.try_refresh(broken, [user()]).await.is_err());
}
