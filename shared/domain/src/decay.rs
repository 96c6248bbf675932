//! How points fade while a lead is idle.
//!
//! With `d` whole days of 86,400 s between two instants, `d ≤ idle_days` leaves points unchanged;
//! beyond it they are multiplied by `f(d − idle_days)`, where `f(0) = 10¹²` and
//! `f(n) = round(f(n − 1) × (1 − rate))`, both in 10⁻¹² fixed point and rounded half away from
//! zero. The result is rounded to thousandths of a point. Negative points fade the same way.

use serde::{Deserialize, Serialize};

use crate::points::{Points, divide_half_away};

/// One, in the fixed point of the factors.
pub const ONE: i64 = 1_000_000_000_000;

const MILLION: i64 = 1_000_000;

/// No table is longer than a century, whatever the rate.
const LONGEST_DAYS: usize = 36_525;

/// The decay settings of a rule set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decay {
    /// How many whole idle days leave the points as they are.
    pub idle_days: u32,
    /// What is lost on each idle day after those, in millionths (50,000 is 5 %).
    pub daily_rate_ppm: u32,
}

/// The factors `f(0), f(1), …` of one rate, up to the first that is 0 or repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecayTable {
    idle_days: u32,
    factors: Vec<i64>,
}

impl Decay {
    /// Computes the factors of this rate.
    ///
    /// The table ends where rounding makes a factor repeat (at 5 %: after some 500 days); from
    /// there on every later factor is the same.
    pub fn table(&self) -> DecayTable {
        let kept = i128::from(MILLION - i64::from(self.daily_rate_ppm.min(1_000_000)));
        let mut factors = vec![ONE];
        let mut factor = ONE;
        loop {
            let next = divide_half_away(i128::from(factor) * kept, i128::from(MILLION));
            if next == factor || factors.len() > LONGEST_DAYS {
                return DecayTable { idle_days: self.idle_days, factors };
            }
            factors.push(next);
            factor = next;
        }
    }
}

impl DecayTable {
    /// Returns the factor, of [`ONE`], after that many whole idle days.
    pub fn factor(&self, days: u32) -> i64 {
        let index = usize::try_from(days.saturating_sub(self.idle_days)).unwrap_or(usize::MAX);
        self.factors.get(index).or(self.factors.last()).copied().unwrap_or(ONE)
    }

    /// Tells whether so many idle days take anything.
    pub fn takes(&self, days: u32) -> bool {
        self.factor(days) != ONE
    }

    /// Returns what is left of `points` after that many whole idle days.
    pub fn apply(&self, points: Points, days: u32) -> Points {
        match self.factor(days) {
            ONE => points,
            factor => points.scaled(factor, ONE),
        }
    }

    /// Returns the number of idle days after which nothing changes any more.
    pub fn settled_after(&self) -> u32 {
        let steps = u32::try_from(self.factors.len().saturating_sub(1)).unwrap_or(u32::MAX);
        self.idle_days.saturating_add(steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn five_percent() -> DecayTable {
        Decay { idle_days: 7, daily_rate_ppm: 50_000 }.table()
    }

    #[test]
    fn seven_idle_days_cost_nothing_and_each_further_day_five_percent() {
        let table = five_percent();
        let hundred = Points::whole(100);
        assert_eq!(table.apply(hundred, 7), hundred);
        assert_eq!(table.apply(hundred, 8), Points::whole(95));
        assert_eq!(table.apply(hundred, 9), Points::from_thousandths(90_250));
        assert_eq!(table.apply(hundred, 10), Points::from_thousandths(85_738));
        assert_eq!(table.apply(Points::whole(-100), 10), Points::from_thousandths(-85_738));
    }

    #[test]
    fn factors_are_rounded_step_by_step_in_fixed_point() {
        let table = five_percent();
        assert_eq!(table.factor(7 + 3), 857_375_000_000);
        assert_eq!(table.factor(7 + 10), 598_736_939_239);
        assert_eq!(table.factor(7 + 11), 568_800_092_277);
    }

    #[test]
    fn the_table_ends_and_stays_where_it_ends() {
        let table = five_percent();
        let end = table.settled_after();
        assert!(end < 700, "{end}");
        assert_eq!(table.factor(end), table.factor(u32::MAX));
        assert_eq!(table.apply(Points::whole(1_000_000), end), Points::ZERO);
    }

    #[test]
    fn a_rate_of_zero_never_decays() {
        let table = Decay { idle_days: 0, daily_rate_ppm: 0 }.table();
        assert_eq!(table.apply(Points::whole(5), u32::MAX), Points::whole(5));
    }
}
