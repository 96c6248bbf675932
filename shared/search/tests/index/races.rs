//! Runs side by side: one stops before each of its calls while another goes through.

use std::sync::mpsc::{Receiver, Sender, channel};

use testing::{Fault, Faults};

use crate::world::{World, user};

const FIRST: &[(&str, &str)] = &[("name", "Ana Silva"), ("company", "Acme")];
const SECOND: &[(&str, &str)] =
    &[("name", "Ana Souza"), ("email", "ana@example.com"), ("company", "Beta")];
const THIRD: &[(&str, &str)] = &[("name", "Bia Silva Souza"), ("company", "Zebra")];

/// Lets a run stop before one of its calls, until it is told to go on.
fn stopping_before(stop: usize, then: Fault) -> (Faults, Receiver<()>, Sender<()>) {
    let ((stopped, is_stopped), (go_on, may_go_on)) = (channel(), channel());
    let mut is_dead = false;
    let faults = Faults::by_call(move |call| {
        if call == stop {
            stopped.send(()).unwrap();
            may_go_on.recv().unwrap();
            is_dead = then == Fault::NotSent;
        }
        if is_dead { Fault::NotSent } else { Fault::None }
    });
    (faults, is_stopped, go_on)
}

/// Runs a refresh that stops before a call, another one with newer homes meanwhile, and then the
/// rest of the first. Tells whether the first came to that call at all.
async fn race(world: &World, stop: usize, then: Fault, newest: &[(&str, &str)]) -> bool {
    let (faults, is_stopped, go_on) = stopping_before(stop, then);
    let slow = world.tables.with_faults(&faults);
    let fast = async {
        let came = tokio::task::spawn_blocking(move || is_stopped.recv().is_ok()).await.unwrap();
        if came {
            world.says(user(), newest).await;
            world.refresh([user()]).await;
            go_on.send(()).unwrap();
        }
        came
    };
    let slow = async {
        let ended = tokio::spawn({
            let tables = world.tables.clone();
            async move { World { tables }.try_refresh(slow, [user()]).await }
        });
        let ended = ended.await.unwrap();
        assert_eq!(ended.is_err(), then == Fault::NotSent && faults.calls() > stop);
        drop(faults);
    };
    let (came, ()) = tokio::join!(fast, slow);
    came
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_runs_the_newest_profile_wins_wherever_the_older_one_stopped() {
    for newest in [THIRD, FIRST] {
        let mut stop = 0;
        loop {
            let world = World::start().await;
            world.says(user(), FIRST).await;
            world.refresh([user()]).await;
            world.says(user(), SECOND).await;
            if !race(&world, stop, Fault::None, newest).await {
                break;
            }
            let entries = world.entries(user()).await;
            assert_eq!(entries, World::expected(newest), "stopped before call {stop}");
            stop += 1;
        }
        assert!(stop >= 7, "it made {stop} calls");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_older_run_that_dies_after_it_lost_takes_nothing_away() {
    for newest in [THIRD, FIRST] {
        let mut stop = 0;
        loop {
            let world = World::start().await;
            world.says(user(), FIRST).await;
            world.refresh([user()]).await;
            world.says(user(), SECOND).await;
            if !race(&world, stop, Fault::NotSent, newest).await {
                break;
            }
            let (entries, expected) = (world.entries(user()).await, World::expected(newest));
            assert!(expected.is_subset(&entries), "stopped before call {stop}");
            stop += 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_runs_at_once_end_in_what_the_home_says_last() {
    for _ in 0..5 {
        let world = World::start().await;
        let mut runs = Vec::new();
        for said in [FIRST, SECOND, THIRD, FIRST, SECOND] {
            world.says(user(), said).await;
            let tables = world.tables.clone();
            runs.push(tokio::spawn(async move { World { tables }.refresh([user()]).await }));
        }
        for run in runs {
            run.await.unwrap();
        }
        assert_eq!(world.entries(user()).await, World::expected(SECOND));
    }
}
