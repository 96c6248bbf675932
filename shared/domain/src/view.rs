//! What a state shows at an instant: the score decayed up to then, and what follows from it.
//!
//! Invariant: a view stores nothing and changes nothing; the same state viewed at the same
//! instant is always the same.

use serde::Serialize;

pub use crate::course::Forecast;
use crate::{
    course::Course,
    decay::ONE,
    points::{Points, divide_half_away},
    rules::Rules,
    stage::Stage,
    state::State,
    time::Timestamp,
};

/// A state as seen at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The points, decayed up to the instant; negative is kept as evidence.
    pub points: Points,
    /// The score shown: points rounded to a whole number, at least 0, at most the total cap.
    pub score: i64,
    /// The stage of the score shown.
    pub stage: Stage,
    /// Events in the last 24 hours, at most 10.
    pub velocity: u32,
    /// How likely the lead is going cold, 0 to 100.
    pub risk: u32,
    /// The next stage that decay and expiry alone will bring.
    pub forecast: Option<Forecast>,
}

/// The score and stage that a state shows at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The points, decayed up to the instant.
    pub points: Points,
    /// The score.
    pub score: i64,
    /// The stage.
    pub stage: Stage,
}

/// Returns what a state shows at `now`, without what follows from it.
pub fn shown(state: &State, rules: &Rules, now: Timestamp) -> Shown {
    let total = |last| state.balance.total_at(rules.decay(), last, now);
    let points = state.last_event_at.map_or(Points::ZERO, total);
    Shown { points, score: rules.shown(points), stage: rules.stage(points) }
}

/// Views a state at `now`.
pub fn view(state: &State, rules: &Rules, now: Timestamp) -> View {
    let Shown { points, score, stage } = shown(state, rules, now);
    let last = state.last_event_at;
    View {
        points,
        score,
        stage,
        velocity: state.velocity(now),
        risk: last.map_or(0, |last| risk(state, rules, last, now).total()),
        forecast: last.and_then(|last| Course::new(rules, &state.balance, last).next(now, stage)),
    }
}

/// What a risk is made of, each part rounded half away from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Risk {
    /// Idle time: 2 for each whole idle day, at most 60.
    pub idle: u32,
    /// Falling velocity: 20 × (v − velocity now) / v, with v the velocity at the last event.
    pub falling_velocity: u32,
    /// Decay: 20 × (1 − f), with f the decay factor of the idle time.
    pub decay: u32,
}

impl Risk {
    /// Returns the risk: the sum of its parts, 0 to 100.
    pub const fn total(self) -> u32 {
        self.idle + self.falling_velocity + self.decay
    }
}

/// Measures the signs of a lead going cold; see [`Risk`].
pub fn risk(state: &State, rules: &Rules, last: Timestamp, now: Timestamp) -> Risk {
    let idle_days = now.whole_days_since(last);
    let before = i128::from(state.velocity(last).max(1));
    let fallen = (before - i128::from(state.velocity(now))).max(0);
    let falling = divide_half_away(20 * fallen, before);
    let lost = ONE - rules.decay().factor(idle_days);
    let decay = divide_half_away(20 * i128::from(lost), i128::from(ONE));
    Risk {
        idle: idle_days.saturating_mul(2).min(60),
        falling_velocity: u32::try_from(falling).unwrap_or(0),
        decay: u32::try_from(decay).unwrap_or(0),
    }
}

/// The stage above the one shown, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NextStage {
    /// The stage.
    pub stage: Stage,
    /// How many points are missing to where it begins.
    pub points: Points,
}

/// Returns the next stage up that points can reach under the total cap; `None` if there is none.
pub fn next_stage(points: Points, rules: &Rules) -> Option<NextStage> {
    let (thresholds, shown) = (rules.thresholds(), rules.stage(points));
    let begins = Stage::ALL.into_iter().map(|stage| thresholds.from(stage));
    // Where several stages begin at one score, that score shows the highest.
    let from = begins.filter(|from| thresholds.stage(*from) > shown).min()?;
    let reachable = rules.set().shown(from) == from;
    let points = Points::whole(from) - points;
    reachable.then(|| NextStage { stage: thresholds.stage(from), points })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rule_set::RuleSet, stage::Thresholds};

    fn next(points: i64, change: impl Fn(&mut RuleSet)) -> Option<(Stage, i64)> {
        let mut set = RuleSet::default_set().unwrap();
        change(&mut set);
        let next = next_stage(Points::whole(points), &Rules::prepare(set).unwrap())?;
        Some((next.stage, next.points.rounded()))
    }

    #[test]
    fn the_next_stage_is_as_far_as_points_are_missing() {
        assert_eq!(next(45, |_| {}), Some((Stage::Hot, 15)));
        assert_eq!(next(-20, |_| {}), Some((Stage::Warm, 50)));
        assert_eq!(next(100, |_| {}), None);
    }

    #[test]
    fn a_stage_that_cannot_be_shown_is_not_next() {
        let even = |set: &mut RuleSet| {
            set.thresholds = Thresholds { warm: 30, hot: 30, qualified: 100 };
        };
        assert_eq!(next(10, even), Some((Stage::Hot, 20)));
        assert_eq!(next(70, |set| set.total_cap = Some(80)), None);
    }
}
