//! A rule: which events it matches, what it gives for them, and what limits that.
//!
//! Invariant: a rule is data; nothing in the code knows one by name.

use serde::{Deserialize, Serialize};

use crate::{
    pattern::Pattern,
    points::Points,
    time::{Day, Timestamp},
};

/// Gives points for matching events, or takes the events out of scoring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Names the rule in explanations; unique within the set.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The event type it matches; `*` stands for any run of characters.
    pub event_type: Pattern,
    /// What must hold beside the type, in CEL over `event`, `profile` and `facts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What a matching event gives, negative to take. Absent from a rule that suppresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<Points>,
    /// How often it gives at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Cap>,
    /// The group whose given points its `group_cap` looks at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Up to how many positive points, given by the whole group over a lifetime and before decay,
    /// this rule gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_cap: Option<Points>,
    /// After how many UTC days what it gave goes: what is given on day D goes at the beginning of
    /// day D plus this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_after_days: Option<u32>,
    /// Whether matching events are taken out of scoring, as if they had not happened.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suppress: bool,
    /// Whether it applies at all.
    #[serde(default = "active")]
    pub active: bool,
}

const fn active() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Limits how often a rule gives points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// How often it gives, at most.
    pub count: u32,
    /// In which stretch of time.
    pub per: Period,
}

/// A stretch of time, by the timestamps of events in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// All time.
    Lifetime,
    /// A day.
    Day,
    /// An ISO week: Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
}

impl Period {
    /// Numbers the stretch that an instant lies in. Later stretches have greater numbers.
    pub fn number(self, at: Timestamp) -> i64 {
        match self {
            Self::Lifetime => 0,
            Self::Day => at.day().number(),
            // Day 0, 1970-01-01, was a Thursday.
            Self::Week => (at.day().number() + 3).div_euclid(7),
            Self::Month => at.day().month_number(),
        }
    }
}

impl Rule {
    /// Returns what a matching event gives before caps.
    pub fn gives(&self) -> Points {
        self.points.unwrap_or_default()
    }

    /// Returns the day at whose beginning points given at an instant go.
    pub fn expires_on(&self, given_at: Timestamp) -> Option<Day> {
        self.expires_after_days.map(|days| given_at.day().plus_days(days))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let number = |period: Period, at: &str| period.number(at.parse().unwrap());
        let sunday = "2026-11-22T23:59:59.999Z";
        let monday = "2026-11-23T00:00:00Z";
        assert_eq!(number(Period::Week, sunday) + 1, number(Period::Week, monday));
        assert_eq!(number(Period::Week, "2026-11-16T00:00:00Z"), number(Period::Week, sunday));
        // An ISO week runs on over the end of a year.
        let (old, new) = ("2026-12-31T12:00:00Z", "2027-01-01T12:00:00Z");
        assert_eq!(number(Period::Week, old), number(Period::Week, new));
        assert_eq!(number(Period::Month, old) + 1, number(Period::Month, new));
        assert_eq!(number(Period::Day, old) + 1, number(Period::Day, new));
        assert_eq!(number(Period::Lifetime, old), number(Period::Lifetime, new));
    }
}
