//! How many requests of a minute are served.
//!
//! Invariant: a limit is never so low that nobody could raise it again.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// How many requests each caller of a tenant may make a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimits {
    /// Each person who signed in.
    pub people: u32,
    /// Each API key, for everything but events.
    pub api_keys: u32,
    /// Each API key that sends events. One request may bring many.
    pub ingest: u32,
}

/// Says that a limit is out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a limit is a whole number from {} to {}", RateLimits::BOUNDS.start(), RateLimits::BOUNDS.end())]
pub struct InvalidRateLimit;

impl RateLimits {
    /// What each limit may be.
    pub const BOUNDS: RangeInclusive<u32> = 10..=1_000_000;

    /// Checks that every limit is within its bounds.
    pub fn check(&self) -> Result<(), InvalidRateLimit> {
        let all = [self.people, self.api_keys, self.ingest];
        let fits = all.iter().all(|limit| Self::BOUNDS.contains(limit));
        if fits { Ok(()) } else { Err(InvalidRateLimit) }
    }
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { people: 100, api_keys: 1_000, ingest: 60_000 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_out_of_bounds_is_refused_and_the_default_is_not() {
        let limits = RateLimits::default();
        assert_eq!(limits.check(), Ok(()));
        for bad in [
            RateLimits { people: 9, ..limits },
            RateLimits { api_keys: 0, ..limits },
            RateLimits { ingest: 1_000_001, ..limits },
        ] {
            assert_eq!(bad.check(), Err(InvalidRateLimit), "{bad:?}");
        }
    }
}
