//! A run that dies between any two calls, or works twice at once, ends in the same items.

use std::collections::BTreeMap;

use aggregate::Shard;
use domain::{
    marketplace::Marketplace,
    rollup::{Counts, Dimensions, Rollup},
    segment::Segment,
    stage::Stage,
};
use dynamo::{NightCounts, keys::Pass};
use testing::{Meter, Reading, Tables, a_tenant};

use crate::{
    night::{Items, Night, at, dies_and_goes_on, everything},
    population::{add, day, event, store},
};

const NIGHT: &str = "2026-11-21T00:10:00Z";

/// Leaves what the slower of two workers of a pass counted, who died when it had kept that.
async fn leave_half_a_count(tables: &Tables, pass: Pass, counted: Counts) {
    tables.store.recount_plan(pass, &a_tenant()).await.unwrap();
    let lead = Dimensions {
        marketplace: Marketplace::direct(),
        segment: Segment::New,
        stage: Stage::Warm,
        source: "direct".to_owned(),
    };
    let counts = BTreeMap::from([(day("2026-11-18"), BTreeMap::from([(lead, counted)]))]);
    tables.store.keep_recount(&a_tenant(), pass, 0, &counts).await.unwrap();
    let mut partial = Rollup::default();
    partial.undivided.counts = counted;
    tables.store.keep_rollup_partial(&a_tenant(), pass.run, 0, &partial).await.unwrap();
}

/// Tables on the eve of a night that has everything to do: leads to list anew, one that went on
/// after the day, a past day to correct.
async fn the_eve() -> Tables {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let noon = at("2026-11-20T12:00:00Z");
    let known = [event("ana", "1", "contract_signed", at("2026-11-01T12:00:00Z"))];
    let ana = store(&tables.store, &known).await;
    Night::new(tables.store.clone()).run("2026-11-19T00:10:00Z").await;
    let dirty = day("2026-11-18")..=day("2026-11-19");
    tables.store.mark_dirty_days(&a_tenant(), &dirty, noon).await.unwrap();
    store(&tables.store, &[event("eve", "1", "signup", at("2026-11-18T12:00:00Z"))]).await;
    store(&tables.store, &[event("bob", "1", "demo_request", noon)]).await;
    let went_on = [event("ana", "2", "signup", at("2026-11-21T00:09:00Z"))];
    add(&tables.store, &ana, &known, &went_on).await;
    tables
}

/// The same after that night, which is to be worked again: a late event of its own day came.
async fn the_day_after() -> Tables {
    let tables = the_eve().await;
    Night::new(tables.store.clone()).run(NIGHT).await;
    let marked_at = at("2026-11-20T23:00:00Z");
    let dirty = day("2026-11-20")..=day("2026-11-20");
    tables.store.mark_dirty_days(&a_tenant(), &dirty, marked_at).await.unwrap();
    store(&tables.store, &[event("kim", "1", "signup", at("2026-11-20T13:00:00Z"))]).await;
    tables
}

async fn before(pass: u32) -> Tables {
    if pass == 1 { the_eve().await } else { the_day_after().await }
}

async fn expected(pass: u32) -> Items {
    let tables = before(pass).await;
    Night::new(tables.store.clone()).run(NIGHT).await;
    everything(&tables).await
}

/// Runs the night until it dies after that many calls, then again; tells how many calls it made.
async fn crash_and_run_again(
    pass: u32,
    calls: usize,
    answer_lost: bool,
    expected: &Items,
) -> usize {
    let tables = before(pass).await;
    let died = dies_and_goes_on(&tables, calls, answer_lost, NIGHT).await;
    assert_eq!(&everything(&tables).await, expected, "after {calls} calls");
    if died { usize::MAX } else { calls }
}

async fn crash_everywhere(pass: u32) {
    let expected = expected(pass).await;
    for answer_lost in [false, true] {
        let mut calls = 0;
        while crash_and_run_again(pass, calls, answer_lost, &expected).await > calls {
            calls += 1;
        }
        assert!(calls > 30, "{calls} calls are fewer than a night takes");
    }
}

#[tokio::test]
async fn a_crash_between_any_two_calls_ends_in_the_same_items() {
    crash_everywhere(1).await;
}

#[tokio::test]
async fn a_crash_in_a_later_pass_ends_in_the_same_items() {
    crash_everywhere(2).await;
}

