//! What time alone does to a stage: decay and expiry, while no event comes.
//!
//! Invariant: every change is dated at the very instant from which the lead shows it, and none is
//! left out.

use serde::Serialize;

use crate::{
    balance::Balance,
    rules::Rules,
    stage::Stage,
    time::{DAY_MS, Timestamp},
};

/// When decay or expiry will next change the stage, if no event comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// The stage that it will be.
    pub stage: Stage,
    /// The instant from which the lead shows it.
    pub at: Timestamp,
}

/// What a lead's points are between its last event and the next one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course<'a> {
    rules: &'a Rules,
    /// As of the last event.
    balance: &'a Balance,
    last: Timestamp,
}

impl<'a> Course<'a> {
    /// Takes the points as they were just after the event at `last`.
    pub(crate) const fn new(rules: &'a Rules, balance: &'a Balance, last: Timestamp) -> Self {
        Self { rules, balance, last }
    }

    /// Finds the next instant after `now`, at which `stage` is shown, that brings another stage.
    ///
    /// Points change at the end of each whole idle day and at the beginning of a day on which points
    /// go. While some are still to go, every such instant is looked at; afterwards only points that
    /// last are left, whose score never rises while a lead is idle.
    pub(crate) fn next(&self, now: Timestamp, stage: Stage) -> Option<Forecast> {
        self.next_until(now, stage, Timestamp::LAST)
    }

    /// Finds what [`Course::next`] does as far as it is no later than `until`.
    pub(crate) fn next_until(
        &self,
        now: Timestamp,
        stage: Stage,
        until: Timestamp,
    ) -> Option<Forecast> {
        let expiries = self.balance.expiring.range(now.day().next()..);
        let mut expiries = expiries.map(|(day, _)| day.start());
        let calm = expiries.clone().next_back().unwrap_or(now);
        let mut idle_days = now.whole_days_since(self.last);
        let mut expiry = expiries.next();
        while let Some(expires_at) = expiry {
            let decays_at = self.idle_day(idle_days + 1);
            let at = expires_at.min(decays_at);
            if at > until {
                return None;
            }
            if self.stage_at(at) != stage {
                return Some(Forecast { stage: self.stage_at(at), at });
            }
            if at == decays_at {
                idle_days += 1;
            }
            if at == expires_at {
                expiry = expiries.next();
            }
        }
        self.lasting(calm.whole_days_since(self.last), stage).filter(|next| next.at <= until)
    }

    /// Finds the first whole idle day after `idle_days` on which the stage shown is another one, when
    /// the score only falls.
    fn lasting(&self, idle_days: u32, stage: Stage) -> Option<Forecast> {
        let stage_after = |days| self.stage_at(self.idle_day(days));
        // The days that still show the stage come first, so the day looked for is found by halving.
        let (mut same, mut other) = (idle_days, self.rules.decay().settled_after());
        if other <= same || stage_after(other) == stage {
            return None;
        }
        while other - same > 1 {
            let middle = same + (other - same) / 2;
            if stage_after(middle) == stage { same = middle } else { other = middle }
        }
        Some(Forecast { stage: stage_after(other), at: self.idle_day(other) })
    }

    fn stage_at(&self, at: Timestamp) -> Stage {
        self.rules.stage(self.balance.total_at(self.rules.decay(), self.last, at))
    }

    /// Returns the instant at which so many whole days have passed since the last event.
    fn idle_day(&self, days: u32) -> Timestamp {
        self.last.plus_millis(i64::from(days) * DAY_MS)
    }
}
