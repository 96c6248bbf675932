//! `GET /v1/leads/{id}/explanation`: the arithmetic behind a score, as of now or of any instant.
//!
//! Invariant: the points of the lines sum to the score of the same answer, to the thousandth.

mod lines;
mod refusals;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
};
use domain::{
    event::Event,
    explanation::{Explanation, explain_why_not},
    home::HomeId,
    points::Points,
    rules::Rules,
    stage::Stage,
    time::Timestamp,
    view::{NextStage, next_stage, view},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    body::ForecastBody,
    error::ApiError,
    explanation::{lines::LineBody, refusals::RefusalBody},
    guard::Admitted,
    lead::{self, LeadPath},
    query::Query,
    reads::Reads,
    words,
};

/// How many lines an answer lists. A line has some 500 bytes at most, and a function may answer
/// with 6 MB: lines and refusals together stay within that.
const MOST_LINES: usize = 5_000;

/// How many refusals an answer lists.
const MOST_REFUSALS: usize = 5_000;

/// How an explanation is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExplanationQuery {
    /// Explains the score as of this instant, by the events up to it and the rule set that was
    /// active then, for the family as it is today; now if absent. An instant to come shows what
    /// decay will leave.
    #[param(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// Whether to tell also why rules did not give all they could.
    pub why_not: Option<bool>,
}

/// A score with the lines that sum to it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub struct ExplanationBody {
    /// The lead's own id.
    #[schema(schema_with = words::lead_id)]
    pub id: HomeId,
    /// The instant of which this is the explanation.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The score shown: the sum of the lines' points.
    #[schema(minimum = 0)]
    pub score: i64,
    /// The points before rounding, floor and total cap.
    #[schema(value_type = f64)]
    pub points: Points,
    /// The stage of the score shown.
    #[schema(schema_with = words::stage)]
    pub stage: Stage,
    /// What comes next.
    pub next: NextBody,
    /// The version of the rule set that gave the points.
    #[schema(minimum = 1)]
    pub rule_set: u32,
    /// How many events count.
    pub events: u32,
    /// How many events were suppressed: they count for nothing.
    pub suppressed: u32,
    /// How many events came without consent for scoring: they count for nothing.
    pub without_consent: u32,
    /// Whether there are more events than are scored.
    pub flooded: bool,
    /// The lines, in the order of time.
    pub lines: Vec<LineBody>,
    /// Why rules did not give all they could, in the order of time, the latest 5,000; only if
    /// asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<Vec<RefusalBody>>,
}

/// Which stage comes next, by points or by waiting.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Next)]
pub struct NextBody {
    /// The next stage up and how far it is; `null` from the highest.
    #[schema(required)]
    pub up: Option<NextStageBody>,
    /// When decay or expiry will next change the stage; `null` when they will not.
    #[schema(required)]
    pub decay: Option<ForecastBody>,
}

/// The next stage up.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = NextStage)]
pub struct NextStageBody {
    /// The stage.
    #[schema(schema_with = words::stage)]
    pub stage: Stage,
    /// How many points are missing to where it begins.
    #[schema(value_type = f64)]
    pub points: Points,
}

/// Explains a score
///
/// Every point that rules gave and limits withheld, every point that idle time and expiry took,
/// rounding, floor and total cap. The points of the lines sum to `score` exactly. Without `at`
/// the score is that of the request's instant, as `GET /v1/leads/{id}` shows it.
#[utoipa::path(
    get,
    path = "/v1/leads/{id}/explanation",
    operation_id = "explain_lead",
    tag = "leads",
    params(LeadPath, ExplanationQuery),
    responses((status = 200, description = "The score and its lines.", body = ExplanationBody))
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<ExplanationBody>, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["at", "why_not"]);
    let ExplanationQuery { at, why_not } =
        ExplanationQuery { at: query.read("at", Timestamp::bound), why_not: query.flag("why_not") };
    query.finish()?;
    let lead = lead::find(&reads, &admitted, &id).await?;
    let (events, settings) = reads.history(admitted.tenant(), &lead).await?;
    let rules = match at {
        Some(at) => reads.rules_at(admitted.tenant(), at).await?,
        None => settings.rules.clone(),
    };
    let at = at.unwrap_or(admitted.now);
    let (until, _) = events.split_at(events.partition_point(|event| event.timestamp <= at));
    Ok(Json(body(lead.survivor.id, &rules, until, at, why_not == Some(true))))
}

/// Explains the score that events, given in order, come to at an instant.
fn body(
    id: HomeId,
    rules: &Rules,
    events: &[Event],
    at: Timestamp,
    why_not: bool,
) -> ExplanationBody {
    let most_refusals = if why_not { MOST_REFUSALS } else { 0 };
    let Explanation { state, lines, refusals, points, score } =
        explain_why_not(rules, events, at, most_refusals);
    let up = next_stage(points, rules);
    let up = up.map(|NextStage { stage, points }| NextStageBody { stage, points });
    let decay = view(&state, rules, at).forecast;
    let decay = decay.map(|next| ForecastBody { stage: next.stage, at: next.at });
    ExplanationBody {
        id,
        at,
        score,
        points,
        stage: rules.thresholds().stage(score),
        next: NextBody { up, decay },
        rule_set: state.rule_set,
        events: state.events,
        suppressed: state.suppressed,
        without_consent: state.without_consent,
        flooded: state.flooded,
        lines: lines::latest(lines, MOST_LINES),
        why_not: why_not.then(|| refusals.into_iter().map(RefusalBody::from).collect()),
    }
}
