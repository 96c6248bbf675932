//! `GET /v1/analytics/daily`: the nightly rollups of a range of days, one by one.
//!
//! Invariant: a day without a run is left out rather than shown as zero, and what a former version
//! did not count is `null`.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use domain::{
    points::Points,
    rollup::{BANDS, ByStage, Histogram},
    time::{DAY_MS, Day, Timestamp},
};
use dynamo::DayRollup;
use serde::Serialize;
use utoipa::{
    IntoParams, ToSchema,
    openapi::{Array, ArrayBuilder, Object, ObjectBuilder, Type, schema::SchemaType},
};

use super::{
    csv::{BAND_NAMES, Format, FormatQuery, Table, cell},
    range::{Period, is_undivided, walk},
};
use crate::{body::Page, error::ApiError, guard::Admitted, query::Query, reads::Reads, words};

/// How many days a query without dates shows: a month up to today.
const DAYS: i64 = 30;

/// How many days one query may span.
const MOST_DAYS: i64 = 366;

/// Which days are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DailyQuery {
    /// The first day; by default 29 days before `to`.
    #[param(schema_with = words::day)]
    pub from: Option<Day>,
    /// The last day, at most 366 days in all; by default today.
    #[param(schema_with = words::day)]
    pub to: Option<Day>,
}

/// A day: the picture of its last instant, and what happened on it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DailyAnalytics {
    /// The day.
    #[schema(value_type = String, format = Date)]
    pub date: Day,
    /// Leads that had been seen by then and were not deleted.
    pub leads: u64,
    /// Leads first seen on the day.
    pub new_leads: u64,
    /// Leads that converted on the day: each does once, the first time. `null` for a day that a
    /// former version counted.
    #[schema(required)]
    pub conversions: Option<u64>,
    /// Events of the day that count. `null` for a day that a former version counted.
    #[schema(required)]
    pub events: Option<u64>,
    /// The average score shown; 0 without leads.
    #[schema(value_type = f64)]
    pub average_score: Points,
    /// Leads by stage.
    pub by_stage: ByStageBody,
    /// Leads by the score shown: 0 to 9, 10 to 19 and so on, and 100 and above. `null` for a day
    /// that a former version counted.
    #[schema(schema_with = optional_histogram, required)]
    pub histogram: Option<Histogram>,
    /// Whether the night's run has finished; until then the numbers still grow.
    pub complete: bool,
}

/// A count for each stage.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = ByStage)]
pub struct ByStageBody {
    /// Below the warm threshold.
    pub cold: u64,
    /// From the warm threshold.
    pub warm: u64,
    /// From the hot threshold.
    pub hot: u64,
    /// From the qualified threshold.
    pub qualified: u64,
}

/// The OpenAPI schema of leads by the band of the score.
pub(super) fn histogram() -> Array {
    bands().build()
}

fn optional_histogram() -> Array {
    bands().schema_type(SchemaType::from_iter([Type::Array, Type::Null])).build()
}

fn bands() -> ArrayBuilder {
    let leads: Object = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build();
    ArrayBuilder::new()
        .items(leads)
        .min_items(Some(BANDS))
        .max_items(Some(BANDS))
        .description(Some("Leads by score: 0 to 9, 10 to 19 and so on, and 100 and above."))
}

/// Shows leads and scores by day
///
/// Each night's picture of the day that ended, and what happened on the day, in UTC and in order.
/// Days without a run are left out. Without dates it shows the last 30 days. Events that come late
/// correct `events`, `new_leads` and `conversions` of their day in the next night, and nothing else.
///
/// As CSV: a row for each day with the columns `date`, `leads`, `new_leads`, `conversions`,
/// `events`, `average_score`, `cold`, `warm`, `hot`, `qualified`, `score_0_9` and so on up to
/// `score_100_up`, `complete`.
#[utoipa::path(
    get,
    path = "/v1/analytics/daily",
    operation_id = "list_daily_analytics",
    tag = "analytics",
    params(DailyQuery, FormatQuery),
    responses((
        status = 200,
        description = "The days; `next_cursor` is always `null`.",
        content((Page<DailyAnalytics> = "application/json"), (String = "text/csv")),
        headers(("Content-Disposition" = String, description = "A name for the file, with CSV.")),
    ))
)]
pub async fn list(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["from", "to", "format"]);
    let format = Format::asked(&mut query, &headers);
    let period = period(query, admitted.now)?;
    let mut data = Vec::new();
    let take = |day: DayRollup| data.push(DailyAnalytics::from(&day));
    walk(&reads.store, admitted.tenant(), period, take).await?;
    format.answer(Page { data, next_cursor: None }, |page| table(period, &page.data))
}