#[tokio::test]
async fn plans_and_workers_that_race_in_a_later_pass_end_in_the_same_items() {
    let expected = expected(2).await;
    let tables = the_day_after().await;
    let now = at(NIGHT).plus_millis(2_000);
    let (one, other) = (Night::new(tables.store.clone()), Night::new(tables.store.clone()));
    let (first, second) = tokio::join!(one.plan(NIGHT, now), other.plan(NIGHT, now));
    first.unwrap();
    second.unwrap();
    assert_eq!(one.queue.waiting(), other.queue.waiting());
    let (first, second) = tokio::join!(one.drain(now), other.drain(now));
    first.unwrap();
    second.unwrap();
    assert_eq!(everything(&tables).await, expected);
}

#[tokio::test]
async fn messages_of_an_earlier_pass_do_no_harm_to_a_later_one() {
    let expected = expected(2).await;
    let tables = the_day_after().await;
    let now = at(NIGHT).plus_millis(2_000);
    let night = Night::new(tables.store.clone());
    night.plan(NIGHT, now).await.unwrap();
    let ended = day("2026-11-20");
    // The slower of two workers of the first pass has just kept what it counted.
    let nine = Counts { events: 9, new_leads: 9, conversions: 9 };
    leave_half_a_count(&tables, ended.into(), nine).await;
    assert_eq!(tables.store.finish_segment(ended, 0).await.unwrap(), None);
    assert_eq!(tables.store.close_run(ended).await.unwrap(), None);
    for segment in 0..3 {
        night.deliver(Shard::Scan { run: ended, segment, pass: 1 }, now).await.unwrap();
    }
    night.deliver(Shard::Close { run: ended, pass: 1 }, now).await.unwrap();
    assert_eq!(night.queue.waiting().len(), 3);
    night.drain(now).await.unwrap();
    assert_eq!(everything(&tables).await, expected);
}

#[tokio::test]
async fn what_a_slower_worker_of_a_closed_run_left_and_died_goes_when_its_message_comes_again() {
    let tables = the_eve().await;
    let (now, pass) = (at(NIGHT).plus_millis(2_000), day("2026-11-20").into());
    let meter = Meter::default();
    let night = Night::new(tables.with_meter(&meter));
    night.run(NIGHT).await;
    let expected = everything(&tables).await;
    let nine = Counts { events: 9, new_leads: 9, conversions: 9 };
    leave_half_a_count(&tables, pass, nine).await;
    tables.store.keep_nightly_part(&a_tenant(), pass, 0, &NightCounts::default()).await.unwrap();
    let scan = Shard::Scan { run: pass.run, segment: 0, pass: pass.number };
    night.deliver(scan.clone(), now).await.unwrap();
    assert_eq!(everything(&tables).await, expected);
    assert!(night.queue.waiting().is_empty());
    // Where nothing is left, as nearly always, there is the run to read and to look for plans.
    meter.take();
    night.deliver(scan, now).await.unwrap();
    let Reading { calls, writes, .. } = meter.take();
    assert_eq!((calls, writes), (2, 0));
}

#[tokio::test]
async fn a_plan_fired_twice_and_messages_in_any_order_end_in_the_same_items() {
    let expected = expected(1).await;
    let tables = the_eve().await;
    let now = at(NIGHT).plus_millis(2_000);
    let night = Night::new(tables.store.clone());
    night.plan(NIGHT, now).await.unwrap();
    night.plan(NIGHT, now).await.unwrap();
    let mut waiting = night.queue.waiting();
    assert_eq!(waiting.len(), 6);
    waiting.reverse();
    for shard in waiting {
        night.deliver(shard, now).await.unwrap();
    }
    night.drain(now).await.unwrap();
    assert_eq!(everything(&tables).await, expected);
}

#[tokio::test]
async fn a_segment_worked_twice_at_once_ends_in_the_same_items() {
    let expected = expected(1).await;
    let tables = the_eve().await;
    let now = at(NIGHT).plus_millis(2_000);
    let (one, other) = (Night::new(tables.store.clone()), Night::new(tables.store.clone()));
    one.plan(NIGHT, now).await.unwrap();
    other.plan(NIGHT, now).await.unwrap();
    let (first, second) = tokio::join!(one.drain(now), other.drain(now));
    first.unwrap();
    second.unwrap();
    assert_eq!(everything(&tables).await, expected);
}
