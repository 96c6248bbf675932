//! Requests that are made once, and counters of requests.
#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect has failed")]

use std::collections::BTreeMap;

use domain::{event::Sealed, tenant::TenantId, time::Timestamp};
use dynamo::{Begun, KeptAnswer, Lease};
use testing::Tables;

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_768_478_400_000 + millis).unwrap()
}

fn wanted(content: &str, seed: &str, millis: i64) -> Lease {
    Lease::new("token".to_owned(), content.to_owned(), seed.to_owned(), at(millis))
}

fn answer(status: u16) -> KeptAnswer {
    let headers = BTreeMap::from([("etag".to_owned(), "\"1\"".to_owned())]);
    KeptAnswer { status, headers, body: Sealed("c2VhbGVk".to_owned()) }
}

#[tokio::test]
async fn a_request_is_worked_on_by_one_and_answered_the_same_ever_after() {
    let store = Tables::start().await.store;
    let begin = async |wanted| store.begin_request(&acme(), &wanted).await.unwrap();
    let first = wanted("body", "one", 0);
    assert_eq!(begin(first.clone()).await, Begun::Leased(first.clone()));
    assert_eq!(begin(wanted("body", "two", 59_999)).await, Begun::InProgress(at(60_000)));
    assert_eq!(begin(wanted("other", "two", 1)).await, Begun::Reused);
    store.keep_answer(&acme(), &first, answer(201)).await.unwrap();
    assert_eq!(begin(wanted("body", "two", 70_000)).await, Begun::Answered(answer(201)));
    assert_eq!(begin(wanted("other", "two", 70_000)).await, Begun::Reused);
    // A day later it is another request, whatever was removed by then.
    let later = wanted("other", "three", 86_400_000);
    assert_eq!(begin(later.clone()).await, Begun::Leased(later));
}

#[tokio::test]
async fn whoever_goes_on_after_a_crash_has_the_instant_and_seed_of_the_first() {
    let store = Tables::start().await.store;
    let first = wanted("body", "one", 0);
    store.begin_request(&acme(), &first).await.unwrap();
    let second = wanted("body", "two", 60_000);
    let expected = Lease { until: at(120_000), ..first.clone() };
    assert_eq!(
        store.begin_request(&acme(), &second).await.unwrap(),
        Begun::Leased(expected.clone())
    );
    // The first was not dead after all: it keeps no answer and frees nothing any more.
    store.keep_answer(&acme(), &first, answer(200)).await.unwrap();
    store.forget_request(&acme(), &first).await.unwrap();
    store.end_lease(&acme(), &first).await.unwrap();
    let third = wanted("body", "three", 60_001);
    let begun = store.begin_request(&acme(), &third).await.unwrap();
    assert_eq!(begun, Begun::InProgress(at(120_000)));
    store.end_lease(&acme(), &expected).await.unwrap();
    let begun = store.begin_request(&acme(), &third).await.unwrap();
    assert_eq!(begun, Begun::Leased(Lease { until: at(120_001), ..first }));
}

#[tokio::test]
async fn a_request_that_is_forgotten_is_another_one() {
    let store = Tables::start().await.store;
    let first = wanted("body", "one", 0);
    store.begin_request(&acme(), &first).await.unwrap();
    store.forget_request(&acme(), &first).await.unwrap();
    let other = wanted("other", "two", 1);
    assert_eq!(store.begin_request(&acme(), &other).await.unwrap(), Begun::Leased(other.clone()));
    let theirs = store.begin_request(&"other".parse().unwrap(), &first).await.unwrap();
    assert_eq!(theirs, Begun::Leased(first));
}

#[tokio::test]
async fn requests_are_summed_by_tenant_subject_and_minute() {
    let store = Tables::start().await.store;
    let settle = async |subject, minute, used| {
        store.settle_requests(&acme(), subject, minute, used).await.unwrap()
    };
    assert_eq!(settle("key_a", 7, 100).await, 100);
    assert_eq!(settle("key_a", 7, 20).await, 120);
    assert_eq!(settle("key_a", 8, 1).await, 1);
    assert_eq!(settle("key_b", 7, 2).await, 2);
    assert_eq!(store.settle_requests(&"other".parse().unwrap(), "key_a", 7, 3).await.unwrap(), 3);
}
