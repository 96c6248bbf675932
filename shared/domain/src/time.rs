//! Instants and days, in milliseconds and UTC.
//!
//! Invariant: the domain never asks for the time; every instant comes in as an argument.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// The length of a day in milliseconds.
pub const DAY_MS: i64 = 86_400_000;

/// The earliest and latest instants an event may carry: 1970-01-01 and 9999-12-31.
const RANGE_MS: std::ops::RangeInclusive<i64> = 0..=253_402_300_799_999;

/// An instant in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// As text it is RFC 3339 in UTC with milliseconds: `2026-01-15T12:00:00.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

/// A calendar day in UTC; as text `2026-01-15`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(i64);

/// Says why a text is no instant or day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTime {
    /// The text is not an RFC 3339 instant.
    #[error("a timestamp is RFC 3339 text, like 2026-01-15T12:00:00Z")]
    Format,
    /// The instant is outside the years 1970 to 9999.
    #[error("a timestamp lies between the years 1970 and 9999")]
    Range,
    /// The text is not a `YYYY-MM-DD` day.
    #[error("a day is written YYYY-MM-DD")]
    Day,
}

impl Timestamp {
    /// The latest instant of all.
    pub(crate) const LAST: Self = Self(*RANGE_MS.end());

    /// Returns the instant that many milliseconds after 1970.
    pub fn from_millis(millis: i64) -> Result<Self, InvalidTime> {
        if RANGE_MS.contains(&millis) { Ok(Self(millis)) } else { Err(InvalidTime::Range) }
    }

    /// Reads an instant that bounds a question: one before 1970 is that of its beginning.
    pub fn bound(text: &str) -> Result<Self, InvalidTime> {
        let instant = DateTime::parse_from_rfc3339(text.trim()).map_err(|_| InvalidTime::Format)?;
        Ok(instant.to_utc().into())
    }

    /// Returns the milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Returns the instant `millis` later (earlier when negative), kept within the valid range.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis).clamp(*RANGE_MS.start(), *RANGE_MS.end()))
    }

    /// Returns the milliseconds from `earlier` to this instant, negative when it is later.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// Counts the whole days of 86,400 s from `earlier` to this instant; 0 when it is not later.
    pub fn whole_days_since(self, earlier: Self) -> u32 {
        u32::try_from(self.millis_since(earlier).max(0) / DAY_MS).unwrap_or(u32::MAX)
    }

    /// Returns the UTC day this instant lies in.
    pub const fn day(self) -> Day {
        Day(self.0.div_euclid(DAY_MS))
    }
}

impl Day {
    /// Reads a day that bounds a question: one before 1970 is its first.
    pub fn bound(text: &str) -> Result<Self, InvalidTime> {
        Ok(Timestamp::from(midnight(text)?).day())
    }

    /// Returns the first instant of the day.
    pub const fn start(self) -> Timestamp {
        Timestamp(self.0 * DAY_MS)
    }

    /// Returns the last millisecond of the day.
    pub const fn last_instant(self) -> Timestamp {
        Timestamp(self.0 * DAY_MS + DAY_MS - 1)
    }

    /// Returns the day before, or the same day on 1970-01-01.
    #[must_use]
    pub fn previous(self) -> Self {
        Self((self.0 - 1).max(0))
    }

    /// Returns the day after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Returns the day a number of days later.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        Self(self.0 + i64::from(days))
    }

    /// Returns the day a number of days earlier.
    #[must_use]
    pub fn minus_days(self, days: u32) -> Self {
        Self(self.0 - i64::from(days))
    }

    /// Counts the days since 1970-01-01.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Counts the calendar months since January of year 0.
    pub fn month_number(self) -> i64 {
        let date = DateTime::from_timestamp(self.0 * DAY_MS / 1_000, 0).unwrap_or_default();
        i64::from(date.year()) * 12 + i64::from(date.month0())
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(instant: DateTime<Utc>) -> Self {
        Self(instant.timestamp_millis().clamp(*RANGE_MS.start(), *RANGE_MS.end()))
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let instant = DateTime::parse_from_rfc3339(text.trim()).map_err(|_| InvalidTime::Format)?;
        Self::from_millis(instant.timestamp_millis())
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTime;

    fn try_from(text: String) -> Result<Self, InvalidTime> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(instant: Timestamp) -> Self {
        instant.to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::<Utc>::from_timestamp_millis(self.0) {
            Some(instant) => f.write_str(&instant.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => write!(f, "{} ms", self.0),
        }
    }
}

impl FromStr for Day {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let midnight = midnight(text)?.timestamp_millis();
        let start = Timestamp::from_millis(midnight).map_err(|_| InvalidTime::Day)?;
        Ok(start.day())
    }
}

/// Reads the midnight at which a day begins.
fn midnight(text: &str) -> Result<DateTime<Utc>, InvalidTime> {
    if text.len() != 10 || !text.is_ascii() {
        return Err(InvalidTime::Day);
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| InvalidTime::Day)?;
    Ok(date.and_time(chrono::NaiveTime::MIN).and_utc())
}

impl TryFrom<String> for Day {
    type Error = InvalidTime;

    fn try_from(text: String) -> Result<Self, InvalidTime> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::<Utc>::from_timestamp_millis(self.start().millis()) {
            Some(instant) => write!(f, "{}", instant.format("%Y-%m-%d")),
            None => write!(f, "day {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_before_all_time_is_the_beginning_of_time() {
        assert_eq!(Timestamp::bound("0275-10-20T02:33:47.205+04:23").unwrap().millis(), 0);
        assert_eq!(Timestamp::bound("2026-01-15T12:00:00Z"), "2026-01-15T12:00:00Z".parse());
        assert_eq!(Day::bound("0166-11-08").unwrap().number(), 0);
        assert_eq!(Day::bound("2026-01-15"), "2026-01-15".parse());
        assert_eq!(Day::bound("2026-13-01"), Err(InvalidTime::Day));
    }

    #[test]
    fn every_precision_a_sender_uses_is_the_same_instant() {
        let expected: Timestamp = "2026-01-15T12:00:00.123Z".parse().unwrap();
        for text in ["2026-01-15T12:00:00.123+00:00", "2026-01-15T09:00:00.123456-03:00"] {
            assert_eq!(text.parse::<Timestamp>().unwrap(), expected);
        }
        assert_eq!(expected.to_string(), "2026-01-15T12:00:00.123Z");
    }

    #[test]
    fn a_day_ends_one_millisecond_before_the_next_begins() {
        let day: Day = "2026-02-28".parse().unwrap();
        assert_eq!(day.last_instant().plus_millis(1), day.next().start());
        assert_eq!(day.next().to_string(), "2026-03-01");
        assert_eq!(day.next().previous(), day);
        assert!("2026-2-28".parse::<Day>().is_err());
    }

    #[test]
    fn whole_days_are_86_400_seconds_and_never_negative() {
        let start: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        assert_eq!(start.plus_millis(DAY_MS - 1).whole_days_since(start), 0);
        assert_eq!(start.plus_millis(DAY_MS).whole_days_since(start), 1);
        assert_eq!(start.whole_days_since(start.plus_millis(DAY_MS)), 0);
    }
}