fn period(mut query: Query, now: Timestamp) -> Result<Period, ApiError> {
    let (from, to) = (query.read("from", Day::bound), query.read("to", Day::bound));
    let to = to.unwrap_or_else(|| now.day());
    let from = from.unwrap_or_else(|| to.start().plus_millis(-(DAYS - 1) * DAY_MS).day());
    let days = to.start().millis_since(from.start()) / DAY_MS + 1;
    if days < 1 {
        query.refuse("from", "out_of_range", "from is not after to".to_owned());
    } else if days > MOST_DAYS {
        let message = format!("from and to are at most {MOST_DAYS} days apart");
        query.refuse("from", "out_of_range", message);
    }
    query.finish()?;
    Ok(Period { from, to })
}

impl From<&DayRollup> for DailyAnalytics {
    fn from(day: &DayRollup) -> Self {
        let totals = day.rollup.totals();
        let (counts, picture) = (totals.counts, totals.picture);
        let is_undivided = is_undivided(&day.rollup);
        // A correction by this version brings what the former one did not count.
        let is_counted = !is_undivided || !day.rollup.cells.is_empty();
        Self {
            date: day.day,
            leads: picture.leads,
            new_leads: counts.new_leads,
            conversions: is_counted.then_some(counts.conversions),
            events: is_counted.then_some(counts.events),
            average_score: picture.average_score(),
            by_stage: totals.by_stage.into(),
            histogram: (!is_undivided).then_some(picture.histogram),
            complete: day.complete,
        }
    }
}

impl From<ByStage> for ByStageBody {
    fn from(ByStage { cold, warm, hot, qualified }: ByStage) -> Self {
        Self { cold, warm, hot, qualified }
    }
}

fn table(period: Period, days: &[DailyAnalytics]) -> Table {
    let mut columns = vec!["date", "leads", "new_leads", "conversions", "events", "average_score"];
    columns.extend(["cold", "warm", "hot", "qualified"]);
    columns.extend(BAND_NAMES);
    columns.push("complete");
    let row = |day: &DailyAnalytics| {
        let ByStageBody { cold, warm, hot, qualified } = day.by_stage;
        let mut row = vec![day.date.to_string()];
        row.extend([day.leads, day.new_leads].map(|count| count.to_string()));
        row.extend([cell(day.conversions), cell(day.events), day.average_score.to_string()]);
        row.extend([cold, warm, hot, qualified].map(|leads| leads.to_string()));
        let bands = day.histogram.map(|bands| bands.map(Some)).unwrap_or_default();
        row.extend(bands.map(cell));
        row.push(day.complete.to_string());
        row
    };
    let name = format!("leadline-daily-{}-{}", period.from, period.to);
    Table { name, columns, rows: days.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(raw: &str) -> Option<(String, String)> {
        let now = "2026-03-01T00:10:00Z".parse().unwrap();
        let query = Query::parse(Some(raw), &["from", "to"]);
        let Period { from, to } = period(query, now).ok()?;
        Some((from.to_string(), to.to_string()))
    }

    #[test]
    fn without_dates_it_is_the_last_thirty_days() {
        for (raw, from, to) in [
            ("", "2026-01-31", "2026-03-01"),
            ("to=2026-01-30", "2026-01-01", "2026-01-30"),
            ("from=2026-02-28", "2026-02-28", "2026-03-01"),
        ] {
            assert_eq!(days(raw), Some((from.to_owned(), to.to_owned())), "{raw}");
        }
    }

    #[test]
    fn a_range_is_a_day_to_a_leap_year_long() {
        assert!(days("from=2026-01-01&to=2026-01-01").is_some());
        assert!(days("from=2024-01-01&to=2024-12-31").is_some());
        assert!(days("from=2024-01-01&to=2025-01-01").is_none());
        assert!(days("from=2026-01-02&to=2026-01-01").is_none());
        assert!(days("from=yesterday").is_none());
    }
}
