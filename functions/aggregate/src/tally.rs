//! What a segment counts while it is scanned.
//!
//! Invariant: each lead is counted for its own tenant only, and for a day at most once.

use std::collections::BTreeMap;

use domain::{
    rollup::{Counts, Dimensions, LeadDay, Rollup, counts_on},
    rules::Rules,
    state::State,
    tenant::TenantId,
    time::Day,
};

/// What a pass asks of every lead of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The day whose picture is taken; `None` in a pass after the first, which took it.
    pub picture: Option<Day>,
    /// The dirty days that are counted again, in order and all before that day.
    pub recounted: Vec<Day>,
}

/// What was seen of one lead.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Whose it is.
    pub tenant: TenantId,
    /// The rules that it is folded by.
    pub rules: Rules,
    /// What it adds to the days that are asked for.
    pub days: BTreeMap<Day, LeadDay>,
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
    /// The partial of the day whose picture is taken.
    pub rollup: Rollup,
    /// What happened on each of the dirty days.
    pub recounted: BTreeMap<Day, BTreeMap<Dimensions, Counts>>,
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

impl Asked {
    /// Returns all days that are asked for, in order.
    pub(crate) fn days(&self) -> Vec<Day> {
        self.recounted.iter().copied().chain(self.picture).collect()
    }

    /// Returns those of the days to which a lead can add something, by its state of today.
    pub(crate) fn days_of(&self, state: &State) -> Vec<Day> {
        let recounted = self.recounted.iter().filter(|day| counts_on(state, **day));
        recounted.copied().chain(self.picture).collect()
    }
}

impl Tally {
    /// Counts one lead, of which that was asked.
    pub(crate) fn count(&mut self, seen: Seen, asked: &Asked) {
        self.leads += 1;
        self.refolded += u64::from(seen.refolded);
        self.refreshed += u64::from(seen.refreshed);
        let tenant = self.tenants.entry(seen.tenant).or_default();
        for (day, lead) in seen.days {
            if asked.picture == Some(day) {
                tenant.rollup.count(&lead, &seen.rules);
            } else if !lead.counts.is_zero() {
                let counts = tenant.recounted.entry(day).or_default();
                *counts.entry(lead.dimensions).or_default() += lead.counts;
            }
        }
        if let Some((version, failures)) = seen.failures {
            let counts = tenant.failures.entry(version).or_default();
            for (rule, failed) in failures {
                *counts.entry(rule).or_default() += u64::from(failed);
            }
        }
    }
}
