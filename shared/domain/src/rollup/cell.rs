//! What is counted of leads that are alike.
//!
//! Invariant: a picture says what leads were at a day's last instant and is never put right
//! afterwards; counts say what happened on the day and are.

use std::ops::AddAssign;

use crate::points::{Points, divide_half_away};

/// How many bands of scores there are: 0 to 9, 10 to 19, and so on, and 100 and above.
pub const BANDS: usize = 11;

/// Leads by the band of a score.
pub type Histogram = [u64; BANDS];

/// What is known of leads that are alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// What they were at the day's last instant.
    pub picture: Picture,
    /// What happened to them on the day.
    pub counts: Counts,
}

/// Leads at a day's last instant: those that had an event that counts by then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// How many there were.
    pub leads: u64,
    /// The sum of the scores shown.
    pub score_sum: u64,
    /// The leads by the score shown.
    pub histogram: Histogram,
}

/// What happened on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that count.
    pub events: u64,
    /// Leads whose first event that counts was on the day.
    pub new_leads: u64,
    /// Leads that converted, see [`crate::conversion::Conversion`].
    pub conversions: u64,
}

/// Returns the band that a score shown lies in, from 0.
pub fn band(score: i64) -> usize {
    usize::try_from(score.max(0) / 10).map_or(BANDS - 1, |band| band.min(BANDS - 1))
}

impl Picture {
    /// Counts a lead.
    pub(super) fn count(&mut self, score: i64) {
        self.leads += 1;
        self.score_sum += u64::try_from(score).unwrap_or(0);
        if let Some(leads) = self.histogram.get_mut(band(score)) {
            *leads += 1;
        }
    }

    /// Returns the average score shown, in thousandths, rounded half away from zero; 0 without
    /// leads.
    pub fn average_score(&self) -> Points {
        let sum = i128::from(self.score_sum) * 1_000;
        Points::from_thousandths(divide_half_away(sum, i128::from(self.leads.max(1))))
    }
}

impl Counts {
    /// Tells whether nothing happened.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for Cell {
    fn add_assign(&mut self, other: Self) {
        self.picture += other.picture;
        self.counts += other.counts;
    }
}

impl AddAssign for Picture {
    fn add_assign(&mut self, other: Self) {
        self.leads += other.leads;
        self.score_sum += other.score_sum;
        for (leads, more) in self.histogram.iter_mut().zip(other.histogram) {
            *leads += more;
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.new_leads += other.new_leads;
        self.conversions += other.conversions;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_band_holds_ten_scores_and_the_last_one_all_above() {
        let bands = [-5, 0, 9, 10, 99, 100, i64::MAX].map(band);
        assert_eq!(bands, [0, 0, 0, 1, 9, 10, 10]);
    }

    #[test]
    fn the_average_is_of_the_whole() {
        let (mut one, mut two) = (Picture::default(), Picture::default());
        one.count(10);
        two.count(30);
        two.count(100);
        one += two;
        assert_eq!((one.leads, one.average_score()), (3, Points::from_thousandths(46_667)));
        assert_eq!(one.histogram, [0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(Picture::default().average_score(), Points::ZERO);
    }
}
