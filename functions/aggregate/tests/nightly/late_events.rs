//! Late events correct what a day counts and leave its picture alone.

use domain::{
    rollup::{Counts, Totals},
    time::Day,
};
use dynamo::{DirtyDays, Store};
use testing::{Tables, a_tenant};

use crate::{
    night::{Night, at, everything},
    population::{add, day, event, store},
};

async fn totals(store: &Store, day: Day) -> Totals {
    store.rollups(&a_tenant(), day, day).await.unwrap()[0].rollup.totals()
}

/// Marks a day as `score` does before it commits what happened on it.
async fn mark(store: &Store, day: Day, marked_at: &str) {
    store.mark_dirty_days(&a_tenant(), &(day..=day), at(marked_at)).await.unwrap();
}

const fn counted(events: u64, new_leads: u64) -> Counts {
    Counts { events, new_leads, conversions: 0 }
}

#[tokio::test]
async fn the_next_run_corrects_counts_and_no_picture() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let (before, ended) = (day("2026-11-19"), day("2026-11-20"));
    let known = [event("ana", "1", "signup", at("2026-11-20T12:00:00Z"))];
    let lead = store(&tables.store, &known).await;
    store(&tables.store, &[event("bob", "1", "signup", at("2026-11-19T12:00:00Z"))]).await;
    let night = Night::new(tables.store.clone());
    night.run("2026-11-20T00:10:00Z").await;
    night.run("2026-11-21T00:10:00Z").await;
    let pictures = [totals(&tables.store, before).await, totals(&tables.store, ended).await];
    assert_eq!(pictures.map(|totals| totals.picture.leads), [1, 2]);
    assert_eq!(pictures.map(|totals| totals.counts), [counted(1, 1), counted(1, 1)]);

    // Ana was here a day earlier, and Eve was never seen before.
    for day in [before, ended] {
        mark(&tables.store, day, "2026-11-21T08:00:00Z").await;
    }
    let late = [event("ana", "0", "demo_request", at("2026-11-19T12:00:00Z"))];
    add(&tables.store, &lead, &known, &late).await;
    store(&tables.store, &[event("eve", "1", "signup", at("2026-11-19T13:00:00Z"))]).await;
    night.run("2026-11-22T00:10:00Z").await;

    let expected = [
        Totals { counts: counted(3, 3), ..pictures[0] },
        Totals { counts: counted(1, 0), ..pictures[1] },
    ];
    assert_eq!([totals(&tables.store, before).await, totals(&tables.store, ended).await], expected);
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
    mark(&tables.store, ended, "2026-11-21T00:09:30Z").await;
    store(&tables.store, &[event("ana", "1", "signup", at("2026-11-20T12:00:00Z"))]).await;
    night.run("2026-11-21T00:10:00Z").await;
    store(&tables.store, &[event("eve", "1", "signup", at("2026-11-19T12:00:00Z"))]).await;
    assert_eq!(totals(&tables.store, ended).await.counts, counted(0, 0));

    night.run("2026-11-22T00:10:00Z").await;
    assert_eq!(totals(&tables.store, ended).await.counts, counted(1, 1));
}

#[tokio::test]
async fn the_days_own_run_does_not_clear_a_mark_that_it_cannot_have_counted() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let ended = day("2026-11-20");
    let night = Night::new(tables.store.clone());
    store(&tables.store, &[event("bob", "1", "signup", at("2026-11-19T12:00:00Z"))]).await;
    mark(&tables.store, ended, "2026-11-21T00:01:00Z").await;
    night.run("2026-11-21T00:10:00Z").await;
    store(&tables.store, &[event("eve", "1", "signup", at("2026-11-20T12:00:00Z"))]).await;
    night.run("2026-11-22T00:10:00Z").await;
    let corrected = totals(&tables.store, ended).await;
    assert_eq!((corrected.picture.leads, corrected.counts), (1, counted(1, 1)));
}

#[tokio::test]
async fn the_days_own_run_clears_a_mark_that_it_has_counted() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let ended = day("2026-11-20");
    store(&tables.store, &[event("bob", "1", "signup", at("2026-11-20T23:59:59Z"))]).await;
    mark(&tables.store, ended, "2026-11-21T00:00:00Z").await;
    Night::new(tables.store.clone()).run("2026-11-21T00:10:00Z").await;
    assert_eq!(totals(&tables.store, ended).await.counts, counted(1, 1));
    let marks = tables.store.dirty_days_before(&a_tenant(), ended.next()).await.unwrap();
    assert_eq!(marks, []);
}

