//! The keys of what stands at the door: the audit log, and the counters and records of requests.
//!
//! Invariant: all of it lies in the tenant's partition, the entries of the audit log in the order
//! of time.

use domain::{tenant::TenantId, time::Timestamp};
use uuid::Uuid;

use super::Key;

/// The key of an entry of the audit log, by its UUID of version 7.
pub fn audit(tenant: &TenantId, id: &str) -> Key {
    Key { pk: tenant.to_string(), sk: format!("{AUDIT}{id}") }
}

/// The first and last sort key of the entries from `from` to `to`, both included, that are older
/// than `after`.
pub fn audit_range(
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    after: Option<Uuid>,
) -> (String, String) {
    let first = from.map_or(0, |from| millis(from) << RANDOM_BITS);
    let last = to.map_or(u128::MAX, |to| (millis(to) << RANDOM_BITS) | ((1 << RANDOM_BITS) - 1));
    let last = after.map_or(last, |after| last.min(after.as_u128().saturating_sub(1)));
    let key = |id: u128| format!("{AUDIT}{}", Uuid::from_u128(id));
    (key(first), key(last))
}

/// Reads the id of an entry's sort key.
pub fn parse_audit(sk: &str) -> Option<&str> {
    sk.strip_prefix(AUDIT)
}

const AUDIT: &str = "audit#";

/// What follows the 48 bits of the instant in a UUID of version 7.
const RANDOM_BITS: u32 = 80;

fn millis(at: Timestamp) -> u128 {
    u128::try_from(at.millis()).unwrap_or(0)
}

/// The key of how many requests somebody made in a minute, counted from 1970.
pub fn rate(tenant: &TenantId, subject: &str, minute: i64) -> Key {
    Key { pk: tenant.to_string(), sk: format!("rate#{subject}#{minute:010}") }
}

/// The key of what came of a request that is to be made once, by a token that says nothing of it.
pub fn idempotency(tenant: &TenantId, token: &str) -> Key {
    Key { pk: tenant.to_string(), sk: format!("{IDEMPOTENCY}{token}") }
}

/// The first and last sort key of such requests after that of a token, or of all.
pub fn requests_after(token: Option<&str>) -> (String, String) {
    let first = token.map(|token| format!("{token}!")).unwrap_or_default();
    (format!("{IDEMPOTENCY}{first}"), format!("{IDEMPOTENCY}~"))
}

/// Reads the token of such a sort key.
pub fn parse_request(sk: &str) -> Option<&str> {
    sk.strip_prefix(IDEMPOTENCY)
}

const IDEMPOTENCY: &str = "idempotency#";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_lie_in_the_order_of_time_and_within_their_range() {
        let acme: TenantId = "acme".parse().unwrap();
        let at = |millis| Timestamp::from_millis(millis).unwrap();
        let id = |millis: u64, random: u8| {
            uuid::Builder::from_unix_timestamp_millis(millis, &[random; 10]).into_uuid()
        };
        let key = |id: Uuid| audit(&acme, &id.to_string()).sk;
        let within = |(first, last): &(String, String), id| *first <= key(id) && key(id) <= *last;
        let range = audit_range(Some(at(1_000)), Some(at(2_000)), None);
        for (millis, expected) in [(999, false), (1_000, true), (2_000, true), (2_001, false)] {
            for random in [0, 255] {
                assert_eq!(within(&range, id(millis, random)), expected, "{millis}");
            }
        }
        let older = audit_range(None, None, Some(id(1_500, 7)));
        assert!(!within(&older, id(1_500, 7)) && within(&older, id(1_500, 6)));
        assert!(!within(&older, id(1_501, 0)));
        assert_eq!(parse_audit(&key(id(1, 1))), Some(id(1, 1).to_string().as_str()));
    }
}
