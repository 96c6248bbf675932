//! What a night goes by when it erases or moves somebody: what holds at that very moment; and whom
//! it troubles when that fails.

use std::{convert::Infallible, num::NonZeroU32, thread, time::Duration};

use aggregate::Clock;
use domain::{
    home::HomeId,
    identity::Kind,
    retention::Retention,
    time::{DAY_MS, Timestamp},
};
use dynamo::TenantSettings;
use scoring::{Current, EditError, Expected, Scorer};
use shelf::Shelf;
use testing::{Fault, Faults, MemoryBucket, Tables, a_tenant, an_event, keyring};

use crate::{
    night::{Night, Queue, at},
    retention::{NIGHT, before, consenting, edits, lead, record, signs_up},
};

/// Lets somebody consent, and tells whether they could.
async fn consents(tables: &Tables, home: HomeId) -> bool {
    let when = at(NIGHT).plus_millis(1_000);
    let make = |_: Current<'_>| {
        let made = an_event("agreed").at(when).editing(consenting(true));
        let mut made = made.by(Kind::UserId, "nobody").arrival();
        made.identities.clear();
        Ok::<_, Infallible>(Some(made))
    };
    let scorer = Scorer::new(tables.store.clone());
    match scorer.edit(&keyring(), home, Expected::Any, None, when, make).await {
        Ok(edited) => edited.changed,
        Err(EditError::UnknownLead(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_consents_at_any_moment_of_a_night_before_they_are_erased_stays() {
    let (mut stayed, mut went) = (0, 0);
    for call in 0.. {
        let tables = Tables::with_tenant(&a_tenant()).await;
        let home = signs_up(&tables, "silent", before(100, 0)).await;
        let (faults, stop) = Faults::stopping_before(call);
        let night = Night::of(tables.with_faults(&faults), Queue::default(), NonZeroU32::MIN);
        drop(faults);
        let meanwhile = tokio::spawn({
            let tables = tables.clone();
            async move { Box::pin(stop.meanwhile(consents(&tables, home))).await }
        });
        night.run(NIGHT).await;
        drop(night);
        let Some(came) = meanwhile.await.unwrap() else { break };
        assert_eq!(lead(&tables, home).await.erased.is_none(), came, "{call}");
        let counts = record(&tables, "2026-11-20").await;
        assert_eq!((counts.leads, counts.postponed, counts.drift), (1, 0, 0), "{call}");
        assert_eq!(counts.anonymised, u64::from(!came), "{call}");
        *(if came { &mut stayed } else { &mut went }) += 1;
    }
    assert!(stayed > 10 && went > 10, "{stayed} {went}");
}

#[tokio::test]
async fn a_night_erases_by_what_its_tenant_set_just_before() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    // Due in the second night, which knows the settings that it read in the first.
    let home = signs_up(&tables, "silent", before(89, 3_600_000)).await;
    let night = Night::new(tables.store.clone());
    night.run(NIGHT).await;
    let read = tables.store.tenant_settings(&a_tenant()).await.unwrap().unwrap();
    let retention = Retention { anonymise_after_days: None, ..read.retention };
    let next = TenantSettings { retention, ..read.clone() };
    assert!(tables.store.put_tenant_settings(&a_tenant(), &read, &next).await.unwrap());
    night.run("2026-11-22T00:10:00Z").await;
    assert_eq!(lead(&tables, home).await.erased, None);
    let counts = record(&tables, "2026-11-21").await;
    assert_eq!((counts.leads, counts.anonymised, counts.postponed), (1, 0, 0));
    // Another one learns it from the start, and so does the one after the next change.
    let read = tables.store.tenant_settings(&a_tenant()).await.unwrap().unwrap();
    let next = TenantSettings { retention: Retention::default(), ..read.clone() };
    assert!(tables.store.put_tenant_settings(&a_tenant(), &read, &next).await.unwrap());
    Night::new(tables.store.clone()).run("2026-11-23T00:10:00Z").await;
    assert!(lead(&tables, home).await.erased.is_some());
}

/// Lets an invocation be under way for a while before it comes to its work.
fn late(now: Timestamp) -> Clock {
    let clock = Clock::from_now(now);
    thread::sleep(Duration::from_millis(40));
    clock
}

#[tokio::test]
async fn an_erasure_is_dated_by_when_it_is_done() {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let home = signs_up(&tables, "silent", before(100, 0)).await;
    let mut night = Night::new(tables.store.clone());
    night.clock = late;
    night.run(NIGHT).await;
    let receipt = tables.store.erasure(&a_tenant(), home).await.unwrap().unwrap();
    assert!(receipt.at >= at(NIGHT).plus_millis(2_040), "{}", receipt.at);
}

/// Lets some calls fail, from one on.
fn failing(first: usize, count: usize) -> Faults {
    let is_failing = move |call| (first..first + count).contains(&call);
    Faults::by_call(move |call| if is_failing(call) { Fault::NotSent } else { Fault::None })
}

/// Lets some calls in a row fail, wherever that is in a night; counts in how many places the night
/// leaves something to the next one for it, without a message that comes again.
async fn postponing(
    start: &impl AsyncFn() -> Tables,
    night: impl Fn(&Tables, &Faults) -> Night,
    (scheduled, count): (&str, usize),
) -> usize {
    let mut postponing = 0;
    for first in 0.. {
        let tables = start().await;
        let faults = failing(first, count);
        let night = night(&tables, &faults);
        let now = at(scheduled).plus_millis(2_000);
        let planned = night.plan(scheduled, now).await;
        if planned.is_ok() && night.drain(now).await.is_ok() {
            let runs = tables.store.nightly_runs(&a_tenant(), None, 1).await.unwrap();
            assert_eq!((runs[0].counts.leads, runs[0].counts.drift), (2, 0), "{first}");
            postponing += usize::from(runs[0].counts.postponed == 1);
        }
        if faults.calls() <= first {
            return postponing;
        }
    }
    postponing
}

#[tokio::test]
async fn a_lead_that_cannot_be_erased_for_now_waits_for_the_next_night_and_stops_nobody() {
    let start = async || {
        let tables = Tables::with_tenant(&a_tenant()).await;
        signs_up(&tables, "silent", before(100, 0)).await;
        signs_up(&tables, "lively", before(1, 0)).await;
        tables
    };
    let night = |tables: &Tables, faults: &Faults| {
        Night::of(tables.with_faults(faults), Queue::default(), NonZeroU32::MIN)
    };
    // The settings are read once each time, what the erasure is planned on is read four times.
    for calls in [1, 4] {
        let places = Box::pin(postponing(&start, night, (NIGHT, calls))).await;
        assert!(places > 3, "{calls}: {places}");
    }
}

#[tokio::test]
async fn a_lead_that_cannot_be_moved_for_now_waits_for_the_next_night_and_stops_nobody() {
    let start = async || {
        let tables = Tables::with_tenant(&a_tenant()).await;
        for (name, days) in [("idle", 370), ("lively", 20)] {
            let when = at(NIGHT).plus_millis(-days * DAY_MS);
            let home = signs_up(&tables, name, when).await;
            edits(&tables, home, consenting(true), when.plus_millis(1)).await;
        }
        tables
    };
    let night = |tables: &Tables, faults: &Faults| {
        let shelf = Shelf::new(tables.with_faults(faults), MemoryBucket::default());
        Night::of(shelf, Queue::default(), NonZeroU32::MIN)
    };
    // The two marks, the look for older objects, the events of two homes.
    let places = Box::pin(postponing(&start, night, (NIGHT, 1))).await;
    assert!(places > 2, "{places}");
}
