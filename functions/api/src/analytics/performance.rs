//! `GET /v1/analytics/performance`: whether the points foretold who converts.
//!
//! Invariant: of a lead that converted only what was known just before its conversion counts, so a
//! conversion never foretells itself.

use std::{cmp::Reverse, sync::Arc};

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use domain::{
    ratio::{Fraction, Ratio},
    rollup::{Performance, Rate},
    time::Day,
};
use files::safe_cell;
use lambda::problem::Problem;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    csv::{BAND_NAMES, Format, FormatQuery, Table, cell},
    range::is_undivided,
};
use crate::{error::ApiError, guard::Admitted, query::Query, reads::Reads, words};

/// How far the newest rollup is looked for.
const LOOK_BACK_DAYS: u32 = 90;

/// How many scores a band holds.
const BAND_SCORES: u32 = 10;

/// Which day is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DateQuery {
    /// The day at whose end it is looked at; by default the last one that a finished nightly run
    /// has told of, within 90 days.
    #[param(schema_with = words::day)]
    pub date: Option<Day>,
}

/// Leads and conversions by what was known of the leads.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = PerformanceAnalytics)]
pub struct PerformanceBody {
    /// The day at whose end it was; `null` when no night has told of one, and all else is empty.
    #[schema(value_type = Option<String>, format = Date, required)]
    pub date: Option<Day>,
    /// All leads.
    #[schema(required)]
    pub overall: Option<RateBody>,
    /// By the band of the score, the lowest first.
    pub by_score: Vec<BandRate>,
    /// By the rule that gave points, the one that did for most leads first.
    pub by_rule: Vec<RuleRate>,
}

/// How many leads there were, and which part of them converted.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = ConversionRate)]
pub struct RateBody {
    /// All leads, those that converted included.
    pub leads: u64,
    /// Those that converted up to then.
    pub conversions: u64,
    /// Conversions divided by leads, with four decimals; `null` without leads.
    #[schema(value_type = Option<f64>, required)]
    pub conversion_rate: Option<Ratio>,
    /// The rate divided by that of all leads: 2 is twice as good. `null` without leads, and where
    /// no lead converted.
    #[schema(value_type = Option<f64>, required)]
    pub lift: Option<Ratio>,
}

/// The leads of a band of scores.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BandRate {
    /// The lowest score of the band.
    pub from: u32,
    /// The highest one; `null` in the last band.
    #[schema(required)]
    pub to: Option<u32>,
    /// Its leads.
    #[serde(flatten)]
    pub rate: RateBody,
}

/// The leads that a rule gave points to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RuleRate {
    /// The rule's id.
    #[schema(example = "pricing_page_visit")]
    pub rule: String,
    /// Its leads.
    #[serde(flatten)]
    pub rate: RateBody,
}

/// Shows whether the points foretold who converts
///
/// By score and by rule: how many leads there are, how many converted, and how that compares with
/// all leads. Only what was known before a conversion counts: a lead that converted stands at the
/// score that it showed just before, and with the rules that had given it points by then; the
/// points of the conversion itself and of all that came after it do not count. A lead that has not
/// converted stands at the score that it shows at the day's end, with the rules so far.
///
/// As CSV: a row for all leads, for each band and for each rule with the columns `kind` (`overall`,
/// `score` or `rule`), `name`, `leads`, `conversions`, `conversion_rate`, `lift`, `date`.
#[utoipa::path(
    get,
    path = "/v1/analytics/performance",
    operation_id = "show_performance",
    tag = "analytics",
    params(DateQuery, FormatQuery),
    responses(
        (
            status = 200,
            description = "The rates.",
            content((PerformanceBody = "application/json"), (String = "text/csv")),
            headers(("Content-Disposition" = String, description = "A name for the file, with CSV.")),
        ),
        (status = 404, description = "No night has told of this day, or none that did so by score and rule: `day_not_found`."),
    )
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["date", "format"]);
    let (date, format) = (query.read("date", Day::bound), Format::asked(&mut query, &headers));
    query.finish()?;
    let day = match date {
        Some(date) => Some(date),
        None => newest(&reads, &admitted).await?,
    };
    let found = match day {
        Some(day) => find(&reads, &admitted, day).await?,
        None => None,
    };
    if found.is_none() && date.is_some() {
        let message = "no night has told of this day by score and rule";
        return Err(Problem::not_found("day_not_found", message).into());
    }
    let body = found.map(|(day, performance)| PerformanceBody::of(day, performance));
    format.answer(body.unwrap_or_default(), PerformanceBody::table)
}