#[tokio::test]
async fn a_day_without_a_run_stays_without_a_rollup() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let never = day("2026-11-10");
    mark(&tables.store, never, "2026-11-20T12:00:00Z").await;
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
    mark(&tables.store, dirty, "2026-11-20T12:00:00Z").await;
    store(&tables.store, &[event("eve", "1", "signup", at("2026-11-18T12:00:00Z"))]).await;
    night.run("2026-11-21T00:10:00Z").await;
    assert_eq!(totals(&tables.store, dirty).await.counts, counted(2, 2));

    // An older night fired now counts what is there now, and its count is the younger one.
    let now = at("2026-11-22T09:00:00Z");
    mark(&tables.store, dirty, "2026-11-22T08:00:00Z").await;
    store(&tables.store, &[event("kim", "1", "signup", at("2026-11-18T12:00:00Z"))]).await;
    night.plan("2026-11-20T00:10:00Z", now).await.unwrap();
    night.drain(now).await.unwrap();
    assert_eq!(totals(&tables.store, dirty).await.counts, counted(3, 3));
    assert_eq!(totals(&tables.store, day("2026-11-19")).await.picture.leads, 3);
}

#[tokio::test]
async fn a_mark_that_holds_later_days_too_outlives_a_night_that_is_caught_up() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let night = Night::new(tables.store.clone());
    store(&tables.store, &[event("ana", "1", "signup", at("2026-11-18T12:00:00Z"))]).await;
    night.run("2026-11-19T00:10:00Z").await;
    night.run("2026-11-21T00:10:00Z").await;
    // Something of the 18th changes the 20th as well.
    let days = day("2026-11-18")..=day("2026-11-20");
    tables.store.mark_dirty_days(&a_tenant(), &days, at("2026-11-21T08:00:00Z")).await.unwrap();
    store(&tables.store, &[event("eve", "1", "signup", at("2026-11-20T12:00:00Z"))]).await;
    let now = at("2026-11-21T09:00:00Z");
    night.plan("2026-11-20T00:10:00Z", now).await.unwrap();
    night.drain(now).await.unwrap();
    let ended = day("2026-11-20");
    assert_eq!(totals(&tables.store, ended).await.counts, counted(0, 0));
    night.run("2026-11-22T00:10:00Z").await;
    assert_eq!(totals(&tables.store, ended).await.counts, counted(1, 1));
    assert_eq!(tables.store.dirty_days_before(&a_tenant(), ended.next()).await.unwrap(), []);
}

#[tokio::test]
async fn of_very_many_dirty_days_the_last_come_first_and_the_others_the_night_after() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let ended = day("2026-11-20");
    let first = ended.minus_days(105);
    for back in 0..=105 {
        let past = ended.minus_days(back);
        tables.store.begin_run(past, 1, past.next().start()).await.unwrap();
        tables.store.finish_segment(past, 0).await.unwrap();
        tables.store.close_run(past).await.unwrap();
    }
    let noon = |day: Day| day.start().plus_millis(43_200_000);
    for (user, seen) in [("old", first.next()), ("new", ended.previous())] {
        store(&tables.store, &[event(user, "1", "signup", noon(seen))]).await;
    }
    let days = first..=ended;
    let marked_at = at("2026-11-21T08:00:00Z");
    tables.store.mark_dirty_days(&a_tenant(), &days, marked_at).await.unwrap();
    let night = Night::new(tables.store.clone());
    night.run("2026-11-22T00:10:00Z").await;
    let count = async |day: Day| totals(&tables.store, day).await.counts;
    assert_eq!(count(ended.previous()).await, counted(1, 1));
    assert_eq!(count(first.next()).await, counted(0, 0));
    let left = tables.store.dirty_days_before(&a_tenant(), ended.next()).await.unwrap();
    assert_eq!(left, [DirtyDays { first, until: ended.minus_days(100) }]);
    night.run("2026-11-23T00:10:00Z").await;
    assert_eq!(count(first.next()).await, counted(1, 1));
    assert_eq!(count(ended.previous()).await, counted(1, 1));
    assert_eq!(tables.store.dirty_days_before(&a_tenant(), ended.next()).await.unwrap(), []);
}

#[tokio::test]
async fn the_same_night_again_corrects_counts_of_its_own_day_and_no_picture() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let ended = day("2026-11-20");
    let scheduled = "2026-11-21T00:10:00Z";
    store(&tables.store, &[event("ana", "1", "signup", at("2026-11-20T12:00:00Z"))]).await;
    let night = Night::new(tables.store.clone());
    night.run(scheduled).await;
    let picture = totals(&tables.store, ended).await;
    assert_eq!((picture.picture.leads, picture.counts), (1, counted(1, 1)));

    // Two are seen late, the second one too late to clear the mark.
    for (user, marked_at, new_leads) in
        [("eve", "2026-11-21T08:00:00Z", 2), ("kim", "2026-11-21T08:55:00Z", 3)]
    {
        mark(&tables.store, ended, marked_at).await;
        store(&tables.store, &[event(user, "1", "signup", at("2026-11-20T13:00:00Z"))]).await;
        let now = at("2026-11-21T09:00:00Z");
        night.plan(scheduled, now).await.unwrap();
        while let Some(shard) = night.queue.take() {
            let during = tables.store.rollups(&a_tenant(), ended, ended).await.unwrap();
            assert!(during[0].complete);
            night.deliver(shard, now).await.unwrap();
        }
        let counts = counted(new_leads, new_leads);
        assert_eq!(totals(&tables.store, ended).await, Totals { counts, ..picture });
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
        // Each pass has a record of its own.
        all.retain(|key, _| !key.contains("nightly_run#"));
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
