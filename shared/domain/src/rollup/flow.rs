//! How leads went from stage to stage on a day.
//!
//! Invariant: every stay is counted once, on the day on which it ended.

use std::{collections::BTreeMap, ops::AddAssign};

use crate::{funnel::Transition, stage::Stage};

/// The changes of stage on a day, or on several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// How many there were, by the stage before and the one after.
    pub transitions: BTreeMap<(Stage, Stage), u64>,
    /// How many stays ended, by the stage and the whole hours of the stay.
    pub stays: BTreeMap<Stage, BTreeMap<u32, u64>>,
}

impl Flow {
    /// Counts a change.
    pub(super) fn count(&mut self, transition: &Transition) {
        let (from, to) = (transition.from.stage, transition.to.stage);
        *self.transitions.entry((from, to)).or_default() += 1;
        let stays = self.stays.entry(from).or_default();
        *stays.entry(transition.stayed_hours()).or_default() += 1;
    }

    /// Returns the median of the whole hours that the stays in a stage took, which may be half way
    /// between two; `None` when none ended.
    pub fn median_hours(&self, stage: Stage) -> Option<f64> {
        let stays = self.stays.get(&stage)?;
        let count: u64 = stays.values().sum();
        let nth = |place: u64| {
            let mut before = 0;
            let reaches = |(hours, leads): (&u32, &u64)| {
                before += leads;
                (before > place).then_some(f64::from(*hours))
            };
            stays.iter().find_map(reaches)
        };
        Some(f64::midpoint(nth(count.checked_sub(1)? / 2)?, nth(count / 2)?))
    }
}

impl AddAssign for Flow {
    fn add_assign(&mut self, other: Self) {
        for (stages, count) in other.transitions {
            *self.transitions.entry(stages).or_default() += count;
        }
        for (stage, stays) in other.stays {
            let own = self.stays.entry(stage).or_default();
            for (hours, count) in stays {
                *own.entry(hours).or_default() += count;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(hours: &[u32]) -> Flow {
        let mut stays = BTreeMap::new();
        for hours in hours {
            *stays.entry(*hours).or_default() += 1;
        }
        Flow { stays: [(Stage::Warm, stays)].into(), ..Flow::default() }
    }

    #[test]
    fn a_median_is_the_middle_one_or_half_way_between_the_two() {
        let median = |hours: &[u32]| flow(hours).median_hours(Stage::Warm);
        assert_eq!(median(&[9, 1, 5]), Some(5.0));
        assert_eq!(median(&[1, 2, 2, 9]), Some(2.0));
        assert_eq!(median(&[1, 2, 5, 9]), Some(3.5));
        assert_eq!(median(&[7]), Some(7.0));
        assert_eq!((median(&[]), flow(&[1]).median_hours(Stage::Hot)), (None, None));
        let mut both = flow(&[1, 2]);
        both += flow(&[2, 40, 41]);
        assert_eq!(both.median_hours(Stage::Warm), Some(2.0));
    }
}
