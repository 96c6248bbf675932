//! What another rule set would make of the leads, compared with what the active one does.
//!
//! Invariant: a comparison is a sum over leads. Parts of it over disjoint sets of leads merge into
//! the whole in any order, and each lead is folded and viewed exactly as a read of it does.

mod change;
mod cost;
mod golden;
mod histogram;
mod sample;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::{
    change::{Change, LineKind, LineSum, MAX_LINES, MOST_CHANGES, Side},
    cost::{Consumed, Price, READ_PICODOLLARS, WRITE_PICODOLLARS},
    golden::{GoldenFailure, GoldenReport, Shown, examine},
    histogram::{Bar, FROM, Histogram},
    sample::is_sampled,
};
use crate::{
    event::Event, explanation::explain, fold::fold_recording, home::HomeId, rules::Rules,
    stage::Stage, state::State, time::Timestamp, view,
};

/// Two rule sets, and the instant at which leads are viewed under both.
#[derive(Clone, Copy, Debug)]
pub struct Sets<'a> {
    /// The rules as they are.
    pub before: &'a Rules,
    /// The rules as they would be.
    pub after: &'a Rules,
    /// The instant of both views.
    pub now: Timestamp,
}

/// A difference of rule sets, over some leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// How many leads there were, those outside the sample included.
    pub seen: u64,
    /// How many leads were compared.
    pub leads: u64,
    /// How many events they had, edits aside.
    pub events: u64,
    /// Leads whose score shown rises.
    pub up: u64,
    /// Leads whose score shown falls.
    pub down: u64,
    /// Leads whose score shown stays.
    pub unchanged: u64,
    /// The scores shown, before and after.
    pub histogram: Histogram,
    /// Leads by stage before and, within, by stage after, lowest first.
    pub transitions: [[u64; 4]; 4],
    /// The largest changes of scores shown, largest first, then by id.
    pub changes: Vec<Change>,
    /// How often the condition of each of the new rules failed at run time, by the rule's id.
    pub failures: BTreeMap<String, u64>,
    /// What was read, and what would be written to bring the leads to the new rules.
    pub consumed: Consumed,
}

/// What a lead comes to under two rule sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// Its state under the new rules.
    pub state: State,
    /// What it shows before.
    pub from: Shown,
    /// What it shows after.
    pub to: Shown,
}

impl Comparison {
    /// Compares one lead by its events, which are in order, and returns what it comes to.
    pub fn count(&mut self, lead: HomeId, events: &[Event], sets: Sets<'_>) -> Compared {
        let old = fold_recording(sets.before, events, &mut ());
        let new = fold_recording(sets.after, events, &mut ());
        let (before, after) =
            (Side::of(&old, sets.before, sets.now), Side::of(&new, sets.after, sets.now));
        self.leads += 1;
        let behaviour = events.iter().filter(|event| event.is_behaviour());
        self.events += u64::try_from(behaviour.count()).unwrap_or(u64::MAX);
        match before.score.cmp(&after.score) {
            std::cmp::Ordering::Less => self.up += 1,
            std::cmp::Ordering::Greater => self.down += 1,
            std::cmp::Ordering::Equal => self.unchanged += 1,
        }
        self.histogram.count(before.score, after.score);
        self.transition(before.stage, after.stage);
        for (rule, failed) in &new.failures {
            *self.failures.entry(rule.clone()).or_default() += u64::from(*failed);
        }
        let (from, to) = (before.shown(), after.shown());
        let mut change = Change { lead, before, after };
        if change.ranks_among(&self.changes) {
            change.before.lines = LineSum::of(&explain(sets.before, events, sets.now).lines);
            change.after.lines = LineSum::of(&explain(sets.after, events, sets.now).lines);
            self.changes.push(change);
            change::keep_largest(&mut self.changes);
        }
        Compared { state: new, from, to }
    }

    /// Adds a part over other leads.
    pub fn merge(&mut self, part: Self) {
        self.seen += part.seen;
        self.leads += part.leads;
        self.events += part.events;
        self.up += part.up;
        self.down += part.down;
        self.unchanged += part.unchanged;
        self.histogram.merge(part.histogram);
        let cells = self.transitions.iter_mut().flatten();
        for (sum, count) in cells.zip(part.transitions.into_iter().flatten()) {
            *sum += count;
        }
        for (rule, failed) in part.failures {
            *self.failures.entry(rule).or_default() += failed;
        }
        self.changes.extend(part.changes);
        change::keep_largest(&mut self.changes);
        self.consumed.merge(part.consumed);
    }

    /// Counts the leads that go up to another stage, and those that go down to one.
    pub fn crossings(&self) -> Crossings {
        let mut crossings = Crossings::default();
        for (from, row) in self.transitions.iter().enumerate() {
            for (to, count) in row.iter().enumerate() {
                match from.cmp(&to) {
                    std::cmp::Ordering::Less => crossings.up += count,
                    std::cmp::Ordering::Greater => crossings.down += count,
                    std::cmp::Ordering::Equal => {}
                }
            }
        }
        crossings
    }

    fn transition(&mut self, from: Stage, to: Stage) {
        let place = |stage| Stage::ALL.iter().position(|other| *other == stage).unwrap_or_default();
        let row = self.transitions.get_mut(place(from));
        if let Some(count) = row.and_then(|row| row.get_mut(place(to))) {
            *count += 1;
        }
    }
}

/// How many leads change to a higher stage, and to a lower one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crossings {
    /// To a higher stage.
    pub up: u64,
    /// To a lower stage.
    pub down: u64,
}

impl Crossings {
    /// Counts one change of stage.
    pub fn count(&mut self, from: Stage, to: Stage) {
        self.up += u64::from(to > from);
        self.down += u64::from(to < from);
    }
}

impl Side {
    const fn shown(&self) -> Shown {
        Shown { score: self.score, stage: self.stage }
    }

    fn of(state: &State, rules: &Rules, now: Timestamp) -> Self {
        let shown = view::shown(state, rules, now);
        Self { score: shown.score, stage: shown.stage, points: shown.points, lines: Vec::new() }
    }
}

#[cfg(test)]
mod tests;
