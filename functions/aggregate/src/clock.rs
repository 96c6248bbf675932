//! The time of an invocation.
//!
//! Invariant: it never goes back.

use std::time::{Duration, Instant};

use domain::time::Timestamp;

/// Tells the time while an invocation goes on.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Timestamp,
    /// `None` where it stands still.
    since: Option<Instant>,
}

impl Clock {
    /// Returns one by which an instant is now.
    pub fn from_now(now: Timestamp) -> Self {
        Self { began: now, since: Some(Instant::now()) }
    }

    /// Returns one that stands still at an instant.
    pub const fn at(now: Timestamp) -> Self {
        Self { began: now, since: None }
    }

    /// Returns when the invocation began.
    pub const fn began(self) -> Timestamp {
        self.began
    }

    /// Returns the instant.
    pub fn now(self) -> Timestamp {
        let gone = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        self.began.plus_millis(i64::try_from(gone.as_millis()).unwrap_or(i64::MAX))
    }
}
