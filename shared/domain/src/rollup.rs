//! Rollups: a day's picture of a tenant's leads, summed from the partials of scan segments.
//!
//! Invariant: partials are sums over disjoint sets of leads, so adding them gives the whole in any
//! order; the average is taken only from the sum.

use serde::{Deserialize, Serialize};

use crate::{
    points::{Points, divide_half_away},
    stage::Stage,
};

/// What one scan segment saw of a tenant's leads at a day's last instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollup {
    /// Leads that had been seen by then.
    pub leads: u64,
    /// Leads first seen on the day.
    pub new_leads: u64,
    /// The sum of the scores shown.
    pub score_sum: u64,
    /// Leads by stage.
    pub by_stage: ByStage,
}

/// A count for each stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are the stages")]
pub struct ByStage {
    pub cold: u64,
    pub warm: u64,
    pub hot: u64,
    pub qualified: u64,
}

impl ByStage {
    /// Returns the count of a stage.
    pub const fn of(&mut self, stage: Stage) -> &mut u64 {
        match stage {
            Stage::Cold => &mut self.cold,
            Stage::Warm => &mut self.warm,
            Stage::Hot => &mut self.hot,
            Stage::Qualified => &mut self.qualified,
        }
    }
}

impl Rollup {
    /// Counts one lead.
    pub fn count(&mut self, score: i64, stage: Stage, is_new: bool) {
        self.leads += 1;
        self.new_leads += u64::from(is_new);
        self.score_sum += u64::try_from(score).unwrap_or(0);
        *self.by_stage.of(stage) += 1;
    }

    /// Returns the average score shown, in thousandths, rounded half away from zero; 0 without
    /// leads.
    pub fn average_score(&self) -> Points {
        let sum = i128::from(self.score_sum) * 1_000;
        let leads = i128::from(self.leads.max(1));
        Points::from_thousandths(divide_half_away(sum, leads))
    }
}

impl std::iter::Sum for Rollup {
    fn sum<I: Iterator<Item = Self>>(partials: I) -> Self {
        let add = |mut sum: Self, partial: Self| {
            sum.leads += partial.leads;
            sum.new_leads += partial.new_leads;
            sum.score_sum += partial.score_sum;
            sum.by_stage.cold += partial.by_stage.cold;
            sum.by_stage.warm += partial.by_stage.warm;
            sum.by_stage.hot += partial.by_stage.hot;
            sum.by_stage.qualified += partial.by_stage.qualified;
            sum
        };
        partials.fold(Self::default(), add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partials_add_up_and_the_average_is_of_the_whole() {
        let mut one = Rollup::default();
        one.count(10, Stage::Cold, true);
        let mut two = Rollup::default();
        two.count(30, Stage::Warm, false);
        two.count(100, Stage::Qualified, false);
        let whole: Rollup = [one, two].into_iter().sum();
        assert_eq!((whole.leads, whole.new_leads), (3, 1));
        assert_eq!(whole.average_score(), Points::from_thousandths(46_667));
        assert_eq!(Rollup::default().average_score(), Points::ZERO);
    }
}
