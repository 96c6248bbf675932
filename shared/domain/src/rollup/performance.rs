//! Whether the points foretold who converts.
//!
//! Invariant: of a lead that converted only what was known before counts: the score just before its
//! conversion, and the rules that had given points by then.

use std::{collections::BTreeMap, ops::AddAssign};

use super::{BANDS, LeadDay, band};
use crate::rules::Rules;

/// How many leads there were, and how many of them converted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// All leads, those that converted included.
    pub leads: u64,
    /// Those that converted.
    pub conversions: u64,
}

/// The leads at a day's end by what was known of them: the leads of the picture, and those that
/// converted without an event that counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Performance {
    /// By the band of the score: of those that converted the one just before, of the others the one
    /// shown at the day's end.
    pub bands: [Rate; BANDS],
    /// By the id of each rule that gave points, or took some, before the conversion or so far.
    pub rules: BTreeMap<String, Rate>,
}

impl Rate {
    fn count(&mut self, converted: bool) {
        self.leads += 1;
        self.conversions += u64::from(converted);
    }
}

impl Performance {
    /// Counts a lead, folded by `rules`.
    pub(super) fn count(&mut self, lead: &LeadDay, rules: &Rules) {
        let converted = lead.conversion.is_some();
        let score = lead.conversion.map(|conversion| conversion.score).or(lead.score);
        let Some(score) = score else { return };
        if let Some(rate) = self.bands.get_mut(band(score)) {
            rate.count(converted);
        }
        for place in lead.scored_by.places() {
            let Some(rule) = rules.set().rules.get(place) else { continue };
            if let Some(rate) = self.rules.get_mut(&rule.id) {
                rate.count(converted);
            } else {
                self.rules.entry(rule.id.clone()).or_default().count(converted);
            }
        }
    }
}

impl AddAssign for Rate {
    fn add_assign(&mut self, other: Self) {
        self.leads += other.leads;
        self.conversions += other.conversions;
    }
}

impl AddAssign for Performance {
    fn add_assign(&mut self, other: Self) {
        for (rate, more) in self.bands.iter_mut().zip(other.bands) {
            *rate += more;
        }
        for (rule, rate) in other.rules {
            *self.rules.entry(rule).or_default() += rate;
        }
    }
}
