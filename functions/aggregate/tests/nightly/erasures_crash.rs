//! A night that erases, audits and dies between any two calls ends in the same items, and in the
//! same record.

use domain::time::DAY_MS;
use testing::{Tables, a_tenant};

use crate::{
    audit::corrupt,
    night::{Items, Night, at, dies_and_goes_on, everything},
    population::{event, store},
    retention::{deleting, edits, signs_up},
};

const NIGHT: &str = "2026-11-21T00:10:00Z";

/// Tables on the eve of a night in which one is to be made anonymous, one to be erased, one to be
/// listed anew, and one was damaged.
async fn the_eve() -> Tables {
    let tables = Tables::with_tenant(&a_tenant()).await;
    let noon = at("2026-11-20T12:00:00Z");
    signs_up(&tables, "silent", noon.plus_millis(-100 * DAY_MS)).await;
    let deleted = signs_up(&tables, "deleted", noon.plus_millis(-40 * DAY_MS)).await;
    edits(&tables, deleted, deleting("2026-11-20"), noon.plus_millis(-30 * DAY_MS)).await;
    store(&tables.store, &[event("faded", "1", "signup", noon.plus_millis(-20 * DAY_MS))]).await;
    let damaged = store(&tables.store, &[event("damaged", "1", "signup", noon)]).await;
    corrupt(&tables, damaged.survivor.id).await;
    tables
}

/// Runs the night until it dies after that many calls, then goes on; tells whether it died.
async fn dies_after(calls: usize, answer_lost: bool, expected: &Items) -> bool {
    let tables = the_eve().await;
    let died = dies_and_goes_on(&tables, calls, answer_lost, NIGHT).await;
    let after = everything(&tables).await;
    let others = after.iter().filter(|(key, item)| expected.get(*key) != Some(*item));
    let missing = expected.keys().filter(|key| !after.contains_key(*key));
    let (others, missing) = (others.collect::<Vec<_>>(), missing.collect::<Vec<_>>());
    assert!(others.is_empty() && missing.is_empty(), "{calls}: {others:#?}, {missing:?}");
    died
}

async fn dies_everywhere(answer_lost: bool) {
    let tables = the_eve().await;
    Night::new(tables.store.clone()).run(NIGHT).await;
    let counts = tables.store.nightly_runs(&a_tenant(), None, 1).await.unwrap().remove(0).counts;
    assert_eq!((counts.leads, counts.audited, counts.drift), (4, 4, 1));
    // The points that were damaged are listed as they are stored.
    assert_eq!((counts.refreshed, counts.anonymised, counts.erased), (2, 1, 1));
    let expected = everything(&tables).await;
    let mut calls = 0;
    while Box::pin(dies_after(calls, answer_lost, &expected)).await {
        calls += 1;
    }
    assert!(calls > 80, "{calls} calls are fewer than such a night takes");
}

#[tokio::test]
async fn a_night_that_erases_dies_between_any_two_calls_and_ends_in_the_same_items() {
    Box::pin(dies_everywhere(false)).await;
}

#[tokio::test]
async fn a_night_that_erases_dies_before_any_answer_and_ends_in_the_same_items() {
    Box::pin(dies_everywhere(true)).await;
}
