//! The lines of an explanation as they are answered.
//!
//! Invariant: however many lines there are, what is listed sums to the score.

use domain::{
    event::EventId,
    explanation::Line,
    home::HomeId,
    limits::Limit,
    points::Points,
    time::{Day, Timestamp},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::words;

/// One line of the arithmetic.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = ExplanationLine)]
pub enum LineBody {
    /// The sum of the oldest lines, where there are more than 5,000.
    Earlier {
        /// How many lines it stands for.
        lines: usize,
        /// Their sum.
        #[schema(value_type = f64)]
        points: Points,
    },
    /// A rule gave points for an event.
    Contribution {
        /// The event.
        #[schema(value_type = String)]
        event_id: EventId,
        /// The home that the event is stored in: one of the lead's ids.
        #[schema(schema_with = words::lead_id)]
        home: HomeId,
        /// What happened.
        event_type: String,
        /// When it happened.
        #[schema(value_type = String, format = DateTime)]
        timestamp: Timestamp,
        /// The rule's id.
        rule: String,
        /// The version of the rule set.
        rule_set: u32,
        /// What the rule gave, negative where it took.
        #[schema(value_type = f64)]
        points: Points,
        /// What a limit withheld; not part of the sum.
        #[schema(value_type = f64)]
        withheld: Points,
        /// The limit that withheld it.
        #[serde(skip_serializing_if = "Option::is_none")]
        withheld_by: Option<LimitBody>,
        /// The day at whose beginning the points go, if they do.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>, format = Date)]
        expires_on: Option<Day>,
    },
    /// Idle time took points.
    Decay {
        /// The event before the gap.
        #[schema(value_type = String, format = DateTime)]
        from: Timestamp,
        /// The event after it, or the instant of the request.
        #[schema(value_type = String, format = DateTime)]
        to: Timestamp,
        /// The whole days between them.
        idle_days: u32,
        /// What the gap took, as a negative number (positive for a negative total).
        #[schema(value_type = f64)]
        points: Points,
    },
    /// Points went because their day had come.
    Expiry {
        /// The day at whose beginning they went.
        #[schema(value_type = String, format = Date)]
        day: Day,
        /// What went, as a negative number (positive for negative points).
        #[schema(value_type = f64)]
        points: Points,
    },
    /// The score is a whole number.
    Rounding {
        /// What rounding added or took.
        #[schema(value_type = f64)]
        points: Points,
    },
    /// The score shown is at least 0.
    Floor {
        /// What a negative total was lifted by.
        #[schema(value_type = f64)]
        points: Points,
    },
    /// The score shown is at most the rule set's total cap.
    TotalCap {
        /// What the cap took, as a negative number.
        #[schema(value_type = f64)]
        points: Points,
    },
}

/// What withholds points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Limit)]
pub enum LimitBody {
    /// The rule gave as often as it may in the period.
    Cap,
    /// The rule's group gave as much as it may.
    GroupCap,
}

/// Keeps the latest lines and sums up the earlier ones, so that there are at most `most`.
pub fn latest(mut lines: Vec<Line>, most: usize) -> Vec<LineBody> {
    if lines.len() <= most {
        return lines.into_iter().map(LineBody::from).collect();
    }
    let kept = lines.split_off(lines.len() - most.saturating_sub(1));
    let points = lines.iter().map(Line::points).sum();
    let earlier = LineBody::Earlier { lines: lines.len(), points };
    std::iter::once(earlier).chain(kept.into_iter().map(LineBody::from)).collect()
}

impl From<Line> for LineBody {
    fn from(line: Line) -> Self {
        match line {
            Line::Contribution {
                event_id,
                home,
                event_type,
                timestamp,
                rule,
                rule_set,
                points,
                withheld,
                withheld_by,
                expires_on,
            } => Self::Contribution {
                event_id,
                home,
                event_type,
                timestamp,
                rule,
                rule_set,
                points,
                withheld,
                withheld_by: withheld_by.map(LimitBody::from),
                expires_on,
            },
            Line::Decay { from, to, idle_days, points } => {
                Self::Decay { from, to, idle_days, points }
            }
            Line::Expiry { day, points } => Self::Expiry { day, points },
            Line::Rounding { points } => Self::Rounding { points },
            Line::Floor { points } => Self::Floor { points },
            Line::TotalCap { points } => Self::TotalCap { points },
        }
    }
}

impl From<Limit> for LimitBody {
    fn from(limit: Limit) -> Self {
        match limit {
            Limit::Cap => Self::Cap,
            Limit::GroupCap => Self::GroupCap,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{explanation::explain, time::DAY_MS};
    use proptest::prelude::*;
    use testing::{an_event, rules};

    use super::*;

    fn points(line: &LineBody) -> Points {
        match line {
            LineBody::Earlier { points, .. }
            | LineBody::Contribution { points, .. }
            | LineBody::Decay { points, .. }
            | LineBody::Expiry { points, .. }
            | LineBody::Rounding { points }
            | LineBody::Floor { points }
            | LineBody::TotalCap { points } => *points,
        }
    }

    proptest! {
        #[test]
        fn the_lines_sum_to_the_score_however_many_are_listed(
            history in prop::collection::vec((0..3_usize, 0..20_i64), 0..40),
            idle_days in 0..60_i64,
            most in 1..30_usize,
        ) {
            let types = ["page_view", "demo_request", "unsubscribe"];
            let mut days = 0;
            let events: Vec<_> = history.iter().enumerate().map(|(index, (event_type, gap))| {
                days += gap;
                let id = format!("e{index:02}");
                an_event(id).of_type(types[*event_type]).days_later(days).event()
            }).collect();
            let last = an_event("last").days_later(days).event().timestamp;
            let explained = explain(&rules(), &events, last.plus_millis(idle_days * DAY_MS));
            let lines = latest(explained.lines, most);
            prop_assert!(lines.len() <= most);
            let sum: Points = lines.iter().map(points).sum();
            prop_assert_eq!(sum, Points::whole(explained.score));
        }
    }
}
