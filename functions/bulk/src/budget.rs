//! How long an invocation may go on.

use std::time::{Duration, Instant, SystemTime};

/// What is left after a step's budget when the budget is given without a deadline.
const SPARE: Duration = Duration::from_mins(1);

/// The time of an invocation, of which a part is kept to finish what is under way.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    until: Instant,
    ends: Instant,
}

impl Budget {
    /// Returns a budget that is over when a third of the time to `deadline` is left: a step that
    /// was begun ends within that, or is given up shortly before the deadline.
    pub fn until(deadline: SystemTime) -> Self {
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        let now = Instant::now();
        Self { until: now + left / 3 * 2, ends: now + left / 20 * 19 }
    }

    /// Returns a budget of some time from now.
    pub fn of(time: Duration) -> Self {
        let until = Instant::now() + time;
        Self { until, ends: until + SPARE }
    }

    /// Tells whether no further step is to be begun.
    pub(crate) fn is_over(self) -> bool {
        Instant::now() >= self.until
    }

    /// Returns when what is under way is given up, while there is time to say so.
    pub(crate) const fn ends(self) -> Instant {
        self.ends
    }
}
