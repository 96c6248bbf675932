//! How long an invocation may go on.

use std::time::{Duration, Instant, SystemTime};

/// The time of an invocation, of which a part is kept to finish what is under way.
#[derive(Clone, Copy, Debug)]
pub struct Budget(Instant);

impl Budget {
    /// Returns a budget that is over when half of the time to `deadline` is left: to write what
    /// was read, and to remove what it was read from, takes less.
    pub fn until(deadline: SystemTime) -> Self {
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        Self(Instant::now() + left / 2)
    }

    /// Returns a budget of some time from now.
    pub fn of(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// Tells whether no further object is to be read.
    pub(crate) fn is_over(self) -> bool {
        Instant::now() >= self.0
    }
}
