//! Rollups: a day of a tenant's leads, by marketplace, segment, stage and source.
//!
//! Invariant: a rollup is a sum over leads, so those of disjoint sets of leads add up to that of
//! them all, in any order. Averages, rates and medians are taken of the sum only.

mod cell;
mod dimensions;
mod flow;
mod lead_day;
mod names;
mod performance;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::{
    cell::{BANDS, Cell, Counts, Histogram, Picture, band},
    dimensions::{Dimensions, OTHER},
    flow::Flow,
    lead_day::{History, LeadDay, counts_on, needs_events},
    names::{Census, MAX_MARKETPLACES, MAX_SOURCES, Names},
    performance::{Performance, Rate},
};
use crate::{rules::Rules, stage::Stage};

/// A day of a set of leads. Deleted leads, by the day's last instant, are in none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollup {
    /// What the leads were at the day's last instant and what happened on the day, by what the leads
    /// were then.
    pub cells: BTreeMap<Dimensions, Cell>,
    /// The changes of stage on the day. A picture: late events leave it alone.
    pub flow: Flow,
    /// What the points had foretold by the day's end. A picture too.
    pub performance: Performance,
    /// What is known as a whole only: former code divided nothing.
    pub undivided: Totals,
}

/// A rollup, or part of it, as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What the leads were at the day's last instant.
    pub picture: Picture,
    /// Those leads by stage.
    pub by_stage: ByStage,
    /// What happened on the day.
    pub counts: Counts,
}

/// A count for each stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are the stages")]
pub struct ByStage {
    pub cold: u64,
    pub warm: u64,
    pub hot: u64,
    pub qualified: u64,
}

impl ByStage {
    /// Returns the count of a stage.
    pub const fn of(&mut self, stage: Stage) -> &mut u64 {
        match stage {
            Stage::Cold => &mut self.cold,
            Stage::Warm => &mut self.warm,
            Stage::Hot => &mut self.hot,
            Stage::Qualified => &mut self.qualified,
        }
    }
}

impl std::ops::AddAssign for ByStage {
    fn add_assign(&mut self, other: Self) {
        self.cold += other.cold;
        self.warm += other.warm;
        self.hot += other.hot;
        self.qualified += other.qualified;
    }
}

impl Rollup {
    /// Counts one lead, folded by `rules`.
    pub fn count(&mut self, lead: &LeadDay, rules: &Rules) {
        let cell = self.cells.entry(lead.dimensions.clone()).or_default();
        cell.counts += lead.counts;
        if let Some(score) = lead.score {
            cell.picture.count(score);
        }
        for transition in &lead.transitions {
            self.flow.count(transition);
        }
        self.performance.count(lead, rules);
    }

    /// Takes in the rollup of the same day of other leads.
    pub fn add(&mut self, other: Self) {
        for (dimensions, cell) in other.cells {
            *self.cells.entry(dimensions).or_default() += cell;
        }
        self.flow += other.flow;
        self.performance += other.performance;
        self.undivided += other.undivided;
    }

    /// Puts what has another name than those given together as [`OTHER`].
    #[must_use]
    pub fn named(self, names: &Names) -> Self {
        let mut cells = BTreeMap::new();
        for (dimensions, cell) in self.cells {
            *cells.entry(names.fold(dimensions)).or_default() += cell;
        }
        Self { cells, ..self }
    }

    /// Replaces what happened on the day by what was counted anew; the picture stays.
    pub fn correct(&mut self, counts: impl IntoIterator<Item = (Dimensions, Counts)>) {
        self.undivided.counts = Counts::default();
        for cell in self.cells.values_mut() {
            cell.counts = Counts::default();
        }
        for (dimensions, counts) in counts {
            self.cells.entry(dimensions).or_default().counts += counts;
        }
        self.cells.retain(|_, cell| *cell != Cell::default());
    }

    /// Tells whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Sums up.
    pub fn totals(&self) -> Totals {
        let mut totals = self.undivided;
        for (dimensions, cell) in &self.cells {
            totals += Totals::of(dimensions.stage, cell);
        }
        totals
    }
}

impl Totals {
    /// Returns a cell of leads of one stage.
    pub fn of(stage: Stage, cell: &Cell) -> Self {
        let mut by_stage = ByStage::default();
        *by_stage.of(stage) = cell.picture.leads;
        Self { picture: cell.picture, by_stage, counts: cell.counts }
    }
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.picture += other.picture;
        self.by_stage += other.by_stage;
        self.counts += other.counts;
    }
}
