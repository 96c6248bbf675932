//! The index on real tables: in step with homes whatever dies or runs side by side.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod companies;
mod crashes;
mod races;
mod shown;
mod world;

use std::collections::BTreeSet;

use testing::Faults;
use world::{World, user};

#[tokio::test]
async fn a_home_is_found_by_what_it_says_and_no_longer_by_what_it_said() {
    let world = World::start().await;
    for name in ["Ana Silva", "Ana Souza", "Bo", "?", "Ana Silva"] {
        world.says(user(), &[("name", name)]).await;
        world.refresh([user()]).await;
        assert_eq!(world.entries(user()).await, World::expected(&[("name", name)]), "{name}");
    }
}

#[tokio::test]
async fn what_is_in_step_costs_one_read_and_no_write() {
    let world = World::start().await;
    world.says(user(), &[("name", "Ana"), ("company", "Acme")]).await;
    world.refresh([user()]).await;
    let faults = Faults::by_call(|_| testing::Fault::None);
    world.try_refresh(world.tables.with_faults(&faults), [user()]).await.unwrap();
    assert_eq!(faults.calls(), 1);
}

#[tokio::test]
async fn a_home_that_does_not_exist_is_passed_over() {
    let world = World::start().await;
    world.refresh([user()]).await;
    assert_eq!(world.entries(user()).await, BTreeSet::new());
}

#[tokio::test]
async fn many_homes_are_brought_in_step_at_once() {
    let world = World::start().await;
    let homes: Vec<_> = (0..120).map(world::numbered).collect();
    for home in &homes {
        world.says(*home, &[("first_name", "Ana")]).await;
    }
    world.refresh(homes.clone()).await;
    let found = world.found("ana").await;
    assert_eq!(
        found.into_iter().collect::<BTreeSet<_>>(),
        homes.iter().map(|home| home.id).collect()
    );
}
