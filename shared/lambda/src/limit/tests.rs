//! What callers see of a limit, over one container and several.

use std::collections::BTreeMap;

use super::*;

/// Counters that several containers share, or that do not answer.
#[derive(Default)]
struct Shared {
    sums: Mutex<BTreeMap<(String, String, i64), u64>>,
    broken: AtomicBool,
    /// Adds, and loses the answer.
    deaf: AtomicBool,
    asked: Mutex<usize>,
}

impl Counters for Shared {
    async fn settle(
        &self,
        tenant: &TenantId,
        subject: &str,
        minute: i64,
        used: u64,
    ) -> Result<u64, StoreError> {
        *self.asked.lock().unwrap() += 1;
        let unavailable =
            || StoreError::Unavailable { operation: "UpdateItem", code: "timeout".to_owned() };
        if self.broken.load(Ordering::Relaxed) {
            return Err(unavailable());
        }
        let mut sums = self.sums.lock().unwrap();
        let sum = sums.entry((tenant.to_string(), subject.to_owned(), minute)).or_default();
        *sum += used;
        if self.deaf.load(Ordering::Relaxed) { Err(unavailable()) } else { Ok(*sum) }
    }
}

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + millis).unwrap()
}

async fn take(limiter: &Limiter, shared: &Shared, limit: u64, now: Timestamp) -> Option<Standing> {
    let subject = Subject { tenant: &acme(), id: "key_a", limit };
    limiter.take(shared, subject, now).await.ok()
}

/// Asks until somebody is refused, at most `most` times, and returns how often they were served.
async fn served(limiter: &Limiter, shared: &Shared, limit: u64, now: Timestamp, most: u64) -> u64 {
    for count in 0..most {
        if take(limiter, shared, limit, now).await.is_none() {
            return count;
        }
    }
    most
}

#[tokio::test]
async fn just_the_limit_is_served_in_a_minute_by_one_container() {
    let (limiter, shared) = (Limiter::default(), Shared::default());
    for limit in [1, 99, 100, 101, 1_000, 2_505] {
        let limiter = Limiter::default();
        let shared = Shared::default();
        assert_eq!(served(&limiter, &shared, limit, at(0), 9_999).await, limit);
        assert_eq!(served(&limiter, &shared, limit, at(59_999), 9_999).await, 0);
        assert_eq!(served(&limiter, &shared, limit, at(60_000), 9_999).await, limit);
    }
    let standing = take(&limiter, &shared, 100, at(500)).await.unwrap();
    assert_eq!(standing, Standing { limit: 100, remaining: 99, reset_seconds: 60 });
    let standing = take(&limiter, &shared, 100, at(59_500)).await.unwrap();
    assert_eq!(standing, Standing { limit: 100, remaining: 98, reset_seconds: 1 });
    assert_eq!(*shared.asked.lock().unwrap(), 0, "nothing is settled before a block is full");
}

#[tokio::test]
async fn several_containers_pass_the_limit_by_a_block_each_at_most() {
    let shared = Shared::default();
    let containers: [Limiter; 5] = std::array::from_fn(|_| Limiter::default());
    let limit = 2_000;
    let mut all = 0;
    // In turns, so that all of them know little of each other.
    for _ in 0..limit {
        for container in &containers {
            all += u64::from(take(container, &shared, limit, at(0)).await.is_some());
        }
    }
    assert!((limit..=limit + 5 * 200).contains(&all), "{all}");
    let asked = *shared.asked.lock().unwrap();
    assert!(asked <= 15, "{asked} settlements for {all} requests");
}

#[tokio::test]
async fn a_counter_that_does_not_answer_refuses_nobody_below_the_limit() {
    for deaf in [false, true] {
        let (limiter, shared) = (Limiter::default(), Shared::default());
        shared.broken.store(!deaf, Ordering::Relaxed);
        shared.deaf.store(deaf, Ordering::Relaxed);
        assert_eq!(served(&limiter, &shared, 1_000, at(0), 250).await, 250);
        shared.broken.store(false, Ordering::Relaxed);
        shared.deaf.store(false, Ordering::Relaxed);
        assert_eq!(served(&limiter, &shared, 1_000, at(0), 9_999).await, 750, "deaf: {deaf}");
    }
}

#[tokio::test]
async fn subjects_and_tenants_are_counted_apart() {
    let (limiter, shared) = (Limiter::default(), Shared::default());
    assert_eq!(served(&limiter, &shared, 3, at(0), 9).await, 3);
    let other: TenantId = "other".parse().unwrap();
    for (tenant, id) in [(acme(), "key_b"), (other, "key_a")] {
        let subject = Subject { tenant: &tenant, id, limit: 3 };
        assert!(limiter.take(&shared, subject, at(0)).await.is_ok());
    }
}

#[tokio::test]
async fn a_refusal_says_when_to_come_back() {
    let (limiter, shared) = (Limiter::default(), Shared::default());
    let subject = Subject { tenant: &acme(), id: "user_a", limit: 1 };
    limiter.take(&shared, subject, at(0)).await.unwrap();
    let refused = limiter.take(&shared, subject, at(20_001)).await.unwrap_err();
    assert_eq!((refused.status().as_u16(), refused.code()), (429, "rate_limited"));
    let response: http::Response<String> = refused.into_response();
    for (name, value) in [
        ("retry-after", "40"),
        ("ratelimit-limit", "1"),
        ("ratelimit-remaining", "0"),
        ("ratelimit-reset", "40"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
}

#[tokio::test]
async fn a_flood_of_callers_is_bounded() {
    let (limiter, shared) = (Limiter::default(), Shared::default());
    for number in 0..CAPACITY + 10 {
        let id = format!("key_{number}");
        let subject = Subject { tenant: &acme(), id: &id, limit: 1 };
        limiter.take(&shared, subject, at(0)).await.unwrap();
    }
    assert!(limiter.counted().len() <= CAPACITY);
}
