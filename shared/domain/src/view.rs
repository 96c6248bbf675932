//! What a state shows at an instant: the score decayed up to then, and what follows from it.
//!
//! Invariant: a view stores nothing and changes nothing; the same state viewed at the same
//! instant is always the same.

use serde::Serialize;

use crate::{
    decay::ONE,
    points::{Points, divide_half_away},
    rule_set::Rules,
    stage::Stage,
    state::State,
    time::{DAY_MS, Timestamp},
};

/// A state as seen at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The points, decayed up to the instant; negative is kept as evidence.
    pub points: Points,
    /// The score shown: points rounded to a whole number, at least 0.
    pub score: i64,
    /// The stage of the score shown.
    pub stage: Stage,
    /// Events in the last 24 hours, at most 10.
    pub velocity: u32,
    /// How likely the lead is going cold, 0 to 100.
    pub risk: u32,
    /// The next stage that decay alone will bring.
    pub forecast: Option<Forecast>,
}

/// When decay will next change the stage, if no event comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// The stage that decay will bring.
    pub stage: Stage,
    /// The instant from which the lead shows it.
    pub at: Timestamp,
}

/// Views a state at `now`.
pub fn view(state: &State, rules: &Rules, now: Timestamp) -> View {
    let Some(last) = state.last_event_at() else {
        return View {
            points: Points::ZERO,
            score: 0,
            stage: rules.thresholds().stage(0),
            velocity: 0,
            risk: 0,
            forecast: None,
        };
    };
    let idle_days = now.whole_days_since(last);
    let points = rules.decay().apply(state.points, idle_days);
    let score = shown(points);
    let stage = rules.thresholds().stage(score);
    View {
        points,
        score,
        stage,
        velocity: velocity(state, now),
        risk: risk(state, rules, last, now),
        forecast: forecast(state, rules, last, idle_days, stage),
    }
}

/// Returns the score shown for points: rounded to a whole number, at least 0.
pub fn shown(points: Points) -> i64 {
    points.rounded().max(0)
}

/// Counts the events in the 24 hours that end with `now`, of the last ten.
fn velocity(state: &State, now: Timestamp) -> u32 {
    let recent = |at: &&Timestamp| (0..DAY_MS).contains(&now.millis_since(**at));
    u32::try_from(state.recent.iter().filter(recent).count()).unwrap_or(u32::MAX)
}

/// Adds three signs of a lead going cold, each rounded half away from zero:
///
/// - idle time: 2 for each whole idle day, at most 60;
/// - falling velocity: 20 × (v − velocity now) / v, with v the velocity at the last event;
/// - decay: 20 × (1 − f), with f the decay factor of the idle time.
fn risk(state: &State, rules: &Rules, last: Timestamp, now: Timestamp) -> u32 {
    let idle_days = now.whole_days_since(last);
    let idle = idle_days.saturating_mul(2).min(60);
    let before = i128::from(velocity(state, last).max(1));
    let fallen = (before - i128::from(velocity(state, now))).max(0);
    let falling = divide_half_away(20 * fallen, before);
    let lost = ONE - rules.decay().factor(idle_days);
    let decay = divide_half_away(20 * i128::from(lost), i128::from(ONE));
    idle + u32::try_from(falling + decay).unwrap_or(0)
}

/// Finds the first whole idle day after `idle_days` on which the stage shown is another one.
fn forecast(
    state: &State,
    rules: &Rules,
    last: Timestamp,
    idle_days: u32,
    stage: Stage,
) -> Option<Forecast> {
    let stage_after =
        |days| rules.thresholds().stage(shown(rules.decay().apply(state.points, days)));
    // The score never rises while a lead is idle, so the days that still show the stage come
    // first and the day looked for can be found by halving.
    let (mut same, mut other) = (idle_days, rules.decay().settled_after());
    if other <= same || stage_after(other) == stage {
        return None;
    }
    while other - same > 1 {
        let middle = same + (other - same) / 2;
        if stage_after(middle) == stage { same = middle } else { other = middle }
    }
    let at = last.plus_millis(i64::from(other) * DAY_MS);
    Some(Forecast { stage: stage_after(other), at })
}
