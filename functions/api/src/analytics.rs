//! `GET /v1/analytics/daily`: the nightly rollups of a range of days.
//!
//! Invariant: nothing is computed from leads here. A day is what its night's run saw, and a day
//! without a run is left out rather than shown as zero.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
};
use domain::{
    points::Points,
    rollup::ByStage,
    time::{DAY_MS, Day, Timestamp},
};
use dynamo::DayRollup;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

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

/// A day's picture, taken at its last instant.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DailyAnalytics {
    /// The day.
    #[schema(value_type = String, format = Date)]
    pub date: Day,
    /// Leads that had been seen by then.
    pub leads: u64,
    /// Leads first seen on the day.
    pub new_leads: u64,
    /// The average score shown.
    #[schema(value_type = f64)]
    pub average_score: Points,
    /// Leads by stage.
    pub by_stage: ByStageBody,
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

/// Shows leads and scores by day
///
/// Each night's picture of the day that ended, in UTC and in order. Days without one are left
/// out. Without dates it shows the last 30 days.
#[utoipa::path(
    get,
    path = "/v1/analytics/daily",
    operation_id = "list_daily_analytics",
    tag = "analytics",
    params(DailyQuery),
    responses((status = 200, description = "The days; `next_cursor` is always `null`.", body = Page<DailyAnalytics>))
)]
pub async fn daily(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<DailyAnalytics>>, ApiError> {
    let (from, to) = range(query.as_deref(), admitted.now)?;
    let days = reads.store.rollups(admitted.tenant(), from, to).await?;
    let data = days.into_iter().map(DailyAnalytics::from).collect();
    Ok(Json(Page { data, next_cursor: None }))
}

fn range(raw: Option<&str>, now: Timestamp) -> Result<(Day, Day), ApiError> {
    let mut query = Query::parse(raw, &["from", "to"]);
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
    Ok((from, to))
}

impl From<DayRollup> for DailyAnalytics {
    fn from(day: DayRollup) -> Self {
        let ByStage { cold, warm, hot, qualified } = day.rollup.by_stage;
        Self {
            date: day.day,
            leads: day.rollup.leads,
            new_leads: day.rollup.new_leads,
            average_score: day.rollup.average_score(),
            by_stage: ByStageBody { cold, warm, hot, qualified },
            complete: day.complete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(raw: &str) -> Option<(String, String)> {
        let now = "2026-03-01T00:10:00Z".parse().unwrap();
        let (from, to) = range(Some(raw), now).ok()?;
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
