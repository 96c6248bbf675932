//! Objects against a service that keeps what it is sent.

use super::*;
use crate::bucket::tests::{Kept, bucket};

#[tokio::test]
async fn an_object_is_read_as_it_was_put_until_it_is_removed() {
    let (kept, key) = (Kept::default(), "events/tenant=acme/dt=2026-11-20/1-a.parquet");
    let bucket = bucket(&kept, None);
    assert_eq!(Objects::get(&bucket, key).await.unwrap(), None);
    Objects::put(&bucket, key, vec![0, 159, 146, 150]).await.unwrap();
    let got = Objects::get(&bucket, key).await.unwrap();
    assert_eq!(got.as_deref(), Some(&[0, 159, 146, 150][..]));
    for _ in 0..2 {
        Objects::remove(&bucket, key).await.unwrap();
    }
    assert_eq!(Objects::get(&bucket, key).await.unwrap(), None);
}

#[tokio::test]
async fn a_listing_goes_on_after_its_last_key() {
    let kept = Kept::default();
    let bucket = bucket(&kept, None);
    for key in ["events/tenant=a/1", "events/tenant=a/2", "events/tenant=b/1", "failed/1"] {
        Objects::put(&bucket, key, Vec::new()).await.unwrap();
    }
    let first = bucket.list("events/", None).await.unwrap();
    assert_eq!(first.keys, ["events/tenant=a/1", "events/tenant=a/2"]);
    assert!(first.goes_on);
    let rest = bucket.list("events/", first.keys.last().map(String::as_str)).await.unwrap();
    assert_eq!(rest, Listing { keys: vec!["events/tenant=b/1".to_owned()], goes_on: false });
    assert_eq!(bucket.list("events/tenant=c/", None).await.unwrap(), Listing::default());
}

#[tokio::test]
async fn a_failed_call_says_whether_it_may_succeed_later() {
    for (status, code, is_retryable) in [(503, "SlowDown", true), (403, "AccessDenied", false)] {
        let bucket = bucket(&Kept::default(), Some((status, code)));
        let told = [
            bucket.list("events/", None).await.map(drop).unwrap_err(),
            Objects::put(&bucket, "events/1", Vec::new()).await.unwrap_err(),
            Objects::get(&bucket, "events/1").await.map(drop).unwrap_err(),
            Objects::remove(&bucket, "events/1").await.unwrap_err(),
        ];
        assert!(told.iter().all(|error| error.is_retryable() == is_retryable), "{told:?}");
    }
}
