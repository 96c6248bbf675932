//! The arithmetic behind a score, as lines that add up to it exactly.
//!
//! Invariant: the points of all lines sum to the score shown, to the thousandth, because the same
//! fold that makes the score makes the lines.

use serde::Serialize;

use crate::{
    event::{Event, EventId},
    fold::{decayed, fold_recording},
    home::HomeId,
    points::Points,
    rule_set::{Rule, Rules},
    state::State,
    time::Timestamp,
};

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    /// A rule gave points for an event.
    Contribution {
        /// The event.
        event_id: EventId,
        /// The home that the event is stored in.
        home: HomeId,
        /// What happened.
        event_type: String,
        /// When it happened.
        timestamp: Timestamp,
        /// The rule's id.
        rule: String,
        /// The version of the rule set.
        rule_set: u32,
        /// What the rule gave.
        points: Points,
    },
    /// Idle time took points.
    Decay {
        /// The event before the gap.
        from: Timestamp,
        /// The event after it, or the instant of the view.
        to: Timestamp,
        /// The whole days between them.
        idle_days: u32,
        /// What the gap took, as a negative number (positive for a negative total).
        points: Points,
    },
    /// The score is a whole number.
    Rounding {
        /// What rounding added or took.
        points: Points,
    },
    /// The score shown is at least 0.
    Floor {
        /// What a negative total was lifted by.
        points: Points,
    },
}

impl Line {
    pub(crate) fn contribution(event: &Event, rule: &Rule, rule_set: u32) -> Self {
        Self::Contribution {
            event_id: event.event_id.clone(),
            home: event.home.id,
            event_type: event.event_type.clone(),
            timestamp: event.timestamp,
            rule: rule.id.clone(),
            rule_set,
            points: rule.points,
        }
    }

    /// Returns the points of the line.
    pub const fn points(&self) -> Points {
        match self {
            Self::Contribution { points, .. }
            | Self::Decay { points, .. }
            | Self::Rounding { points }
            | Self::Floor { points } => *points,
        }
    }
}

/// A score with the lines that sum to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The state that the events fold to.
    pub state: State,
    /// The lines, in the order of the fold.
    pub lines: Vec<Line>,
    /// The points at the instant of the view.
    pub points: Points,
    /// The score shown: the sum of all lines.
    pub score: i64,
}

/// Folds events that are in order and explains the score at `now`.
pub fn explain(rules: &Rules, events: &[Event], now: Timestamp) -> Explanation {
    let mut lines = Vec::new();
    let state = fold_recording(rules, events, &mut lines);
    let points = match state.last_event_at() {
        Some(last) => decayed(state.points, rules, last, now, &mut lines),
        None => Points::ZERO,
    };
    let rounded = points.rounded();
    let score = rounded.max(0);
    let rounding = Points::whole(rounded) - points;
    if rounding != Points::ZERO {
        lines.push(Line::Rounding { points: rounding });
    }
    if score != rounded {
        lines.push(Line::Floor { points: Points::whole(score - rounded) });
    }
    Explanation { state, lines, points, score }
}
