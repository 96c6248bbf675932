//! What a segment counts while it is scanned.
//!
//! Invariant: each lead is counted for its own tenant only.

use std::collections::BTreeMap;

use domain::{rollup::Rollup, tenant::TenantId, time::Day};

use crate::picture::Picture;

/// What was seen of one lead.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Whose it is.
    pub tenant: TenantId,
    /// What it was at the end of the day; `None` when it had not been seen by then.
    pub picture: Option<Picture>,
    /// The day on which it was first seen, by all that is known now.
    pub first_seen_on: Option<Day>,
    /// Whether its events had to be read.
    pub refolded: bool,
    /// Whether it is listed anew.
    pub refreshed: bool,
    /// The version of the rules, and how often the condition of each failed for it; `None` where
    /// no rule has a condition.
    pub failures: Option<(u32, BTreeMap<String, u32>)>,
}

/// The counts of one tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TenantTally {
    /// The partial of the day.
    pub rollup: Rollup,
    /// New leads by the day on which they were first seen.
    pub new_leads: BTreeMap<Day, u64>,
    /// How often the condition of each rule failed, by version.
    pub failures: BTreeMap<u32, BTreeMap<String, u64>>,
}

/// The counts of a segment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// By tenant.
    pub tenants: BTreeMap<TenantId, TenantTally>,
    /// How many leads there were.
    pub leads: u64,
    /// How many had their events read.
    pub refolded: u64,
    /// How many are listed anew.
    pub refreshed: u64,
}

impl Tally {
    /// Counts one lead.
    pub(crate) fn count(&mut self, seen: Seen) {
        self.leads += 1;
        self.refolded += u64::from(seen.refolded);
        self.refreshed += u64::from(seen.refreshed);
        let tenant = self.tenants.entry(seen.tenant).or_default();
        if let Some(Picture { score, stage, is_new }) = seen.picture {
            tenant.rollup.count(score, stage, is_new);
        }
        if let Some(day) = seen.first_seen_on {
            *tenant.new_leads.entry(day).or_default() += 1;
        }
        if let Some((version, failures)) = seen.failures {
            let counts = tenant.failures.entry(version).or_default();
            for (rule, failed) in failures {
                *counts.entry(rule).or_default() += u64::from(failed);
            }
        }
    }
}

impl TenantTally {
    /// Returns the new leads of those of the given days that have any.
    pub(crate) fn new_leads_of(&self, days: &[Day]) -> BTreeMap<Day, u64> {
        days.iter().filter_map(|day| Some((*day, *self.new_leads.get(day)?))).collect()
    }
}
