//! When an event happened: what the sender's clock said, corrected by how wrong that clock is.
//!
//! Invariant: no accepted event is later than its `received_at`.

use domain::time::{DAY_MS, Timestamp};
use serde_json::Value;

use crate::rejection::Rejection;

/// A clock that is off by less is not corrected: some senders freeze `sentAt` at their first
/// attempt, so that a retry looks like a slow clock.
const SKEW_THRESHOLD_MS: i64 = 60_000;

/// Numbers below are seconds, from there on milliseconds: 1973 as milliseconds, 5138 as seconds.
const FIRST_MILLIS: f64 = 100_000_000_000.0;

/// Reads an instant: RFC 3339, or a number of seconds or milliseconds since 1970.
pub fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            let number = number.as_f64()?;
            let millis = if number.abs() < FIRST_MILLIS { number * 1_000.0 } else { number };
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a cast saturates, and the range \
                is checked"
            )]
            Timestamp::from_millis(millis.round() as i64).ok()
        }
        _ => None,
    }
}

/// Reads the instant in a field; absent and null are none.
pub fn instant_field(
    field: &'static str,
    value: Option<&Value>,
) -> Result<Option<Timestamp>, Rejection> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let invalid = || {
        let message = format!(
            "{field} is not a time: RFC 3339 text such as 2026-01-15T12:00:00Z, or a number of \
             seconds or milliseconds since 1970"
        );
        Rejection::of(field, "invalid_timestamp", message)
    };
    instant(value).map(Some).ok_or_else(invalid)
}

/// Tells whether a sender's clock is wrong.
pub const fn is_wrong(sent_at: Timestamp, received_at: Timestamp) -> bool {
    received_at.millis_since(sent_at).abs() > SKEW_THRESHOLD_MS
}

/// Decides when an event happened.
///
/// With a `sent_at` that is more than a minute off, the sender's clock is wrong, and the event
/// happened as long before `received_at` as the sender says that it happened before `sent_at`.
/// What then lies up to a day ahead happened at `received_at`; further ahead it is rejected.
pub fn happened_at(
    timestamp: Option<Timestamp>,
    sent_at: Option<Timestamp>,
    received_at: Timestamp,
) -> Result<Timestamp, Rejection> {
    let Some(timestamp) = timestamp else { return Ok(received_at) };
    let corrected = match sent_at.filter(|sent_at| is_wrong(*sent_at, received_at)) {
        Some(sent_at) => timestamp.plus_millis(received_at.millis_since(sent_at)),
        None => timestamp,
    };
    let ahead = corrected.millis_since(received_at);
    if ahead > DAY_MS {
        let message = "timestamp lies more than 24 hours in the future";
        return Err(Rejection::of("timestamp", "timestamp_in_future", message));
    }
    Ok(corrected.min(received_at))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn every_form_of_an_instant_is_read() {
        let expected = at("2026-01-15T12:00:00.123Z");
        for value in [
            json!("2026-01-15T12:00:00.123Z"),
            json!("2026-01-15T12:00:00.123456+00:00"),
            json!("2026-01-15T09:00:00.123-03:00"),
            json!(1_768_478_400_123_i64),
            json!(1_768_478_400.123),
        ] {
            assert_eq!(instant(&value), Some(expected), "{value}");
        }
        for value in [json!("yesterday"), json!(true), json!(-1), json!(1e300), json!("")] {
            assert_eq!(instant(&value), None, "{value}");
        }
    }

    #[test]
    fn a_wrong_clock_is_corrected_and_a_slow_retry_is_not() {
        let received = at("2026-01-15T12:00:00Z");
        let happened = |timestamp, sent_at| happened_at(Some(at(timestamp)), sent_at, received);
        // The clock is an hour fast: 10 s before sending is 10 s before receiving.
        let fast = happened("2026-01-15T12:59:50Z", Some(at("2026-01-15T13:00:00Z")));
        assert_eq!(fast, Ok(at("2026-01-15T11:59:50Z")));
        // Years slow.
        let slow = happened("2020-01-01T00:00:00Z", Some(at("2020-01-01T00:00:05Z")));
        assert_eq!(slow, Ok(at("2026-01-15T11:59:55Z")));
        // A minute is no skew.
        let retried = happened("2026-01-15T11:58:59Z", Some(at("2026-01-15T11:59:00Z")));
        assert_eq!(retried, Ok(at("2026-01-15T11:58:59Z")));
        // Without sentAt it is taken as it is.
        assert_eq!(happened("2025-06-01T00:00:00Z", None), Ok(at("2025-06-01T00:00:00Z")));
    }

    #[test]
    fn the_near_future_is_now_and_the_far_future_is_rejected() {
        let received = at("2026-01-15T12:00:00Z");
        let happened = |timestamp| happened_at(Some(at(timestamp)), None, received);
        assert_eq!(happened("2026-01-16T12:00:00Z"), Ok(received));
        assert_eq!(happened("2026-01-16T12:00:00.001Z").unwrap_err().code, "timestamp_in_future");
        assert_eq!(happened_at(None, None, received), Ok(received));
    }
}
