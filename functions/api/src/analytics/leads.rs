//! `GET /v1/analytics/leads`: leads by marketplace, segment, stage or source.
//!
//! Invariant: the picture is of the last day told of, the counts are summed over all of them; a
//! name that was not told apart on a day is in `other` of that day.

use std::{cmp::Reverse, collections::BTreeMap, str::FromStr, sync::Arc};

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use domain::{
    points::Points,
    rollup::{Cell, Dimensions, Histogram, Picture},
};
use dynamo::DayRollup;
use files::safe_cell;
use serde::Serialize;
use utoipa::{
    IntoParams, ToSchema,
    openapi::{Object, ObjectBuilder, Type},
};

use super::{
    csv::{BAND_NAMES, DAY_COLUMNS, Format, FormatQuery, Table, day_cells},
    daily::histogram,
    range::{self, Days, Period, RangeQuery, Span},
};
use crate::{error::ApiError, guard::Admitted, query::Query, reads::Reads};

/// What leads are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The marketplace shown that counts most.
    Marketplace,
    /// The segment shown, one chosen by hand included.
    Segment,
    /// The stage shown.
    Stage,
    /// The source shown.
    Source,
}

/// Says that a text names nothing that leads are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("by is one of marketplace, segment, stage, source")]
pub struct UnknownDimension;

/// What leads are to be told apart by.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ByQuery {
    /// What leads are told apart by.
    #[param(inline)]
    pub by: By,
}

/// Leads by what they are.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LeadAnalytics)]
pub struct LeadsBy {
    /// What they are told apart by.
    #[schema(schema_with = dimension)]
    pub by: By,
    /// How many days it is about.
    #[schema(schema_with = range::span)]
    pub range: Span,
    /// Which days they are.
    #[serde(flatten)]
    pub days: Days,
    /// One for each value, that of most leads first.
    pub rows: Vec<LeadsOf>,
}

/// Leads of one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = LeadAnalyticsRow)]
pub struct LeadsOf {
    /// The value, such as `shopee`; `other` is those that are too many to tell apart.
    #[schema(example = "google")]
    pub value: String,
    /// Leads at the end.
    pub leads: u64,
    /// Their average score shown; 0 without leads.
    #[schema(value_type = f64)]
    pub average_score: Points,
    /// The same leads by score.
    #[schema(schema_with = histogram)]
    pub histogram: Histogram,
    /// Leads first seen in the days.
    pub new_leads: u64,
    /// Leads that converted in the days.
    pub conversions: u64,
    /// Events of the days that count.
    pub events: u64,
}

fn dimension() -> Object {
    let words = By::ALL.map(By::as_str).map(serde_json::Value::from);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// Shows leads by what they are
///
/// By marketplace, segment, stage or source: how many there are at the end of the days, their
/// scores, and what happened to them in the last 7, 30 or 90 whole days in UTC up to yesterday.
/// What happened on a day is told of what a lead was at the end of that day. Of a day at most 50
/// sources and 20 marketplaces are told apart, those of most leads; the rest is `other`.
///
/// As CSV: a row for each value with the columns `by`, `value`, `leads`, `average_score`,
/// `new_leads`, `conversions`, `events`, `score_0_9` and so on up to `score_100_up`, then `from`,
/// `to`, `as_of`, `missing_days`, `undivided_days` (these two as counts). A value that a spreadsheet
/// would take for a formula has an apostrophe before it.
#[utoipa::path(
    get,
    path = "/v1/analytics/leads",
    operation_id = "show_lead_analytics",
    tag = "analytics",
    params(ByQuery, RangeQuery, FormatQuery),
    responses((
        status = 200,
        description = "The leads by value.",
        content((LeadsBy = "application/json"), (String = "text/csv")),
        headers(("Content-Disposition" = String, description = "A name for the file, with CSV.")),
    ))
)]
pub async fn show(
    State(reads): State<Arc<Reads>>,
    admitted: Admitted,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let mut query = Query::parse(query.as_deref(), &["by", "range", "format"]);
    let (span, format) = (Span::asked(&mut query), Format::asked(&mut query, &headers));
    let by = By::asked(query)?;
    let mut cells = BTreeMap::new();
    let take = |day: DayRollup| add(&mut cells, by, &day);
    let period = Period::ended(span, admitted.now);
    let days = range::read(&reads.store, admitted.tenant(), period, take).await?;
    let mut rows: Vec<_> = cells.into_iter().map(LeadsOf::from).collect();
    // They come by name, and the sort is stable.
    rows.sort_by_key(|row| Reverse(row.leads));
    format.answer(LeadsBy { by, range: span, days, rows }, LeadsBy::table)
}

/// Adds the counts of a day, and replaces the picture by that of the day.
fn add(cells: &mut BTreeMap<String, Cell>, by: By, day: &DayRollup) {
    for cell in cells.values_mut() {
        cell.picture = Picture::default();
    }
    for (dimensions, cell) in &day.rollup.cells {
        *cells.entry(by.value(dimensions).to_owned()).or_default() += *cell;
    }
}

impl By {
    const ALL: [Self; 4] = [Self::Marketplace, Self::Segment, Self::Stage, Self::Source];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Marketplace => "marketplace",
            Self::Segment => "segment",
            Self::Stage => "stage",
            Self::Source => "source",
        }
    }

    /// Takes `by`, the last that is read of a query.
    fn asked(mut query: Query) -> Result<Self, ApiError> {
        let is_given = query.rest().contains(&"by");
        let by = query.parsed("by");
        if !is_given {
            query.refuse("by", "missing_parameter", UnknownDimension.to_string());
        }
        query.finish()?;
        // What is no dimension was refused above.
        Ok(by.unwrap_or(Self::Source))
    }

    fn value(self, of: &Dimensions) -> &str {
        match self {
            Self::Marketplace => of.marketplace.as_str(),
            Self::Segment => of.segment.as_str(),
            Self::Stage => of.stage.as_str(),
            Self::Source => &of.source,
        }
    }
}

impl FromStr for By {
    type Err = UnknownDimension;

    fn from_str(text: &str) -> Result<Self, UnknownDimension> {
        Self::ALL.into_iter().find(|by| by.as_str() == text).ok_or(UnknownDimension)
    }
}

impl From<(String, Cell)> for LeadsOf {
    fn from((value, Cell { picture, counts }): (String, Cell)) -> Self {
        Self {
            value,
            leads: picture.leads,
            average_score: picture.average_score(),
            histogram: picture.histogram,
            new_leads: counts.new_leads,
            conversions: counts.conversions,
            events: counts.events,
        }
    }
}

impl LeadsBy {
    fn table(&self) -> Table {
        let mut columns = vec!["by", "value", "leads", "average_score"];
        columns.extend(["new_leads", "conversions", "events"]);
        columns.extend(BAND_NAMES);
        columns.extend(DAY_COLUMNS);
        let row = |of: &LeadsOf| {
            let mut row = vec![self.by.as_str().to_owned(), safe_cell(&of.value).into_owned()];
            row.extend([of.leads.to_string(), of.average_score.to_string()]);
            row.extend([of.new_leads, of.conversions, of.events].map(|count| count.to_string()));
            row.extend(of.histogram.map(|leads| leads.to_string()));
            row.extend(day_cells(&self.days));
            row
        };
        let (by, days) = (self.by.as_str(), &self.days);
        let name = format!("leadline-leads-by-{by}-{}-{}", days.from, days.to);
        Table { name, columns, rows: self.rows.iter().map(row).collect() }
    }
}
