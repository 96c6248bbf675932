//! Contact timing: at which hours of the week a lead is there.
//!
//! Invariant: every event that counts stands in exactly one hour, in UTC; the week begins on
//! Monday at 00:00.

use std::collections::BTreeMap;

use crate::{event::Event, time::Timestamp};

const HOUR_MS: i64 = 3_600_000;
const HOURS_A_DAY: i64 = 24;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weekday {
    /// The first day of the week.
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The last.
    Sunday,
}

/// An hour of the week in UTC. The order is that of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HourOfWeek {
    /// The day.
    pub day: Weekday,
    /// The hour of the day, 0 to 23.
    pub hour: u8,
}

/// How many events there were at each hour of the week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactTiming(BTreeMap<HourOfWeek, u32>);

impl Weekday {
    /// Every day, in the order of the week.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// Returns the day's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }

    const fn of(at: Timestamp) -> Self {
        // The first day of 1970 was a Thursday.
        match at.day().number().rem_euclid(7) {
            0 => Self::Thursday,
            1 => Self::Friday,
            2 => Self::Saturday,
            3 => Self::Sunday,
            4 => Self::Monday,
            5 => Self::Tuesday,
            _ => Self::Wednesday,
        }
    }
}

impl HourOfWeek {
    /// Returns the hour that an instant lies in.
    pub fn of(at: Timestamp) -> Self {
        let hour = (at.millis() / HOUR_MS).rem_euclid(HOURS_A_DAY);
        Self { day: Weekday::of(at), hour: u8::try_from(hour).unwrap_or_default() }
    }
}

impl ContactTiming {
    /// Counts events that count.
    pub fn of<'e>(counted: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut events = BTreeMap::new();
        for event in counted {
            *events.entry(HourOfWeek::of(event.timestamp)).or_default() += 1;
        }
        Self(events)
    }

    /// Iterates over the hours with events, in the order of the week, with how many there were.
    pub fn hours(&self) -> impl Iterator<Item = (HourOfWeek, u32)> {
        self.0.iter().map(|(hour, events)| (*hour, *events))
    }

    /// Returns the hour of most events, of several the earliest of the week; `None` without
    /// events.
    pub fn best(&self) -> Option<(HourOfWeek, u32)> {
        // Of equal ones the last is taken, so the week is walked backwards.
        self.0
            .iter()
            .rev()
            .max_by_key(|(_, events)| **events)
            .map(|(hour, events)| (*hour, *events))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Datelike, Timelike};
    use proptest::prelude::*;

    use super::*;

    fn hour(day: Weekday, hour: u8) -> HourOfWeek {
        HourOfWeek { day, hour }
    }

    #[test]
    fn an_hour_is_that_of_the_week_in_utc() {
        for (at, expected) in [
            ("1970-01-01T00:00:00Z", hour(Weekday::Thursday, 0)),
            ("2026-01-05T00:00:00Z", hour(Weekday::Monday, 0)),
            ("2026-01-11T23:59:59.999Z", hour(Weekday::Sunday, 23)),
            ("2026-01-06T12:30:00-03:00", hour(Weekday::Tuesday, 15)),
        ] {
            assert_eq!(HourOfWeek::of(at.parse().unwrap()), expected, "{at}");
        }
        assert!(hour(Weekday::Monday, 23) < hour(Weekday::Tuesday, 0));
    }

    #[test]
    fn the_best_hour_has_most_events_and_is_the_earliest_of_those() {
        assert_eq!(ContactTiming::default().best(), None);
        let timing = ContactTiming(BTreeMap::from([
            (hour(Weekday::Tuesday, 14), 3),
            (hour(Weekday::Monday, 9), 1),
            (hour(Weekday::Friday, 8), 3),
        ]));
        assert_eq!(timing.best(), Some((hour(Weekday::Tuesday, 14), 3)));
        let days: Vec<_> = timing.hours().map(|(hour, _)| hour.day.as_str()).collect();
        assert_eq!(days, ["monday", "tuesday", "friday"]);
    }

    proptest! {
        #[test]
        fn every_instant_lies_in_the_hour_that_the_calendar_says(millis in 0..253_402_300_800_000_i64) {
            let found = HourOfWeek::of(Timestamp::from_millis(millis).unwrap());
            let calendar = DateTime::from_timestamp_millis(millis).unwrap();
            let place = Weekday::ALL.iter().position(|day| *day == found.day).unwrap();
            prop_assert_eq!(place, calendar.weekday().num_days_from_monday() as usize);
            prop_assert_eq!(u32::from(found.hour), calendar.hour());
        }
    }
}
