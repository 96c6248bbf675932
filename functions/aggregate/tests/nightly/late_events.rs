//! Late events correct a day's count of new leads and leave its picture alone.

use domain::{rollup::Rollup, time::Day};
use dynamo::Store;
use testing::{Tables, a_tenant};

use crate::{
    night::{Night, at, everything},
    population::{add, day, event, store},
};

async fn rollup(store: &Store, day: Day) -> Rollup {
    store.rollups(&a_tenant(), day, day).await.unwrap()[0].rollup
}

#[tokio::test]
async fn the_next_run_corrects_new_leads_and_no_picture() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let (before, ended) = (day("2026-11-19"), day("2026-11-20"));
    let known = [event("ana", "1", "signup", at("2026-11-20T12:00:00Z"))];
    let lead = store(&tables.store, &known).await;
    store(&tables.store, &[event("bob", "1", "signup", at("2026-11-19T12:00:00Z"))]).await;
    let night = Night::new(tables.store.clone());
    night.run("2026-11-20T00:10:00Z").await;
    night.run("2026-11-21T00:10:00Z").await;
    let pictures = [rollup(&tables.store, before).await, rollup(&tables.store, ended).await];
    assert_eq!(pictures.map(|rollup| (rollup.leads, rollup.new_leads)), [(1, 1), (2, 1)]);

    // Ana was here a day earlier, and Eve was never seen before.
    let marked_at = at("2026-11-21T08:00:00Z");
    for day in [before, ended] {
        tables.store.mark_dirty_day(&a_tenant(), day, marked_at).await.unwrap();
    }
    let late = [event("ana", "0", "demo_request", at("2026-11-19T12:00:00Z"))];
    add(&tables.store, &lead, &known, &late).await;
    store(&tables.store, &[event("eve", "1", "signup", at("2026-11-19T13:00:00Z"))]).await;
    night.run("2026-11-22T00:10:00Z").await;

    let expected = [Rollup { new_leads: 3, ..pictures[0] }, Rollup { new_leads: 0, ..pictures[1] }];
    assert_eq!([rollup(&tables.store, before).await, rollup(&tables.store, ended).await], expected);
    let left = everything(&tables).await;
    let is_left = |word| left.keys().any(|key| key.contains(word));
    assert!(!is_left("dirty_day#") && !is_left("recount"), "{:?}", left.keys());
}

#[tokio::test]
async fn a_mark_too_fresh_to_be_settled_is_worked_and_kept() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let ended = day("2026-11-19");
    let night = Night::new(tables.store.clone());
    night.run("2026-11-20T00:10:00Z").await;

    // Its change is not committed yet when the run scans.
    let fresh = at("2026-11-21T00:09:30Z");
    tables.store.mark_dirty_day(&a_tenant(), ended, fresh).await.unwrap();
    store(&tables.store, &[event("ana", "1", "signup", at("2026-11-20T12:00:00Z"))]).await;
    night.run("2026-11-21T00:10:00Z").await;
    store(&tables.store, &[event("eve", "1", "signup", at("2026-11-19T12:00:00Z"))]).await;
    assert_eq!(rollup(&tables.store, ended).await.new_leads, 0);

    night.run("2026-11-22T00:10:00Z").await;
    assert_eq!(rollup(&tables.store, ended).await.new_leads, 1);
}

#[tokio::test]
async fn the_days_own_run_does_not_clear_a_mark_that_it_cannot_have_counted() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let ended = day("2026-11-20");
    let night = Night::new(tables.store.clone());
    store(&tables.store, &[event("bob", "1", "signup", at("2026-11-19T12:00:00Z"))]).await;
    tables.store.mark_dirty_day(&a_tenant(), ended, at("2026-11-21T00:01:00Z")).await.unwrap();
    night.run("2026-11-21T00:10:00Z").await;
    store(&tables.store, &[event("eve", "1", "signup", at("2026-11-20T12:00:00Z"))]).await;
    night.run("2026-11-22T00:10:00Z").await;
    let corrected = rollup(&tables.store, ended).await;
    assert_eq!((corrected.leads, corrected.new_leads), (1, 1));
}

#[tokio::test]
async fn a_day_without_a_run_stays_without_a_rollup() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let never = day("2026-11-10");
    tables.store.mark_dirty_day(&a_tenant(), never, at("2026-11-20T12:00:00Z")).await.unwrap();
    store(&tables.store, &[event("ana", "1", "signup", at("2026-11-10T12:00:00Z"))]).await;
    Night::new(tables.store.clone()).run("2026-11-21T00:10:00Z").await;
    let rollups = tables.store.rollups(&a_tenant(), never, never).await.unwrap();
    assert_eq!(rollups, []);
    let left = everything(&tables).await;
    assert!(!left.keys().any(|key| key.contains("2026-11-10")), "{:?}", left.keys());
}

#[tokio::test]
async fn a_run_that_is_caught_up_later_counts_for_itself() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let night = Night::new(tables.store.clone());
    store(&tables.store, &[event("ana", "1", "signup", at("2026-11-18T12:00:00Z"))]).await;
    night.run("2026-11-19T00:10:00Z").await;
    let dirty = day("2026-11-18");
    tables.store.mark_dirty_day(&a_tenant(), dirty, at("2026-11-20T12:00:00Z")).await.unwrap();
    store(&tables.store, &[event("eve", "1", "signup", at("2026-11-18T12:00:00Z"))]).await;
    night.run("2026-11-21T00:10:00Z").await;
    assert_eq!(rollup(&tables.store, dirty).await.new_leads, 2);

    // An older night fired now counts what is there now, and its count is the younger one.
    let now = at("2026-11-22T09:00:00Z");
    tables.store.mark_dirty_day(&a_tenant(), dirty, at("2026-11-22T08:00:00Z")).await.unwrap();
    store(&tables.store, &[event("kim", "1", "signup", at("2026-11-18T12:00:00Z"))]).await;
    night.plan("2026-11-20T00:10:00Z", now).await.unwrap();
    night.drain(now).await.unwrap();
    assert_eq!(rollup(&tables.store, dirty).await.new_leads, 3);
    assert_eq!(rollup(&tables.store, day("2026-11-19")).await.leads, 3);
}
