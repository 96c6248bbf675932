//! How long an invocation may go on.

use std::time::{Duration, Instant, SystemTime};

/// The time of an invocation, of which a part is kept to finish what is under way.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    until: Instant,
}

impl Budget {
    /// Returns a budget that is over when a third of the time to `deadline` is left: a step that
    /// was begun, however large its leads, ends within that.
    pub fn until(deadline: SystemTime) -> Self {
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        Self::of(left / 3 * 2)
    }

    /// Returns a budget of some time from now.
    pub fn of(time: Duration) -> Self {
        Self { until: Instant::now() + time }
    }

    /// Tells whether no further step is to be begun.
    pub(crate) fn is_over(self) -> bool {
        Instant::now() >= self.until
    }
}
