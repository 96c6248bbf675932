//! How long an invocation may go on.
//!
//! Invariant: who stops when the budget is over has the time to end what is under way, and to say
//! so when that does not end.

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
    /// was begun, however large its leads, ends within that, or is given up shortly before the
    /// deadline.
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
    pub fn is_over(self) -> bool {
        Instant::now() >= self.until
    }

    /// Returns when what is under way is given up, while there is time to say so.
    pub const fn ends(self) -> Instant {
        self.ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_in_time_is_given_up_before_the_deadline() {
        let deadline = Duration::from_mins(3);
        let budget = Budget::until(SystemTime::now() + deadline);
        assert!(!budget.is_over());
        assert!(budget.until < budget.ends() && budget.ends() < Instant::now() + deadline);
        assert!(Budget::until(SystemTime::now()).is_over());
        assert!(Budget::of(Duration::ZERO).is_over());
    }
}
