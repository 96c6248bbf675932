//! How often an address may be tried in a minute, whoever tries it.
//!
//! Invariant: addresses are counted in memory alone, each container for itself: none is written
//! down. The user pool has limits of its own behind these.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use axum::http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use cognito::EmailAddress;
use domain::time::Timestamp;
use lambda::problem::Problem;

/// How many attempts a minute has.
const MOST: u32 = 20;

/// How many addresses are counted at most.
const CAPACITY: usize = 10_000;

const MINUTE_MS: i64 = 60_000;

/// Counts the attempts of a minute, by address.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    minute: i64,
    by_address: HashMap<EmailAddress, u32>,
}

impl Attempts {
    /// Counts an attempt, or answers 429 with when to come back.
    pub fn take(&self, email: &EmailAddress, now: Timestamp) -> Result<(), Problem> {
        let minute = now.millis().div_euclid(MINUTE_MS);
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever could fill the memory within a minute makes it forget, and grow no more.
        if counted.minute != minute || counted.by_address.len() >= CAPACITY {
            *counted = Counted { minute, ..Counted::default() };
        }
        let attempts = counted.by_address.entry(email.clone()).or_default();
        if *attempts >= MOST {
            return Err(too_many(now));
        }
        *attempts += 1;
        Ok(())
    }
}

/// 429: the minute's attempts are used up.
fn too_many(now: Timestamp) -> Problem {
    let left = MINUTE_MS - now.millis().rem_euclid(MINUTE_MS);
    let seconds = u64::try_from(left).unwrap_or(0).div_ceil(1_000);
    let message = format!("an address is tried at most {MOST} times a minute; wait {seconds} s");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", message)
        .with_header(RETRY_AFTER, HeaderValue::from(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_tried_so_often_a_minute_and_no_other_is_refused_for_it() {
        let (attempts, at) = (Attempts::default(), |ms| Timestamp::from_millis(ms).unwrap());
        let email = |name: usize| format!("a{name}@example.com").parse::<EmailAddress>().unwrap();
        for _ in 0..MOST {
            attempts.take(&email(1), at(60_500)).unwrap();
        }
        let refused = attempts.take(&email(1), at(61_500)).unwrap_err();
        assert_eq!((refused.status().as_u16(), refused.code()), (429, "too_many_attempts"));
        assert!(refused.message().ends_with("wait 59 s"), "{}", refused.message());
        attempts.take(&email(2), at(61_500)).unwrap();
        attempts.take(&email(1), at(120_000)).unwrap();
    }

    #[test]
    fn no_more_addresses_are_kept_than_there_is_room_for() {
        let (attempts, at) = (Attempts::default(), Timestamp::from_millis(0).unwrap());
        for name in 0..=CAPACITY {
            attempts.take(&format!("a{name}@example.com").parse().unwrap(), at).unwrap();
        }
        assert!(attempts.0.lock().unwrap().by_address.len() <= CAPACITY);
    }
}
