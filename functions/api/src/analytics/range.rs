//! Which days are looked at, and what the nights have told of them.
//!
//! Invariant: a day whose picture is not whole is passed on to nobody; it is named instead. Only a
//! few days are held at once, however many are asked for.

use std::str::FromStr;

use domain::{
    rollup::{Rollup, Totals},
    tenant::TenantId,
    time::{Day, Timestamp},
};
use dynamo::{DayRollup, Store, StoreError};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use utoipa::{
    IntoParams, ToSchema,
    openapi::{Object, ObjectBuilder, Type},
};

use crate::query::Query;

/// How many days one read of the table takes, and how many reads are under way: a day may hold
/// very many cells.
const SLICE_DAYS: u32 = 10;
const AHEAD: usize = 2;

/// How many days are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Span {
    /// A week.
    #[serde(rename = "7d")]
    Week,
    /// A month.
    #[default]
    #[serde(rename = "30d")]
    Month,
    /// A quarter.
    #[serde(rename = "90d")]
    Quarter,
}

/// Says that a text names no span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("range is one of 7d, 30d, 90d")]
pub struct UnknownSpan;

/// How many days are asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it only describes the query")]
pub struct RangeQuery {
    /// How many whole days in UTC, the last of which is yesterday; `30d` by default.
    #[param(schema_with = span)]
    pub range: Option<Span>,
}

/// Days that follow each other, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first one.
    pub from: Day,
    /// The last one.
    pub to: Day,
}

/// Which days the numbers are of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AnalyticsDays)]
#[expect(clippy::struct_field_names, reason = "the names of the answer")]
pub struct Days {
    /// The first day.
    #[schema(value_type = String, format = Date)]
    pub from: Day,
    /// The last day.
    #[schema(value_type = String, format = Date)]
    pub to: Day,
    /// The last of the days that is told of: what leads are at the end is what they were at its
    /// last instant. `null` when none is.
    #[schema(value_type = Option<String>, format = Date, required)]
    pub as_of: Option<Day>,
    /// The days that are told of by no nightly run that has finished. No sum holds anything of
    /// them.
    #[schema(value_type = Vec<String>)]
    pub missing_days: Vec<Day>,
    /// Days that were counted by a former version: as a whole, and without events, conversions,
    /// scores by band and changes of stage.
    #[schema(value_type = Vec<String>)]
    pub undivided_days: Vec<Day>,
}

/// The OpenAPI schema of a span.
pub fn span() -> Object {
    let words = Span::ALL.map(Span::as_str).map(serde_json::Value::from);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

impl Span {
    /// Every span, the shortest first.
    pub const ALL: [Self; 3] = [Self::Week, Self::Month, Self::Quarter];

    /// Returns the span's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
        }
    }

    /// Takes `range`.
    pub fn asked(query: &mut Query) -> Self {
        query.parsed("range").unwrap_or_default()
    }

    const fn days(self) -> u32 {
        match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
        }
    }
}

impl FromStr for Span {
    type Err = UnknownSpan;

    fn from_str(text: &str) -> Result<Self, UnknownSpan> {
        Self::ALL.into_iter().find(|span| span.as_str() == text).ok_or(UnknownSpan)
    }
}

impl Period {
    /// Returns the whole days of a span that ended before `now`.
    pub fn ended(span: Span, now: Timestamp) -> Self {
        let to = now.day().previous();
        Self { from: to.minus_days(span.days() - 1), to }
    }

    /// Returns as many days of a span before these.
    pub fn before(self, span: Span) -> Self {
        let to = self.from.minus_days(1);
        Self { from: to.minus_days(span.days() - 1), to }
    }

    fn days(self) -> impl Iterator<Item = Day> {
        std::iter::successors(Some(self.from), |day| Some(day.next()))
            .take_while(move |day| *day <= self.to)
    }

    fn slices(self) -> impl Iterator<Item = Self> {
        let size = usize::try_from(SLICE_DAYS).unwrap_or(1);
        let slice = move |from: Day| Self { from, to: from.plus_days(SLICE_DAYS - 1).min(self.to) };
        self.days().step_by(size).map(slice)
    }
}

impl Days {
    /// Tells whether every day is told of, and in every respect.
    pub fn are_whole(&self) -> bool {
        self.missing_days.is_empty() && self.undivided_days.is_empty()
    }
}

/// Reads the rollups of a period in order, those of unfinished runs among them, and passes them
/// on one by one.
pub async fn walk(
    store: &Store,
    tenant: &TenantId,
    period: Period,
    mut take: impl FnMut(DayRollup) + Send,
) -> Result<(), StoreError> {
    let reads = period.slices().map(|slice| store.rollups(tenant, slice.from, slice.to));
    let mut slices = stream::iter(reads).buffered(AHEAD);
    while let Some(days) = slices.next().await {
        days?.into_iter().for_each(&mut take);
    }
    Ok(())
}

/// Passes on the days of a period whose picture is whole, in order, and tells which they are.
pub async fn read(
    store: &Store,
    tenant: &TenantId,
    period: Period,
    mut take: impl FnMut(DayRollup) + Send,
) -> Result<Days, StoreError> {
    let (mut told, mut undivided_days) = (Vec::new(), Vec::new());
    let sort = |day: DayRollup| {
        if !day.complete {
            return;
        }
        told.push(day.day);
        if is_undivided(&day.rollup) {
            undivided_days.push(day.day);
        }
        take(day);
    };
    walk(store, tenant, period, sort).await?;
    let Period { from, to } = period;
    let as_of = told.last().copied();
    let missing_days = period.days().filter(|day| told.binary_search(day).is_err()).collect();
    Ok(Days { from, to, as_of, missing_days, undivided_days })
}

/// Tells whether a former version counted a day, which divided nothing.
pub fn is_undivided(rollup: &Rollup) -> bool {
    rollup.undivided != Totals::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(period: Period) -> (String, String) {
        (period.from.to_string(), period.to.to_string())
    }

    #[test]
    fn a_span_ends_yesterday_and_the_one_before_ends_where_it_begins() {
        let now = "2026-03-01T00:00:00Z".parse().unwrap();
        let of = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        for (span, period, before) in [
            ("7d", of("2026-02-22", "2026-02-28"), of("2026-02-15", "2026-02-21")),
            ("30d", of("2026-01-30", "2026-02-28"), of("2025-12-31", "2026-01-29")),
            ("90d", of("2025-12-01", "2026-02-28"), of("2025-09-02", "2025-11-30")),
        ] {
            let span: Span = span.parse().unwrap();
            let found = Period::ended(span, now);
            assert_eq!((days(found), days(found.before(span))), (period, before));
        }
        assert_eq!("31d".parse::<Span>(), Err(UnknownSpan));
    }

    #[test]
    fn a_period_is_read_in_slices_that_miss_no_day_and_repeat_none() {
        let from: Day = "2026-01-01".parse().unwrap();
        for length in [1, 9, 10, 11, 30, 366] {
            let period = Period { from, to: from.plus_days(length - 1) };
            let slices: Vec<_> = period.slices().collect();
            assert!(slices.iter().all(|slice| slice.days().count() <= 10));
            let sliced: Vec<_> = slices.into_iter().flat_map(Period::days).collect();
            assert_eq!(sliced, period.days().collect::<Vec<_>>(), "{length}");
        }
    }
}
