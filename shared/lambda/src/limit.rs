//! How many requests somebody may make in a minute.
//!
//! Invariant: nobody is refused who made fewer requests than the limit in this minute. Each
//! container counts for itself and adds what it counted to a shared counter in blocks, so a limit
//! may be passed by a block for each container; a counter that does not answer refuses nobody.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use domain::{tenant::TenantId, time::Timestamp};
use dynamo::{Store, StoreError};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::RETRY_AFTER};

use crate::problem::Problem;

/// The least number of requests that are counted before they are added to the shared counter.
const LEAST_BLOCK: u64 = 100;

/// How many callers a container counts for at most.
const CAPACITY: usize = 10_000;

const MINUTE_MS: i64 = 60_000;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Where the requests of all containers are summed.
pub trait Counters {
    /// Adds requests to a subject's counter of a minute, and returns its new sum.
    fn settle(
        &self,
        tenant: &TenantId,
        subject: &str,
        minute: i64,
        used: u64,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

impl Counters for Store {
    fn settle(
        &self,
        tenant: &TenantId,
        subject: &str,
        minute: i64,
        used: u64,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        self.settle_requests(tenant, subject, minute, used)
    }
}

/// Counts the requests of a container's callers.
#[derive(Debug, Default)]
pub struct Limiter {
    counted: Mutex<HashMap<(TenantId, String), Count>>,
    has_complained: AtomicBool,
}

/// Who is counted, and how much they may.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'s> {
    /// Whose caller it is.
    pub tenant: &'s TenantId,
    /// The id of the user or key.
    pub id: &'s str,
    /// How many requests they may make in a minute.
    pub limit: u64,
}

/// How somebody stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many requests they may make in a minute.
    pub limit: u64,
    /// How many are left in this minute, as far as this container knows.
    pub remaining: u64,
    /// How many seconds are left of the minute, rounded up.
    pub reset_seconds: u64,
}

/// What a container knows of a subject's minute.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    minute: i64,
    /// The requests that were let through here.
    own: u64,
    /// Those of them that were sent to the shared counter, whether it answered or not.
    sent: u64,
    /// The requests of other containers, as far as they are known.
    others: u64,
}

impl Limiter {
    /// Counts a request, or answers 429 with when to come back.
    pub async fn take<C: Counters>(
        &self,
        counters: &C,
        subject: Subject<'_>,
        now: Timestamp,
    ) -> Result<Standing, Problem> {
        let minute = now.millis().div_euclid(MINUTE_MS);
        let (count, block) = self.count(subject, minute).ok_or_else(|| refused(subject, now))?;
        let count = match block {
            Some(block) => self.settle(counters, subject, minute, block).await.unwrap_or(count),
            None => count,
        };
        Ok(Standing::of(subject.limit, count.known(), now))
    }

    /// Counts a request here; `None` when there were enough. Tells what is to be settled.
    fn count(&self, subject: Subject<'_>, minute: i64) -> Option<(Count, Option<u64>)> {
        let mut counted = self.counted();
        if counted.len() >= CAPACITY {
            counted.retain(|_, count| count.minute == minute);
        }
        if counted.len() >= CAPACITY {
            counted.clear();
        }
        let count = counted.entry((subject.tenant.clone(), subject.id.to_owned())).or_default();
        if count.minute != minute {
            *count = Count { minute, ..Count::default() };
        }
        if count.known() >= subject.limit {
            return None;
        }
        count.own += 1;
        let unsent = count.own - count.sent;
        let is_due = unsent >= LEAST_BLOCK.max(subject.limit / 10);
        if is_due {
            count.sent = count.own;
        }
        Some((*count, is_due.then_some(unsent)))
    }

    /// Adds a block to the shared counter, and learns what others used.
    async fn settle<C: Counters>(
        &self,
        counters: &C,
        subject: Subject<'_>,
        minute: i64,
        block: u64,
    ) -> Option<Count> {
        let total = match counters.settle(subject.tenant, subject.id, minute, block).await {
            Ok(total) => total,
            Err(error) => {
                self.complain(subject.tenant, &error);
                return None;
            }
        };
        self.has_complained.store(false, Ordering::Relaxed);
        let mut counted = self.counted();
        let count = counted.get_mut(&(subject.tenant.clone(), subject.id.to_owned()))?;
        if count.minute != minute {
            return None;
        }
        // What was sent and is perhaps not in the sum makes others seem to have used less.
        count.others = count.others.max(total.saturating_sub(count.sent));
        Some(*count)
    }

    /// Says once that the counter does not answer, until it answers again.
    fn complain(&self, tenant: &TenantId, error: &StoreError) {
        if !self.has_complained.swap(true, Ordering::Relaxed) {
            tracing::error!(%tenant, %error, "requests are not counted together");
        }
    }

    fn counted(&self) -> MutexGuard<'_, HashMap<(TenantId, String), Count>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Count {
    const fn known(&self) -> u64 {
        self.own.saturating_add(self.others)
    }
}

impl Standing {
    fn of(limit: u64, known: u64, now: Timestamp) -> Self {
        let left = MINUTE_MS - now.millis().rem_euclid(MINUTE_MS);
        let reset_seconds = u64::try_from(left).unwrap_or(0).div_ceil(1_000);
        Self { limit, remaining: limit.saturating_sub(known), reset_seconds }
    }

    /// Returns the headers that every limited answer has.
    pub fn headers(self) -> [(HeaderName, HeaderValue); 3] {
        [
            (LIMIT, HeaderValue::from(self.limit)),
            (REMAINING, HeaderValue::from(self.remaining)),
            (RESET, HeaderValue::from(self.reset_seconds)),
        ]
    }

    /// Adds them to an answer's.
    pub fn write(self, headers: &mut HeaderMap) {
        headers.extend(self.headers());
    }
}

/// 429: the minute's requests are used up.
fn refused(subject: Subject<'_>, now: Timestamp) -> Problem {
    let standing = Standing::of(subject.limit, subject.limit, now);
    let (limit, seconds) = (subject.limit, standing.reset_seconds);
    let message = format!("{limit} requests a minute are allowed; come back in {seconds} s");
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message)
        .with_header(RETRY_AFTER, HeaderValue::from(seconds));
    let add = |problem: Problem, (name, value)| problem.with_header(name, value);
    standing.headers().into_iter().fold(problem, add)
}

#[cfg(test)]
mod tests;
