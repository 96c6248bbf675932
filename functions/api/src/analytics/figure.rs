//! A key figure of a period beside that of the period before.
//!
//! Invariant: a change is of the numbers as they were counted, not of what is shown of them, and is
//! told only where both periods can be compared.

use std::fmt;

use domain::{
    points::Points,
    ratio::{Fraction, Ratio},
    rollup::Totals,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A figure, the same one before, and the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = KeyFigure)]
pub struct Figure {
    /// What it is; `null` where no day tells, or where it is an average or rate of nobody.
    #[schema(value_type = Option<f64>, required)]
    pub value: Option<Shown>,
    /// What it was in the period before.
    #[schema(value_type = Option<f64>, required)]
    pub previous: Option<Shown>,
    /// By how much of `previous` it is more, with four decimals: 0.25 is a quarter more. `null`
    /// where `previous` is 0 or unknown, or where a day is missing from what is compared.
    #[schema(value_type = Option<f64>, required)]
    pub change: Option<Ratio>,
}

/// A figure as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Shown {
    /// How many.
    Count(u64),
    /// An average score.
    Score(Points),
    /// A rate.
    Rate(Ratio),
}

/// A figure of one period: what is shown of it, and what it was counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    shown: Shown,
    exact: Fraction,
}

impl Measured {
    /// Takes a count.
    pub const fn count(count: u64) -> Self {
        Self { shown: Shown::Count(count), exact: Fraction::whole(count) }
    }

    /// Takes the average score of leads; `None` without any.
    pub fn average_score(end: &Totals) -> Option<Self> {
        let picture = &end.picture;
        let exact = Fraction { over: picture.score_sum, under: picture.leads };
        let shown = Shown::Score(picture.average_score());
        (picture.leads > 0).then_some(Self { shown, exact })
    }

    /// Takes how many leads converted of those there are; `None` without any.
    pub fn rate(conversions: u64, leads: u64) -> Option<Self> {
        let exact = Fraction { over: conversions, under: leads };
        exact.ratio().map(|rate| Self { shown: Shown::Rate(rate), exact })
    }
}

impl Figure {
    /// Puts a figure beside the former one.
    pub fn new(now: Option<Measured>, former: Option<Measured>, can_compare: bool) -> Self {
        let both = now.zip(former).filter(|_| can_compare);
        Self {
            value: now.map(|now| now.shown),
            previous: former.map(|former| former.shown),
            change: both.and_then(|(now, former)| now.exact.change_from(former.exact)),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Score(points) => points.fmt(f),
            Self::Rate(rate) => rate.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::rollup::Picture;
    use serde_json::json;

    use super::*;

    fn averaging(score_sum: u64, leads: u64) -> Option<Measured> {
        let picture = Picture { leads, score_sum, ..Picture::default() };
        Measured::average_score(&Totals { picture, ..Totals::default() })
    }

    #[test]
    fn a_change_is_of_what_was_counted_and_not_of_what_is_shown() {
        // 1/3 to 2/3 is twice as much, 0.3333 to 0.6667 would be a little more.
        let figure = Figure::new(Measured::rate(2, 3), Measured::rate(1, 3), true);
        let expected = json!({"value": 0.6667, "previous": 0.3333, "change": 1});
        assert_eq!(json!(figure), expected);
        let figure = Figure::new(averaging(200, 3), averaging(100, 3), true);
        assert_eq!(json!(figure), json!({"value": 66.667, "previous": 33.333, "change": 1}));
    }

    #[test]
    fn there_is_no_change_from_nothing_and_none_that_cannot_be_compared() {
        let count = |count| Some(Measured::count(count));
        for (now, former, can_compare, expected) in [
            (count(3), count(4), true, json!({"value": 3, "previous": 4, "change": -0.25})),
            (count(3), count(4), false, json!({"value": 3, "previous": 4, "change": null})),
            (count(3), count(0), true, json!({"value": 3, "previous": 0, "change": null})),
            (count(3), None, true, json!({"value": 3, "previous": null, "change": null})),
            (None, count(4), true, json!({"value": null, "previous": 4, "change": null})),
            (
                averaging(0, 0),
                count(4),
                true,
                json!({"value": null, "previous": 4, "change": null}),
            ),
        ] {
            assert_eq!(json!(Figure::new(now, former, can_compare)), expected);
        }
        assert_eq!(Measured::rate(1, 0), None);
    }
}
