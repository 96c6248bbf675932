//! What a segment counts while it is scanned.
//!
//! Invariant: each lead is counted for its own tenant only, and for a day at most once.

use std::collections::BTreeMap;

use domain::{
    erasure::Reason,
    home::HomeId,
    rollup::{Counts, Dimensions, LeadDay, Rollup, counts_on},
    rules::Rules,
    state::State,
    tenant::TenantId,
    time::Day,
};
use dynamo::NightCounts;

/// What a pass asks of every lead of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The day whose picture is taken; `None` in a pass after the first, which took it.
    pub picture: Option<Day>,
    /// The dirty days that are counted again, in order and all before that day.
    pub recounted: Vec<Day>,
}

/// What became of a lead by the clock, in a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Nothing.
    Stays,
    /// It was erased.
    Erased(Reason),
    /// Its events were moved to the archive.
    Archived,
    /// What is due waits for the next night.
    Postponed,
}

/// What was seen of one lead.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub lead: HomeId,
    /// The rules that it is folded by.
    pub rules: Rules,
    /// What it adds to the days that are asked for.
    pub days: BTreeMap<Day, LeadDay>,
    /// Whether its events had to be read.
    pub refolded: bool,
    /// Whether it is listed anew.
    pub refreshed: bool,
    /// Whether it is stored as something else than its events say; `None` where it was not audited.
    pub drifts: Option<bool>,
    /// What became of it by the clock.
    pub kept: Kept,
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
    /// What the night did.
    pub night: NightCounts,
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
        let tenant = self.tenants.entry(seen.tenant.clone()).or_default();
        tenant.count_night(&seen);
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

impl TenantTally {
    /// Counts what was done with one lead.
    fn count_night(&mut self, seen: &Seen) {
        let night = &mut self.night;
        night.leads += 1;
        night.refreshed += u64::from(seen.refreshed);
        night.audited += u64::from(seen.drifts.is_some());
        if seen.drifts == Some(true) {
            night.count_drift(seen.lead);
        }
        match seen.kept {
            Kept::Erased(Reason::Lapsed) => night.erased += 1,
            Kept::Erased(Reason::Unconsented) => night.anonymised += 1,
            Kept::Archived => night.archived += 1,
            Kept::Postponed => night.postponed += 1,
            // Who asks for it to be done at once does not wait for the night.
            Kept::Erased(Reason::Asked) | Kept::Stays => {}
        }
    }
}