/// Returns the last day that a nightly run has told of.
async fn newest(reads: &Reads, admitted: &Admitted) -> Result<Option<Day>, ApiError> {
    let today = admitted.now.day();
    let runs = reads.store.runs(today.minus_days(LOOK_BACK_DAYS), today).await?;
    Ok(runs.iter().filter(|run| run.has_picture()).map(|run| run.day).max())
}

async fn find(
    reads: &Reads,
    admitted: &Admitted,
    day: Day,
) -> Result<Option<(Day, Performance)>, ApiError> {
    let days = reads.store.rollups(admitted.tenant(), day, day).await?;
    let told = |day: &dynamo::DayRollup| day.complete && !is_undivided(&day.rollup);
    let found = days.into_iter().find(told);
    Ok(found.map(|found| (found.day, found.rollup.performance)))
}

impl PerformanceBody {
    fn of(day: Day, performance: Performance) -> Self {
        let mut all = Rate::default();
        performance.bands.iter().for_each(|rate| all += *rate);
        let band = |(from, rate): (u32, Rate)| BandRate {
            from,
            to: Some(from + BAND_SCORES - 1),
            rate: RateBody::of(rate, all),
        };
        let begins = (0..).step_by(usize::try_from(BAND_SCORES).unwrap_or(1));
        let mut by_score: Vec<_> = begins.zip(performance.bands).map(band).collect();
        if let Some(last) = by_score.last_mut() {
            last.to = None;
        }
        let rule = |(rule, rate)| RuleRate { rule, rate: RateBody::of(rate, all) };
        let mut by_rule: Vec<_> = performance.rules.into_iter().map(rule).collect();
        // They come by name, and the sort is stable.
        by_rule.sort_by_key(|of| Reverse(of.rate.leads));
        Self { date: Some(day), overall: Some(RateBody::of(all, all)), by_score, by_rule }
    }

    fn table(&self) -> Table {
        let columns = ["kind", "name", "leads", "conversions", "conversion_rate", "lift", "date"];
        let row = |kind: &str, name: &str, rate: RateBody| {
            vec![
                kind.to_owned(),
                safe_cell(name).into_owned(),
                rate.leads.to_string(),
                rate.conversions.to_string(),
                cell(rate.conversion_rate),
                cell(rate.lift),
                cell(self.date),
            ]
        };
        let mut rows: Vec<_> =
            self.overall.map(|all| row("overall", "", all)).into_iter().collect();
        let bands = self.by_score.iter().zip(BAND_NAMES);
        rows.extend(bands.map(|(band, name)| row("score", name, band.rate)));
        rows.extend(self.by_rule.iter().map(|of| row("rule", &of.rule, of.rate)));
        let day = cell(self.date);
        let name = format!("leadline-performance-{}", if day.is_empty() { "none" } else { &day });
        Table { name, columns: columns.to_vec(), rows }
    }
}

impl RateBody {
    fn of(rate: Rate, all: Rate) -> Self {
        let fraction = |rate: Rate| Fraction { over: rate.conversions, under: rate.leads };
        Self {
            leads: rate.leads,
            conversions: rate.conversions,
            conversion_rate: fraction(rate).ratio(),
            lift: fraction(rate).per(fraction(all)),
        }
    }
}
