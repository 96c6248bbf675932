//! `GET /v1/analytics/dashboard`: key figures of the last days against those of the days before.
//!
//! Invariant: a sum is compared only with the sum of as many days, all of them told of; a day that
//! is missing is named and never counted as zero.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use domain::rollup::{Counts, Totals};
use dynamo::DayRollup;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    csv::{DAY_COLUMNS, Format, FormatQuery, Table, cell, day_cells},
    daily::{ByStageBody, DailyAnalytics},
    figure::{Figure, Measured},
    range::{self, Days, Period, RangeQuery, Span},
};
use crate::{error::ApiError, guard::Admitted, query::Query, reads::Reads};

/// The key figures of some days.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AnalyticsDashboard)]
pub struct Dashboard {
    /// How many days it is about.
    #[schema(schema_with = range::span)]
    pub range: Span,
    /// Which days they are.
    #[serde(flatten)]
    pub days: Days,
    /// The days before, with which they are compared.
    pub previous: Days,
    /// The figures.
    pub kpis: Kpis,
    /// Leads by stage at the end; `null` when no day is told of.
    #[schema(required)]
    pub by_stage: Option<ByStageBody>,
    /// The days that are told of, in order.
    pub daily: Vec<DailyAnalytics>,
}

/// The key figures. Those at the end are of the last instant of the last day told of.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = KeyFigures)]
pub struct Kpis {
    /// Leads at the end.
    pub leads: Figure,
    /// Leads first seen in the days.
    pub new_leads: Figure,
    /// Leads that converted in the days: each does once, the first time.
    pub conversions: Figure,
    /// `conversions` divided by `leads`: which part of all leads there are converted in the days.
    pub conversion_rate: Figure,
    /// The average score shown, at the end.
    pub average_score: Figure,
    /// Events of the days that count.
    pub events: Figure,
    /// Leads in the stages hot and qualified at the end.
    pub hot_or_better: Figure,
}

/// What is known of a period.
struct Side {
    days: Days,
    /// What there was at its end; `None` when no day is told of.
    end: Option<Totals>,
    counts: Counts,
}

/// Shows the key figures of the last days
///
/// Of the last 7, 30 or 90 whole days in UTC up to yesterday, each beside that of as many days
/// before. A day that no finished nightly run has told of is in `missing_days` and in no number;
/// where one is missing, sums are not compared. Late events correct the sums in the next night.
///
/// As CSV: a row for each figure with the columns `kpi`, `value`, `previous`, `change`, then
/// `from`, `to`, `as_of`, `missing_days`, `undivided_days` (these two as counts), and the same five
/// of the days before with `previous_` before their names.
#[utoipa::path(
    get,
    path = "/v1/analytics/dashboard",
    operation_id = "show_dashboard",
    tag = "analytics",
    params(RangeQuery, FormatQuery),
    responses((
        status = 200,
        description = "The figures.",
        content((Dashboard = "application/json"), (String = "text/csv")),
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
    let period = Period::ended(span, admitted.now);
    let mut daily = Vec::new();
    let keep = |day: &DayRollup| daily.push(DailyAnalytics::from(day));
    let now = Side::read(&reads, &admitted, period, keep).await?;
    let former = Side::read(&reads, &admitted, period.before(span), |_| ()).await?;
    let dashboard = Dashboard {
        range: span,
        kpis: Kpis::of(&now, &former),
        by_stage: now.end.map(|end| end.by_stage.into()),
        days: now.days,
        previous: former.days,
        daily,
    };
    format.answer(dashboard, Dashboard::table)
}

impl Side {
    async fn read(
        reads: &Reads,
        admitted: &Admitted,
        period: Period,
        mut keep: impl FnMut(&DayRollup) + Send,
    ) -> Result<Self, ApiError> {
        let (mut end, mut counts) = (None, Counts::default());
        let take = |day: DayRollup| {
            let totals = day.rollup.totals();
            counts += totals.counts;
            end = Some(totals);
            keep(&day);
        };
        let days = range::read(&reads.store, admitted.tenant(), period, take).await?;
        Ok(Self { days, end, counts })
    }

    /// Measures what there was at the end.
    fn at_end(&self, count: impl Fn(&Totals) -> u64) -> Option<Measured> {
        self.end.as_ref().map(|end| Measured::count(count(end)))
    }

    /// Measures what happened in the days, if any is told of.
    fn summed(&self, count: impl Fn(&Counts) -> u64) -> Option<Measured> {
        self.end.map(|_| Measured::count(count(&self.counts)))
    }

    fn conversion_rate(&self) -> Option<Measured> {
        Measured::rate(self.counts.conversions, self.end.as_ref()?.picture.leads)
    }
}

impl Kpis {
    fn of(now: &Side, former: &Side) -> Self {
        let are_whole = now.days.are_whole() && former.days.are_whole();
        let at_end =
            |figure: fn(&Side) -> Option<Measured>| Figure::new(figure(now), figure(former), true);
        let summed = |figure: fn(&Side) -> Option<Measured>| {
            Figure::new(figure(now), figure(former), are_whole)
        };
        Self {
            leads: at_end(|side| side.at_end(|end| end.picture.leads)),
            new_leads: summed(|side| side.summed(|counts| counts.new_leads)),
            conversions: summed(|side| side.summed(|counts| counts.conversions)),
            conversion_rate: summed(Side::conversion_rate),
            average_score: at_end(|side| Measured::average_score(side.end.as_ref()?)),
            events: summed(|side| side.summed(|counts| counts.events)),
            hot_or_better: at_end(|side| {
                side.at_end(|end| end.by_stage.hot + end.by_stage.qualified)
            }),
        }
    }

    const fn named(&self) -> [(&'static str, Figure); 7] {
        [
            ("leads", self.leads),
            ("new_leads", self.new_leads),
            ("conversions", self.conversions),
            ("conversion_rate", self.conversion_rate),
            ("average_score", self.average_score),
            ("events", self.events),
            ("hot_or_better", self.hot_or_better),
        ]
    }
}

/// The columns that say which days a row is compared with.
const PREVIOUS_COLUMNS: [&str; DAY_COLUMNS.len()] = [
    "previous_from",
    "previous_to",
    "previous_as_of",
    "previous_missing_days",
    "previous_undivided_days",
];

impl Dashboard {
    fn table(&self) -> Table {
        let mut columns = vec!["kpi", "value", "previous", "change"];
        columns.extend(DAY_COLUMNS);
        columns.extend(PREVIOUS_COLUMNS);
        let row = |(name, figure): (&str, Figure)| {
            let mut row = vec![name.to_owned(), cell(figure.value), cell(figure.previous)];
            row.push(cell(figure.change));
            row.extend(day_cells(&self.days));
            row.extend(day_cells(&self.previous));
            row
        };
        let rows = self.kpis.named().into_iter().map(row).collect();
        let name = format!("leadline-dashboard-{}-{}", self.days.from, self.days.to);
        Table { name, columns, rows }
    }
}
