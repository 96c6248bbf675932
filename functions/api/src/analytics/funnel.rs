//! `GET /v1/analytics/funnel`: how leads went from stage to stage, and how long they stayed.
//!
//! Invariant: a stay is counted on the day on which it ended, so each is counted once however the
//! days are cut.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use domain::{
    rollup::{ByStage, Flow},
    stage::Stage,
};
use dynamo::DayRollup;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    csv::{DAY_COLUMNS, Format, FormatQuery, Table, cell, day_cells},
    range::{self, Days, Period, RangeQuery, Span},
};
use crate::{error::ApiError, guard::Admitted, query::Query, reads::Reads, words};

/// The way of leads through the stages.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FunnelAnalytics)]
pub struct Funnel {
    /// How many days it is about.
    #[schema(schema_with = range::span)]
    pub range: Span,
    /// Which days they are.
    #[serde(flatten)]
    pub days: Days,
    /// One for each stage, the lowest first; empty when no day is told of.
    pub stages: Vec<StageBody>,
    /// One for each two stages; empty when no day is told of.
    pub transitions: Vec<TransitionBody>,
}

/// The leads of a stage.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = FunnelStage)]
pub struct StageBody {
    /// The stage.
    #[schema(schema_with = words::stage)]
    pub stage: Stage,
    /// Leads in it at the end.
    pub leads: u64,
    /// How many times leads left it in the days.
    pub left: u64,
    /// The median of the whole hours that those had stayed, which may end in a half; `null` when
    /// none left.
    #[schema(required)]
    pub median_hours: Option<f64>,
}

/// How often leads went from a stage to another.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = FunnelTransition)]
pub struct TransitionBody {
    /// The stage before.
    #[schema(schema_with = words::stage)]
    pub from: Stage,
    /// The stage after.
    #[schema(schema_with = words::stage)]
    pub to: Stage,
    /// How often, in the days.
    pub count: u64,
}

/// Shows how leads went from stage to stage
///
/// In the last 7, 30 or 90 whole days in UTC up to yesterday, by events, decay and expiry alike. A
/// lead comes into `cold` with its first event that counts. Late events do not correct it.
///
/// As CSV: a row for each two stages with the columns `from_stage`, `to_stage`, `transitions`, then
/// of `from_stage` `leads` (at the end), `left` and `median_hours`, then `from`, `to`, `as_of`,
/// `missing_days`, `undivided_days` (these two as counts).
#[utoipa::path(
    get,
    path = "/v1/analytics/funnel",
    operation_id = "show_funnel",
    tag = "analytics",
    params(RangeQuery, FormatQuery),
    responses((
        status = 200,
        description = "The stages.",
        content((Funnel = "application/json"), (String = "text/csv")),
        headers(("Content-Disposition" = String, description = "A name for the file, with CSV.")),
    ))
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["range", "format"]);
    let (span, format) = (Span::asked(&mut query), Format::asked(&mut query, &headers));
    query.finish()?;
    let (mut flow, mut end) = (Flow::default(), None);
    let take = |day: DayRollup| {
        end = Some(day.rollup.totals().by_stage);
        flow += day.rollup.flow;
    };
    let period = Period::ended(span, admitted.now);
    let days = range::read(&reads.store, admitted.tenant(), period, take).await?;
    format.answer(Funnel::of(span, days, end, &flow), Funnel::table)
}

impl Funnel {
    fn of(range: Span, days: Days, end: Option<ByStage>, flow: &Flow) -> Self {
        let Some(mut end) = end else {
            return Self { range, days, stages: Vec::new(), transitions: Vec::new() };
        };
        let count = |(from, to)| flow.transitions.get(&(from, to)).copied().unwrap_or_default();
        let transition = |(from, to)| TransitionBody { from, to, count: count((from, to)) };
        let transitions: Vec<_> = pairs().map(transition).collect();
        let left = |stage: Stage| {
            let leaving = transitions.iter().filter(|transition| transition.from == stage);
            leaving.map(|transition| transition.count).sum()
        };
        let stage = |stage: Stage| StageBody {
            stage,
            leads: *end.of(stage),
            left: left(stage),
            median_hours: flow.median_hours(stage),
        };
        let stages = Stage::ALL.map(stage).into();
        Self { range, days, stages, transitions }
    }

    fn table(&self) -> Table {
        let mut columns = vec!["from_stage", "to_stage", "transitions"];
        columns.extend(["leads", "left", "median_hours"]);
        columns.extend(DAY_COLUMNS);
        let row = |TransitionBody { from, to, count }: &TransitionBody| {
            let stage = self.stages.iter().find(|stage| stage.stage == *from);
            let mut row = vec![from.to_string(), to.to_string(), count.to_string()];
            row.extend([cell(stage.map(|stage| stage.leads)), cell(stage.map(|stage| stage.left))]);
            let median = stage.and_then(|stage| stage.median_hours);
            row.push(cell(median.map(|hours| format!("{hours:.1}"))));
            row.extend(day_cells(&self.days));
            row
        };
        let name = format!("leadline-funnel-{}-{}", self.days.from, self.days.to);
        Table { name, columns, rows: self.transitions.iter().map(row).collect() }
    }
}

/// Iterates over all two stages of which one is left for the other.
fn pairs() -> impl Iterator<Item = (Stage, Stage)> {
    let from = |from: Stage| Stage::ALL.into_iter().map(move |to| (from, to));
    Stage::ALL.into_iter().flat_map(from).filter(|(from, to)| from != to)
}
