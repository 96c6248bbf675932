//! The arithmetic behind a score, as lines that add up to it exactly.
//!
//! Invariant: the points of all lines sum to the score shown, to the thousandth, because the same
//! fold that makes the score makes the lines.

use std::collections::VecDeque;

use serde::Serialize;

use crate::{
    event::{Event, EventId},
    fold::{Recorder, fold_recording},
    home::HomeId,
    limits::{Grant, Limit},
    points::Points,
    rule::Rule,
    rules::Rules,
    state::State,
    time::{Day, Timestamp},
};

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    /// A rule gave points for an event, or a limit withheld them.
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
        /// What a limit withheld; not part of the sum.
        withheld: Points,
        /// The limit that withheld it.
        withheld_by: Option<Limit>,
        /// The day at whose beginning the points go.
        expires_on: Option<Day>,
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
    /// Points went because their day had come.
    Expiry {
        /// The day at whose beginning they went.
        day: Day,
        /// What went, as a negative number (positive for negative points).
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
    /// The score shown is at most the total cap.
    TotalCap {
        /// What the cap took, as a negative number.
        points: Points,
    },
}

impl Line {
    pub(crate) fn contribution(
        event: &Event,
        rule: &Rule,
        rule_set: u32,
        grant: Grant,
        expires_on: Option<Day>,
    ) -> Self {
        Self::Contribution {
            event_id: event.event_id.clone(),
            home: event.home.id,
            event_type: event.event_type.clone(),
            timestamp: event.timestamp,
            rule: rule.id.clone(),
            rule_set,
            points: grant.given,
            withheld: grant.withheld,
            withheld_by: grant.withheld_by,
            expires_on,
        }
    }

    /// Returns the points of the line.
    pub const fn points(&self) -> Points {
        match self {
            Self::Contribution { points, .. }
            | Self::Decay { points, .. }
            | Self::Expiry { points, .. }
            | Self::Rounding { points }
            | Self::Floor { points }
            | Self::TotalCap { points } => *points,
        }
    }
}

/// Why a rule of an event's type did not give all it could.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refusal {
    /// The event.
    pub event_id: EventId,
    /// The home that the event is stored in.
    pub home: HomeId,
    /// What happened.
    pub event_type: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The rule's id; of a suppressed event, the rule that suppresses it; of one without consent,
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Why.
    #[serde(flatten)]
    pub reason: RefusalReason,
}

/// What kept a rule from giving all it could.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum RefusalReason {
    /// The condition did not hold.
    ConditionFalse,
    /// The condition could not be decided, which counts as false.
    ConditionFailed {
        /// Why.
        message: String,
    },
    /// The rule gave as often as it may in the period.
    Cap {
        /// What it would have given.
        withheld: Points,
    },
    /// The rule's group gave as much as it may.
    GroupCap {
        /// What it would have given more.
        withheld: Points,
    },
    /// The event was taken out of scoring.
    Suppressed,
    /// The person did not consent to scoring when it happened, so that no rule looked at it.
    NoConsent,
}

impl Refusal {
    pub(crate) fn of(event: &Event, rule: &Rule, reason: RefusalReason) -> Self {
        Self::told(event, Some(rule.id.clone()), reason)
    }

    pub(crate) fn without_consent(event: &Event) -> Self {
        Self::told(event, None, RefusalReason::NoConsent)
    }

    fn told(event: &Event, rule: Option<String>, reason: RefusalReason) -> Self {
        Self {
            event_id: event.event_id.clone(),
            home: event.home.id,
            event_type: event.event_type.clone(),
            timestamp: event.timestamp,
            rule,
            reason,
        }
    }

    /// Tells whether the event counts for nothing because of it.
    pub const fn is_of_whole_event(&self) -> bool {
        matches!(self.reason, RefusalReason::Suppressed | RefusalReason::NoConsent)
    }
}

/// A score with the lines that sum to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The state that the events fold to.
    pub state: State,
    /// The lines, in the order of the fold.
    pub lines: Vec<Line>,
    /// Why rules did not give all they could, in the order of the fold, as far as asked for.
    pub refusals: Vec<Refusal>,
    /// The points at the instant of the view.
    pub points: Points,
    /// The score shown: the sum of all lines.
    pub score: i64,
}

/// Keeps all lines, and the latest refusals as far as they are wanted.
struct Told {
    lines: Vec<Line>,
    refusals: VecDeque<Refusal>,
    most_refusals: usize,
}

impl Recorder for Told {
    fn record(&mut self, line: impl FnOnce() -> Line) {
        self.lines.push(line());
    }

    fn refuse(&mut self, refusal: impl FnOnce() -> Refusal) {
        if self.most_refusals == 0 {
            return;
        }
        if self.refusals.len() == self.most_refusals {
            self.refusals.pop_front();
        }
        self.refusals.push_back(refusal());
    }
}

/// Folds events that are in order and explains the score at `now`.
pub fn explain(rules: &Rules, events: &[Event], now: Timestamp) -> Explanation {
    explain_why_not(rules, events, now, 0)
}

/// Explains a score and tells also why rules did not give all they could: the latest
/// `most_refusals` times.
pub fn explain_why_not(
    rules: &Rules,
    events: &[Event],
    now: Timestamp,
    most_refusals: usize,
) -> Explanation {
    let mut told = Told { lines: Vec::new(), refusals: VecDeque::new(), most_refusals };
    let state = fold_recording(rules, events, &mut told);
    let mut balance = state.balance.clone();
    if let Some(last) = state.last_event_at {
        balance.age(rules.decay(), last, now, &mut told);
    }
    let Told { mut lines, refusals, .. } = told;
    let points = balance.total();
    let score = rules.shown(points);
    lines.extend(lines_to_score(points, score));
    Explanation { state, lines, refusals: refusals.into(), points, score }
}

/// Returns what leads from points to the score shown: rounding, floor and total cap.
fn lines_to_score(points: Points, score: i64) -> Vec<Line> {
    let rounded = points.rounded();
    let mut lines = Vec::new();
    let rounding = Points::whole(rounded) - points;
    if rounding != Points::ZERO {
        lines.push(Line::Rounding { points: rounding });
    }
    let moved = Points::whole(score) - Points::whole(rounded);
    if moved > Points::ZERO {
        lines.push(Line::Floor { points: moved });
    } else if moved < Points::ZERO {
        lines.push(Line::TotalCap { points: moved });
    }
    lines
}
