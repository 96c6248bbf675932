//! `GET /v1/leads/{id}/explanation`: the arithmetic behind a score.
//!
//! Invariant: the points of the lines sum to the score of the same answer, to the thousandth.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
};
use domain::{
    event::EventId,
    explanation::{Explanation, Line, explain},
    home::HomeId,
    points::Points,
    stage::Stage,
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::ApiError,
    guard::Admitted,
    lead::{self, LeadPath},
    query::Query,
    reads::Reads,
    words,
};

/// How many lines an answer lists; 10,000 are well within what a function may answer with.
const MOST_LINES: usize = 10_000;

/// A score with the lines that sum to it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub struct ExplanationBody {
    /// The lead's own id.
    #[schema(schema_with = words::lead_id)]
    pub id: HomeId,
    /// The instant of which this is the explanation: that of the request.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The score shown: the sum of the lines' points.
    #[schema(minimum = 0)]
    pub score: i64,
    /// The points before rounding and floor.
    #[schema(value_type = f64)]
    pub points: Points,
    /// The stage of the score shown.
    #[schema(schema_with = words::stage)]
    pub stage: Stage,
    /// The version of the rule set that gave the points.
    #[schema(minimum = 1)]
    pub rule_set: u32,
    /// Whether there are more events than are scored.
    pub flooded: bool,
    /// The lines, in the order of time.
    pub lines: Vec<LineBody>,
}

/// One line of the arithmetic.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = ExplanationLine)]
pub enum LineBody {
    /// The sum of the oldest lines, where there are more than 10,000.
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
}

/// Explains a score
///
/// Every point that rules gave, every point that idle time took, rounding and floor. The lines
/// sum to `score` exactly. The score is that of the request's instant, as `GET /v1/leads/{id}`
/// shows it.
#[utoipa::path(
    get,
    path = "/v1/leads/{id}/explanation",
    operation_id = "explain_lead",
    tag = "leads",
    params(LeadPath),
    responses((status = 200, description = "The score and its lines.", body = ExplanationBody))
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<ExplanationBody>, ApiError> {
    Query::parse(query.as_deref(), &[]).finish()?;
    let lead = lead::find(&reads, &admitted, &id).await?;
    let (events, settings) = reads.history(admitted.tenant(), &lead).await?;
    let Explanation { state, lines, points, score } =
        explain(&settings.rules, &events, admitted.now);
    Ok(Json(ExplanationBody {
        id: lead.survivor.id,
        at: admitted.now,
        score,
        points,
        stage: settings.rules.thresholds().stage(score),
        rule_set: state.rule_set,
        flooded: state.flooded,
        lines: latest(lines, MOST_LINES),
    }))
}

/// Keeps the latest lines and sums up the earlier ones, so that there are at most `most`.
fn latest(mut lines: Vec<Line>, most: usize) -> Vec<LineBody> {
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
            } => {
                Self::Contribution { event_id, home, event_type, timestamp, rule, rule_set, points }
            }
            Line::Decay { from, to, idle_days, points } => {
                Self::Decay { from, to, idle_days, points }
            }
            Line::Rounding { points } => Self::Rounding { points },
            Line::Floor { points } => Self::Floor { points },
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::time::DAY_MS;
    use proptest::prelude::*;
    use testing::{an_event, rules};

    use super::*;

    fn points(line: &LineBody) -> Points {
        match line {
            LineBody::Earlier { points, .. }
            | LineBody::Contribution { points, .. }
            | LineBody::Decay { points, .. }
            | LineBody::Rounding { points }
            | LineBody::Floor { points } => *points,
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
