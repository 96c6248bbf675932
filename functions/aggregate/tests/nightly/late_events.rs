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

#[tokio::test]
async fn the_same_night_again_corrects_new_leads_of_its_own_day_and_no_picture() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let ended = day("2026-11-20");
    let scheduled = "2026-11-21T00:10:00Z";
    store(&tables.store, &[event("ana", "1", "signup", at("2026-11-20T12:00:00Z"))]).await;
    let night = Night::new(tables.store.clone());
    night.run(scheduled).await;
    let picture = rollup(&tables.store, ended).await;
    assert_eq!((picture.leads, picture.new_leads), (1, 1));

    // Two are seen late, the second one too late to clear the mark.
    for (user, marked_at, new_leads) in
        [("eve", "2026-11-21T08:00:00Z", 2), ("kim", "2026-11-21T08:55:00Z", 3)]
    {
        tables.store.mark_dirty_day(&a_tenant(), ended, at(marked_at)).await.unwrap();
        store(&tables.store, &[event(user, "1", "signup", at("2026-11-20T13:00:00Z"))]).await;
        let now = at("2026-11-21T09:00:00Z");
        night.plan(scheduled, now).await.unwrap();
        while let Some(shard) = night.queue.take() {
            let during = tables.store.rollups(&a_tenant(), ended, ended).await.unwrap();
            assert!(during[0].complete);
            night.deliver(shard, now).await.unwrap();
        }
        assert_eq!(rollup(&tables.store, ended).await, Rollup { new_leads, ..picture });
        let is_marked = everything(&tables).await.keys().any(|key| key.contains("dirty_day#"));
        assert_eq!(is_marked, user == "kim");
    }
}

#[tokio::test]
async fn the_same_night_again_with_nothing_new_lists_anew_and_changes_nothing_else() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let scheduled = "2026-11-21T00:10:00Z";
    store(&tables.store, &[event("ana", "1", "signup", at("2026-11-20T12:00:00Z"))]).await;
    let night = Night::new(tables.store.clone());
    night.run(scheduled).await;
    let without_run = async || {
        let mut all = everything(&tables).await;
        assert!(all.remove("installation run#2026-11-20").is_some());
        all
    };
    let before = without_run().await;
    night.run(scheduled).await;
    night.run(scheduled).await;
    assert_eq!(without_run().await, before);

    let later = at("2026-12-21T00:10:00Z");
    night.plan(scheduled, later).await.unwrap();
    night.drain(later).await.unwrap();
    let after = without_run().await;
    let changed: Vec<_> = before.iter().filter(|(key, item)| after[*key] != **item).collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert!(changed[0].0.ends_with(" lead"), "{changed:?}");
}
